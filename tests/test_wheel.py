"""The wheel by itself: built, installed into an environment of its own, run from an empty folder."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import soundfile
from packaging.requirements import Requirement

from tests.prediction.tiny import write_tiny

_ROOT = Path(__file__).parent.parent
_PREDICTION_NEEDS = ("numpy", "soundfile", "onnxruntime", "typer", "rich")


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


@pytest.mark.slow
def test_wheel_carries_the_guide(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    pages = {path.name for path in (_ROOT / "nas_asc" / "guide").glob("*.md")}
    assert pages
    assert {name.rsplit("/", 1)[1] for name in names if name.startswith("nas_asc/guide/")} >= pages


@pytest.mark.slow
def test_wheel_carries_the_c_sources(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    folder = _ROOT / "nas_asc" / "export" / "c" / "source"
    sources = {path.relative_to(_ROOT).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert len(sources) > 15
    assert sources <= set(names)


@pytest.fixture(scope="module")
def program(wheel, tmp_path_factory):
    """Runs `nas-asc` of an environment that has the wheel, and its dependencies from the one that runs the tests."""
    home, site = _install(wheel, tmp_path_factory.mktemp("environment"))
    # a path file's own folder is searched before those it names, and path files in those are not read
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return _runner(home / "bin" / "nas-asc", tmp_path_factory.mktemp("empty"))


def _install(wheel, home):
    """Environment that has the wheel alone, and its folder of packages."""
    venv.create(home, with_pip=False)
    install = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), "install"]
    subprocess.run([*install, "--quiet", "--no-index", "--no-deps", str(wheel)], check=True, capture_output=True)
    return home, Path(sysconfig.get_path("purelib", "venv", {"base": str(home), "platbase": str(home)}))


def _runner(program, folder):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*words):
        command = [str(program), *words]
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    return run


def _link_packages(names: Sequence[str], site: Path) -> None:
    """Packages of this environment by name, and what they require, and nothing else, without a network."""
    wanted, linked = list(names), set()
    while wanted:
        name = wanted.pop().lower()
        if name in linked:
            continue
        linked.add(name)
        found = metadata.distribution(name)
        for entry in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (site / entry).exists():
                (site / entry).symlink_to(found.locate_file(entry))
        needed = [Requirement(text) for text in found.requires or ()]
        wanted += [each.name for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]


@pytest.mark.slow
def test_installed_wheel_lists_its_spaces_from_an_empty_folder(program):
    done = program("spaces")
    assert done.returncode == 0, done.stderr
    assert all(path.stem in done.stdout for path in (_ROOT / "search_spaces").glob("*.py"))


@pytest.mark.slow
def test_installed_wheel_shows_its_guide_from_an_empty_folder(program):
    done = program("guide", "data")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (_ROOT / "nas_asc" / "guide" / "data.md").read_text(encoding="utf-8")


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


@pytest.mark.slow
def test_recordings_are_classified_where_torch_is_not_installed(wheel, tmp_path):
    home, site = _install(wheel, tmp_path / "environment")
    _link_packages(_PREDICTION_NEEDS, site)
    absent = _runner(home / "bin" / "python", tmp_path)
    for name in ("torch", "torchaudio", "optuna", "pandas", "onnx"):
        assert f"No module named '{name}'" in absent("-c", f"import {name}").stderr
    write_tiny(tmp_path / "tiny.onnx")
    time = np.arange(88_200) / 44_100
    (tmp_path / "tones").mkdir()
    for name, hz in (("low", 300), ("middle", 1_500), ("high", 3_800)):
        soundfile.write(tmp_path / "tones" / f"{name}.wav", 0.3 * np.sin(2 * np.pi * hz * time), 44_100)
    done = _runner(home / "bin" / "nas-asc", tmp_path)("predict", "tiny.onnx", "tones", "--json")
    assert done.returncode == 0, done.stderr
    told = {row["path"]: (row["class"], row["n_clips"]) for row in json.loads(done.stdout)}
    assert told == {f"tones/{name}.wav": (name, 2) for name in ("high", "low", "middle")}
