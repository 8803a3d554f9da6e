"""Recordings of the validation part as a microphone gives them: 16-bit samples at the front end's rate."""

import numpy as np
from numpy.typing import NDArray

from nas_asc.data import ClipError
from nas_asc.evaluation.prepared import PreparedData
from nas_asc.frontend import LogMel
from nas_asc.prediction import resample

_N_RECORDINGS = 32
_FULL_SCALE = 32768


def read_recordings(prepared: PreparedData, log_mel: LogMel) -> list[NDArray[np.int16]]:
    """Validation clips (C, N), 32 at most, evenly spread; what cannot be read is left out.

    Args:
        prepared: The clips.
        log_mel: Gives rate and channels.
    """
    rows = prepared.split.validation
    chosen = rows[np.unique(np.linspace(0, len(rows) - 1, _N_RECORDINGS).round().astype(np.intp))]
    found = []
    for row in chosen.tolist():
        try:
            waveform, rate = prepared.data_set.read(row, n_channels=log_mel.n_channels)
        except ClipError:
            continue
        found.append(
            _to_samples(resample(waveform, rate, log_mel.sample_rate), log_mel.n_samples(prepared.data_set.clip_s))
        )
    return found


def _to_samples(waveform: NDArray[np.float32], n_samples: int) -> NDArray[np.int16]:
    """Rounded to 16 bits, silence added or cut off at the end."""
    samples = np.zeros((len(waveform), n_samples), np.int16)
    fitting = waveform[:, :n_samples]
    samples[:, : fitting.shape[1]] = np.clip(np.rint(fitting * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
    return samples
