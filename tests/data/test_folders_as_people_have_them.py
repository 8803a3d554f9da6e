"""Folders, listings and files as people have them: read as they are meant, or refused in one line."""

import os

import numpy as np
import pytest
import soundfile

from nas_asc.data import ClipError, check_audio, iterate_blocks, load_data_set, read_recording, split_data_set
from nas_asc.data.audio import read_header
from nas_asc.errors import DataError
from tests.data.damaged_files import RATE, make_noise, write_boastful_flac, write_crashed_wav
from tests.data.people_files import write_edge_impulse, write_speech_commands, write_tree, write_tut
from tests.data.recordings import write_wav


@pytest.mark.parametrize(
    ("tops", "parts"),
    [
        (("train", "val", "test"), {"train", "validation", "test"}),
        (("Training", "Testing"), {"train", "test"}),
        (("train", "dev", "eval"), {"train", "validation", "test"}),
        (("dev", "eval"), {"train", "test"}),
        (("train", "valid"), {"train", "validation"}),
    ],
)
def test_parts_of_a_split_above_the_classes_are_the_split(tmp_path, tops, parts):
    data = load_data_set(write_tree(tmp_path, tops))
    assert (data.kind, data.classes) == ("folder of splits", ("cat", "dog"))
    assert set(data.parts.tolist()) == parts
    assert "are the parts of its split" in data.notes[0]


@pytest.mark.parametrize("tops", [("fold1", "fold2", "fold3"), ("1", "2", "3"), ("Fold_0", "Fold_1", "Fold_2")])
def test_numbered_folders_above_the_classes_are_folds(tmp_path, tops):
    data = load_data_set(write_tree(tmp_path, tops))
    assert (data.kind, data.classes, data.fold_numbers) == ("folder of folds", ("cat", "dog"), (1, 2, 3))


@pytest.mark.parametrize("tops", [("monday", "tuesday", "friday"), ("phone", "recorder", "laptop")])
def test_what_may_be_sessions_or_devices_is_asked_and_never_taken_for_classes_in_silence(tmp_path, tops):
    root = write_tree(tmp_path, tops)
    with pytest.raises(DataError, match=r"either may be the classes\. Give `layout=.grouped.` if cat, dog are"):
        load_data_set(root)
    grouped, plain = (load_data_set(root, layout=layout) for layout in ("grouped", "folder"))
    assert (grouped.classes, set(grouped.groups.tolist())) == (("cat", "dog"), set(tops))
    assert plain.classes == tuple(sorted(tops))


def test_a_class_may_hold_folders_of_its_own(tmp_path):
    for name, inner in (("cat", "indoors"), ("cat", "outdoors"), ("dog", "kennel")):
        for number in range(3):
            write_wav(tmp_path / name / inner / f"{number}.wav")
    assert load_data_set(tmp_path).classes == ("cat", "dog")


def test_digits_as_classes_are_no_folds_and_stand_in_their_own_order(tmp_path):
    for name in ("0", "1", "2", "10"):
        for number in range(3):
            write_wav(tmp_path / name / f"{number}.wav")
    data = load_data_set(tmp_path)
    assert data.classes == ("0", "1", "2", "10")
    assert data.classes[data.labels[data.paths.tolist().index("10/0.wav")]] == "10"
    assert load_data_set(tmp_path, layout=None).classes == ("0", "1", "10", "2")  # as version 0.1.0 had them


def test_splits_without_folders_of_classes_are_refused(tmp_path):
    for top in ("train", "test"):
        write_wav(tmp_path / top / "0.wav")
    with pytest.raises(DataError, match="recordings right in them and no folder a class"):
        load_data_set(tmp_path)


def test_one_folder_around_the_classes_is_named(tmp_path):
    write_tree(tmp_path / "downloads" / "sounds", ("",))
    with pytest.raises(
        DataError, match=r"has one folder, downloads\. If the folders in it .* give .*downloads/sounds\."
    ):
        load_data_set(tmp_path)


