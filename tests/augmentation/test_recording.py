"""Level, device and pitch against log-mels really computed from changed waveforms or by another front end."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from torchaudio.functional import fftconvolve, melscale_fbanks

from nas_asc.augmentation import (
    PitchDraw,
    apply_augmentation,
    apply_stretches,
    bin_frequencies,
    draw_augmentation,
    draw_gains,
    draw_microphones,
    draw_responses,
    draw_stretches,
    mel_filters,
    response_levels,
)
from nas_asc.errors import DataError
from nas_asc.features import log_mel_batch
from nas_asc.frontend import LogMel
from nas_asc.recipe import DeviceResponse, Gain, PitchShift
from tests.augmentation.facts import make_batch, make_facts

LOG_MEL = LogMel(sample_rate=16_000, n_fft=2_048, win_length=1_024, hop_length=256, n_mels=40, log_offset=1e-10)
FRONT_ENDS = [LOG_MEL, LogMel(f_min=50.0), LogMel(sample_rate=44_100, n_mels=128, f_min=20.0, f_max=14_000.0)]


def make_waveforms(n_clips=2, n_samples=32_000):
    """Noise with a spectrum that falls smoothly, so that bands differ."""
    noise = torch.randn(n_clips, n_samples, generator=torch.Generator().manual_seed(0))
    return fftconvolve(noise, torch.tensor([[1.0, 0.7, 0.4, 0.2]]), mode="same") * 0.1


def standardise(log_mels, facts):
    return (log_mels - facts.mean.view(-1, 1)) / facts.std.view(-1, 1)


@pytest.mark.parametrize("log_mel", FRONT_ENDS)
def test_filters_are_those_of_the_front_end(log_mel):
    expected = melscale_fbanks(
        log_mel.n_fft // 2 + 1, log_mel.f_min, log_mel.upper_edge, log_mel.n_mels, log_mel.sample_rate
    )
    np.testing.assert_allclose(mel_filters(log_mel).T, expected, atol=2e-4)


def test_gain_is_the_log_mel_of_a_louder_waveform():
    waveforms = make_waveforms()
    facts = make_facts(log_mel_batch(waveforms, LOG_MEL).shape, log_mel=LOG_MEL)
    features = standardise(log_mel_batch(waveforms, LOG_MEL), facts)
    drawn = draw_augmentation((Gain(12.0),), facts, torch.Generator().manual_seed(3))
    changed, _ = apply_augmentation(features, torch.zeros(2, 4), drawn)
    power = ((changed - features) * facts.std.view(-1, 1)).mean(dim=(1, 2, 3)).exp()
    assert (power / power.flip(0) - 1).abs().min() > 0.1
    louder = standardise(log_mel_batch(waveforms * power.sqrt()[:, None], LOG_MEL), facts)
    torch.testing.assert_close(changed, louder, atol=1e-3, rtol=0)


def test_gains_are_uniform_in_decibels():
    levels_db = 10 * draw_gains(20_000, max_db=6.0, generator=torch.Generator().manual_seed(0)).exp().log10()
    assert levels_db.abs().max() <= 6.001
    assert levels_db.mean().item() == pytest.approx(0, abs=0.1)
    assert levels_db.std().item() == pytest.approx(12 / 12**0.5, abs=0.05)


def synthetic_response(seed, n_samples=96):
    """A short, decaying impulse response."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=n_samples) * np.exp(-np.arange(n_samples) / 12)).astype(np.float32)


def test_response_is_the_log_mel_of_the_convolved_waveform(tmp_path):
    responses = [synthetic_response(seed) for seed in range(3)]
    for number, response in enumerate(responses):
        soundfile.write(tmp_path / f"{number}.wav", response, LOG_MEL.sample_rate, subtype="FLOAT")
    levels = response_levels(DeviceResponse(folder=str(tmp_path)), LOG_MEL)
    waveforms = make_waveforms(8)
    before = log_mel_batch(waveforms, LOG_MEL)
    for level, response in zip(levels, responses, strict=True):
        convolved = fftconvolve(waveforms, torch.from_numpy(response)[None], mode="full")[:, : waveforms.shape[1]]
        effect = (log_mel_batch(convolved, LOG_MEL) - before)[..., 4:-4].mean(dim=(0, 1, 3))
        # up to the one number by which the response was scaled
        difference = effect - level
        assert level.std() > 0.3
        assert (difference - difference.mean()).abs().max() < 0.15


