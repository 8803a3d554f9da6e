"""Where tables are kept, and how a folder comes to be there whole or not at all.

Conventions:
    A table is written in a folder beside, named `.new-` and its key, and renamed when whole. Who writes holds a lock in
    that folder; the operating system lets it go when the process ends, however it ends. So of two processes that want
    one table the second waits for the first, and what a killed process left is known as such and removed. A table was
    last used when its folder was last changed.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_BESIDE = ".new-"
_LOCK = ".lock"
_LOOK_S = 0.2
_SHARE = 5  # of the free disk, one part in so many


def default_cache_dir() -> Path:
    """Folder of kept features: $NAS_ASC_CACHE, or nas-asc below $XDG_CACHE_HOME or ~/.cache."""
    named = os.environ.get("NAS_ASC_CACHE")
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(named) if named else (Path(base) if base else Path.home() / ".cache") / "nas-asc"


def table_folder(cache_dir: Path | None) -> Path:
    """Folder that holds the tables; None is `default_cache_dir()`."""
    return (cache_dir or default_cache_dir()) / "features"


def count_cached_bytes(cache_dir: Path | None = None) -> int:
    """Bytes of all kept features, those being written included.

    Args:
        cache_dir: Where features are kept; None is `default_cache_dir()`.
    """
    return sum(_size(path) for path in table_folder(cache_dir).rglob("*"))


def default_cache_bytes(cache_dir: Path | None = None) -> int:
    """Bytes that kept features may take where nobody says it: a fifth of what the disk would have free without them.

    Args:
        cache_dir: Where features are kept; None is `default_cache_dir()`.
    """
    return _disk_bytes(cache_dir) // _SHARE


def most_table_bytes(cache_dir: Path | None = None, cache_bytes: int | None = None) -> int:
    """Bytes that one table may take at most: all that may be kept, and never more than the disk has.

    Args:
        cache_dir: Where features are kept; None is `default_cache_dir()`.
        cache_bytes: Most bytes of all; None leaves it to the disk.
    """
    whole = _disk_bytes(cache_dir)
    return whole if cache_bytes is None else min(whole, cache_bytes)


def most_kept_bytes(cache_dir: Path | None = None, cache_bytes: int | None = None) -> int:
    """Bytes that kept features take at most, the newest table apart, which may be larger.

    Args:
        cache_dir: Where features are kept; None is `default_cache_dir()`.
        cache_bytes: Most bytes of all; None is `default_cache_bytes`.
    """
    return default_cache_bytes(cache_dir) if cache_bytes is None else most_table_bytes(cache_dir, cache_bytes)


def make_room(n_bytes: int, *, cache_dir: Path | None, cache_bytes: int | None) -> None:
    """Remove the least used tables until another one fits beside those that are left.

    Memory maps that a process has open stay readable for it.

    Args:
        n_bytes: The bytes of the table that is to be written.
        cache_dir: Where features are kept; None is `default_cache_dir()`.
        cache_bytes: Most bytes of all; None is `default_cache_bytes`.
    """
    limit = most_kept_bytes(cache_dir, cache_bytes)
    tables = sorted(table_folder(cache_dir).glob("[!.]*"), key=_last_use)
    while tables and count_cached_bytes(cache_dir) + n_bytes > limit:
        shutil.rmtree(tables.pop(0), ignore_errors=True)


def mark_used(path: Path) -> None:
    """Note that a table was read now; a cache that cannot be written is left as it is."""
    with suppress(OSError):
        os.utime(path)


def clear_cache(cache_dir: Path | None = None) -> int:
    """Remove all kept features; the bytes this freed.

    Tables that a process is writing stay; memory maps that a process has open stay readable for it.

    Args:
        cache_dir: Where features are kept; None is `default_cache_dir()`.
    """
    folder = table_folder(cache_dir)
    before = count_cached_bytes(cache_dir)
    for path in folder.glob("[!.]*"):
        shutil.rmtree(path, ignore_errors=True)
    remove_stale(folder)
    return before - count_cached_bytes(cache_dir)


@contextmanager
def hold_beside(path: Path, *, on_wait: Callable[[Path], None] | None = None) -> Iterator[Path]:
    """An empty folder to write a table in, this process's alone; waits while another process has it.

    It is removed at the end unless `publish` has renamed it.

    Args:
        path: Where the table is to be.
        on_wait: Called with the folder a few times a second while another process writes in it.
    """
    beside = path.with_name(_BESIDE + path.name)
    stream = _lock(beside, on_wait)
    try:
        for left in beside.iterdir():  # of a process that was killed
            if left.name != _LOCK:
                left.unlink()
        yield beside
    finally:
        if _is_at(stream, beside / _LOCK):
            shutil.rmtree(beside, ignore_errors=True)
        stream.close()


def publish(beside: Path, path: Path) -> None:
    """Rename a whole table to its place, where at most an unreadable one is."""
    if path.exists():
        shutil.rmtree(path)
    beside.rename(path)
    (path / _LOCK).unlink()


def remove_stale(folder: Path) -> None:
    """Remove what killed processes have left; what living ones are writing stays."""
    for beside in folder.glob(f"{_BESIDE}*"):
        stream = _try_lock(beside)
        if stream is not None:
            shutil.rmtree(beside, ignore_errors=True)
            stream.close()


def _lock(beside: Path, on_wait: Callable[[Path], None] | None) -> IO[str]:
    while True:
        beside.mkdir(parents=True, exist_ok=True)
        stream = _try_lock(beside)
        if stream is not None:
            return stream
        if on_wait is not None:
            on_wait(beside)
        time.sleep(_LOOK_S)


def _try_lock(beside: Path) -> IO[str] | None:
    """The lock of a folder, or None where another holds it or the folder went away meanwhile."""
    try:
        stream = (beside / _LOCK).open("a")
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        stream.close()
        if isinstance(error, BlockingIOError):
            return None
        raise
    if _is_at(stream, beside / _LOCK):
        return stream
    stream.close()
    return None


def _is_at(stream: IO[str], path: Path) -> bool:
    """Whether the open file is still the one of that name: its folder may have been renamed or removed."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _disk_bytes(cache_dir: Path | None) -> int:
    """What the disk would have free without kept features."""
    folder = table_folder(cache_dir)
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free + count_cached_bytes(cache_dir)


def _last_use(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _size(path: Path) -> int:
    try:
        return 0 if path.is_dir() else path.stat().st_size
    except FileNotFoundError:
        return 0
