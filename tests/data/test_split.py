import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_asc.data import iterate_folds, load_data_set, split_data_set, turn_split
from nas_asc.errors import DataError
from tests.data.recordings import make_data_set


@st.composite
def grouped(draw):
    """Classes of three to six groups of one to five clips, on up to three devices, in any order."""
    columns = []
    group = 0
    for label in range(draw(st.integers(2, 4))):
        for _ in range(draw(st.integers(3, 6))):
            device = draw(st.sampled_from("abc"))
            columns += [(label, group, device)] * draw(st.integers(1, 5))
            group += 1
    labels, groups, devices = zip(*draw(st.permutations(columns)), strict=True)
    return make_data_set(labels, groups, devices=devices)


@settings(max_examples=40)
@given(grouped(), st.integers(0, 2**31), st.floats(0.05, 0.6))
def test_groups_stay_whole_and_classes_are_everywhere(data, seed, share):
    split = split_data_set(data, seed=seed, validation_share=share)
    parts = (split.train, split.validation, split.test)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(data)))
    groups = [set(data.groups[rows].tolist()) for rows in parts]
    assert not groups[0] & groups[1]
    assert not groups[0] & groups[2]
    assert not groups[1] & groups[2]
    assert all(set(data.labels[rows].tolist()) == set(data.labels.tolist()) for rows in parts)
    assert all((np.diff(rows) > 0).all() for rows in parts)


@settings(max_examples=20)
@given(grouped(), st.integers(0, 2**31))
def test_the_same_seed_gives_the_same_split(data, seed):
    first, second = (split_data_set(data, seed=seed) for _ in range(2))
    assert np.array_equal(first.train, second.train)
    assert np.array_equal(first.test, second.test)


def test_another_seed_validates_elsewhere():
    data = load_data_set()
    assert not np.array_equal(split_data_set(data, seed=0).validation, split_data_set(data, seed=1).validation)


@pytest.mark.parametrize("seed", range(5))
def test_every_training_device_validates_too(seed):
    data = load_data_set()
    split = split_data_set(data, seed=seed)
    seen = {"a", "b", "c", "s1", "s2", "s3"}
    assert set(data.devices[split.train].tolist()) == seen
    assert set(data.devices[split.validation].tolist()) == seen
    assert abs(len(split.validation) / len(split.development) - 0.2) < 0.03


def test_own_test_rows_are_the_test():
    data = make_data_set([0, 1] * 6, range(12), parts=["train"] * 8 + ["test"] * 2 + ["unused"] * 2)
    split = split_data_set(data)
    assert split.test.tolist() == [8, 9]
    assert sorted(split.development.tolist()) == list(range(8))


def test_folds_without_a_test_fold_leave_no_test():
    data = make_data_set([0, 1] * 6, range(12), folds=[1] * 4 + [2] * 4 + [3] * 4)
    split = split_data_set(data)
    assert (split.validation.tolist(), len(split.train), len(split.test)) == ([0, 1, 2, 3], 8, 0)
    assert split.note == "fold 1 validates, none are kept for a test (no test fold is named)"


def test_own_test_rows_go_with_a_fold_that_validates():
    data = make_data_set([0, 1] * 6, range(12), folds=[1] * 4 + [2] * 4 + [3] * 4, parts=["train"] * 8 + ["test"] * 4)
    split = split_data_set(data)
    assert split.validation.tolist() == [0, 1, 2, 3]
    assert split.test.tolist() == [8, 9, 10, 11]


def test_every_fold_is_the_test_once():
    data = make_data_set([0, 1] * 6, range(12), folds=[1] * 4 + [2] * 4 + [5] * 4)
    splits = dict(iterate_folds(data))
    assert list(splits) == [1, 2, 5]
    assert sorted(np.concatenate([split.test for split in splits.values()]).tolist()) == list(range(12))
    assert [int(data.folds[split.validation][0]) for split in splits.values()] == [2, 5, 1]


_FOLDS = {"folds": [1] * 4 + [2] * 4 + [3] * 4}


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (_FOLDS, {"test_fold": 4}, "`test_fold` must be among 1, 2, 3, but got 4"),
        ({}, {"test_fold": 1}, "`test_fold` needs a data set with folds"),
        (_FOLDS | {"parts": ["train"] * 10 + ["test"] * 2}, {"test_fold": 1}, "test rows of its own"),
        ({"folds": [1] * 6 + [2] * 6}, {"test_fold": 1}, "needs three or more folds, but made has 2"),
        ({}, {"validation_share": 1.0}, "`validation_share` must be above 0 and below 1, but got 1.0"),
        ({"parts": ["test"] * 12}, {}, "made has no training rows"),
        ({"parts": ["train"] * 2 + ["test"] * 10}, {}, "no validation clips of class 0, class 1"),
    ],
)
def test_a_split_that_cannot_be_made_is_an_error(columns, options, message):
    with pytest.raises(DataError, match=message):
        split_data_set(make_data_set([0, 1] * 6, range(12), **columns), **options)


