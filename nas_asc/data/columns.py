"""From a layout's rows to a data set: labels, digest, nominal rate and length, missing files."""

import contextlib
import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nas_asc.data.audio import is_near, read_size
from nas_asc.data.data_set import DataSet
from nas_asc.data.tree import printable
from nas_asc.errors import DataError

_BYTES = re.compile("[\udc80-\udcff]")  # what Python has for bytes of a name that are no UTF-8
_N_PROBED = 25
_N_BYTES = 2**16  # of each of these


def build_data_set(
    *,
    name: str,
    kind: str,
    root: Path,
    paths: Sequence[str],
    names: Sequence[str],
    groups: Sequence[str],
    devices: Sequence[str] | None = None,
    cities: Sequence[str] | None = None,
    parts: Sequence[str] | None = None,
    folds: Sequence[int] | None = None,
    group_word: str = "location",
    clip_s: float | None = None,
    mixes_rates: bool = False,
    notes: tuple[str, ...] = (),
) -> DataSet:
    """Data set of files; checks that they exist and finds their common rate and length.

    Args:
        name: Short name.
        kind: Layout.
        root: Folder the paths start from.
        paths: File of each clip.
        names: Class name of each clip.
        groups: Recording group of each clip.
        devices: Device of each; None where unknown.
        cities: City of each; None where unknown.
        parts: "train", "validation", "test" or "unused" of each; None where nothing is said.
        folds: Fold of each from 1; None where there are none.
        group_word: What a group is.
        clip_s: Length to cut and pad every clip to; None takes the common length.
        mixes_rates: Whether recordings may have rates of their own.
        notes: What a user should know.

    Raises:
        DataError: There are no clips, one class, a clip twice, missing files, or no common rate.
    """
    if not paths:
        raise DataError(f"{root} lists no recordings.")
    if len(set(paths)) < len(paths):
        twice = next(path for path, n_times in Counter(paths).items() if n_times > 1)
        raise DataError(f"{twice!r} is listed more than once below {root}. List each recording once.")
    classes = sorted(set(names), key=_class_order(names))
    if len(classes) < 2:
        raise DataError(f"{root} has one class, {printable(classes[0])!r}; a classifier needs two or more.")
    label_of = {name: label for label, name in enumerate(classes)}
    sizes, times = stat_files(root, paths).T
    rate, highest, length = _probe(root, paths)
    blank = np.full(len(paths), "")
    return DataSet(
        name=name,
        kind=kind,
        root=root,
        classes=_show_classes(classes),
        sample_rate=rate,
        highest_rate=highest if mixes_rates else rate,
        clip_s=length / rate if clip_s is None else clip_s,
        paths=np.asarray(paths),
        labels=np.array([label_of[name] for name in names], np.int64),
        groups=np.asarray(groups),
        devices=blank if devices is None else np.asarray(devices),
        cities=blank if cities is None else np.asarray(cities),
        parts=blank if parts is None else np.asarray(parts),
        folds=np.zeros(len(paths), np.int64) if folds is None else np.asarray(folds, np.int64),
        digest=_digest(paths, names, groups, devices, parts, folds, sizes, _read_some(root, paths), clip_s),
        stamp=_digest(times),
        group_word=group_word,
        crops=clip_s is not None,
        mixes_rates=mixes_rates,
        notes=notes,
    )


def with_classes_in_order(data_set: DataSet) -> DataSet:
    """The data set with its classes in alphabetical order, also where they are numbers, as version 0.1.0 had them.

    Args:
        data_set: Any.
    """
    order = np.argsort(np.asarray(data_set.classes), kind="stable")
    place = np.argsort(order)
    classes = tuple(data_set.classes[index] for index in order)
    return replace(data_set, classes=classes, labels=place[data_set.labels].astype(np.int64))


def _show_classes(names: Sequence[str]) -> tuple[str, ...]:
    """Names of classes as they can be written anywhere, bytes that are no UTF-8 as what Windows-1252 has them for."""
    shown = tuple(
        printable(os.fsencode(name).decode("cp1252", "replace") if _BYTES.search(name) else name) for name in names
    )
    twice = next((name for name, n_times in Counter(shown).items() if n_times > 1), None)
    if twice is not None:
        raise DataError(f"two classes are both shown as {twice!r}: rename one of them.")
    return shown


def _class_order(names: Sequence[str]) -> Callable[[str], tuple[int, str]]:
    """Numbers in their own order where all names are numbers, else the alphabet."""
    if all(name.isascii() and name.isdigit() for name in set(names)):
        return lambda name: (int(name), name)
    return lambda name: (0, name)


def stat_files(root: Path, paths: Sequence[str]) -> NDArray[np.int64]:
    """(n, 2) sizes in bytes and times in ns of modification; each folder is listed once, no file is opened.

    Raises:
        DataError: Files are missing; names some.
    """
    found: dict[str, tuple[int, int]] = {}
    for folder in sorted({os.path.dirname(path) for path in paths}):
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    name = f"{folder}/{entry.name}" if folder else entry.name
                    try:
                        status = entry.stat()
                        found[name] = status.st_size, status.st_mtime_ns
                    except OSError:  # a link to nowhere is one damaged recording
                        found[name] = 0, 0
        except OSError:
            continue
    missing = [path for path in paths if path not in found]
    if missing:
        shown = ", ".join(map(printable, missing[:3]))
        raise DataError(
            f"{len(missing)} of {len(paths)} recordings are missing below {root}, such as {shown}."
            " Unpack all archives of the data set into this folder."
        )
    return np.array([found[path] for path in paths], np.int64)


def _probe(root: Path, paths: Sequence[str]) -> tuple[int, int, int]:
    """Commonest and highest rate, and median length at the commonest, of a few recordings spread over the set.

    Near whole seconds, the length is these.
    """
    known = [size for path in _some(paths) if (size := read_size(root / path)) is not None]
    if not known:
        one = printable(paths[0])
        raise DataError(f"none of {len(_some(paths))} recordings below {root} can be read, such as {one}.")
    rates = [rate for _, rate in known]
    rate = max(sorted(set(rates)), key=rates.count)
    length = int(np.median([n_samples for n_samples, its_rate in known if its_rate == rate]))
    seconds = round(length / rate)
    is_whole = seconds and is_near(length, seconds * rate)
    return rate, max(rates), seconds * rate if is_whole else length


def _some(paths: Sequence[str]) -> list[str]:
    rows = np.linspace(0, len(paths) - 1, min(_N_PROBED, len(paths))).astype(int)
    return [paths[row] for row in rows]


def _read_some(root: Path, paths: Sequence[str]) -> NDArray[np.uint8]:
    """How a few files spread over the set begin; those that cannot be read add nothing."""
    found = []
    for path in _some(paths):
        with contextlib.suppress(OSError), (root / path).open("rb") as file:
            found.append(file.read(_N_BYTES))
    return np.frombuffer(b"".join(found), np.uint8)


def _digest(*columns: object) -> str:
    state = hashlib.sha256()
    for column in columns:
        if isinstance(column, np.ndarray):
            state.update(column.tobytes())
        elif isinstance(column, Sequence):
            state.update("\n".join(map(str, column)).encode("utf-8", "surrogateescape"))
        else:
            state.update(repr(column).encode())
        state.update(b"\0")
    return state.hexdigest()[:16]
