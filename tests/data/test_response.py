"""Impulse responses from a folder."""

import numpy as np
import pytest
import soundfile

from nas_asc.data import load_responses
from nas_asc.errors import DataError


def test_responses_are_read_by_path_with_their_rate_and_channels_averaged(tmp_path):
    (tmp_path / "b").mkdir()
    stereo = np.array([[1.0, 0.0], [0.5, 0.25]], np.float32)
    soundfile.write(tmp_path / "b" / "x.wav", np.float32([0.25, 0.5, 0.0]), 48_000, subtype="FLOAT")
    soundfile.write(tmp_path / "a.WAV", stereo, 16_000, subtype="FLOAT", format="WAV")
    (tmp_path / "readme.txt").write_text("no response")
    (first, first_rate), (second, second_rate) = load_responses(tmp_path)
    assert (first.tolist(), first_rate) == ([0.5, 0.375], 16_000)
    assert (second.tolist(), second_rate) == ([0.25, 0.5, 0.0], 48_000)


def test_folder_that_is_not_there_is_refused():
    with pytest.raises(DataError, match=r"`folder` must hold impulse responses .*, but 'nowhere' is no folder"):
        load_responses("nowhere")
