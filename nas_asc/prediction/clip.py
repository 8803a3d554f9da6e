"""From a recording to the clips a network takes: cut, resampled and transformed as in training.

Conventions:
    A recording is cut at its own rate and each clip is resampled by itself, straight to the front end's rate.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nas_asc.data import read_recording
from nas_asc.prediction.log_mel import Floats, compute_log_mel, resample
from nas_asc.prediction.metadata import Metadata

_BATCH_SAMPLES = 2**20


def iterate_features(path: Path, metadata: Metadata) -> Iterator[Floats]:
    """Log-mels (B, C, F, T), not standardised, of a recording's clips in their order, about a million samples a time.

    Args:
        path: The recording, of any rate and length.
        metadata: What the network takes.

    Raises:
        ClipError: The recording is unreadable or empty, has too many channels, or values that are not finite.
    """
    log_mel = metadata.log_mel
    waveform, sample_rate = read_recording(path, n_channels=log_mel.n_channels)
    clips = cut_clips(waveform, max(1, round(metadata.clip_s * sample_rate)))
    n_clips = max(1, _BATCH_SAMPLES // clips[0].size)
    for start in range(0, len(clips), n_clips):
        batch = resample(clips[start : start + n_clips], sample_rate, log_mel.sample_rate)
        # a length that the ratio of the rates does not divide comes back a sample longer or shorter
        yield compute_log_mel(_fit(batch, log_mel.n_samples(metadata.clip_s)), log_mel)


def cut_clips(waveform: Floats, n_samples: int) -> Floats:
    """Consecutive clips of a waveform; a rest of half a clip or more is padded with silence, a shorter one dropped.

    A waveform shorter than a clip is one clip, padded with silence.

    Args:
        waveform: (C, N) samples.
        n_samples: Length of a clip.

    Shape:
        input (C, N), output (n, C, n_samples)

    >>> [len(cut_clips(np.ones((1, n), np.float32), 100)) for n in (1, 100, 149, 150, 300)]
    [1, 1, 1, 2, 3]
    """
    whole, rest = divmod(waveform.shape[-1], n_samples)
    n_clips = max(1, whole + (2 * rest >= n_samples))
    return _fit(waveform, n_clips * n_samples).reshape(len(waveform), n_clips, n_samples).swapaxes(0, 1)


def _fit(waveforms: Floats, n_samples: int) -> Floats:
    n_missing = max(0, n_samples - waveforms.shape[-1])
    return np.pad(waveforms[..., :n_samples], [(0, 0)] * (waveforms.ndim - 1) + [(0, n_missing)])
