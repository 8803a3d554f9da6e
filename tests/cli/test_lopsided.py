"""Nine in ten clips of one class: what search and doctor say where no trial beats the constant answer."""

import json

import numpy as np
import pytest
import soundfile

from nas_asc.cli import main
from nas_asc.study import name_options

pytestmark = pytest.mark.slow
_RATE, _N_FILES = 8_000, 100
_SPACE = """
from nas_asc.frontend import LogMel
from nas_asc.layers import Classifier, Conv
from nas_asc.space import Space, choice

space = Space("small", width=choice(2, 4, 8), activation=choice("relu", "silu"))


@space.network
def network(width, activation):
    yield Conv(width, kernel_size=3, stride=2, norm="batch", activation=activation)
    yield Classifier()


@space.features
def features():
    return LogMel(sample_rate=8_000, n_fft=256, win_length=256, hop_length=128, n_mels=16)
"""


def write_lopsided(root, *, hz):
    """Noise of two names, ninety files and ten; the ten with a tone, or all the same but for one sample."""
    times = np.arange(_RATE // 2) / _RATE
    for number in range(_N_FILES):
        is_rare = number % 10 == 0
        waveform = 0.05 * np.random.default_rng(0 if hz is None else number).standard_normal(len(times))
        waveform[0] = number / 2**15
        if is_rare and hz is not None:
            waveform += 0.3 * np.sin(2 * np.pi * hz * times)
        path = root / ("rare" if is_rare else "common") / f"{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, waveform, _RATE)


def search(words, capsys):
    """What a search prints, and the doctor's cards by name."""
    course = ["--trials", "3", "--no-refit", "--final-seeds", "1", "--study", "lopsided", "--torch-device", "cpu"]
    assert main(["search", "--space", "small.py", "--data", "set", "--cache", "cache", *course, *words]) == 0
    out = capsys.readouterr().out
    assert main(["doctor", "lopsided", "--json"]) == 0
    return out, {card["name"]: card for card in json.loads(capsys.readouterr().out)["cards"]}


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.py").write_text(_SPACE)
    return tmp_path / "set"


@pytest.mark.parametrize(
    ("objectives", "constant", "advice"),
    [
        (
            "log_loss,macs",
            "the validation clips, the constant answer for 88.2 %",
            "search with `--objectives macro_error",
        ),
        ("macro_error,macs", "clips, the constant answer for 50.0 %", "Train for longer."),
    ],
)
def test_it_is_said_where_nothing_can_be_learnt(place, capsys, objectives, constant, advice):
    write_lopsided(place, hz=None)
    (place / "rare" / "copy.wav").write_bytes((place / "common" / "1.wav").read_bytes())
    out, cards = search(["--epochs", "2", "--objectives", objectives], capsys)
    said = [line for line in out.splitlines() if line.startswith("no trial beats the constant answer: ")]
    assert len(said) == 1
    assert constant in said[0]
    assert advice in said[0]
    assert cards["constant"]["verdict"] == "warning"
    assert said[0] == name_options(f"{cards['constant']['finding']}. {cards['constant']['advice']}")
    assert "warning: recordings of equal bytes under two labels: common/1.wav and rare/copy.wav" in out
    assert cards["labels"]["verdict"] == "warning"


def test_nothing_is_said_where_the_rare_class_is_heard(place, capsys):
    write_lopsided(place, hz=1_000)
    out, cards = search(["--epochs", "30", "--objectives", "macro_error,macs"], capsys)
    assert "constant answer" not in out
    assert cards["constant"]["verdict"] == cards["labels"]["verdict"] == "fine"
