"""How many processors this process may use: those that it is bound to, and a container's quota of their time.

Conventions:
    A quota is kept of the process's own control group and of all above it, of version 1 and of version 2. A part of a
    processor is left out, but one is always there.
"""

import os
from collections.abc import Iterator
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
    folder = root / "sys/devices/system/cpu"
    cores = {_read(folder / f"cpu{cpu}/topology/thread_siblings_list") or str(cpu) for cpu in _allowed()}
    return _keep_quota(len(cores), root)


def _allowed() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def _keep_quota(n_processors: int, root: Path) -> int:
    return max(1, int(min([n_processors, *_quotas(root)])))


def _quotas(root: Path) -> Iterator[float]:
    """Processors that each control group allows which has a quota."""
    mounts = root / "sys/fs/cgroup"
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, kinds, group = line.split(":", 2)
        named = kinds.split(",")
        if named == [""]:
            bases = [mounts, mounts / "unified"]
        elif "cpu" in named:
            bases = [mounts / "cpu", mounts / kinds]
        else:
            continue
        path = PurePosixPath(group.lstrip("/"))
        for base in bases:
            for each in (path, *path.parents):  # a container may see the path of its host, and only its own files
                yield from _quota(base / each)


def _quota(group: Path) -> Iterator[float]:
    words = _read(group / "cpu.max").split()
    words = words or [_read(group / "cpu.cfs_quota_us"), _read(group / "cpu.cfs_period_us")]
    if all(word.isdecimal() for word in words) and len(words) == 2 and int(words[1]):
        yield int(words[0]) / int(words[1])


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
