"""Every wrong space file gives one line with its reason, file, line and remedy."""

import re

import pytest

from nas_asc.errors import SpaceError
from nas_asc.space import find_system, load_space
from tests.space.bad_files import BAD_FILES

IMPORTS = """from nas_asc.frontend import LogMel
from nas_asc.layers import Classifier, Conv, MaxPool
from nas_asc.recipe import Recipe
from nas_asc.space import Space, choice, fraction, integer, optional, powers_of_two, real
"""


def write_file(folder, text):
    path = folder / "bad.py"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_file_gives_one_line_with_reason_place_and_remedy(name, tmp_path, monkeypatch):
    text, reason = BAD_FILES[name]
    monkeypatch.chdir(tmp_path)
    path = write_file(tmp_path, IMPORTS + text)
    lines = path.read_text().splitlines()
    wanted = next((number for number, line in enumerate(lines, start=1) if line.endswith("# here")), 1)
    with pytest.raises(SpaceError) as caught:
        load_space(path)
    message = str(caught.value)
    assert re.search(reason, message)
    assert f"bad.py, line {wanted}" in message
    assert "\n" not in message
    assert re.search(r"\. [A-Z].*[.?)]$", message), f"no remedy: {message}"


def test_missing_file_and_unknown_name_are_named(tmp_path):
    with pytest.raises(SpaceError, match=r"no search space named 'cp_moble'. Did you mean 'cp_mobile'\?"):
        load_space("cp_moble")
    with pytest.raises(SpaceError, match=r"none\.py: there is no such file"):
        load_space(tmp_path / "none.py")
    with pytest.raises(SpaceError, match=r"it is a folder"):
        load_space(tmp_path)


def test_system_is_found_by_name_in_any_case_or_the_nearest_is_named():
    space, system = find_system("dampedr8nb")
    assert (space.name, system.name) == ("cp_resnet", "DampedR8NB")
    with pytest.raises(SpaceError, match=r"no published system named 'CP-Mobil-2024'. Did you mean 'CP-Mobile-2024'\?"):
        find_system("CP-Mobil-2024")


def test_binary_file_is_refused(tmp_path):
    path = tmp_path / "bad.py"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(SpaceError, match=r"bad\.py, line 1"):
        load_space(path)
