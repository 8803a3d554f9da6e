"""The front end in numpy against torchaudio's: in float64 to rounding, in the float32 of training to its own error."""

import math

import numpy as np
import pytest
import torch
from torchaudio import transforms

from nas_asc import features
from nas_asc.data import load_data_set
from nas_asc.errors import FrontEndError
from nas_asc.frontend import LogMel
from nas_asc.prediction import compute_log_mel, resample

_SMALL = {"sample_rate": 16_000, "n_fft": 1024, "win_length": 640, "hop_length": 320, "n_mels": 40}
_FRONT_ENDS = {
    "default": LogMel(),
    "small": LogMel(**_SMALL),
    "not centred": LogMel(**_SMALL | {"center": False, "hop_length": 333}),
    "edges": LogMel(sample_rate=44_100, n_fft=2048, win_length=1764, n_mels=128, f_min=50, f_max=16_000),
    "odd window": LogMel(**_SMALL | {"win_length": 641, "log_offset": 1e-3}),
    "kept bands": LogMel(**_SMALL, kept_bands=(0, 3, 17, 39)),
    "odd rate": LogMel(**_SMALL | {"sample_rate": 11_025}),
    "channels": LogMel(**_SMALL, n_channels=2),
}


@pytest.fixture(params=_FRONT_ENDS.values(), ids=_FRONT_ENDS.keys())
def front_end(request):
    return request.param


def _noise(log_mel, *, seconds=1.3, scale=0.1):
    shape = (3, log_mel.n_channels, round(seconds * log_mel.sample_rate))
    return (scale * np.random.default_rng(0).standard_normal(shape)).astype(np.float32)


def _scenes(log_mel):
    scenes = load_data_set()
    clips = np.stack([scenes.waveform(row, n_channels=log_mel.n_channels) for row in range(0, 1_000, 100)])
    return features.resample(torch.from_numpy(clips), scenes.sample_rate, log_mel.sample_rate).numpy()


def _exact(waveforms, log_mel):
    """torchaudio's own transform with filters, window and all else in float64."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        transform = transforms.MelSpectrogram(
            log_mel.sample_rate,
            n_fft=log_mel.n_fft,
            win_length=log_mel.win_length,
            hop_length=log_mel.hop_length,
            f_min=log_mel.f_min,
            f_max=log_mel.upper_edge,
            n_mels=log_mel.n_mels,
            center=log_mel.center,
        )
    finally:
        torch.set_default_dtype(before)
    mels = transform(torch.from_numpy(waveforms).double()).numpy()
    return np.log(mels[..., list(log_mel.kept_bands or range(log_mel.n_mels)), :] + log_mel.log_offset)


@pytest.mark.parametrize("make", [_noise, _scenes])
def test_log_mels_are_torchaudios_in_float64(front_end, make):
    waveforms = make(front_end)
    found = compute_log_mel(waveforms, front_end)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, _exact(waveforms, front_end), rtol=0, atol=1e-5)


@pytest.mark.parametrize(("make", "atol"), [(_noise, 1e-4), (_scenes, 2e-4)])
def test_log_mels_are_those_of_training(front_end, make, atol):
    waveforms = make(front_end)
    trained = features.log_mel_batch(torch.from_numpy(waveforms), front_end).numpy()
    np.testing.assert_allclose(compute_log_mel(waveforms, front_end), trained, rtol=0, atol=atol)


def test_real_clips_at_another_rate_are_those_of_training(front_end, esc10_dir):
    data_set = load_data_set(esc10_dir)
    clips = np.stack([data_set.waveform(row, n_channels=front_end.n_channels) for row in range(0, 400, 40)])
    rates = (data_set.sample_rate, front_end.sample_rate)
    waveforms = features.resample(torch.from_numpy(clips), *rates)
    found = compute_log_mel(resample(clips, *rates), front_end)
    trained = features.log_mel_batch(waveforms, front_end).numpy()
    np.testing.assert_allclose(
        compute_log_mel(waveforms.numpy(), front_end), _exact(waveforms.numpy(), front_end), rtol=0, atol=1e-5
    )
    assert np.abs(found - trained).mean() < 2e-5
    assert np.abs(found - trained).max() < 3e-3  # torchaudio's float32 beside its float64: bands 60 dB below others


@pytest.mark.parametrize(
    ("old", "new"),
    [(44_100, 32_000), (44_100, 16_000), (48_000, 44_100), (8_000, 32_000), (16_000, 8_000), (9_001, 7_919)],
)
@pytest.mark.parametrize("n_samples", [1, 7, 1_000, 9_001])
def test_resampling_is_that_of_training(old, new, n_samples):
    waveforms = np.random.default_rng(0).uniform(-1, 1, (2, 2, n_samples)).astype(np.float32)
    found = resample(waveforms, old, new)
    assert found.shape == (2, 2, math.ceil(n_samples * new / old))
    assert found.dtype == np.float32
    trained = features.resample(torch.from_numpy(waveforms), old, new).numpy()
    np.testing.assert_allclose(found, trained, rtol=0, atol=2e-6)


def test_resampling_to_the_same_rate_changes_nothing():
    waveforms = _noise(LogMel())
    assert resample(waveforms, 32_000, 32_000) is waveforms


def test_resampling_keeps_a_tone_below_the_new_limit_and_removes_one_above():
    time = np.arange(44_100) / 44_100
    kept, lost = (resample(np.sin(2 * np.pi * hz * time).astype(np.float32), 44_100, 16_000) for hz in (1_000, 12_000))
    expected = np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000)
    np.testing.assert_allclose(kept[1_000:-1_000], expected[1_000:-1_000], rtol=0, atol=2e-3)
    assert np.abs(lost[1_000:-1_000]).max() < 0.01


@pytest.mark.parametrize(("center", "least"), [(True, 513), (False, 1024)])
def test_clip_too_short_for_a_transform_is_refused(center, least):
    log_mel = LogMel(**_SMALL, center=center)
    assert compute_log_mel(np.zeros((1, least), np.float32), log_mel).shape[0] == 1
    with pytest.raises(FrontEndError, match=f"`waveforms` must have {least} samples or more for n_fft=1024, but got"):
        compute_log_mel(np.zeros((1, least - 1), np.float32), log_mel)
