"""Who trains, who validates, who tests: always whole recording groups, never single clips.

Conventions:
    Rows are indices into a data set's columns, ascending. The test rows are for the final evaluation alone.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from nas_asc.data.carve import Rows, carve_groups
from nas_asc.data.data_set import DataSet
from nas_asc.errors import DataError

_TEST_SHARE = 0.2


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of the three parts; no group is in two of them.

    Args:
        train: Rows to train on.
        validation: Rows that score candidates.
        test: Rows for the final evaluation; empty where a data set with folds was given no test fold.
        note: How it was made, in words.
    """

    train: Rows
    validation: Rows
    test: Rows
    note: str

    @property
    def development(self) -> Rows:
        """Training and validation rows together."""
        return np.sort(np.concatenate([self.train, self.validation]))

    @property
    def digest(self) -> str:
        """Tells splits of one data set apart."""
        state = hashlib.sha256()
        for rows in (self.train, self.validation, self.test):
            state.update(np.asarray(rows, np.int64).tobytes() + b"|")
        return state.hexdigest()[:16]


def split_data_set(
    data_set: DataSet, *, seed: int = 0, test_fold: int | None = None, validation_share: float = 0.2
) -> Split:
    """Training, validation and test rows of a data set.

    The test is what the data set's own files say; else `test_fold`, where there are folds; else a fifth of the groups.
    A data set with folds and neither has no test rows: everything is searched on, until a fold is named.
    The validation is what the data set's own files say; else the fold after the test fold (the first after the last),
    or where a class would be missing, the next one or the fewest in a row with which none is;
    else `validation_share` of the training rows, in whole groups, with every class and, where it can be, every device.

    Args:
        data_set: The recordings.
        seed: The seed of the groups drawn; folds do not depend on it.
        test_fold: Fold that is the test.
        validation_share: Share of the training rows that validates, where there are no folds.

    Raises:
        DataError: There is no such fold, or too few groups to carve from, or a group is in two parts.
    """
    if not 0 < validation_share < 1:
        raise DataError(f"`validation_share` must be above 0 and below 1, but got {validation_share}.")
    rng = np.random.default_rng(seed)
    test, rest, test_note = _choose_test(data_set, test_fold, rng)
    validation, validation_note = _choose_validation(data_set, rest, test_fold, validation_share, rng)
    split = Split(np.setdiff1d(rest, validation), validation, test, f"{validation_note}, {test_note}")
    _validate(data_set, split)
    return split


def turn_split(data_set: DataSet, split: Split, turn: int) -> Split:
    """The development rows divided anew, so that other groups validate; the test stays.

    Where a fold validates, it is the next one; else groups are drawn that did not validate before, until all have. A
    division that the data set's own files state stays, and so does one where no other has every class on both sides.

    Args:
        data_set: The recordings.
        split: What is divided anew.
        turn: Which of the divisions; 0 is the split itself.
    """
    if turn == 0 or (data_set.parts[split.validation] == "validation").any():
        return split
    folds = np.unique(data_set.folds[split.validation])
    is_fold = data_set.has_folds and len(folds) == 1
    validation = _turn_fold(data_set, split, turn) if is_fold else _turn_groups(data_set, split, turn)
    words = f"fold {data_set.folds[validation][0]}" if is_fold else f"other {data_set.group_word}s, turn {turn},"
    turned = Split(np.setdiff1d(split.development, validation), validation, split.test, f"{words} validates")
    try:
        _validate(data_set, turned)
    except DataError:
        return split
    return turned


def iterate_folds(data_set: DataSet) -> Iterator[tuple[int, Split]]:
    """Every fold as the test fold once, with its split.

    Raises:
        DataError: The data set has no folds, or test rows of its own.
    """
    if not data_set.has_folds:
        raise DataError(f"{data_set.name} has no folds.")
    for fold in data_set.fold_numbers:
        yield fold, split_data_set(data_set, test_fold=fold)


def _choose_test(data_set: DataSet, test_fold: int | None, rng: np.random.Generator) -> tuple[Rows, Rows, str]:
    """Test rows, the rows that are left, and in words what was done."""
    is_open = data_set.parts != "unused"
    own = data_set.parts == "test"
    if test_fold is not None:
        is_test = _is_test_fold(data_set, test_fold) & is_open
        note = f"fold {test_fold} is kept for the test"
    elif own.any():
        is_test, note = own, "the test rows are the data set's own"
    elif data_set.has_folds or (data_set.parts != "").any():
        is_test, note = own, "none are kept for a test" + (" (no test fold is named)" if data_set.has_folds else "")
    else:
        is_test = np.zeros(len(data_set), bool)
        every = np.arange(len(data_set))
        is_test[carve_groups(data_set, every, _TEST_SHARE, rng, n_left=2, n_carved=0)] = True
        note = f"a fifth of the {data_set.group_word}s is kept for the test"
    return np.flatnonzero(is_test), np.flatnonzero(is_open & ~is_test), note


