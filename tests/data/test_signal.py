"""What is odd about the sound of recordings."""

import numpy as np
import pytest
import soundfile

from nas_asc.data import listen, load_data_set, spread_rows
from nas_asc.data.signal import find_oddities

NOISE = np.random.default_rng(0).uniform(-0.3, 0.3, (1, 800)).astype(np.float32)
ODD = {
    "digital silence": np.zeros((1, 800), np.float32),
    "channels that cancel when they are mixed": np.concatenate([NOISE, -NOISE]),
    "saturated samples": np.clip(5 * NOISE, -1, 1),
    "a constant offset": NOISE + 0.3,
}
FINE = {
    "noise": NOISE,
    "stereo": np.concatenate([NOISE, NOISE]),
    "quiet": 1e-4 * NOISE,
    "one side": np.concatenate([NOISE, 0 * NOISE]),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_heard_and_nothing_else(name):
    assert find_oddities(ODD[name]) == (name,)


@pytest.mark.parametrize("name", FINE)
def test_what_is_fine_is_let_be(name):
    assert find_oddities(FINE[name]) == ()


def test_oddities_of_a_data_set_are_counted_with_an_example(tmp_path):
    sounds = [*ODD.values(), *FINE.values(), ODD["digital silence"]]
    for label, name in enumerate(("cat", "dog")):
        (tmp_path / name).mkdir()
        for number, sound in enumerate(sounds):
            soundfile.write(tmp_path / name / f"{number}.wav", sound.T * (1 - 0.01 * label), 8_000, subtype="FLOAT")
    data = load_data_set(tmp_path)
    found = {each.name: each.n for each in listen(data, spread_rows(len(data))).oddities}
    assert found["digital silence"] == 4
    assert found["channels that cancel when they are mixed"] == 2
    assert found["a constant offset"] == 2
    assert listen(load_data_set(), range(3)).oddities == ()
