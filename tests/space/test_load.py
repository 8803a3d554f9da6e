"""Loading space files: by name, by path, without torch, and with what the file prints about itself."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nas_asc.errors import SpaceError
from nas_asc.frontend import Task
from nas_asc.space import Space, choice, list_spaces, load_space, rehearse

USER_FILE = Path(__file__).with_name("user_space.py")


def test_reading_spaces_needs_neither_torch_nor_optuna():
    program = (
        "import sys; from nas_asc.space import list_spaces, load_space;"
        "[load_space(name) for name in list_spaces()];"
        "print({'torch', 'optuna', 'pandas', 'torchaudio'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_users_file_works_by_relative_path(tmp_path, monkeypatch):
    shutil.copy(USER_FILE, tmp_path / "mine.py")
    monkeypatch.chdir(tmp_path)
    space = load_space("mine.py")
    assert space.name == "mine"
    assert space.description.startswith("A user's own space")
    assert str(space.place) == "mine.py, line 24"


def test_two_files_of_one_name_keep_their_own_layer_classes(tmp_path):
    spaces = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(USER_FILE, tmp_path / folder / "mine.py")
        spaces.append(load_space(tmp_path / folder / "mine.py"))
    one, other = (space.layer_types[0] for space in spaces)
    assert one is not other
    assert spaces[0].digest == spaces[1].digest


def test_packaged_names_are_sorted_and_load_under_their_names():
    assert list(list_spaces()) == sorted(list_spaces())
    assert [load_space(name).name for name in list_spaces()] == list(list_spaces())


def test_space_made_in_a_program_is_rehearsed_for_its_own_task():
    space = Space(width=choice(8, 16))
    with pytest.raises(SpaceError, match=r"space 'test_load' has no network \(.*test_load\.py, line \d+\)"):
        rehearse(space, n=4, task=Task(3, 2.0))