def _is_test_fold(data_set: DataSet, test_fold: int) -> NDArray[np.bool_]:
    if not data_set.has_folds:
        raise DataError(f"`test_fold` needs a data set with folds, but {data_set.name} has none. Leave it out.")
    if (data_set.parts == "test").any():
        raise DataError(f"`test_fold` does not go with {data_set.name}, which has test rows of its own. Leave it out.")
    folds = data_set.fold_numbers
    if test_fold not in folds:
        raise DataError(f"`test_fold` must be among {', '.join(map(str, folds))}, but got {test_fold}.")
    if len(folds) < 3:
        raise DataError(f"`test_fold` needs three or more folds, but {data_set.name} has {len(folds)}.")
    return data_set.folds == test_fold


def _choose_validation(
    data_set: DataSet, rest: Rows, test_fold: int | None, share: float, rng: np.random.Generator
) -> tuple[Rows, str]:
    own = rest[data_set.parts[rest] == "validation"]
    if len(own):
        return own, "the validation rows are the data set's own"
    folds = np.unique(data_set.folds[rest]).tolist()
    if data_set.has_folds and len(folds) > 1:
        after = [fold for fold in folds if test_fold is not None and fold > test_fold]
        chosen = _choose_folds(data_set, rest, [*after, *(fold for fold in folds if fold not in after)])
        note = f"fold {chosen[0]} validates" if len(chosen) == 1 else f"folds {' and '.join(map(str, chosen))} validate"
        return rest[np.isin(data_set.folds[rest], chosen)], note
    validation = carve_groups(data_set, rest, share, rng)
    n_groups = len(np.unique(data_set.groups[validation]))
    return validation, f"{n_groups} whole {data_set.group_word}s validate"


def _turn_fold(data_set: DataSet, split: Split, turn: int) -> Rows:
    folds = np.unique(data_set.folds[split.development]).tolist()
    first = folds.index(data_set.folds[split.validation][0])
    fold = folds[(first + turn) % len(folds)]
    return split.development[data_set.folds[split.development] == fold]


def _turn_groups(data_set: DataSet, split: Split, turn: int) -> Rows:
    n_rows, n_classes = len(split.validation), len(data_set.classes)
    left, validation = split.train, split.validation
    for each in range(1, turn + 1):
        if len(left) < n_rows / 2 or len(np.unique(data_set.labels[left])) < n_classes:  # all others have validated
            left = np.setdiff1d(split.development, validation)
        if len(left) > 1.5 * n_rows:
            validation = carve_groups(data_set, left, n_rows / len(left), np.random.default_rng(each))
        else:
            validation = left
        left = np.setdiff1d(left, validation)
    return validation


def _choose_folds(data_set: DataSet, rest: Rows, folds: list[int]) -> list[int]:
    """The fewest folds, one after the other, that validate every class and leave every class to train on.

    Args:
        data_set: The recordings.
        rest: Rows that are not kept for the test.
        folds: Theirs, the first choice first.
    """
    classes = np.zeros((len(folds), len(data_set.classes)), bool)
    for place, fold in enumerate(folds):
        classes[place, data_set.labels[rest[data_set.folds[rest] == fold]]] = True
    for n, first in product(range(1, len(folds)), range(len(folds))):
        places = (first + np.arange(n)) % len(folds)
        if classes[places].any(axis=0).all() and np.delete(classes, places, axis=0).any(axis=0).all():
            return [folds[place] for place in places]
    return folds[:1]


def _validate(data_set: DataSet, split: Split) -> None:
    for part, rows in (("training", split.train), ("validation", split.validation)):
        missing = np.setdiff1d(np.arange(len(data_set.classes)), data_set.labels[rows])
        if len(missing):
            names = ", ".join(data_set.classes[label] for label in missing)
            raise DataError(f"no {part} clips of {names}: {_advise(data_set)}")
    parts = {"training": split.train, "validation": split.validation, "test": split.test}
    groups = {part: np.unique(data_set.groups[rows]) for part, rows in parts.items()}
    for one, other in combinations(groups, 2):
        shared = np.intersect1d(groups[one], groups[other])
        if len(shared):
            raise DataError(
                f"{data_set.group_word} {str(shared[0])!r} is in {one} and in {other}. Mend the listing's folds or"
                " splits, so that a recording's clips stay together."
            )


def _advise(data_set: DataSet) -> str:
    """What a class needs that lacks clips in a part."""
    if (data_set.parts == "validation").any():
        return "name recordings of each class for the training and for the validation."
    if data_set.has_folds:
        return "each class needs recordings in two or more folds beside the one that is kept for the test."
    word = data_set.group_word
    if (data_set.parts == "test").any():
        return f"each class needs recordings of two or more {word}s beside the test."
    return f"each class needs recordings of three or more {word}s, two where the data set names its own test."
