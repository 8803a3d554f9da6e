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
    assert "high.WAV: it is no ONNX file" in err


@pytest.fixture
def night(tmp_path):
    """Four quiet seconds of a low tone with two of a high one from the third second on."""
    times = np.arange(6 * 16_000) / 16_000
    hz = np.where((times >= 3) & (times < 5), 3_800, 300)
    path = tmp_path / "night.wav"
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * np.cumsum(hz) / 16_000), 16_000)
    return path


def test_a_time_line_tells_what_is_heard_every_step(model, night, capsys):
    assert main(["predict", model, str(night), "--step", "500ms", "--format", "jsonl"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["start_s"] for row in rows] == pytest.approx(np.arange(11) * 0.5)
    heard = {row["start_s"]: row["class"] for row in rows}
    assert (heard[0.0], heard[3.0], heard[3.5], heard[4.0], heard[5.0]) == ("low", "high", "high", "high", "low")
    assert main(["predict", model, str(night), "--step", "0.5s"]) == 0
    assert capsys.readouterr().out.count(str(night)) == 11


def test_events_are_written_as_a_table_or_as_labels(model, night, capsys):
    asked = ["predict", model, str(night), "--step", "0.5s", "--threshold", "30%", "--hold", "1s"]
    assert main([*asked, "--format", "csv"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header == "path,start_s,end_s,class,probability"
    assert [row.split(",")[3] for row in rows].count("high") == 1
    assert main([*asked, "--format", "audacity"]) == 0
    labels = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    (high,) = [label for label in labels if label[2] == "high"]
    assert float(high[0]) == pytest.approx(3.0, abs=0.51)
    assert float(high[1]) == pytest.approx(5.0, abs=0.51)


def test_a_recording_that_breaks_off_keeps_its_event_and_the_next_one_goes_on(model, tmp_path, capsys):
    hum = 0.3 * np.sin(2 * np.pi * 300 * np.arange(150 * 16_000) / 16_000)
    for name, last in (("broken", np.nan), ("good", 0.0)):
        soundfile.write(tmp_path / f"{name}.wav", np.append(hum, last), 16_000, "FLOAT")
    asked = [*map(str, sorted(tmp_path.glob("*.wav"))), "--step", "1s", "--threshold", "30%", "--format", "jsonl"]
    assert main(["predict", model, *asked]) == 2
    out, err = capsys.readouterr()
    broken, good = (json.loads(line) for line in out.splitlines())
    assert (broken["start_s"], broken["end_s"], broken["class"]) == (0, 2 * 2**20 // 16_000, "low")  # of two blocks
    assert (good["start_s"], good["end_s"], good["class"]) == (0, 150, "low")
    assert err == f"nas-asc: {tmp_path / 'broken.wav'}: values that are not finite\n"


def test_recordings_as_csv_come_line_by_line(model, recordings, capsys):
    assert main(["predict", model, str(recordings), "--format", "csv"]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header == "path,class,probability,n_clips"
    assert len(rows) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--format", "word"],
            "`--format` must be table, csv, jsonl, audacity, dcase2024 or dcase2025, but got 'word'",
        ),
        (["--smooth", "3s"], "`--smooth` belongs to a time line. Give --step too"),
        (["--threshold", "80%"], "`--threshold` belongs to a time line"),
        (["--format", "audacity"], "`--format audacity` belongs to a time line"),
        (["--format", "dcase2025"], "`--format dcase2025` needs a listing, such as --listing evaluation_setup/"),
        (["--listing", "x.csv"], "`--listing` belongs to a challenge's table. Give --format dcase2024 or dcase2025"),
        (["--out", "x.csv"], "`--out` belongs to a challenge's table. Give --format dcase2024 or dcase2025 too"),
        (["--format", "dcase2024", "--listing", "x", "--step", "1s"], "`--step` does not belong to --format dcase2024"),
        (["--format", "dcase2024", "--listing", "x", "--top", "2"], "`--top` does not belong to --format dcase2024"),
        (["--format", "dcase2024", "--listing", "x", "y"], "`AUDIO` must be one folder beside --listing, or nothing"),
        (["--step", "1s", "--hold", "1s"], "`--hold` belongs to events. Give --threshold too"),
        (["--step", "0s"], "`--step` must be above 0 s"),
        (["--step", "often"], "`--step` must be a duration"),
    ],
)
def test_options_that_do_not_go_together_are_refused_in_one_line(model, night, capsys, options, message):
    assert main(["predict", model, str(night), *options]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


def test_ctrl_c_keeps_what_had_come(model, recordings, capsys, monkeypatch):
    opened = []

    class Interrupted(soundfile.SoundFile):
        def __init__(self, *words, **options):
            opened.append(words)
            if len(opened) == 2:
                raise KeyboardInterrupt
            super().__init__(*words, **options)

    monkeypatch.setattr(soundfile, "SoundFile", Interrupted)
    assert main(["predict", model, str(recordings)]) == 130
    out, err = capsys.readouterr()
    assert out.count(str(recordings)) == 1
    assert err == "nas-asc: interrupted: these are the results so far\n"


def test_an_event_that_lasts_when_ctrl_c_is_pressed_ends_there(model, tmp_path, capsys, monkeypatch):
    rate, n_minutes = 16_000, 5
    hum = 0.3 * np.sin(2 * np.pi * 300 * np.arange(60 * n_minutes * rate) / rate)
    soundfile.write(tmp_path / "hum.wav", hum, rate)

    class Interrupted(soundfile.SoundFile):
        n_read = 0

        def read(self, *words, **options):
            self.n_read += 1
            if self.n_read == 4:
                raise KeyboardInterrupt
            return super().read(*words, **options)

    monkeypatch.setattr(soundfile, "SoundFile", Interrupted)
    asked = ["predict", model, str(tmp_path / "hum.wav"), "--step", "1s", "--threshold", "30%", "--format", "jsonl"]
    assert main(asked) == 130
    (event,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (event["start_s"], event["class"]) == (0, "low")
    assert event["end_s"] == 3 * 2**20 // rate  # of three blocks