def test_response_of_a_delta_and_of_a_scaled_delta_is_flat(tmp_path):
    for name, height in (("one", 1.0), ("half", -0.5)):
        soundfile.write(tmp_path / f"{name}.wav", np.float32([0, height, 0, 0]), 16_000, subtype="FLOAT")
    levels = response_levels(DeviceResponse(folder=str(tmp_path)), LOG_MEL)
    torch.testing.assert_close(levels, torch.zeros(2, 40), atol=1e-5, rtol=0)


def test_one_zero_filter_has_its_closed_form_at_any_rate_of_the_file(tmp_path):
    """Half the sum of two impulses 1 ms apart has the power cos(pi f / 1000)^2, whatever its sample rate is."""
    log_mel = replace(LOG_MEL, n_fft=8_192, win_length=8_192, f_max=7_000.0)
    for rate in (16_000, 48_000):
        response = np.zeros(2 + rate // 1_000, np.float32)
        response[[0, rate // 1_000]] = 0.5
        soundfile.write(tmp_path / f"{rate}.wav", response, rate, subtype="FLOAT")
    power = np.cos(np.pi * bin_frequencies(log_mel) / 1_000) ** 2
    filters = mel_filters(log_mel)
    mel_power = filters @ power / filters.sum(axis=1)
    expected = np.log(mel_power / ((filters @ power).sum() / filters.sum()))
    for level in response_levels(DeviceResponse(folder=str(tmp_path)), log_mel):
        np.testing.assert_allclose(level, expected, atol=0.02)


def test_white_noise_keeps_its_power():
    levels = response_levels(DeviceResponse(strength_db=6.0), LOG_MEL).double().exp()
    widths = torch.from_numpy(mel_filters(LOG_MEL).sum(axis=1))
    torch.testing.assert_close((levels * widths).sum(dim=1) / widths.sum(), torch.ones(64).double())


def test_microphones_are_band_limited_and_ripple_as_strongly_as_asked():
    frequencies = np.array([5.0, 500, 700, 1_000, 1_400, 2_000, 90_000])
    for strength_db in (0.0, 4.0):
        power = draw_microphones(np.random.default_rng(0), 4_000, frequencies, strength_db=strength_db)
        levels_db = 10 * np.log10(power)
        assert (levels_db[:, [0, -1]].mean(axis=0) < -25).all()
        # below 5 kHz and above 300 Hz the limits take little away: the rest is ripple
        np.testing.assert_allclose(levels_db[:, 1:5].std(axis=0), strength_db, atol=0.25)


def test_synthetic_responses_are_fixed_by_their_seed():
    one, again, other = (response_levels(DeviceResponse(seed=seed), LOG_MEL) for seed in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert one.shape == (64, 40)


def test_each_response_is_drawn_and_the_share_of_changed_clips_is_p():
    levels = torch.arange(1.0, 5.0)[:, None].expand(4, 3)
    drawn = draw_responses(levels, 20_000, p=0.4, generator=torch.Generator().manual_seed(0))
    shares = torch.bincount(drawn[:, 0].long(), minlength=5) / 20_000
    torch.testing.assert_close(shares, torch.tensor([0.6, 0.1, 0.1, 0.1, 0.1]), atol=0.01, rtol=0)


@pytest.mark.parametrize("knows_devices", [True, False])
def test_only_clips_of_the_reference_device_change_where_asked_and_known(knows_devices):
    features, targets = make_batch((40, 1, 12, 10))
    facts = make_facts(features.shape, **({} if knows_devices else {"devices": None}))
    drawn = draw_augmentation((DeviceResponse(1.0, reference_only=True),), facts, torch.Generator().manual_seed(0))
    is_changed = (apply_augmentation(features, targets, drawn)[0] != features).flatten(1).any(dim=1)
    expected = facts.devices == 0 if knows_devices else torch.ones(40, dtype=torch.bool)
    assert torch.equal(is_changed, expected)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, "`folder` must hold impulse responses as WAV files, but '.*there' is no folder"),
        ({}, "`folder` must hold impulse responses as WAV files, but '.*there' holds none"),
        ({"a.wav": np.zeros(8, np.float32)}, "a.wav: silent, which no impulse response is"),
        ({"a.wav": None}, "a.wav: unreadable"),
    ],
)
def test_folder_without_responses_is_refused(tmp_path, files, message):
    folder = tmp_path / "there"
    for name, values in (files or {}).items():
        folder.mkdir()
        if values is None:
            (folder / name).write_text("no audio")
        else:
            soundfile.write(folder / name, values, 16_000)
    if files == {}:
        folder.mkdir()
    with pytest.raises(DataError, match=message):
        response_levels(DeviceResponse(folder=str(folder)), LOG_MEL)


def smooth_spectrum(frequency):
    """A power that changes slowly from band to band."""
    return np.exp(-frequency / 3_000) + 0.3 * np.exp(-(((frequency - 4_000) / 1_500) ** 2))


def log_mels_of_spectrum(log_mel):
    """(1, 1, F, 1) log-mels of a steady sound of that spectrum."""
    levels = np.log(mel_filters(log_mel) @ smooth_spectrum(bin_frequencies(log_mel)))
    return torch.from_numpy(levels).float().view(1, 1, -1, 1)


def stretch_of(edge, log_mel):
    low, old, new = (2595 * np.log10(1 + each / 700) for each in (log_mel.f_min, log_mel.upper_edge, edge))
    return torch.tensor([(new - low) / (old - low)], dtype=torch.float32)


@pytest.mark.parametrize("f_min", [0.0, 100.0])
@pytest.mark.parametrize("edge", [6_500.0, 7_000.0, 7_400.0])
def test_shifted_log_mels_are_those_of_another_upper_edge(edge, f_min):
    log_mel = replace(LOG_MEL, n_fft=16_384, f_min=f_min, f_max=7_000.0)
    facts = make_facts((1, 1, 40, 1))
    pitch = PitchDraw(stretch_of(edge, log_mel), facts.mean, facts.std)
    changed = apply_stretches(standardise(log_mels_of_spectrum(log_mel), facts), pitch)
    found = changed * facts.std.view(-1, 1) + facts.mean.view(-1, 1)
    expected = log_mels_of_spectrum(replace(log_mel, f_max=edge))
    n_unknown = 2 if edge > 7_000 else 0  # bands beyond the old upper edge
    error = (found - expected).abs().flatten()
    assert error[: 40 - n_unknown].max() < 0.03
    assert (log_mels_of_spectrum(log_mel) - expected).abs().max() > (0.05 if edge != 7_000 else -1)


def test_shifted_noise_has_the_mean_of_really_computed_log_mels():
    log_mel, waveforms = replace(LOG_MEL, f_max=7_000.0), make_waveforms(8)
    before = log_mel_batch(waveforms, log_mel)
    expected = log_mel_batch(waveforms, replace(log_mel, f_max=6_000.0)).mean(dim=(0, 1, 3))
    pitch = PitchDraw(stretch_of(6_000.0, log_mel).expand(8), torch.zeros(40), torch.ones(40))
    found = apply_stretches(before, pitch).mean(dim=(0, 1, 3))
    # the lowest bands hold so few bins of the transform that their width on paper is not their width
    assert (found - expected)[8:].abs().max() < 0.12
    assert (before.mean(dim=(0, 1, 3)) - expected)[8:].abs().mean() > 0.1


def test_drawn_edges_are_uniform_around_the_front_ends_and_below_half_the_rate():
    generator = torch.Generator().manual_seed(0)
    for f_max, low, high in ((7_000.0, 6_500, 7_500), (None, 7_500, 8_000)):
        log_mel = replace(LOG_MEL, f_max=f_max, f_min=60.0)
        stretches = draw_stretches(log_mel, 20_000, range_hz=1_000.0, generator=generator).double().numpy()
        mels = 2595 * np.log10(1 + np.array([60.0, log_mel.upper_edge]) / 700)
        edges = 700 * (10 ** ((mels[0] + stretches * (mels[1] - mels[0])) / 2595) - 1)
        assert edges.min() == pytest.approx(low, abs=2)
        assert edges.max() == pytest.approx(high, abs=2)
        assert edges.mean() == pytest.approx((low + high) / 2, abs=10)


def test_clips_are_shifted_each_by_its_own_stretch():
    features, targets = make_batch((5, 1, 12, 10))
    facts = make_facts(features.shape)
    (drawn,) = draw_augmentation((PitchShift(3_000.0),), facts, torch.Generator().manual_seed(0))
    changed, kept = drawn.apply(features, targets)
    assert kept is targets
    for clip in range(5):
        place = (torch.arange(12) + 1) * drawn.stretches[clip] - 1
        raw = features[clip, 0] * facts.std[:, None] + facts.mean[:, None]
        for band in range(12):
            low = min(max(float(place[band]), 0.0), 11.0)
            lower = int(low)
            upper, share = min(lower + 1, 11), low - lower
            value = (1 - share) * raw[lower] + share * raw[upper] + drawn.stretches[clip].log()
            expected = (value - facts.mean[band]) / facts.std[band]
            torch.testing.assert_close(changed[clip, 0, band], expected, atol=1e-4, rtol=1e-4)
