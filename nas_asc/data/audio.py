"""Reading one recording, and what can be wrong with it.

Conventions:
    A header that does not know the length of its recording, as where it was written in one go or its recorder crashed,
    is not believed: the file is read to its end.
    A clip within 5 % of the nominal length is cut or padded with zeros at its end: lossy codecs round lengths up to
    their frames. One that is further off is damaged, unless the user named the length of a clip. `check_audio` counts
    what is cut and padded, so that it is never done in silence.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from nas_asc.data.quiet import quiet_decoder
from nas_asc.data.tree import printable
from nas_asc.errors import DataError

LENGTH_TOLERANCE = 0.05
_UNKNOWN = 2**40  # frames that no recording has
_BLOCK = 2**16  # frames
_UNREADABLE = (soundfile.SoundFileError, OSError, ValueError)


class ClipError(DataError):
    """One recording that cannot be used; the message is its path and the cause."""


def read_recording(
    path: Path, *, n_channels: int = 1, start_s: float = 0.0, length_s: float | None = None
) -> tuple[NDArray[np.float32], int]:
    """Waveform (n_channels, N) in [-1, 1], and its rate in Hz.

    Args:
        path: File that libsndfile reads: WAV, FLAC, OGG, MP3 and others.
        n_channels: 1 averages the recording's channels; more keep them, a mono recording being repeated.
        start_s: Where to begin, in seconds.
        length_s: How much is read at most, in seconds; None is all that there is.

    Raises:
        ClipError: It is unreadable or empty, has another number of channels, or values that are not finite.
    """
    shown = printable(str(path))
    try:
        frames, rate = _read_frames(path, start_s, length_s)
    except _UNREADABLE as error:
        raise ClipError(f"{shown}: unreadable ({_cause(error, path)})") from None
    if not len(frames):
        raise ClipError(f"{shown}: empty")
    return _to_channels(frames, n_channels, shown), rate


@dataclass(frozen=True, eq=False)
class Block:
    """A stretch of a recording.

    Args:
        waveform: (n_channels, N) samples in [-1, 1].
        sample_rate: In Hz.
        power: Mean square of all channels before they were mixed.
        length_s: The length of the whole recording in seconds, as its header has it; None where that
            does not know.
    """

    waveform: NDArray[np.float32]
    sample_rate: int
    power: float
    length_s: float | None = None


def iterate_blocks(path: Path, *, n_channels: int = 1, n_samples: int = 2**20) -> Iterator[Block]:
    """A recording block after block, so that hours of it take little memory.

    Args:
        path: File that libsndfile reads.
        n_channels: As for `read_recording`.
        n_samples: The most samples of a block, a channel.

    Raises:
        ClipError: It is unreadable or empty, has another number of channels, or values that are not finite; what came
            before is good.
    """
    shown, n_read = printable(str(path)), 0
    try:
        with _open(path) as file:
            length_s = file.frames / file.samplerate if 0 < file.frames < _UNKNOWN else None
            for frames in _iterate_frames(path, file, n_samples):
                n_read += len(frames)
                power = float(np.mean(frames**2, dtype=np.float64))
                yield Block(_to_channels(frames, n_channels, shown), int(file.samplerate), power, length_s)
    except _UNREADABLE as error:
        if isinstance(error, ClipError):
            raise
        raise ClipError(f"{shown}: unreadable ({_cause(error, path)})") from None
    if not n_read:
        raise ClipError(f"{shown}: empty")


def _iterate_frames(path: Path, file: soundfile.SoundFile, n_samples: int) -> Iterator[NDArray[np.float32]]:
    if file.frames == 0:
        frames = _read_unfinished(path, file)
        yield from (frames[start : start + n_samples] for start in range(0, len(frames), n_samples))
        return
    file.seekable = lambda: False  # else it is sought where the header wrongly says that there is more, which fails
    while len(frames := file.read(n_samples, dtype="float32", always_2d=True)):
        yield frames


def _to_channels(frames: NDArray[np.float32], n_channels: int, shown: str) -> NDArray[np.float32]:
    """Frames (N, n_found) as a waveform (n_channels, N)."""
    n_found = frames.shape[1]
    if n_channels > 1 and n_found not in (1, n_channels):
        raise ClipError(f"{shown}: {n_found} channels instead of {n_channels}")
    waveform = frames if n_found == 1 or n_channels > 1 else frames.mean(axis=1, keepdims=True)
    waveform = np.ascontiguousarray(np.broadcast_to(waveform, (len(frames), n_channels)).T)
    if not np.isfinite(waveform).all():
        raise ClipError(f"{shown}: values that are not finite")
    return waveform


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
        raise ClipError(f"{printable(str(path))}: {_length_fault(waveform.shape[-1], n_samples)}")
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
        rate: In Hz; 0 where there is a fault.
    """

    fault: str | None
    surplus: float = 0.0
    rate: int = 0


