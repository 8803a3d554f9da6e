"""The front end against physics and a slow transform written out."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torchaudio import transforms

from nas_asc.errors import DataError, FrontEndError
from nas_asc.features import fit_standardiser, log_mel_batch, resample, validate_front_end
from nas_asc.frontend import LogMel

_FRONT_END = LogMel(sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=40)
_NOT_CENTRED = replace(_FRONT_END, center=False)


def _tone(hz, *, sample_rate=16_000, seconds=1.0, amplitude=0.5):
    time = torch.arange(round(seconds * sample_rate)) / sample_rate
    return amplitude * torch.sin(2 * math.pi * hz * time)[None]


def _to_mel(hz):
    return 2595 * math.log10(1 + hz / 700)


def _slow_log_mel(waveform, front_end):
    """One clip by definition: edges (reflected), a periodic Hann window, a discrete Fourier sum, triangles in mel."""
    n_fft, win, hop = front_end.n_fft, front_end.win_length, front_end.hop_length
    window = np.zeros(n_fft)
    start = (n_fft - win) // 2
    window[start : start + win] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(win) / win)
    padded = np.pad(waveform, n_fft // 2 if front_end.center else 0, mode="reflect")
    frames = np.stack([padded[i : i + n_fft] * window for i in range(0, len(padded) - n_fft + 1, hop)])
    turns = np.outer(np.arange(n_fft), np.arange(n_fft // 2 + 1)) / n_fft
    power = np.abs(frames @ np.exp(-2j * np.pi * turns)) ** 2
    edges = np.linspace(_to_mel(front_end.f_min), _to_mel(front_end.upper_edge), front_end.n_mels + 2)
    edges = 700 * (10 ** (edges / 2595) - 1)
    bins = np.arange(n_fft // 2 + 1) * front_end.sample_rate / n_fft
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    filters = np.maximum(0, np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle)))
    return np.log(filters @ power.T + front_end.log_offset)


@pytest.mark.parametrize("front_end", [_FRONT_END, _NOT_CENTRED], ids=["centred", "not centred"])
def test_transform_equals_its_definition_written_out(front_end):
    waveform = np.random.default_rng(0).standard_normal(4_000).astype(np.float32) * 0.1
    found = log_mel_batch(torch.from_numpy(waveform)[None], front_end)[0, 0].numpy()
    np.testing.assert_allclose(found, _slow_log_mel(waveform.astype(np.float64), front_end), atol=2e-3)


@pytest.mark.parametrize("hz", [300, 1_000, 3_000, 6_000])
def test_tone_is_loudest_in_the_band_around_it(hz):
    edges = np.linspace(0, _to_mel(8_000), _FRONT_END.n_mels + 2)
    band = int(log_mel_batch(_tone(hz), _FRONT_END)[0, 0].mean(dim=1).argmax())
    assert edges[band] <= _to_mel(hz) <= edges[band + 2]


def test_twice_the_amplitude_adds_the_logarithm_of_four():
    quiet, loud = (log_mel_batch(_tone(1_000, amplitude=a), _FRONT_END)[0, 0].max(dim=0).values for a in (0.1, 0.2))
    torch.testing.assert_close(loud - quiet, torch.full_like(quiet, math.log(4)), atol=1e-3, rtol=0)


@pytest.mark.parametrize("hop_length", [160, 320, 500])
@pytest.mark.parametrize("seconds", [0.5, 1.0])
@pytest.mark.parametrize("center", [True, False])
def test_shape_is_the_one_foretold(hop_length, seconds, center):
    front_end = replace(_FRONT_END, hop_length=hop_length, center=center)
    found = log_mel_batch(_tone(500, seconds=seconds).repeat(3, 1), front_end)
    assert tuple(found.shape) == (3, *front_end.shape(seconds))


def test_frames_that_are_not_centred_must_lie_within_the_clip():
    assert _NOT_CENTRED.n_frames(1024 / 16_000) == 1
    with pytest.raises(FrontEndError, match=r"`n_fft` must not exceed a clip's .* n_fft=1024 for clips of 1023"):
        _NOT_CENTRED.n_frames(1023 / 16_000)


def test_a_clip_has_the_same_features_in_any_batch():
    batch = torch.randn(5, 8_000) * 0.1
    together = log_mel_batch(batch, _FRONT_END)
    alone = torch.cat([log_mel_batch(clip[None], _FRONT_END) for clip in batch])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


def test_long_batches_are_cut_in_pieces_without_a_seam():
    batch = torch.randn(9, 160_000) * 0.1  # some pieces at 16 MB of spectrum
    whole = transforms.MelSpectrogram(16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=40)(batch)
    torch.testing.assert_close(log_mel_batch(batch, _FRONT_END)[:, 0], torch.log(whole + 1e-5), atol=1e-4, rtol=1e-4)


def test_clip_shorter_than_half_the_transform_is_refused():
    with pytest.raises(FrontEndError, match=r"n_fft=1024 for clips of 512 samples at 16000 Hz"):
        log_mel_batch(torch.zeros(1, 512), _FRONT_END)


def test_empty_band_is_refused_with_a_way_out():
    with pytest.raises(FrontEndError, match=r"n_mels=256 with n_fft=512 .* Use fewer bands or a larger n_fft"):
        validate_front_end(LogMel(sample_rate=16_000, n_fft=512, win_length=512, hop_length=160, n_mels=256))


def test_resampling_keeps_a_tone_below_the_new_limit_and_removes_one_above():
    kept = resample(_tone(1_000, sample_rate=44_100), 44_100, 16_000)
    lost = resample(_tone(12_000, sample_rate=44_100), 44_100, 16_000)
    assert kept.shape == (1, 16_000)
    assert float(kept[0, 1_000:-1_000].std()) == pytest.approx(0.5 / math.sqrt(2), rel=0.01)
    assert float(lost[0, 1_000:-1_000].abs().max()) < 0.01


def test_standardiser_is_mean_and_deviation_of_the_given_rows():
    features = np.random.default_rng(0).normal(3, 2, (20, 1, 4, 30)).astype(np.float16)
    rows = np.array([1, 4, 7])
    mean, std = fit_standardiser(features, rows)
    chosen = features[rows].astype(np.float64)
    np.testing.assert_allclose(mean, chosen.mean(axis=(0, 1, 3)), rtol=1e-5)
    np.testing.assert_allclose(std, chosen.std(axis=(0, 1, 3)), rtol=1e-4)


def test_silent_band_does_not_divide_by_zero():
    _, std = fit_standardiser(np.zeros((2, 1, 3, 4), np.float16))
    assert (std > 0).all()


def test_standardiser_takes_memory_maps_of_many_chunks(tmp_path):
    features = np.random.default_rng(1).normal(-6, 3, (1_300, 1, 2, 5)).astype(np.float16)
    np.save(tmp_path / "features.npy", features)
    mean, std = fit_standardiser(np.load(tmp_path / "features.npy", mmap_mode="r"))
    np.testing.assert_allclose(mean, features.astype(np.float64).mean(axis=(0, 1, 3)), rtol=1e-6)
    np.testing.assert_allclose(std, features.astype(np.float64).std(axis=(0, 1, 3)), rtol=1e-6)


def test_standardiser_of_no_clips_is_refused():
    with pytest.raises(DataError, match="`rows` must name one clip or more"):
        fit_standardiser(np.zeros((3, 1, 2, 5), np.float16), np.zeros(0, np.int64))


def test_kept_bands_are_those_of_the_whole_bank():
    waveforms = torch.randn(2, 16_000, generator=torch.Generator().manual_seed(0))
    whole = LogMel(sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=40)
    some = replace(whole, kept_bands=(0, 3, 17, 39))
    assert some.shape(1.0) == (1, 4, 51)
    torch.testing.assert_close(log_mel_batch(waveforms, some), log_mel_batch(waveforms, whole)[:, :, [0, 3, 17, 39]])
    assert replace(whole, kept_bands=tuple(range(40))) == whole


def test_empty_band_that_is_not_kept_does_no_harm():
    options = {"sample_rate": 16_000, "n_fft": 512, "win_length": 512, "hop_length": 160, "n_mels": 256}
    validate_front_end(LogMel(**options, kept_bands=tuple(range(200, 256))))


@pytest.mark.parametrize("kept", [(), (3, 1), (1, 1), (-1, 2), (0, 64), (0.5, 1)])
def test_kept_bands_that_are_no_ascending_indices_are_refused(kept):
    with pytest.raises(FrontEndError, match="`kept_bands` must be ascending indices below n_mels=64"):
        LogMel(n_mels=64, kept_bands=kept)


def test_channels_are_transformed_each_by_itself():
    waveforms = torch.randn(3, 2, 16_000, generator=torch.Generator().manual_seed(0))
    stereo = LogMel(sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=40, n_channels=2)
    found = log_mel_batch(waveforms, stereo)
    assert found.shape == (3, *stereo.shape(1.0))
    for channel in range(2):
        torch.testing.assert_close(found[:, channel : channel + 1], log_mel_batch(waveforms[:, channel], stereo))


def test_three_channels_are_refused():
    with pytest.raises(FrontEndError, match="`n_channels` must be 1 or 2, but got n_channels=3"):
        LogMel(n_channels=3)
