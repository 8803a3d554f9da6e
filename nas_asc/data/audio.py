"""Reading one recording, and what can be wrong with it.

Conventions:
    A clip within 5 % of the nominal length is cut or padded with zeros at its end: lossy codecs round lengths up to
    their frames. One that is further off is damaged, unless the user named the length of a clip. `check_audio` counts
    what is cut and padded, so that it is never done in silence.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from nas_asc.errors import DataError

LENGTH_TOLERANCE = 0.05


class ClipError(DataError):
    """One recording that cannot be used; the message is its path and the cause."""


def read_recording(path: Path, *, n_channels: int = 1) -> tuple[NDArray[np.float32], int]:
    """Waveform (n_channels, N) in [-1, 1], and its rate in Hz.

    Args:
        path: File that libsndfile reads: WAV, FLAC, OGG, MP3 and others.
        n_channels: 1 averages the recording's channels; more keep them, a mono recording being repeated.

    Raises:
        ClipError: It is unreadable or empty, has another number of channels, or values that are not finite.
    """
    try:
        frames, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise ClipError(f"{path}: unreadable ({_cause(error)})") from None
    if not len(frames):
        raise ClipError(f"{path}: empty")
    n_found = frames.shape[1]
    if n_channels > 1 and n_found not in (1, n_channels):
        raise ClipError(f"{path}: {n_found} channels instead of {n_channels}")
    waveform = frames if n_found == 1 or n_channels > 1 else frames.mean(axis=1, keepdims=True)
    waveform = np.ascontiguousarray(np.broadcast_to(waveform, (len(frames), n_channels)).T)
    if not np.isfinite(waveform).all():
        raise ClipError(f"{path}: values that are not finite")
    return waveform, rate


def fit_length(
    waveform: NDArray[np.float32], n_samples: int, *, path: Path, any_length: bool = False
) -> NDArray[np.float32]:
    """The waveform with exactly `n_samples`: cut, or padded with zeros at its end.

    Args:
        waveform: (..., N) samples.
        n_samples: Nominal length.
        path: For the error.
        any_length: Cut and pad however far off the length is.

    Raises:
        ClipError: The length is off by more than 5 %.
    """
    if not any_length and not is_near(waveform.shape[-1], n_samples):
        raise ClipError(f"{path}: {_length_fault(waveform.shape[-1], n_samples)}")
    n_missing = n_samples - waveform.shape[-1]
    if n_missing <= 0:
        return waveform[..., :n_samples]
    return np.pad(waveform, [(0, 0)] * (waveform.ndim - 1) + [(0, n_missing)])


@dataclass(frozen=True)
class Header:
    """What a recording's header says.

    Args:
        fault: What is wrong with it; None when nothing.
        surplus: Length above the nominal one, as a share of that, negative below; 0 where there is a fault.
    """

    fault: str | None
    surplus: float = 0.0


def read_header(path: Path, *, sample_rate: int | None, clip_s: float, any_length: bool) -> Header:
    """What the header alone says of a recording.

    Args:
        path: The file.
        sample_rate: Rate in Hz that it must have; None lets it have any.
        clip_s: Nominal length in seconds.
        any_length: Any length but zero will do.
    """
    try:
        with soundfile.SoundFile(path) as file:
            n_found, rate = file.frames, file.samplerate
    except (soundfile.SoundFileError, OSError) as error:
        return Header(f"unreadable ({_cause(error)})")
    if n_found == 0:
        return Header("empty")
    if fault := rate_fault(rate, sample_rate):
        return Header(fault)
    n_samples = round(clip_s * rate)
    if not any_length and not is_near(n_found, n_samples):
        return Header(_length_fault(n_found, n_samples))
    return Header(None, (n_found - n_samples) / n_samples)


def rate_fault(rate: int, wanted: int | None) -> str | None:
    """What is wrong with a recording's rate; None where nothing is, or any rate will do."""
    return None if wanted in (None, rate) else f"{rate} Hz instead of {wanted} Hz"


def is_near(n_found: int, n_samples: int) -> bool:
    """Whether a length is within 5 % of the nominal one."""
    return abs(n_found - n_samples) <= LENGTH_TOLERANCE * n_samples


def _length_fault(n_found: int, n_samples: int) -> str:
    return f"{n_found} samples, too {'short' if n_found < n_samples else 'long'} for {n_samples}"


def _cause(error: Exception) -> str:
    text = str(error).rstrip(". ").split(": ")[-1]
    return text or type(error).__name__
