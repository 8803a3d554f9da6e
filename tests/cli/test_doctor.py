"""A small study from its search with finalists to its twin and its health, by the commands alone."""

import json
import shutil

import numpy as np
import pytest
import soundfile

from nas_asc.cli import main
from nas_asc.health import count_warnings, diagnose
from nas_asc.session import read_evidence
from nas_asc.study import load_config, load_records, load_refit_card, load_repeat_summary, load_repeats
from tests.read_only import only_readable

_SPACE = """
from nas_asc.frontend import LogMel
from nas_asc.layers import Classifier, Conv
from nas_asc.space import Space, choice, integer

space = Space("small", width=choice(2, 4, 8, 12), depth=integer(0, 3))


@space.network
def network(width, depth):
    yield Conv(width, kernel_size=3, stride=2, norm="batch", activation="relu")
    for _ in range(depth):
        yield Conv(width, kernel_size=3, padding="same", norm="batch", activation="relu")
    yield Classifier()


@space.features
def features():
    return LogMel(sample_rate=8_000, n_fft=256, win_length=256, hop_length=128, n_mels=16)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a study of four trials whose front was trained twice."""
    root, rng = tmp_path_factory.mktemp("doctor"), np.random.default_rng(0)
    times = np.arange(2_000) / 8_000
    for name, hz in (("low", 200), ("middle", 800), ("high", 3_000)):
        (root / "tones" / name).mkdir(parents=True)
        for number in range(12):
            waveform = 0.1 * np.sin(2 * np.pi * hz * times) + 0.2 * rng.standard_normal(len(times))
            soundfile.write(root / "tones" / name / f"{number}.wav", waveform, 8_000)
    (root / "small.py").write_text(_SPACE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        words = ["search", "--space", "small.py", "--data", "tones", "--study", "small", "--macs", "10M"]
        words += ["--trials", "4", "--epochs", "1", "--final-seeds", "2", "--final-length", "1", "--cache", "cache"]
        assert main(words) == 0
    return root


@pytest.fixture
def folder(place, monkeypatch):
    monkeypatch.chdir(place)
    return place / "studies" / "small"


def test_search_trains_its_finalists_where_it_is_asked_to(folder):
    repeats = load_repeats(folder)
    assert {repeat.index for repeat in repeats} == {0, 1}
    assert "trainings" in (folder / "report.html").read_text()
    assert "ask for it with <code>--min-share 0.5</code>." in (folder / "report.html").read_text()
    assert "mean_log_loss" in (folder / "front.csv").read_text().splitlines()[0]


def test_the_network_with_the_best_mean_is_recommended_and_trained_on_all_clips(folder, capsys):
    best = load_repeat_summary(folder, load_config(folder), load_records(folder)).trials[0].number
    assert load_refit_card(folder)["number"] == best
    assert main(["status", "small", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recommended"] == best
    assert f"Ship <strong>trial {best}</strong>" in (folder / "report.html").read_text()
    assert "networks that have had 2 trainings of 1 epoch," in (folder / "report.html").read_text()


def test_finalists_go_on_with_more_seeds(folder, capsys):
    n_finalists = len({repeat.number for repeat in load_repeats(folder)})
    assert main(["finalists", "small", "--seeds", "2", "--cache", "cache", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["n_trained"], len(told["finals"]["finalists"])) == (0, n_finalists)
    assert main(["finalists", "small", "--seeds", "3", "--members", "1", "--cache", "cache"]) == 0
    out = capsys.readouterr().out
    assert "ties with the best" in out
    assert "2,000 bootstrap draws of the" in out
    assert sum(repeat.index == 2 for repeat in load_repeats(folder)) == 1


def test_doctor_says_what_to_do_and_is_strict_when_asked(folder, capsys):
    assert main(["doctor", "small"]) == 0
    out = capsys.readouterr().out
    assert "WARNING  number of validation clips" in out
    assert "-> Validate on more clips" in out
    assert "or ask for it with `--min-share 0.5`." in out
    assert main(["doctor", "small", "--strict"]) == 1


def test_doctor_as_json_is_what_the_checks_say(folder, capsys):
    assert main(["doctor", "small", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    cards = diagnose(read_evidence(folder))
    assert told["cards"] == [card.to_dict() for card in cards]
    assert any("ask for it with `min_share=0.5`." in card.advice for card in cards)  # as Python has it
    assert count_warnings(cards) == sum(card["verdict"] == "warning" for card in told["cards"])
    assert {effect["name"] for effect in told["effects"]} <= {"width", "depth"}
    assert told["importance"] == []  # of four trials


def test_doctor_does_without_space_and_data(folder, capsys, tmp_path):
    shutil.copytree(folder, tmp_path / "small")
    toml = tmp_path / "small" / "study.toml"
    toml.write_text(toml.read_text().replace("small.py", "gone.py"))
    verdicts = doctor_verdicts(tmp_path / "small", capsys)
    assert verdicts["edges"] == verdicts["fit"] == "unknown" != verdicts["groups"]
    toml.write_text(toml.read_text().replace("tones", "gone").replace("gone.py", "small.py"))
    verdicts = doctor_verdicts(tmp_path / "small", capsys)
    assert verdicts["groups"] == "unknown" not in (verdicts["fit"], verdicts["failures"])


def doctor_verdicts(folder, capsys):
    assert main(["doctor", str(folder), "--json"]) == 0
    return {card["name"]: card["verdict"] for card in json.loads(capsys.readouterr().out)["cards"]}


def test_doctor_does_without_files_that_are_closed_to_us(place, monkeypatch, capsys):
    with only_readable(place, hidden=("small.py",), moved=("studies/small/study.toml",)) as copy:
        assert doctor_verdicts(copy / "studies" / "small", capsys)["fit"] == "unknown"


def test_a_study_that_may_only_be_read_is_read_and_what_must_write_says_so(place, monkeypatch, capsys):
    with only_readable(place, writable=("cache", "out"), moved=("studies/small/study.toml",)) as copy:
        monkeypatch.chdir(copy)
        assert main(["status", "small"]) == main(["doctor", "small"]) == 0
        assert "study small: 4 trials of 4 asked, 0 failed, not running" in capsys.readouterr().out
        assert main(["report", "small", "--out", "out"]) == 0
        assert main(["export", "small", "--out", "out", "--cache", "cache"]) == 0
        assert {path.name for path in (copy / "out").iterdir()} >= {"report.html", "front.csv", "small-final-int8.onnx"}
        capsys.readouterr()
        for words in (["resume", "small", "--trials", "5"], ["finalists", "small", "--seeds", "9"]):
            assert main([*words, "--cache", "cache"]) == 2
            assert (
                capsys.readouterr()
                .err.splitlines()[-1]
                .startswith(
                    "nas-asc: study 'small' can only be read here (Permission denied). Go on with a copy of its folder;"
                )
            )
        assert main(["report", "small"]) == main(["export", "small", "--cache", "cache"]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 2
        assert all("cannot be written: Permission denied. Write to another folder" in line for line in lines)


def test_a_twin_is_trained_and_then_known_to_the_doctor(folder, capsys):
    assert main(["twin", "small", "--cache", "cache", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["twin"] == "small-random-twin"
    assert told["at_trials"]["n_trials"] == told["at_trials"]["n_twin_trials"] == 4
    assert len(load_records(folder.with_name("small-random-twin"))) == 4
    assert main(["doctor", "small", "--json"]) == 0
    cards = {card["name"]: card for card in json.loads(capsys.readouterr().out)["cards"]}
    assert "at 4 trials each" in cards["gain"]["finding"]
    assert main(["twin", "small", "--cache", "cache"]) == 0
    assert "equal seconds: twin" in capsys.readouterr().out


def test_search_trains_its_twin_where_it_is_asked_to(folder, capsys):
    words = ["search", "--space", "small.py", "--data", "tones", "--study", "twinned", "--macs", "10M", "--epochs", "1"]
    assert main([*words, "--trials", "2", "--final-seeds", "1", "--no-refit", "--twin", "--cache", "cache"]) == 0
    out = capsys.readouterr().out
    assert "equal trials: twin" in out
    assert out.index("equal trials: twin") < out.index("report:")
    assert len(load_records(folder.with_name("twinned-random-twin"))) == 2
