"""Files and folders written beside their place and renamed, so that none is ever seen half.

Conventions:
    What cannot be written whole, for the disk is full, leaves nothing behind, and what stood there stands.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from nas_asc.errors import writing

_PARTIAL = ".partial"


def write_file(path: Path, content: bytes) -> None:
    """Put a whole file in its place, replacing what stood there.

    Args:
        path: Where it goes; missing parents are made.
        content: All bytes.

    Raises:
        WriteError: The disk is full, or nobody may write there.
    """
    beside = path.with_name(f"{_PARTIAL}-{path.name}")
    with _whole_or_gone(path, beside):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_through(beside, content)
        os.replace(beside, path)


def write_folder(path: Path, contents: Mapping[str, bytes], *, root: Path) -> None:
    """Put a whole folder of files in its place, replacing what stood there.

    Args:
        path: Where it goes; missing parents are made.
        contents: Bytes by file name.
        root: Folder on the same file system in which it is put together; made where it is missing.

    Raises:
        WriteError: The disk is full, or nobody may write there.
    """
    beside = root / f"{_PARTIAL}-{path.name}"
    with _whole_or_gone(path, beside):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(beside)
        beside.mkdir(parents=True)
        for name, content in contents.items():
            _write_through(beside / name, content)
        if path.exists():
            shutil.rmtree(path)
        os.rename(beside, path)


def clean_partial(folder: Path) -> None:
    """Remove what a killed process left half written directly in a folder."""
    for path in folder.glob(f"{_PARTIAL}-*"):
        _remove(path)


@contextmanager
def _whole_or_gone(path: Path, beside: Path) -> Iterator[None]:
    """Put something in its place, or leave nothing of it."""
    try:
        with writing(path):
            yield
    except BaseException:
        _remove(beside)
        raise


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _write_through(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
