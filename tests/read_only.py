"""A folder as a colleague has it who may read it and not write there."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import pytest

import nas_asc

_NOBODY = 65_534


@contextmanager
def only_readable(
    folder: Path, *, writable: tuple[str, ...] = (), hidden: tuple[str, ...] = (), moved: tuple[str, ...] = ()
) -> Iterator[Path]:
    """A copy of a folder that this process may not write to; whoever is root is nobody meanwhile.

    Args:
        folder: What is copied.
        writable: Folders in it that everybody may write to; made where they are missing.
        hidden: Files in it that nobody may read.
        moved: Files in it that name the folder, and name the copy in its place.
    """
    is_root = os.geteuid() == 0
    if is_root:
        _skip_where_nobody_reads_the_packages()
    base = Path(tempfile.mkdtemp())  # not below pytest's folders, which only their owner may enter
    copy = base / folder.name
    shutil.copytree(folder, copy)
    base.chmod(0o755)
    for name in moved:
        (copy / name).write_text((copy / name).read_text().replace(str(folder), str(copy)))
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    for name in writable:
        (copy / name).mkdir(exist_ok=True)
        for path in (copy / name, *(copy / name).rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
    for name in hidden:
        (copy / name).chmod(0)
    try:
        if is_root:
            os.seteuid(_NOBODY)
        yield copy
    finally:
        if is_root:
            os.seteuid(0)
        for path in (copy, *copy.rglob("*")):
            path.chmod(0o755)
        shutil.rmtree(base)


def _skip_where_nobody_reads_the_packages() -> None:
    """Modules that are first imported by nobody must lie where nobody may read."""
    os.seteuid(_NOBODY)
    closed = [
        module.__file__ for module in (nas_asc, optuna) if not os.access(module.__file__, os.R_OK, effective_ids=True)
    ]
    os.seteuid(0)
    if closed:
        pytest.skip(f"root alone may read {closed[0]}")
