"""How many processors and how much memory this process may use: what it is bound to, and what a container allows.

Conventions:
    A limit is kept of the process's own control group and of all above it, of version 1 and of version 2. A part of a
    processor is left out, but one is always there.
"""

import math
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

_ROOT = Path("/")


def count_processors(*, root: Path = _ROOT) -> int:
    """Processors that this process may use; hyper-threads count each.

    Args:
        root: The root of the file system that tells.
    """
    return _keep_quota(len(_allowed()), root)


def count_cores(*, root: Path = _ROOT) -> int:
    """Physical cores that this process may use; hyper-threads of one core count once.

    Args:
        root: The root of the file system that tells.
    """
    return _keep_quota(len(_cores(root)), root)


def can_bind() -> bool:
    """Whether `bound_to_cores` binds here: on Linux."""
    return hasattr(os, "sched_setaffinity")


@contextmanager
def bound_to_cores(n_cores: int) -> Iterator[None]:
    """This thread, and those that it starts meanwhile, on so many of the cores; not bound where all are meant.

    Args:
        n_cores: Physical cores.
    """
    if not can_bind() or n_cores >= count_cores():
        yield
        return
    allowed = _allowed()
    os.sched_setaffinity(0, {cpu for core in _cores(_ROOT)[-n_cores:] for cpu in core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def count_free_bytes(*, root: Path = _ROOT) -> float:
    """Bytes of memory that this process may take without another one's loss; infinite where that cannot be told.

    Args:
        root: The root of the file system that tells.
    """
    words = _read(root / "proc/meminfo").partition("MemAvailable:")[2].split()
    free = [int(words[0]) * 1024] if words else []
    for group in _groups("memory", root):
        limit = _read(group / "memory.max") or _read(group / "memory.limit_in_bytes")
        used = _read(group / "memory.current") or _read(group / "memory.usage_in_bytes")
        if limit.isdecimal() and used.isdecimal():
            free.append(max(0, int(limit) - int(used) + _cached_bytes(group)))
    return min(free, default=math.inf)


def _allowed() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def _keep_quota(n_processors: int, root: Path) -> int:
    return max(1, int(min([n_processors, *_quotas(root)])))


def _cores(root: Path) -> list[list[int]]:
    """The processors of each core, those that this process may use."""
    folder, cores = root / "sys/devices/system/cpu", defaultdict(list)
    for cpu in sorted(_allowed()):
        cores[_read(folder / f"cpu{cpu}/topology/thread_siblings_list") or str(cpu)].append(cpu)
    return list(cores.values())


def _quotas(root: Path) -> Iterator[float]:
    """Processors that each control group allows which has a quota."""
    for group in _groups("cpu", root):
        yield from _quota(group)


def _groups(kind: str, root: Path) -> Iterator[Path]:
    """Where the files of this process's control groups of a kind may be, its own first."""
    mounts = root / "sys/fs/cgroup"
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, kinds, group = line.split(":", 2)
        named = kinds.split(",")
        if named == [""]:
            bases = [mounts, mounts / "unified"]
        elif kind in named:
            bases = [mounts / kind, mounts / kinds]
        else:
            continue
        path = PurePosixPath(group.lstrip("/"))
        for base in bases:
            for each in (path, *path.parents):  # a container may see the path of its host, and only its own files
                yield base / each


def _quota(group: Path) -> Iterator[float]:
    words = _read(group / "cpu.max").split()
    words = words or [_read(group / "cpu.cfs_quota_us"), _read(group / "cpu.cfs_period_us")]
    if all(word.isdecimal() for word in words) and len(words) == 2 and int(words[1]):
        yield int(words[0]) / int(words[1])


def _cached_bytes(group: Path) -> int:
    """Of files that were read once, which are given back first."""
    lines = (line.split() for line in _read(group / "memory.stat").splitlines())
    return sum(int(line[1]) for line in lines if line[:1] == ["inactive_file"])


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
