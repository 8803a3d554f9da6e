"""From a recording to the clips a network takes: cut, resampled and transformed as in training.

Conventions:
    A recording is read block after block, so that hours of it take little memory. It is cut at its own rate, and each
    clip is resampled by itself, straight to the front end's rate.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from nas_asc.data import Block, iterate_blocks, printable
from nas_asc.prediction.log_mel import Floats, compute_log_mel, resample
from nas_asc.prediction.metadata import Metadata

_BATCH_SAMPLES = 2**20
_SILENT = 1e-14  # mean square
_CANCELLED = 2.5e-3  # of the channels' mean square that is left when they are averaged

OnNote = Callable[[str], None]
OnHeard = Callable[[float, float | None], None]


def ignore_note(note: str) -> None:
    """Hear nothing."""


def ignore_heard(heard_s: float, length_s: float | None) -> None:
    """Hear nothing."""


def iterate_features(
    path: Path,
    metadata: Metadata,
    *,
    step_s: float | None = None,
    on_note: OnNote = ignore_note,
    on_heard: OnHeard = ignore_heard,
) -> Iterator[Floats]:
    """Log-mels (B, C, F, T), not standardised, of a recording's clips in their order, about a million samples a time.

    Args:
        path: The recording, of any rate and length.
        metadata: What the network takes.
        step_s: From one clip to the next, in seconds; None is end to end.
        on_note: Told what is odd about the recording: a low rate, silence, channels that cancel.
        on_heard: Told after each block how many seconds have been heard, and of how many; None where the recording's
            header does not know.

    Raises:
        ClipError: The recording is unreadable or empty, has too many channels, or values that are not finite.
    """
    log_mel = metadata.log_mel
    blocks = _tell(iterate_blocks(path, n_channels=log_mel.n_channels), on_heard)
    blocks = _listen(path, blocks, log_mel.sample_rate, on_note)
    for clips, sample_rate in cut_blocks(blocks, metadata.clip_s, step_s=step_s):
        n_clips = max(1, _BATCH_SAMPLES // clips[0].size)
        for start in range(0, len(clips), n_clips):
            batch = resample(clips[start : start + n_clips], sample_rate, log_mel.sample_rate)
            # a length that the ratio of the rates does not divide comes back a sample longer or shorter
            yield compute_log_mel(_fit(batch, log_mel.n_samples(metadata.clip_s)), log_mel)


def cut_blocks(blocks: Iterator[Block], clip_s: float, *, step_s: float | None = None) -> Iterator[tuple[Floats, int]]:
    """Clips (n, C, N) of a recording, in their order, and its rate; some from each block.

    A rest of half a clip or more that was in no clip is padded with silence, a shorter one dropped. A recording that is
    shorter than a clip is one clip, padded.

    Args:
        blocks: The blocks of the recording.
        clip_s: Length of a clip in seconds.
        step_s: From one clip to the next, in seconds; None is end to end.
    """
    kept: Floats | None = None
    any_clip, n_samples, step, rate = False, 0, 0, 0
    for block in blocks:
        rate, n_samples = block.sample_rate, max(1, round(clip_s * block.sample_rate))
        step = n_samples if step_s is None else max(1, round(step_s * rate))
        kept = block.waveform if kept is None else np.concatenate([kept, block.waveform], axis=1)
        n_clips = max(0, (kept.shape[1] - n_samples) // step + 1)
        if n_clips:
            windows = np.lib.stride_tricks.sliding_window_view(kept, n_samples, axis=1)
            yield windows[:, ::step][:, :n_clips].swapaxes(0, 1), rate  # a view: no clip is copied yet
            kept, any_clip = kept[:, n_clips * step :], True
    if kept is None:
        return
    n_unheard = kept.shape[1] - (n_samples - step) if any_clip else n_samples
    if 2 * n_unheard >= n_samples:
        yield _fit(kept, n_samples)[None], rate


def _tell(blocks: Iterator[Block], on_heard: OnHeard) -> Iterator[Block]:
    """The blocks, and after each how far the recording is heard."""
    heard_s = 0.0
    for block in blocks:
        yield block
        heard_s += block.waveform.shape[1] / block.sample_rate
        on_heard(heard_s, block.length_s)


def _listen(path: Path, blocks: Iterator[Block], least_rate: int, on_note: OnNote) -> Iterator[Block]:
    """The blocks, and after them what is odd about their recording."""
    whole = mixed = n_samples = 0.0
    rate = least_rate
    for block in blocks:
        yield block
        rate, n_here = block.sample_rate, block.waveform.shape[1]
        whole += block.power * n_here
        mixed += float(np.mean(block.waveform**2, dtype=np.float64)) * n_here
        n_samples += n_here
    shown = printable(str(path))
    if rate < least_rate:
        on_note(f"{shown}: recorded at {rate:,} Hz, below the {least_rate:,} Hz of the network's front end")
    if whole <= _SILENT * n_samples:
        on_note(f"{shown}: digital silence")
    elif mixed < _CANCELLED * whole:
        on_note(f"{shown}: its channels cancel when they are mixed")


def _fit(waveforms: Floats, n_samples: int) -> Floats:
    n_missing = max(0, n_samples - waveforms.shape[-1])
    return np.pad(waveforms[..., :n_samples], [(0, 0)] * (waveforms.ndim - 1) + [(0, n_missing)])
