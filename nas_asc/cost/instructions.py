"""How many instructions exported C takes on a Cortex-M, from its loops alone; here the front end's.

Conventions:
    Work is how often each loop runs, by "kernel: loop"; a coefficient is the instructions of one pass. The loops are
    those of the C that is exported, compiled with -O2. Transforms have a power of two of points, 16 at least.
"""

from nas_asc.cost.instruction_table import INSTRUCTIONS
from nas_asc.cost.kernel_work import Work
from nas_asc.frontend import LogMel

FORECAST_CORES = tuple(INSTRUCTIONS)
SMALLEST_FFT = 16  # points of a transform of the C


def forecast_on_cores(log_mel: LogMel, clip_s: float) -> dict[str, dict[str, int]]:
    """`forecast_front_end` on each of `FORECAST_CORES`; empty where the C does not run the front end."""
    if log_mel.n_fft < SMALLEST_FFT or log_mel.n_fft & (log_mel.n_fft - 1):
        return {}
    return {core: forecast_front_end(log_mel, clip_s, core=core) for core in FORECAST_CORES}


def forecast_front_end(log_mel: LogMel, clip_s: float, *, core: str) -> dict[str, int]:
    """Instructions of the features of a clip ("clip") and of a stream's next frame ("frame").

    Args:
        log_mel: Front end.
        clip_s: Length of a clip in seconds.
        core: One of `FORECAST_CORES`.
    """
    return {part: price_work(count_front_end_work(log_mel, clip_s, part=part), core) for part in ("clip", "frame")}


def price_work(work: Work, core: str) -> int:
    """Instructions of some work on one of `FORECAST_CORES`."""
    table = INSTRUCTIONS[core]
    return round(sum(count * table[loop] for loop, count in work.items()))


def count_front_end_work(log_mel: LogMel, clip_s: float, *, part: str) -> Work:
    """Work of the features of a clip, or of the next frame of a stream.

    Args:
        log_mel: Front end.
        clip_s: Length of a clip in seconds.
        part: "clip" or "frame".
    """
    n_frames = log_mel.n_frames(clip_s) if part == "clip" else 1
    half = log_mel.n_fft // 2
    n_passes = half.bit_length() - 1
    first = n_passes % 2 + 1
    sizes = [first * 4**number for number in range(n_passes // 2)]
    sample = f"sample of a {'centred ' if part == 'clip' and log_mel.center else ''}{part}"
    frame = {
        "transform: number": half,
        "transform: two": half // 2 if first == 2 else 0,
        "transform: angle": sum(sizes),
        "transform: four": len(sizes) * half // 4,
        "mel: weight": log_mel.count_filter_weights(),
        "mel: band": log_mel.n_bands,
        f"window: {sample}": log_mel.win_length,
        "window: zero": log_mel.n_fft - log_mel.win_length,
    }
    work = {loop: n_frames * log_mel.n_channels * count for loop, count in frame.items()}
    return work if part == "clip" else work | {"window: new sample": log_mel.hop_length * log_mel.n_channels}
