"""From waveforms to log-mels, through torchaudio.

Conventions:
    A batch is transformed in pieces whose spectrum fits the processor's cache: twice as fast as whole for long clips.
"""

import warnings
from functools import lru_cache

import torch
from torch import Tensor
from torchaudio import functional, transforms

from nas_asc.errors import FrontEndError
from nas_asc.frontend import LogMel

_PIECE_BYTES = 8 * 2**20
_N_KEPT = 16


def log_mel_batch(waveforms: Tensor, log_mel: LogMel) -> Tensor:
    """Log-mels of a batch: log(mel power + log_offset), natural logarithm.

    Args:
        waveforms: (B, N) at `log_mel.sample_rate`, one clip or more; (B, n_channels, N) where they have channels.
        log_mel: The front end.

    Raises:
        FrontEndError: A mel band would be empty, or N is half of `n_fft` or less; says what to change.

    Shape:
        input (B, N) or (B, C, N), output (B, C, n_bands, T) with T of `LogMel.n_frames`, C = 1 without channels

    >>> log_mel_batch(torch.zeros(2, 16000), LogMel(sample_rate=16000, n_fft=1024, win_length=640, n_mels=40)).shape
    torch.Size([2, 1, 40, 33])
    """
    if waveforms.dim() == 3:
        return log_mel_batch(waveforms.flatten(0, 1), log_mel).view(*waveforms.shape[:2], log_mel.n_bands, -1)
    _validate_length(log_mel, waveforms.shape[1])
    transform = _transform(log_mel, waveforms.device)
    n_clips = len(waveforms)
    if waveforms.device.type == "cpu":
        bytes_per_clip = 4 * log_mel.n_fft * (1 + waveforms.shape[1] // log_mel.hop_length)
        n_clips = max(1, _PIECE_BYTES // bytes_per_clip)
    pieces = [torch.log_(transform(piece).add_(log_mel.log_offset)) for piece in waveforms.split(n_clips)]
    return torch.cat(pieces).unsqueeze(1)


def resample(waveforms: Tensor, sample_rate: int, new_sample_rate: int) -> Tensor:
    """Waveforms at another rate; (..., N) to (..., ceil(N x new / old))."""
    if sample_rate == new_sample_rate:
        return waveforms
    return _resampler(sample_rate, new_sample_rate, waveforms.device)(waveforms)


def validate_front_end(log_mel: LogMel, *, clip_s: float | None = None) -> None:
    """Check that every mel band holds at least one bin of the transform, and that clips are long enough for it.

    Args:
        log_mel: The front end.
        clip_s: Length of the clips in seconds; None leaves it open.

    Raises:
        FrontEndError: A band would be empty, or a clip is too short; says what to change.
    """
    _transform(log_mel, torch.device("cpu"))
    if clip_s is not None:
        _validate_length(log_mel, log_mel.n_samples(clip_s))


def _validate_length(log_mel: LogMel, n_samples: int) -> None:
    if log_mel.center and n_samples <= log_mel.n_fft // 2:
        raise FrontEndError(
            f"`n_fft` must be less than twice a clip's samples, but got n_fft={log_mel.n_fft} for clips of"
            f" {n_samples} samples at {log_mel.sample_rate} Hz. Use a smaller n_fft or longer clips."
        )


@lru_cache(maxsize=_N_KEPT)
def _transform(log_mel: LogMel, device: torch.device) -> transforms.MelSpectrogram:
    filters = _filters(log_mel)
    if bool((filters.sum(dim=0) == 0).any()):
        raise FrontEndError(
            f"`n_mels` must leave a bin of the transform in every band, but n_mels={log_mel.n_mels} with"
            f" n_fft={log_mel.n_fft} at {log_mel.sample_rate} Hz leaves"
            f" {int((filters.sum(dim=0) == 0).sum())} bands empty. Use fewer bands or a larger n_fft."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of empty bands among those that are not kept
        transform = transforms.MelSpectrogram(
            sample_rate=log_mel.sample_rate,
            n_fft=log_mel.n_fft,
            win_length=log_mel.win_length,
            hop_length=log_mel.hop_length,
            f_min=log_mel.f_min,
            f_max=log_mel.upper_edge,
            n_mels=log_mel.n_mels,
            power=2.0,
            mel_scale="htk",
            norm=None,
            center=log_mel.center,
        )
    transform.mel_scale.fb = filters  # those of the kept bands alone
    return transform.to(device)


def _filters(log_mel: LogMel) -> Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchaudio only warns of empty bands; they are an error here
        filters: Tensor = functional.melscale_fbanks(
            n_freqs=log_mel.n_fft // 2 + 1,
            f_min=log_mel.f_min,
            f_max=log_mel.upper_edge,
            n_mels=log_mel.n_mels,
            sample_rate=log_mel.sample_rate,
        )
    return filters if log_mel.kept_bands is None else filters[:, list(log_mel.kept_bands)]


@lru_cache(maxsize=_N_KEPT)
def _resampler(sample_rate: int, new_sample_rate: int, device: torch.device) -> transforms.Resample:
    return transforms.Resample(sample_rate, new_sample_rate).to(device)
