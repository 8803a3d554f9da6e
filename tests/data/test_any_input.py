"""Whatever a listing or a folder holds: a data set, or one line that says what is wrong."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_asc.data import check_audio, load_data_set, split_data_set
from nas_asc.errors import NasAscError
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
        split_data_set(data)
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
    ["train", "test", "val", "fold1", "fold2", "1", "2", "cat", "dog", "monday", "caf\udce9", ".x", "a b", "audio"]
)
FILES = st.sampled_from(
    ["0.wav", "1.WAV", "bad.wav", "empty.wav", "x.m4a", "notes.txt", "info.labels", "meta.txt", "meta.csv"]
)
TREES = st.lists(st.tuples(st.lists(NAMES, max_size=3), FILES), max_size=14)


def write_file(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name in ("bad.wav", "x.m4a", "notes.txt", "info.labels", "meta.txt", "meta.csv"):
        path.write_bytes(b"filename\tscene_label\n")
    elif path.name == "empty.wav":
        soundfile.write(os.fsencode(path), np.zeros(0, np.float32), 8_000, format="WAV")
    else:
        value = 0.2 + (hash(str(path)) % 97) / 1000
        soundfile.write(os.fsencode(path), np.full(80, value, np.float32), 8_000, format="WAV")


@settings(max_examples=150, deadline=None)
@given(TREES, st.sampled_from([{}, {"layout": "folder"}, {"layout": "grouped"}, {"clip_s": 0.005}]))
def test_any_folder(tree, options):
    root = Path(tempfile.mkdtemp())
    try:
        for folders, name in tree:
            write_file(root.joinpath(*folders, name))
        is_read_or_refused(root, **options)
    finally:
        shutil.rmtree(root)
