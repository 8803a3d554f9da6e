import os

import numpy as np
import pytest

from nas_asc.data import load_data_set, split_data_set
from nas_asc.errors import DataError
from tests.data.recordings import write_rows, write_wav


def _write_folder(root, *, classes=("cat", "dog"), n_files=10):
    for name in classes:
        for number in range(n_files):
            write_wav(root / name / f"{number}.wav")
    return root


def _write_csv(root, header, rows, **options):
    for row in rows:
        write_wav(root / row[0].replace("\\", "/"))
    return write_rows(root / "list.csv", [header, *rows], **({"separator": ",", "ending": "\n"} | options))


def test_sub_folders_are_classes_and_files_are_groups(tmp_path):
    root = _write_folder(tmp_path / "my sounds!")
    write_wav(root / "cat" / "deeper" / "11.WAV")
    write_wav(root / ".hidden" / "1.wav")
    (root / "cat" / "notes.txt").write_text("no recording")
    data = load_data_set(root)
    assert (data.kind, data.name, data.classes, len(data)) == ("folder", "my-sounds", ("cat", "dog"), 21)
    assert len(set(data.groups.tolist())) == 21
    assert "CSV with a group column" in data.notes[0]


def test_a_folder_without_recordings_says_what_is_known(tmp_path):
    with pytest.raises(DataError, match=r"no meta\.csv \(TAU\), no esc50\.csv \(ESC\), no UrbanSound8K\.csv and no"):
        load_data_set(tmp_path)


def test_a_source_that_is_not_there_is_an_error():
    with pytest.raises(DataError, match="there is no 'no/such/folder'"):
        load_data_set("no/such/folder")


def test_one_class_is_an_error(tmp_path):
    with pytest.raises(DataError, match="has one class, 'cat'"):
        load_data_set(_write_folder(tmp_path, classes=("cat",)))


def test_csv_columns_are_read(tmp_path):
    header = ("path", "label", "group", "device", "split", "fold")
    rows = [(f"sub\\{number}.wav", "ab"[number % 2], f"g{number}", "phone", "train", "1") for number in range(6)]
    rows += [("t.wav", "a", "t", "phone", "TEST", "2"), ("u.wav", "b", "u", "phone", "", "2")]
    data = load_data_set(_write_csv(tmp_path, header, rows))
    assert (data.kind, data.name, data.classes, data.group_word) == ("csv", "list", ("a", "b"), "group")
    assert data.paths[0] == "sub/0.wav"
    assert data.parts.tolist() == ["train"] * 6 + ["test", "unused"]
    assert data.fold_numbers == (1, 2)
    assert set(data.devices.tolist()) == {"phone"}


def test_csv_may_be_tab_separated_with_windows_lines_and_absolute_paths(tmp_path):
    files = [write_wav(tmp_path / "elsewhere" / f"{number}.wav") for number in range(6)]
    rows = [(file, "ab"[number % 2]) for number, file in enumerate(files)]
    listing = write_rows(tmp_path / "list.tsv", [("path", "label"), *rows])
    data = load_data_set(listing)
    assert data.classes == ("a", "b")
    assert len(data.waveform(5)) == data.n_samples
    assert "no group column" in data.notes[0]


def test_a_validation_part_of_the_listing_s_own_is_used(tmp_path):
    parts = ["train", "train", "val", "test"] * 2
    rows = [(f"{number}.wav", "ab"[number // 4], part) for number, part in enumerate(parts)]
    data = load_data_set(_write_csv(tmp_path, ("path", "label", "split"), rows))
    split = split_data_set(data)
    assert split.validation.tolist() == [2, 6]
    assert split.test.tolist() == [3, 7]
    assert "data set's own" in split.note


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (("sound", "label"), ("1.wav", "a"), "line 1: no column is the path: its columns are sound, label."),
        (("path", "lable"), ("1.wav", "a"), "line 1: no column is the label: .* `columns`, such as label=lable"),
        (("path", "label"), ("1.wav",), "line 3: 1 cells instead of 2"),
        (("path", "label"), ("1.wav", " "), "line 3: column 'label' must not be empty"),
        (
            ("path", "label", "fold"),
            ("1.wav", "a", "one"),
            "line 3: column 'fold' must be a number from 1, but got 'one'",
        ),
        (("path", "label", "split"), ("1.wav", "a", "perhaps"), "line 3: column 'split' must be .*, but got 'perhaps'"),
        (("path", "label"), ("0.wav", "b"), "'0.wav' is listed more than once"),
    ],
)
def test_a_bad_listing_is_one_line_with_its_place(tmp_path, header, row, message):
    good = ("0.wav", "a", "1" if "fold" in header else "train")[: len(header)]
    with pytest.raises(DataError, match=message):
        load_data_set(_write_csv(tmp_path, header, [good, row]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subset": 5}, "`subset` does not belong to a plain folder"),
        ({"subset": 10}, "`subset` does not belong to a plain folder"),
        ({"clip_s": 0.0}, "`clip_s` must be above 0 s, but got 0.0"),
    ],
)
def test_options_of_other_data_sets_are_refused(tmp_path, options, message):
    with pytest.raises(DataError, match=message):
        load_data_set(_write_folder(tmp_path), **options)


def test_digest_follows_content_and_not_place(tmp_path):
    rows = [(f"{number}.wav", "ab"[number % 2], f"g{number}") for number in range(4)]
    listing = _write_csv(tmp_path / "one", ("path", "label", "group"), rows)
    first = load_data_set(listing).digest
    (tmp_path / "one").rename(tmp_path / "two")
    moved = tmp_path / "two" / "list.csv"
    assert load_data_set(moved).digest == first
    moved.write_text(moved.read_text().replace("g1", "g0"))
    assert load_data_set(moved).digest != first
    write_wav(tmp_path / "two" / "0.wav", value=0.5)
    moved.write_text(moved.read_text().replace("1.wav,b,g0", "1.wav,b,g1"))
    assert load_data_set(moved).digest != first


def test_a_copy_with_other_times_is_the_same_data_but_not_the_same_files(tmp_path):
    root = _write_folder(tmp_path)
    first, recording = load_data_set(root), sorted(root.rglob("*.wav"))[0]
    os.utime(recording, ns=(1, 1))
    touched = load_data_set(root)
    assert touched.digest == first.digest
    assert touched.version != first.version


def test_digest_follows_recordings_of_the_same_size(tmp_path):
    root = _write_folder(tmp_path)
    first = load_data_set(root)
    write_wav(root / "cat" / "0.wav", value=0.5)
    assert load_data_set(root).digest != first.digest


def test_clip_length_is_the_median_or_what_was_asked(tmp_path):
    root = _write_folder(tmp_path)
    for name, seconds in (("x", 0.005), ("y", 0.02)):
        write_wav(root / "cat" / f"{name}.wav", seconds=seconds)
    assert load_data_set(root).clip_s == pytest.approx(0.01)
    asked = load_data_set(root, clip_s=0.015)
    assert [len(asked.waveform(row)) for row in range(len(asked))] == [120] * 22
    short = asked.paths.tolist().index("cat/x.wav")
    assert np.count_nonzero(asked.waveform(short)) == 40
