"""Validation recordings as a microphone gives them."""

from dataclasses import replace

import numpy as np

from nas_asc.evaluation import read_recordings
from nas_asc.frontend import LogMel
from tests.search.tiny import SAMPLE_RATE, prepare

LOG_MEL = LogMel(sample_rate=SAMPLE_RATE, n_fft=256, win_length=256, hop_length=128, n_mels=16)


def test_recordings_are_the_validation_clips_in_16_bits(tmp_path):
    prepared = prepare(tmp_path)
    found = read_recordings(prepared, LOG_MEL)
    expected = [prepared.data_set.waveform(row, n_channels=1) for row in prepared.split.validation]
    assert len(found) == len(expected)
    assert all(samples.dtype == np.int16 for samples in found)
    assert (
        max(np.abs(samples / 32768 - clip).max() for samples, clip in zip(found, expected, strict=True)) <= 0.5 / 32768
    )


def test_recordings_have_the_front_end_s_rate_and_channels(tmp_path):
    prepared = prepare(tmp_path)
    found = read_recordings(prepared, replace(LOG_MEL, sample_rate=6_000, n_channels=2))
    assert {samples.shape for samples in found} == {(2, round(0.25 * 6_000))}
    assert all((samples[0] == samples[1]).all() and samples.any() for samples in found)
