"""Who trains, who validates, who tests: always whole recording groups, never single clips.

Conventions:
    Rows are indices into a data set's columns, ascending. The test rows are for the final evaluation alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nas_asc.data.data_set import DataSet
from nas_asc.errors import DataError

Rows = NDArray[np.int64]
_N_SHUFFLES = 24
_TEST_SHARE = 0.2


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of the three parts; no group is in two of them.

    Args:
        train: Rows to train on.
        validation: Rows that score candidates.
        test: Rows for the final evaluation; may be empty.
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


def split_data_set(
    data_set: DataSet, *, seed: int = 0, test_fold: int | None = None, validation_share: float = 0.2
) -> Split:
    """Training, validation and test rows of a data set.

    Where the data set's own files name test rows, those are the test. Where it has folds, one fold is the test
    (`test_fold`, by default the last) and the next one validates. Otherwise a fifth of the groups is the test.
    Validation without folds is carved from the training rows by whole groups, class by class.

    Args:
        data_set: The recordings.
        seed: Of the groups drawn.
        test_fold: Fold that is the test.
        validation_share: Share of the training rows that validates, where there are no folds.

    Raises:
        DataError: There is no such fold, or too few groups to carve from.
    """
    if not 0 < validation_share < 1:
        raise DataError(f"`validation_share` must be above 0 and below 1, but got {validation_share}.")
    if data_set.has_folds and not (data_set.parts == "test").any():
        split = _split_by_fold(data_set, test_fold)
    elif test_fold is not None:
        raise DataError(f"`--test-fold` needs a data set with folds, but {data_set.name} has none. Leave it out.")
    else:
        split = _split_by_group(data_set, seed, validation_share)
    _validate(data_set, split)
    return split


def iterate_folds(data_set: DataSet) -> Iterator[tuple[int, Split]]:
    """Every fold as the test fold once, with its split.

    Raises:
        DataError: The data set has no folds.
    """
    if not data_set.has_folds:
        raise DataError(f"{data_set.name} has no folds.")
    for fold in np.unique(data_set.folds[data_set.folds > 0]):
        yield int(fold), split_data_set(data_set, test_fold=int(fold))


def _split_by_fold(data_set: DataSet, test_fold: int | None) -> Split:
    folds = [int(fold) for fold in np.unique(data_set.folds[data_set.folds > 0])]
    if len(folds) < 3:
        raise DataError(f"{data_set.name} has {len(folds)} folds; training, validation and test need three or more.")
    test = folds[-1] if test_fold is None else test_fold
    if test not in folds:
        raise DataError(f"`--test-fold` must be among {', '.join(map(str, folds))}, but got {test}.")
    validation = folds[(folds.index(test) + 1) % len(folds)]
    is_open = data_set.parts != "unused"
    return Split(
        train=np.flatnonzero(
            is_open & (data_set.folds > 0) & (data_set.folds != test) & (data_set.folds != validation)
        ),
        validation=np.flatnonzero(is_open & (data_set.folds == validation)),
        test=np.flatnonzero(is_open & (data_set.folds == test)),
        note=f"fold {validation} validates, fold {test} is kept for the test",
    )


def _split_by_group(data_set: DataSet, seed: int, share: float) -> Split:
    rng = np.random.default_rng(seed)
    known_test = data_set.parts == "test"
    if known_test.any() or (data_set.parts == "train").any():
        test, rest = np.flatnonzero(known_test), np.flatnonzero(data_set.parts == "train")
        source = "the test rows are the data set's own"
    else:
        everything = np.arange(len(data_set))
        test = carve_groups(data_set, everything, _TEST_SHARE, rng)
        rest = np.setdiff1d(everything, test)
        source = f"a fifth of the {data_set.group_word}s is kept for the test"
    validation = carve_groups(data_set, rest, share, rng)
    n_groups = len(np.unique(data_set.groups[validation]))
    return Split(
        train=np.setdiff1d(rest, validation),
        validation=validation,
        test=test,
        note=f"{n_groups} whole {data_set.group_word}s validate, {source}",
    )


def carve_groups(data_set: DataSet, rows: Rows, share: float, rng: np.random.Generator) -> Rows:
    """About `share` of the rows, in whole groups, with every class, and every device where that can be.

    Args:
        data_set: The recordings.
        rows: Rows to carve from.
        share: Share of the rows of each class.
        rng: Draws the groups.

    Raises:
        DataError: There are no rows.
    """
    if not len(rows):
        raise DataError(f"{data_set.name} has no training rows.")
    drawn = [_draw_groups(data_set, rows, share, rng) for _ in range(_N_SHUFFLES)]
    devices = set(data_set.devices[rows])

    def badness(carved: Rows) -> tuple[int, float]:
        return len(devices - set(data_set.devices[carved])), abs(len(carved) / len(rows) - share)

    return min(drawn, key=badness)


def _draw_groups(data_set: DataSet, rows: Rows, share: float, rng: np.random.Generator) -> Rows:
    groups, first, group_of = np.unique(data_set.groups[rows], return_index=True, return_inverse=True)
    sizes = np.bincount(group_of)
    labels = data_set.labels[rows][first]
    chosen = np.zeros(len(groups), bool)
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        if len(members) < 2:
            continue
        before = np.cumsum(sizes[members]) - sizes[members] / 2
        n_chosen = np.clip(np.count_nonzero(before <= share * sizes[members].sum()), 1, len(members) - 1)
        chosen[members[:n_chosen]] = True
    return rows[chosen[group_of]]


def _validate(data_set: DataSet, split: Split) -> None:
    for part, rows in (("training", split.train), ("validation", split.validation)):
        missing = set(range(len(data_set.classes))) - set(data_set.labels[rows].tolist())
        if missing:
            names = ", ".join(data_set.classes[label] for label in sorted(missing))
            raise DataError(
                f"no {part} clips of {names}: each class needs recordings of three or more {data_set.group_word}s."
            )
    trained = set(data_set.groups[split.train])
    shared = trained & (set(data_set.groups[split.validation]) | set(data_set.groups[split.test]))
    if shared:
        raise DataError(
            f"{data_set.group_word} {sorted(shared)[0]!r} is in training and in validation or test. Mend the listing's"
            " folds or splits, so that a recording's clips stay together."
        )
