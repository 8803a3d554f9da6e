"""`nas-asc predict`: recordings and folders, what cannot be used, and JSON."""

import json

import numpy as np
import pytest
import soundfile

from nas_asc.cli import main
from tests.prediction.tiny import write_tiny


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(write_tiny(tmp_path_factory.mktemp("model") / "tiny.onnx"))


@pytest.fixture
def recordings(tmp_path):
    """Tones of three pitches, one deeper than the others, beside a file that is no recording."""
    root, time = tmp_path / "recordings", np.arange(22_050) / 22_050
    (root / "deep").mkdir(parents=True)
    for name, hz in (("deep/low.wav", 300), ("middle.flac", 1_500), ("high.WAV", 3_800)):
        soundfile.write(root / name, 0.3 * np.sin(2 * np.pi * hz * time), 22_050)
    (root / "notes.txt").write_text("of the recordings")
    (root / ".hidden.wav").write_text("")
    return root


def test_folder_is_classified_one_line_a_recording(model, recordings, capsys):
    assert main(["predict", model, str(recordings)]) == 0
    out, err = capsys.readouterr()
    lines = [line.split() for line in out.splitlines() if str(recordings) in line]
    assert [(line[0].rsplit("/", 1)[1], line[1]) for line in lines] == [
        ("low.wav", "low"),
        ("high.WAV", "high"),
        ("middle.flac", "middle"),
    ]
    assert err == ""


def test_json_has_every_class_and_top_as_many_as_asked(model, recordings, capsys):
    assert main(["predict", model, str(recordings / "high.WAV"), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["path"], told["class"], told["n_clips"]) == (str(recordings / "high.WAV"), "high", 1)
    assert told["probabilities"]["high"] == told["probability"]
    assert sum(told["probabilities"].values()) == pytest.approx(1)
    assert main(["predict", model, str(recordings / "high.WAV"), "--json", "--top", "2"]) == 0
    (two,) = json.loads(capsys.readouterr().out)
    assert list(two["probabilities"].items()) == list(told["probabilities"].items())[:2]
    assert main(["predict", model, str(recordings), "--top", "3"]) == 0
    out = capsys.readouterr().out
    assert out.count("%") == 9
    assert out.count(str(recordings)) == 3


def test_each_recording_that_cannot_be_used_gets_a_line_and_the_others_go_on(model, recordings, tmp_path, capsys):
    (recordings / "bad.wav").write_text("no sound")
    (tmp_path / "nothing").mkdir()
    words = [str(tmp_path / "absent.wav"), str(tmp_path / "nothing"), str(recordings)]
    assert main(["predict", model, *words]) == 2
    out, err = capsys.readouterr()
    assert out.count(str(recordings)) == 3
    first, second, third = err.splitlines()
    assert first == f"nas-asc: {tmp_path / 'absent.wav'}: there is no such file or folder"
    assert second == f"nas-asc: {tmp_path / 'nothing'}: no recordings in this folder"
    assert third.startswith(f"nas-asc: {recordings / 'bad.wav'}: unreadable (")


def test_nothing_usable_is_an_empty_list(model, tmp_path, capsys):
    assert main(["predict", model, str(tmp_path / "absent.wav"), "--json"]) == 2
    assert json.loads(capsys.readouterr().out) == []


def test_file_that_is_no_model_gets_one_line(recordings, capsys):
    assert main(["predict", str(recordings / "high.WAV"), str(recordings)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "high.WAV is no ONNX file" in err