def test_deeper_sessions_are_groups_and_the_lowest_folders_the_classes(tmp_path):
    for house in ("house1", "house2"):
        write_tree(tmp_path / house, ("monday", "tuesday"))
    with pytest.raises(DataError, match=r"grouped.. if cat, dog are the classes and house1, house2"):
        load_data_set(tmp_path)
    data = load_data_set(tmp_path, layout="grouped")
    assert data.classes == ("cat", "dog")
    assert set(data.groups.tolist()) == {f"house{n}/{day}" for n in (1, 2) for day in ("monday", "tuesday")}


def test_archives_and_recordings_outside_the_classes_are_told(tmp_path):
    write_tree(tmp_path, ("",))
    (tmp_path / "more.ZIP").write_bytes(b"PK")
    write_wav(tmp_path / "stray.wav")
    data = load_data_set(tmp_path)
    assert data.classes == ("cat", "dog")
    assert "1 archives are not looked into: more.ZIP" in data.notes
    assert "1 recordings in no folder of a class are left out" in data.notes


@pytest.mark.parametrize(
    ("name", "message"),
    [("0.wav", "1 recordings lie right in it"), ("all.zip", r"Unpack all\.zip"), ("x.txt", "is no known")],
)
def test_a_folder_without_classes_is_told_from_one_that_is_not_unpacked(tmp_path, name, message):
    write_wav(tmp_path / name) if name == "0.wav" else (tmp_path / name).write_bytes(b"-")
    with pytest.raises(DataError, match=message):
        load_data_set(tmp_path)


def test_classes_whose_names_look_alike_are_refused(tmp_path):
    write_tree(tmp_path, ("",))
    for name in ("cat", "dog"):
        os.rename(tmp_path / name, os.fsencode(tmp_path) + {"cat": b"/a\x81", "dog": b"/a\x8d"}[name])
    with pytest.raises(DataError, match="two classes are both shown as"):
        load_data_set(tmp_path)


def test_recordings_of_any_number_of_bits_and_channels_are_read(tmp_path):
    kinds = [("PCM_U8", 1), ("PCM_16", 2), ("PCM_24", 1), ("PCM_32", 6), ("FLOAT", 2), ("DOUBLE", 1)]
    noise = make_noise(0.1)
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number, (subtype, n_channels) in enumerate(kinds):
            sound = np.stack([noise] * n_channels, axis=1) * (0.9 if name == "cat" else 1)
            soundfile.write(tmp_path / name / f"{number}.WAV", sound, RATE, subtype, format="WAV")
    data = load_data_set(tmp_path)
    assert check_audio(data, range(len(data))).faults == ()
    for row in range(len(data)):
        scale = 0.9 if data.labels[row] == 0 else 1
        assert np.abs(data.waveform(row) - scale * noise).max() < 1e-2


def test_speech_commands_has_speakers_as_groups_and_no_class_of_noise(tmp_path):
    data = load_data_set(write_speech_commands(tmp_path))
    assert (data.kind, data.classes, data.group_word) == ("speech-commands", ("no", "yes"), "speaker")
    split = split_data_set(data)
    assert (len(split.train), len(split.validation), len(split.test)) == (8, 2, 2)
    (tmp_path / "yes" / "00000000_nohash_0.wav").unlink()
    with pytest.raises(DataError, match="name 1 recordings that are not there, such as yes/00000000"):
        load_data_set(tmp_path)


def test_an_export_of_edge_impulse_has_its_labels_and_its_test(tmp_path):
    data = load_data_set(write_edge_impulse(tmp_path))
    assert (data.kind, data.classes, len(data)) == ("edge-impulse", ("cat", "dog"), 12)
    assert set(data.parts.tolist()) == {"train", "test"}
    (tmp_path / "info.labels").write_text("{")
    with pytest.raises(DataError, match=r"info\.labels cannot be read"):
        load_data_set(tmp_path)


