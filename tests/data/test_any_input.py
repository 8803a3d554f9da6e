"""Whatever a listing or a folder holds: a data set, or one line that says what is wrong."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_asc.data import check_audio, listen, load_data_set, split_data_set, spread_rows, summarise_data_set
from nas_asc.errors import NasAscError
from tests.data.damaged_files import write_boastful_flac, write_crashed_wav
from tests.data.people_files import write_edge_impulse, write_speech_commands, write_tut
from tests.data.recordings import write_wav

N_FILES = 8
CELLS = st.one_of(
    st.sampled_from(
        [*(f"{number}.wav" for number in range(N_FILES)), "a", "b", "1", "2.0", "train", "test", "NA", "", " a "]
    ),
    st.text(alphabet="ab,;\t\"' \r\né", max_size=6),
)
HEADS = st.lists(
    st.one_of(
        st.sampled_from(["path", "file", "Filename", "label", "class", "fold", "split", "group", "device", "", "x"]),
        st.text(alphabet="pathlbe ;,\t", max_size=5),
    ),
    min_size=1,
    max_size=5,
)
TABLES = st.tuples(
    HEADS, st.lists(st.lists(CELLS, max_size=6), max_size=12), st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]), st.booleans(),
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("listed")
    for number in range(N_FILES):
        write_wav(root / f"{number}.wav")
    return root


def is_read_or_refused(source, **options):
    """Whether a data set came of it, or one line."""
    message = None
    try:
        data = load_data_set(source, **options)
        check_audio(data, range(len(data)))
        split = split_data_set(data)
        told = summarise_data_set(data, split)
        assert all(value.isprintable() for _, value in told.facts if str(data.root) != value)
        listen(data, spread_rows(len(data))).describe_ceiling(data.sample_rate)
    except NasAscError as error:
        message = str(error)
    if message is None:
        assert len(data.classes) > 1
        assert len(data) == len(data.labels) == len(data.groups)
        return
    assert message.strip()
    assert len(message.splitlines()) == 1
    assert message.encode("utf-8")


@settings(max_examples=300, deadline=None)
@given(TABLES)
def test_any_listing(place, table):
    heads, rows, delimiter, ending, encoding, quotes = table
    quote = (lambda cell: '"' + cell.replace('"', '""') + '"') if quotes else (lambda cell: cell)
    text = "".join(delimiter.join(map(quote, row)) + ending for row in (heads, *rows))
    (place / "list.csv").write_bytes(text.encode(encoding, errors="replace"))
    is_read_or_refused(place / "list.csv")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_as_a_listing(place, content):
    (place / "list.csv").write_bytes(content)
    is_read_or_refused(place / "list.csv")


NAMES = st.sampled_from(
    [
        *("train", "Test_set", "val", "training", "testing", "fold1", "fold2", "1", "2", "cat", "dog", "monday"),
        *("caf\udce9", ".x", "a b", "audio", "_noise_", "metadata", "evaluation_setup"),
    ]
)
SOUNDS = ["0.wav", "1.WAV", "bad.wav", "empty.wav", "crashed.wav", "boastful.flac", "cat.1.wav", "0a_nohash_0.wav"]
LISTS = [
    "info.labels",
    "meta.txt",
    "meta.csv",
    "UrbanSound8K.csv",
    "esc50.csv",
    "validation_list.txt",
    "fold1_test.csv",
]
FILES = st.sampled_from([*SOUNDS, *SOUNDS, *LISTS, "x.m4a", "notes.txt", "all.zip", "loop", "nowhere.wav"])
TREES = st.lists(st.tuples(st.lists(NAMES, max_size=3), FILES), max_size=14)


def write_file(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = sum(os.fsencode(path))
    if path.name in LISTS or path.name in ("bad.wav", "x.m4a", "notes.txt", "all.zip"):
        path.write_bytes(b"filename\tscene_label\n")
    elif path.name in ("loop", "nowhere.wav"):
        path.unlink(missing_ok=True)
        path.symlink_to(path.parent if path.name == "loop" else path.parent / "absent.wav")
    elif path.name == "empty.wav":
        soundfile.write(os.fsencode(path), np.zeros(0, np.float32), 8_000, format="WAV")
    elif path.name == "crashed.wav":
        write_crashed_wav(path)
    elif path.name == "boastful.flac":
        write_boastful_flac(path, 80, claimed=seed**4 % 2**36)
    else:
        soundfile.write(os.fsencode(path), np.full(80, 0.2 + seed % 97 / 1000, np.float32), 8_000, format="WAV")


@settings(max_examples=250, deadline=None)
@given(TREES, st.sampled_from([{}, {"layout": "folder"}, {"layout": "grouped"}, {"layout": None}, {"clip_s": 0.005}]))
def test_any_folder(tree, options):
    root = Path(tempfile.mkdtemp())
    try:
        for folders, name in tree:
            write_file(root.joinpath(*folders, name))
        is_read_or_refused(root, **options)
    finally:
        shutil.rmtree(root)


WORDS = st.one_of(
    st.sampled_from(["path", "label", "category", "files", "training", "testing", "training/cat.0.wav", "type", "cat"]),
    st.text(max_size=4),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=4)),
)
ROW = st.fixed_dictionaries({"path": WORDS, "category": WORDS, "label": st.one_of(WORDS, JSON)})


@settings(max_examples=150, deadline=None)
@given(st.one_of(JSON, st.fixed_dictionaries({"files": st.one_of(JSON, st.lists(ROW, max_size=5))})))
def test_any_labels_of_an_export(place, told):
    root = place / "export"
    if not root.exists():
        write_edge_impulse(root)
    (root / "info.labels").write_text(json.dumps(told))
    is_read_or_refused(root)


LINES = st.lists(
    st.one_of(
        st.sampled_from(["yes/00000000_nohash_0.wav", "no\\00000001_nohash_0.wav", "stop/x_nohash_1.wav", "/", "../x"]),
        st.sampled_from(["audio/beach0.wav\tbeach", "audio/bus1.wav\tbus\tg", "audio/bus1.wav"]),
        st.text(alphabet='ab/\\\t"\0\r', max_size=6),
    ),
    max_size=8,
).map("\n".join)


@settings(max_examples=150, deadline=None)
@given(LINES, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_any_lists_beside_recordings(place, text, encoding):
    words, scenes = place / "words", place / "scenes"
    if not words.exists():
        write_speech_commands(words)
        write_tut(scenes)
    for path in (words / "testing_list.txt", scenes / "meta.txt", scenes / "evaluation_setup" / "fold1_evaluate.txt"):
        path.write_bytes(text.encode(encoding))
        is_read_or_refused(path.parent if path.parent in (words, scenes) else scenes)
