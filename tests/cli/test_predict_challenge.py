"""The table of a challenge: what it holds, and that neither a kill nor a bad clip costs or doubles a row."""

import json
import os
import re
import shlex
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import soundfile

from nas_asc.cli import main
from nas_asc.data import load_data_set
from nas_asc.errors import DataError
from nas_asc.frontend import LogMel
from nas_asc.prediction import CHALLENGES
from tests.prediction.tiny import make_metadata, write_tiny

HEADER = (
    "filename\tscene_label\tairport\tbus\tmetro\tmetro_station\tpark\tpublic_square\tshopping_mall\tstreet_pedestrian"
    "\tstreet_traffic\ttram\n"
)
FRONT_END = LogMel(sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=20)
N_CLIPS = 12


def write_scenes(path, **changes):
    """A model of the ten scenes, in another order than the table's."""
    classes = tuple(HEADER.split()[:1:-1])
    return str(write_tiny(path, make_metadata(FRONT_END, classes=classes, **changes)))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_scenes(tmp_path_factory.mktemp("model") / "scenes.onnx")


def write_clip(path, number):
    times = np.arange(4_410) / 44_100
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 250 * (number + 1) * times), 44_100, "PCM_24")


@pytest.fixture
def evaluation(tmp_path):
    """An evaluation set in no order of names, as the one of 2025 is laid out; its listing beside it."""
    root = tmp_path / "TAU-urban-acoustic-scenes-2025-mobile-evaluation"
    (root / "audio").mkdir(parents=True)
    (root / "evaluation_setup").mkdir()
    numbers = [(5 * number) % N_CLIPS for number in range(N_CLIPS)]
    for number in numbers:
        write_clip(root / "audio" / f"{number}.wav", number)
    rows = "".join(f"audio/{number}.wav\t{('a', 'unknown')[number % 2]}\r\n" for number in numbers)
    (root / "evaluation_setup" / "fold1_test.csv").write_text("filename\tdevice_id\r\n" + rows, newline="")
    return root


def words(model, root, out, *more, challenge="dcase2025"):
    listing = root / "evaluation_setup" / "fold1_test.csv"
    return ["predict", model, "--format", challenge, "--listing", str(listing), "--out", str(out), *map(str, more)]


