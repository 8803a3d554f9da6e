"""The wheel by itself: built, installed into an environment of its own, run from an empty folder."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(_ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.mark.slow
def test_wheel_carries_the_search_spaces(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    spaces = {path.name for path in (_ROOT / "search_spaces").glob("*.py")}
    assert {name.rsplit("/", 1)[1] for name in names if name.startswith("nas_asc/search_spaces/")} >= spaces
    assert not [name for name in names if name.startswith(("tests/", "studies/"))]


@pytest.fixture(scope="module")
def program(wheel, tmp_path_factory):
    """Runs `nas-asc` of an environment that has the wheel, and its dependencies from the one that runs the tests."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(home), "platbase": str(home)}))
    install = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), "install"]
    subprocess.run([*install, "--quiet", "--no-index", "--no-deps", str(wheel)], check=True, capture_output=True)
    # a path file's own folder is searched before those it names, and path files in those are not read
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    folder = tmp_path_factory.mktemp("empty")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*words):
        command = [str(home / "bin" / "nas-asc"), *words]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.mark.slow
def test_installed_wheel_lists_its_spaces_from_an_empty_folder(program):
    done = program("spaces")
    assert done.returncode == 0, done.stderr
    assert all(path.stem in done.stdout for path in (_ROOT / "search_spaces").glob("*.py"))


@pytest.mark.slow
def test_installed_wheel_counts_the_published_systems_from_an_empty_folder(program):
    done = program("systems", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert len(rows) >= len(list((_ROOT / "search_spaces").glob("*.py")))
    assert all(row["matches"] for row in rows)


@pytest.mark.slow
def test_installed_wheel_searches_from_an_empty_folder(program):
    done = program("search", "--budget", "128k", "--macs", "30M", "--trials", "1", "--epochs", "1", "--study", "one")
    assert done.returncode == 0, done.stderr
    assert program("status", "one", "--json").returncode == 0
