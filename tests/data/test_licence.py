"""The licence that a data set names, where it names one."""

from dataclasses import replace

import pytest

from nas_asc.data import find_licences
from tests.search.tiny import make_data


@pytest.fixture
def data(tmp_path):
    data = make_data()
    return replace(data, root=tmp_path, paths=[f"audio/{row}.wav" for row in range(len(data))])


def test_the_first_line_of_a_licence_file_is_given(data, tmp_path):
    (tmp_path / "LICENSE").write_text("\n# Creative Commons Attribution 4.0 \n\nAnd more.\n")
    assert find_licences(data) == ("Creative Commons Attribution 4.0 (first line of LICENSE)",)


def test_licences_of_recordings_are_counted_as_a_listing_names_them(data, tmp_path):
    (tmp_path / "meta").mkdir()
    rows = ["0.wav,CC0", "1.wav,CC-BY", "2.wav,CC0", "absent.wav,none of ours", "3.wav,"]
    (tmp_path / "meta" / "attribution.csv").write_text("\n".join(["filename,licence", *rows]))
    assert find_licences(data) == (
        "CC0 (2 recordings), CC-BY (1 recordings), none named (1 recordings) (attribution.csv)",
    )


def test_a_data_set_that_names_none_has_none(data, tmp_path):
    (tmp_path / "LICENSE.pdf").write_bytes(b"%PDF")
    (tmp_path / "labels.csv").write_text("filename,label\n0.wav,a\n")
    (tmp_path / "licence.txt").write_text("\n\n")
    assert find_licences(data) == ()
    assert find_licences(make_data()) == ()