@pytest.mark.parametrize("challenge", CHALLENGES)
def test_the_table_has_what_the_network_hears_in_the_listings_order(model, evaluation, tmp_path, capsys, challenge):
    out = tmp_path / "new" / "output.csv"
    assert main(words(model, evaluation, out, challenge=challenge)) == 0
    assert capsys.readouterr().out == f"wrote {out}: {N_CLIPS} clips\n"
    assert out.read_bytes().startswith(HEADER.encode())
    assert list(out.parent.iterdir()) == [out]
    table = pd.read_csv(out, sep="\t")
    listed = pd.read_csv(evaluation / "evaluation_setup" / "fold1_test.csv", sep="\t")["filename"]
    assert table["filename"].tolist() == [
        name if challenge == "dcase2025" else name[len("audio/") :] for name in listed
    ]
    shares = table[table.columns[2:]]
    assert (shares.idxmax(axis=1) == table["scene_label"]).all()
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-8)
    assert table["scene_label"].nunique() > 3
    assert main(["predict", model, *(str(evaluation / name) for name in listed), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert np.allclose([[row["probabilities"][name] for name in shares] for row in rows], shares, rtol=1e-8, atol=0)


def test_a_search_on_an_evaluation_set_says_the_command_that_works(model, evaluation, monkeypatch, tmp_path, capsys):
    with pytest.raises(DataError, match=f"its {N_CLIPS} recordings have no labels") as refused:
        load_data_set(evaluation)
    (evaluation / "meta.csv").write_text("filename\naudio/0.wav\n")  # as from 2022 to 2024
    with pytest.raises(DataError, match="have no labels"):
        load_data_set(evaluation)
    (command,) = re.findall("`nas-asc (.*)`", str(refused.value))
    monkeypatch.chdir(tmp_path)
    assert main([model if word == "FILE" else word for word in shlex.split(command)]) == 0
    assert capsys.readouterr().out == f"wrote output.csv: {N_CLIPS} clips\n"
    assert len((tmp_path / "output.csv").read_text().splitlines()) == 1 + N_CLIPS


def run(arguments):
    """The command in a process of its own."""
    code = "import sys; from nas_asc.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stderr=subprocess.PIPE, text=True)


def wait_for_rows(path, n_rows, process):
    """Until a file has so many whole lines of clips."""
    while not path.exists() or path.read_bytes().count(b"\n") < 1 + n_rows:
        assert process.poll() is None, process.stderr.read()


def test_a_killed_run_goes_on_where_it_was(model, evaluation, tmp_path, capsys):
    out, beside = tmp_path / "output.csv", tmp_path / "output.csv.unfinished"
    assert main(words(model, evaluation, tmp_path / "whole.csv")) == 0
    stuck = evaluation / "audio" / f"{5 * 4 % N_CLIPS}.wav"  # the fifth
    stuck.unlink()
    os.mkfifo(stuck)  # whoever opens it waits
    for _ in range(2):
        process = run(words(model, evaluation, out))
        wait_for_rows(beside, 4, process)
        process.kill()
        process.communicate()
        with beside.open("ab") as file:
            file.write(b"audio/8.wav\tbus\t0.1")
    assert beside.read_bytes().count(b"\n") == 5
    assert not out.exists()
    stuck.unlink()
    write_clip(stuck, 5 * 4 % N_CLIPS)
    capsys.readouterr()
    assert main(words(model, evaluation, out)) == 0
    assert capsys.readouterr().err == f"nas-asc: {beside} has 4 of {N_CLIPS} clips already\n"
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not beside.exists()


def test_ctrl_c_says_what_there_is_and_the_same_command_goes_on(model, evaluation, tmp_path, capsys, monkeypatch):
    opened = []

    class Interrupted(soundfile.SoundFile):
        def __init__(self, *arguments, **options):
            opened.append(arguments)
            if len(opened) == 4:
                raise KeyboardInterrupt
            super().__init__(*arguments, **options)

    out = tmp_path / "output.csv"
    monkeypatch.setattr(soundfile, "SoundFile", Interrupted)
    assert main(words(model, evaluation, out)) == 130
    said = f"nas-asc: interrupted: {out}.unfinished has 3 of {N_CLIPS} clips; the same command goes on\n"
    assert capsys.readouterr().err == said
    assert main(words(model, evaluation, out)) == 0
    assert len(opened) == N_CLIPS + 1


def test_a_bad_clip_is_named_and_the_table_waits_for_it(model, evaluation, tmp_path, capsys):
    bad, out = evaluation / "audio" / "10.wav", tmp_path / "output.csv"
    bad.write_text("no sound")
    assert main(words(model, evaluation, out, "--json")) == 2
    told, err = capsys.readouterr()
    assert json.loads(told) == {"path": f"{out}.unfinished", "n_clips": N_CLIPS, "n_rows": N_CLIPS - 1}
    first, second = err.splitlines()
    assert first.startswith(f"nas-asc: {bad}: unreadable (")
    assert f"1 of {N_CLIPS} clips have no row, so there is no {out} yet. Mend their files" in second
    assert not out.exists()
    write_clip(bad, 10)
    assert main(words(model, evaluation, out)) == 0
    listed = (evaluation / "evaluation_setup" / "fold1_test.csv").read_text().split()[2::2]
    assert pd.read_csv(out, sep="\t")["filename"].tolist() == listed


def test_rows_of_another_network_or_a_table_that_is_there_are_left_alone(model, evaluation, tmp_path, capsys):
    bad, out, beside = evaluation / "audio" / "0.wav", tmp_path / "output.csv", tmp_path / "output.csv.unfinished"
    bad.write_text("no sound")
    other = write_scenes(tmp_path / "other.onnx", name="other")
    assert main(words(model, evaluation, out)) == 2
    kept = beside.read_bytes()
    for changed in (words(other, evaluation, out), words(model, evaluation, out, challenge="dcase2024")):
        capsys.readouterr()
        assert main(changed) == 2
        assert capsys.readouterr().err == (
            f"nas-asc: {beside} was begun with another model file, listing or challenge. Remove it first.\n"
        )
        assert beside.read_bytes() == kept
    out.write_text("mine")
    capsys.readouterr()
    assert main(words(model, evaluation, out)) == 2
    assert f"{out} is there already" in capsys.readouterr().err
    assert out.read_text() == "mine"


def test_names_start_where_the_folder_says(model, evaluation, tmp_path, capsys):
    listing = tmp_path / "elsewhere" / "test.csv"
    listing.parent.mkdir()
    listing.write_text("filename,device_id\naudio\\3.wav,a\naudio\\0.wav,b\n")
    asked = ["predict", model, "--format", "dcase2024", "--listing", str(listing)]
    assert main([*asked, "--out", str(tmp_path / "none.csv")]) == 2
    assert "2 of 2 recordings are missing below" in capsys.readouterr().err
    for number, folder in enumerate((evaluation, evaluation / "audio")):
        out = tmp_path / f"{number}.csv"
        assert main([*asked, "--out", str(out), str(folder)]) == 0
        assert [line.split("\t")[0] for line in out.read_text().splitlines()[1:]] == ["3.wav", "0.wav"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\n0.wav\n", "line 1: no column 'filename'"),
        ("filename\n", "lists no recordings"),
        ("filename\naudio/0.wav\naudio/0.wav\n", "lists 'audio/0.wav' more than once"),
        ("filename\naudio/0.wav\naudio/x.wav\n", "1 of 2 recordings are missing below"),
        (None, "cannot be read"),
    ],
)
def test_a_listing_that_will_not_do_is_one_line(model, evaluation, tmp_path, capsys, text, message):
    listing = evaluation / "evaluation_setup" / "fold1_test.csv"
    listing.unlink()
    if text is not None:
        listing.write_text(text)
    assert main(words(model, evaluation, tmp_path / "output.csv")) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_a_network_of_other_classes_is_refused(evaluation, tmp_path, capsys):
    other = str(write_tiny(tmp_path / "tiny.onnx"))
    assert main(words(other, evaluation, tmp_path / "output.csv")) == 2
    err = capsys.readouterr().err
    assert "the table of dcase2025 has the classes airport, bus, metro" in err
    assert "tiny.onnx has low, middle, high. Use another file, or write CSV." in err


def test_a_table_that_cannot_be_written_is_one_line(model, evaluation, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(words(model, evaluation, tmp_path / "file" / "output.csv")) == 2
    err = capsys.readouterr().err
    assert "output.csv cannot be written (" in err
    assert err.count("\n") == 1
