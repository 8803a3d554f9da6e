"""What a benchmark got of the processor."""

import os
from pathlib import Path


def read_processor() -> tuple[float, float]:
    """Seconds of all cores that all but nice processes had, stolen ones too; those of this one and its children."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    busy = sum(ticks) - ticks[1] - ticks[3] - ticks[4]  # nice, idle, waiting
    own = os.times()
    return busy / os.sysconf("SC_CLK_TCK"), own.user + own.system + own.children_user + own.children_system


def share_got(before: tuple[float, float], seconds: float) -> float:
    """Share of the cores that others left to this process.

    Args:
        before: What `read_processor` gave when it began.
        seconds: Wall time since then.
    """
    busy, own = (now - then for now, then in zip(read_processor(), before, strict=True))
    return 1 - max(0.0, busy - own) / (seconds * (os.cpu_count() or 1))
