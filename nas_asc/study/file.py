"""Files and folders written beside their place and renamed, so that none is ever seen half."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

_PARTIAL = ".partial"


def write_file(path: Path, content: bytes) -> None:
    """Put a whole file in its place, replacing what stood there.

    Args:
        path: Where it goes; its folder exists.
        content: All bytes.
    """
    beside = path.with_name(f"{_PARTIAL}-{path.name}")
    _write_through(beside, content)
    os.replace(beside, path)


def write_folder(path: Path, contents: Mapping[str, bytes], *, root: Path) -> None:
    """Put a whole folder of files in its place, replacing what stood there.

    Args:
        path: Where it goes; missing parents are made.
        contents: Bytes by file name.
        root: Folder on the same file system in which it is put together.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = root / f"{_PARTIAL}-{path.name}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    for name, content in contents.items():
        _write_through(beside / name, content)
    if path.exists():
        shutil.rmtree(path)
    os.rename(beside, path)


def clean_partial(folder: Path) -> None:
    """Remove what a killed process left half written directly in a folder."""
    for path in folder.glob(f"{_PARTIAL}-*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _write_through(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
