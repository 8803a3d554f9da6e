"""The compute device and the process: which device, how many threads, how memory is kept.

Conventions:
    Everything here changes the process once, before the first training, and is safe to call again.
"""

import ctypes
import os
import sys
from functools import cache
from pathlib import Path

import torch

from nas_asc.errors import TrainingError

_CPU_FOLDER = Path("/sys/devices/system/cpu")
_QUOTA_FILE = Path("/sys/fs/cgroup/cpu.max")
# Parameters of mallopt, from glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8


def resolve_device(name: str) -> torch.device:
    """Compute device of a name.

    Args:
        name: "auto" (a GPU when there is one), "cpu", "cuda" or "cuda:1".

    Raises:
        TrainingError: No such device here.

    >>> resolve_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda") or (index and not index.isdigit()):
        raise TrainingError(f"`torch_device` must be auto, cpu, cuda or cuda:N, but got {name!r}.")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise TrainingError(
            f"`torch_device` is {name!r}, but this machine has {torch.cuda.device_count()} GPUs. Use cpu."
        )
    return torch.device(name)


def count_cores() -> int:
    """Physical cores that this process may use: hyper-threads count once, a container's quota is kept."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    siblings = {_read(_CPU_FOLDER / f"cpu{cpu}/topology/thread_siblings_list", str(cpu)) for cpu in allowed}
    quota, _, period = _read(_QUOTA_FILE, "max 100000").partition(" ")
    limit = len(siblings) if quota == "max" else max(1, int(quota) // int(period))
    return min(len(siblings), limit)


def _read(path: Path, default: str) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return default


@cache
def prepare_process() -> None:
    """Set threads and memory for training, once: no more threads than cores, and freed memory kept.

    Every step frees and asks again for the same tensors of megabytes. glibc gives such memory back to the system and
    the next step pays for each page again; keeping it makes a step on a CPU about a tenth shorter. Only the first of
    glibc's arenas keeps what is large, so threads share that one.
    """
    torch.set_num_threads(min(torch.get_num_threads(), count_cores()))
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_MMAP_THRESHOLD, 2**30)
        libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(_ARENA_MAX, 1)