def test_a_group_on_both_sides_of_a_listing_is_an_error():
    groups = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 10]
    data = make_data_set([0, 1] * 6, groups, folds=[1] * 4 + [2] * 4 + [3] * 4)
    with pytest.raises(DataError, match="location 'g0' is in validation and in test"):
        split_data_set(data, test_fold=3)


@settings(max_examples=40)
@given(grouped(), st.integers(1, 6))
def test_a_turned_split_keeps_its_test_and_whole_groups(data, turn):
    split = split_data_set(data)
    turned = turn_split(data, split, turn)
    assert np.array_equal(turned.test, split.test)
    assert np.array_equal(turned.development, split.development)
    assert not set(data.groups[turned.train]) & set(data.groups[turned.validation])
    assert all(len(np.unique(data.labels[rows])) == len(data.classes) for rows in (turned.train, turned.validation))
    assert np.array_equal(turn_split(data, split, turn).validation, turned.validation)


def test_turns_validate_all_groups_before_any_twice():
    data = make_data_set(np.arange(200) % 4, np.arange(200) // 20)  # ten groups of all classes, two of them the test
    split = split_data_set(data)
    seen = [set(data.groups[turn_split(data, split, turn).validation]) for turn in range(4)]
    assert [len(groups) for groups in seen] == [2] * 4
    assert len(set.union(*seen)) == 8
    assert turn_split(data, split, 0) is split


def test_the_next_fold_validates_in_the_next_turn():
    labels, folds = np.arange(60) % 3, np.arange(60) // 12 + 1
    data = make_data_set(labels, np.arange(60), folds=folds)
    split = split_data_set(data, test_fold=4)
    turned = [turn_split(data, split, turn) for turn in range(5)]
    assert [set(data.folds[each.validation]) for each in turned] == [{5}, {1}, {2}, {3}, {5}]


def test_a_division_that_files_state_is_not_turned():
    parts = ["train", "validation", "test", "train"] * 6
    data = make_data_set(np.arange(24) // 4 % 2, np.arange(24), parts=parts)
    split = split_data_set(data)
    assert turn_split(data, split, 1) is split


@pytest.mark.parametrize(
    ("folds", "validation", "note"),
    [
        ([1, 2, 3, 4] * 6, [1, 2], "folds 1 and 2 validate"),  # a class in the odd ones, the other in the even ones
        ([1, 1, 2, 2, 3, 2] * 4, [1], "fold 1 validates"),
        ([1, 2, 2, 2, 3, 3] * 4, [2], "fold 2 validates"),  # the first one lacks a class
        ([1, 2, 1, 3, 1, 4] * 4, None, "no training clips of class 0: each class needs recordings in two or more"),
    ],
)
def test_folds_that_lack_a_class_are_joined_or_passed_over(folds, validation, note):
    data = make_data_set([0, 1] * 12, range(24), folds=folds)
    if validation is None:
        with pytest.raises(DataError, match=note):
            split_data_set(data)
        return
    split = split_data_set(data)
    assert sorted(set(data.folds[split.validation].tolist())) == validation
    assert split.note.startswith(note)
    assert set(data.labels[split.train].tolist()) == {0, 1}


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4)), min_size=8, max_size=30))
def test_folds_are_refused_only_where_no_row_of_them_has_all_classes(clips):
    labels, folds = (list(column) for column in zip(*clips, (0, 1), (1, 2), (2, 3), strict=True))
    data = make_data_set(labels, range(len(labels)), folds=folds)
    numbers = sorted(set(folds))
    rows = [set((numbers * 2)[first : first + n]) for n in range(1, len(numbers)) for first in range(len(numbers))]
    having = [{label for label, fold in zip(labels, folds, strict=True) if fold in row} for row in rows]
    without = [{label for label, fold in zip(labels, folds, strict=True) if fold not in row} for row in rows]
    fitting = [row for row, one, other in zip(rows, having, without, strict=True) if len(one) == len(other) == 3]
    if fitting:
        found = set(data.folds[split_data_set(data).validation].tolist())
        assert found in fitting
        assert len(found) == min(map(len, fitting))
    else:
        with pytest.raises(DataError, match="each class needs recordings in two or more folds"):
            split_data_set(data)


@pytest.mark.parametrize("seed", range(20))
def test_a_class_that_shares_its_groups_is_in_every_part(seed):
    """As copies under several labels do: their group is drawn as one of the first label."""
    labels, groups = [0] * 6 + [1] * 6 + [2] * 3, [*range(6), *range(6), *range(3)]
    split = split_data_set(data := make_data_set(labels, groups), seed=seed)
    for rows in (split.train, split.validation):
        assert set(data.labels[rows].tolist()) == {0, 1, 2}