def read_header(path: Path, *, sample_rate: int | None, clip_s: float, any_length: bool) -> Header:
    """What the header alone says of a recording.

    Args:
        path: The file.
        sample_rate: Rate in Hz that it must have; None lets it have any.
        clip_s: Nominal length in seconds.
        any_length: Any length but zero will do.
    """
    try:
        n_found, rate = _find_size(path)
    except _UNREADABLE as error:
        return Header(f"unreadable ({_cause(error, path)})")
    if n_found == 0:
        return Header("empty")
    if fault := rate_fault(rate, sample_rate):
        return Header(fault)
    n_samples = round(clip_s * rate)
    if not any_length and not is_near(n_found, n_samples):
        return Header(_length_fault(n_found, n_samples))
    return Header(None, (n_found - n_samples) / n_samples, rate)


def read_size(path: Path) -> tuple[int, int] | None:
    """Samples of a recording and its rate in Hz; None where it is unreadable or empty.

    Args:
        path: The file.
    """
    try:
        n_samples, rate = _find_size(path)
    except _UNREADABLE:
        return None
    return (n_samples, rate) if n_samples else None


def rate_fault(rate: int, wanted: int | None) -> str | None:
    """What is wrong with a recording's rate; None where nothing is, or any rate will do."""
    return None if wanted in (None, rate) else f"{rate} Hz instead of {wanted} Hz"


def is_near(n_found: int, n_samples: int) -> bool:
    """Whether a length is within 5 % of the nominal one."""
    return abs(n_found - n_samples) <= LENGTH_TOLERANCE * n_samples


def _length_fault(n_found: int, n_samples: int) -> str:
    return f"{n_found} samples, too {'short' if n_found < n_samples else 'long'} for {n_samples}"


def _find_size(path: Path) -> tuple[int, int]:
    with _open(path) as file:
        n_samples, rate = int(file.frames), int(file.samplerate)
        if 0 < n_samples < _UNKNOWN and not _ends_before(file):
            return n_samples, rate
    return len(_read_frames(path)[0]), rate


def _ends_before(file: soundfile.SoundFile) -> bool:
    """Whether there is less than the header says: looked for in FLAC alone, as libsndfile sees to WAV by itself."""
    if file.format != "FLAC":
        return False
    try:
        file.seek(file.frames - 1)
        return len(file.read(1)) == 0
    except soundfile.SoundFileError:
        return True


def _read_frames(path: Path, start_s: float = 0.0, length_s: float | None = None) -> tuple[NDArray[np.float32], int]:
    """Frames (N, n_channels) of a stretch of the file, and their rate; at most up to its end."""
    with _open(path) as file, suppress(soundfile.SoundFileError, MemoryError):
        rate = int(file.samplerate)
        start, n_frames = round(start_s * rate), -1 if length_s is None else round(length_s * rate)
        if 0 < file.frames < _UNKNOWN:
            file.seek(min(start, file.frames))
            return file.read(n_frames, dtype="float32", always_2d=True), rate
    with _open(path) as file:  # from its beginning to its end, whatever the header says
        frames = _read_unfinished(path, file) if file.frames == 0 else _read_stream(file)
    return frames[start:][: None if length_s is None else n_frames], rate


def _read_stream(file: soundfile.SoundFile) -> NDArray[np.float32]:
    """Frames of a file whose header does not know how many there are."""
    file.seekable = lambda: False  # else it is sought where the header wrongly says that there is more, which fails
    blocks: list[NDArray[np.float32]] = []
    while not blocks or len(blocks[-1]):
        blocks.append(file.read(_BLOCK, dtype="float32", always_2d=True))
    return np.concatenate(blocks)


def _read_unfinished(path: Path, file: soundfile.SoundFile) -> NDArray[np.float32]:
    """Frames of a WAV whose header says that it has none: all that follows the head of its data."""
    nothing: NDArray[np.float32] = np.zeros((0, file.channels), np.float32)
    if file.format not in ("WAV", "WAVEX"):
        return nothing
    content, place = path.read_bytes(), 12
    while content[place : place + 4] != b"data":
        size = int.from_bytes(content[place + 4 : place + 8], "little")
        place += 8 + size + size % 2
        if place >= len(content):
            return nothing
    width = {"PCM_U8": 1, "PCM_16": 2, "PCM_24": 3, "PCM_32": 4, "FLOAT": 4, "DOUBLE": 8}.get(file.subtype)
    if width is None:
        return nothing
    body = content[place + 8 :]
    body = body[: len(body) - len(body) % (width * file.channels)]
    raw = {"samplerate": file.samplerate, "channels": file.channels, "format": "RAW", "endian": "LITTLE"}
    frames: NDArray[np.float32] = soundfile.read(
        io.BytesIO(body), dtype="float32", always_2d=True, subtype=file.subtype, **raw
    )[0]
    return frames


@contextmanager
def _open(path: Path) -> Iterator[soundfile.SoundFile]:
    """The file, whatever bytes its name has; its decoder says nothing by itself."""
    name = str(path)
    with quiet_decoder(), soundfile.SoundFile(name if name == printable(name) else os.fsencode(name)) as file:
        yield file


def _cause(error: Exception, path: Path) -> str:
    text = str(error).rstrip(". ").split(": ")[-1] or type(error).__name__
    if not path.is_file():
        return "no such file" if text == "System error" else text
    if not path.stat().st_size:
        return "the file has no bytes"
    return "Format not recognised" if text.startswith("File does not exist") else text  # as libsndfile says of some