def test_tut_has_its_own_folds_and_recordings(tmp_path):
    data = load_data_set(write_tut(tmp_path / "TUT-acoustic-scenes-2017-development"))
    assert (data.kind, data.classes, data.fold_numbers) == ("tut", ("beach", "bus"), (1, 2, 3, 4))
    assert len(set(data.groups.tolist())) == 8


def test_an_evaluation_set_without_labels_says_what_it_is_for(tmp_path):
    root = tmp_path / "TAU-urban-acoustic-scenes-2025-mobile-evaluation"
    write_wav(root / "audio" / "0.wav")
    (root / "evaluation_setup").mkdir()
    (root / "evaluation_setup" / "fold1_test.csv").write_text("filename\tdevice_id\naudio/0.wav\ta\n")
    for place in (root, tmp_path):
        with pytest.raises(DataError, match=r"1 recordings have no labels, .*nas-asc predict FILE"):
            load_data_set(place)


ROWS = [(f"{number}.wav", "ab"[number // 5], str(number % 5 + 1)) for number in range(10)]
DIALECTS = {
    "R, quoted": ('"path","label","fold"\n', '"{}","{}","{}"\n', "utf-8"),
    "R, row names": ('"","path","label","fold"\n', '"7","{}","{}","{}"\n', "utf-8"),
    "R, write.table": ("path\tlabel\tfold\n", "7\t{}\t{}\t{}\n", "utf-8"),
    "Excel in Europe": ("path;label;fold\r\n", "{};{};{}\r\n", "utf-8-sig"),
    "Excel says how": ("sep=;\r\npath;label;fold\r\n", "{};{};{}\r\n", "utf-8"),
    "Excel, Unicode text": ("path\tlabel\tfold\r\n", "{}\t{}\t{}\r\n", "utf-16"),
    "pandas, floats": (",path,label,fold\n", "0,{},{},{}.0\n", "utf-8"),
    "by hand": (" path , label , fold \n\n", "{} , {}, {}\n\n", "utf-8"),
    "other words": ("Filename,Class,Fold\n", "{},{},fold{}\n", "utf-8"),
    "an old Mac": ("path,label,fold\r", "{},{},{}\r", "utf-8"),
    "empty columns at the end": ("path,label,fold,,\n", "{},{},{},,\n", "utf-8"),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_listings_are_read_in_any_dialect(tmp_path, dialect):
    header, line, encoding = DIALECTS[dialect]
    for path, _, _ in ROWS:
        write_wav(tmp_path / path)
    text = header + "".join(line.format(*row) for row in ROWS)
    (tmp_path / "list.csv").write_bytes(text.encode(encoding))
    data = load_data_set(tmp_path / "list.csv")
    assert (data.classes, data.fold_numbers, len(data)) == (("a", "b"), (1, 2, 3, 4, 5), 10)
    assert data.paths.tolist() == [path for path, _, _ in ROWS]


def write_list(folder, text, encoding="utf-8"):
    for path, _, _ in ROWS:
        write_wav(folder / path)
    (folder / "list.csv").write_bytes(text.encode(encoding))
    return folder / "list.csv"


def test_an_old_windows_encoding_is_told(tmp_path):
    text = "path,label\n" + "".join(f"{path},{'bär' if label == 'a' else 'b'}\n" for path, label, _ in ROWS)
    data = load_data_set(write_list(tmp_path, text, "cp1252"))
    assert data.classes == ("b", "bär")
    assert "was read as Windows-1252" in data.notes[0]


def test_columns_are_found_by_what_people_call_them_or_said(tmp_path):
    text = "wavname,kind,speaker\n" + "".join(f"{path},{label},s{fold}\n" for path, label, fold in ROWS)
    listing = write_list(tmp_path, text)
    with pytest.raises(DataError, match=r"no column is the path: its columns are wavname, kind, speaker"):
        load_data_set(listing)
    data = load_data_set(listing, columns={"path": "wavname", "label": "kind"})
    assert (data.classes, len(set(data.groups.tolist()))) == (("a", "b"), 5)
    assert any(note.startswith("columns: path = wavname, label = kind, group = speaker") for note in data.notes)
    with pytest.raises(DataError, match=r"`columns` names 'sound', but .* has no such column"):
        load_data_set(listing, columns={"path": "sound"})


def test_line_numbers_are_the_file_s_own(tmp_path):
    listing = write_list(tmp_path, 'path,label,fold\n\n"0.wav","a\nb",1\n\n1.wav,b,one\n')
    with pytest.raises(DataError, match="line 6: column 'fold' must be a number from 1, but got 'one'"):
        load_data_set(listing)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n\nwav_name,label\n0.wav,a\n", "line 3: no column is the path"),
        ("sep=;\n\npath;x;x\n0.wav;a;b\n", "line 3: two columns are called 'x'"),
        ("\npath,name\n0.wav,a\n", "line 2: no column is the label: .* can only be classified: nas-asc predict"),
        ("\n0.wav,a\n1.wav,b\n", "line 2: the header is a row already"),
        ("path,label\n", "has a header, but lists no recordings"),
        ("path,label\nC:\\\\x\\\\0.WAV,a\n", r"line 2: there is no recording 'C:/x/0\.WAV'\. .* There is 0\.wav\."),
        ("path,label\nsounds/x.wav,a\n", "line 2: there is no recording .* Unpack all archives"),
    ],
)
def test_what_is_wrong_with_a_listing_is_said_with_its_own_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        load_data_set(write_list(tmp_path, text))


def test_a_header_of_a_known_data_set_is_named_by_its_line_too(tmp_path):
    (tmp_path / "esc50.csv").write_text("\n\nfilename,fold\n0.wav,1\n")
    with pytest.raises(DataError, match=r"esc50\.csv, line 3: no column 'category'"):
        load_data_set(tmp_path)


def test_paths_may_be_written_as_windows_has_them_or_from_the_root(tmp_path):
    text = "path,label\n" + "".join(
        f"{(tmp_path / path) if number % 2 else '.' + chr(92) + path},{label}\n"
        for number, (path, label, _) in enumerate(ROWS)
    )
    data = load_data_set(write_list(tmp_path, text))
    assert [data.path(row).name for row in range(len(data))] == [path for path, _, _ in ROWS]
    assert check_audio(data, range(len(data))).faults == ()


def test_a_listing_of_0_1_0_has_groups_only_where_it_calls_them_so(tmp_path):
    text = "path,label,speaker,subset\n" + "".join(f"{path},{label},s{fold},train\n" for path, label, fold in ROWS)
    listing = write_list(tmp_path, text)
    before, now = load_data_set(listing, layout=None), load_data_set(listing)
    assert (before.group_word, now.group_word) == ("file", "group")
    assert set(before.parts.tolist()) == {""}
    assert set(now.parts.tolist()) == {"train"}


def test_labels_that_differ_by_case_alone_are_told_and_missing_groups_are_files(tmp_path):
    text = "path,label,group\n" + "".join(
        f"{path},{'A' if path == '0.wav' else label},{'NA' if fold == '1' else fold}\n" for path, label, fold in ROWS
    )
    data = load_data_set(write_list(tmp_path, text))
    assert "classes 'A' and 'a' differ by case or spaces alone" in data.notes
    assert "2 recordings have no group and count as one each" in data.notes


def test_kinds_that_cannot_be_decoded_and_empty_classes_are_named(tmp_path):
    write_tree(tmp_path, ("",))
    for name in ("cat/1.m4a", "phone/1.M4A"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"-")
    (tmp_path / "empty").mkdir()
    (tmp_path / "__MACOSX" / "cat").mkdir(parents=True)
    (tmp_path / "__MACOSX" / "cat" / "0.wav").write_bytes(b"-")
    data = load_data_set(tmp_path)
    assert data.classes == ("cat", "dog")
    assert (
        "2 .m4a (1 in cat, 1 in phone) cannot be decoded and are left out: convert them, such as"
        " `ffmpeg -i cat/1.m4a cat/1.wav`" in data.notes
    )
    assert "without a recording that can be used, and so no class: empty, phone" in data.notes


def test_a_name_of_any_bytes_is_read(tmp_path):
    write_tree(tmp_path, ("",))
    os.rename(os.fsencode(tmp_path / "cat" / "0.wav"), os.fsencode(tmp_path / "cat") + b"/caf\xe9.wav")
    data = load_data_set(tmp_path)
    assert len(check_audio(data, range(len(data))).rows) == 0
    assert all(len(data.waveform(row)) == data.n_samples for row in range(len(data)))


def test_links_are_followed_and_dead_ones_are_damaged_recordings(tmp_path):
    store = write_tree(tmp_path / "store", ("",), n_files=12)
    root = tmp_path / "links"
    root.mkdir()
    for name in ("cat", "dog"):
        (root / name).symlink_to(store / name, target_is_directory=True)
    (store / "cat" / "dead.wav").symlink_to(tmp_path / "nowhere.wav")
    (store / "cat" / "loop").symlink_to(store / "cat", target_is_directory=True)
    data = load_data_set(root)
    report = check_audio(data, range(len(data)))
    assert len(data) == 25
    assert [str(data.paths[row]) for row in report.rows] == ["cat/dead.wav"]


@pytest.mark.parametrize("size", [0, 10**6, 2**31 - 1, 2**32 - 1])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_a_size_that_is_not_so_does_not_matter(tmp_path, size, subtype, n_channels):
    noise = write_crashed_wav(path := tmp_path / "x.wav", subtype=subtype, n_channels=n_channels, size=size)
    waveform, rate = read_recording(path)
    assert rate == RATE
    assert np.abs(waveform[0] - noise).max() < 1e-2
    assert np.array_equal(np.concatenate([block.waveform[0] for block in iterate_blocks(path)]), waveform[0])


@pytest.mark.parametrize("claimed", [0, RATE + 1, 10 * RATE, 2**32, 2**36 - 1])
def test_a_number_of_samples_that_is_not_so_does_not_matter(tmp_path, claimed):
    noise = write_boastful_flac(path := tmp_path / "x.flac", RATE, claimed=claimed)
    waveform, _ = read_recording(path)
    assert np.abs(waveform[0] - noise).max() < 1e-4
    assert np.array_equal(
        read_recording(path, start_s=0.25, length_s=0.5)[0][0], waveform[0, RATE // 4 : 3 * RATE // 4]
    )
    assert np.array_equal(np.concatenate([block.waveform[0] for block in iterate_blocks(path)]), waveform[0])
    header = read_header(path, sample_rate=None, clip_s=1.0, any_length=False)
    assert (header.fault, header.surplus, header.rate) == (None, 0, RATE)


@pytest.mark.parametrize(
    ("content", "cause"),
    [(b"", "the file has no bytes"), (b"no sound at all", "Format not recognised"), (None, "no such file")],
)
def test_what_is_no_recording_is_said_plainly(tmp_path, content, cause):
    if content is not None:
        (tmp_path / "x.mp3").write_bytes(content)
    with pytest.raises(ClipError, match=rf"x\.mp3: unreadable \({cause}\)"):
        read_recording(tmp_path / "x.mp3")


@pytest.mark.parametrize("name", ["sons café", "…", "a b/c d", "data.set"])
def test_a_name_is_made_of_what_is_allowed_whatever_the_folder_is_called(tmp_path, name):
    data = load_data_set(write_tree(tmp_path / name, ("",)))
    assert data.name.isascii()
    assert not set(data.name) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
