"""Finalists trained again: what is trained, nothing twice, and how far it goes in a given time."""

from dataclasses import replace

import numpy as np
import pytest

from nas_asc.clock import TimeLimit
from nas_asc.errors import StudyError
from nas_asc.handover import choose_repeated, train_repeats
from nas_asc.search import SilentListener, repeat_seed
from nas_asc.study import load_config, load_predictions, load_records, load_repeats, rank_trials
from tests.clocks import ManualClock
from tests.search.tiny import ask, prepare, run, space, worker


@pytest.fixture(scope="module", params=["float", "int8"])
def searched(request, tmp_path_factory):
    root = tmp_path_factory.mktemp("finalists")
    prepared = prepare(root / "cache")
    config = ask(prepared, sampler="random", scored=request.param)
    run(config, space, prepared, n_trials=6, folder=root / "study", refit=False)
    return root / "study", prepared


def _train(folder, prepared, **options):
    return train_repeats(folder, worker(prepared), n_most=2, **options)


def _best(folder):
    return choose_repeated(load_records(folder), load_config(folder), n_most=1)[0]


class Stopper(SilentListener):
    """Interrupts as Ctrl-C would, in the training after so many."""

    def __init__(self, n_notes):
        self.n_left = n_notes

    def on_note(self, text):
        self.n_left -= 1

    def on_epoch(self, number, row, n_epochs):
        if self.n_left == 0:
            raise KeyboardInterrupt


def test_an_interrupted_run_goes_on_where_it_was_and_trains_nothing_twice(searched):
    folder, prepared = searched
    config, records = load_config(folder), load_records(folder)
    chosen = choose_repeated(records, config, n_most=2)
    stopped = _train(folder, prepared, listener=Stopper(2))
    assert stopped.was_interrupted
    assert stopped.n_trained == 1
    (folder / ".partial-1").mkdir()  # what a killed process leaves
    first = {(each.number, each.index): each for each in load_repeats(folder)}
    rest = _train(folder, prepared)
    assert (rest.n_trained, rest.n_left, rest.was_interrupted) == (3, 0, False)
    repeats = load_repeats(folder)
    assert {(each.number, each.index) for each in repeats} == {(each.number, k) for each in chosen for k in range(3)}
    assert all(each == first.get((each.number, each.index), each) for each in repeats)
    assert _train(folder, prepared).n_trained == 0
    assert not list(folder.glob(".partial*"))
    assert load_records(folder) == records
    assert [each.n_seeds for each in rest.summary.trials] == [3, 3]


def test_kept_predictions_give_the_scores_that_were_measured(searched):
    folder, prepared = searched
    _train(folder, prepared)
    of_trial = {record.number: record for record in load_records(folder)}
    config, n_validation = load_config(folder), prepared.n_validation
    for repeat in load_repeats(folder):
        found = load_predictions(folder, repeat)
        assert found.losses.mean() == pytest.approx(repeat.scores.log_loss, rel=1e-4)
        assert 1 - found.errors.mean() == pytest.approx(repeat.scores.accuracy)
        assert len(found.losses) == n_validation
        assert len(np.unique(found.groups)) == 4
        record = of_trial[repeat.number]
        expected = record.seed if repeat.index == 0 else repeat_seed(config.seed, repeat.number, repeat.index)
        assert (repeat.seed, repeat.epochs) == (expected, record.recipe.epochs)
        assert (repeat.index == 0) == (repeat.scores == record.scores)
        assert repeat.scores == (repeat.file.scores if config.scored == "int8" else repeat.network_scores)


def test_no_training_begins_for_which_there_is_no_time(searched):
    folder, prepared = searched
    limit = TimeLimit.after(1e-6, clock=ManualClock())
    result = train_repeats(folder, worker(prepared), n_seeds=5, n_most=1, limit=limit)
    n_done = sum(each.index > 0 and each.number == _best(folder).number for each in load_repeats(folder))
    assert (result.n_trained, result.n_left) == (0, 4 - n_done)


def test_finalists_are_the_best_of_the_front(searched):
    folder, _ = searched
    config, records = load_config(folder), load_records(folder)
    chosen = choose_repeated(records, config)
    for record in chosen:
        points = [other.objectives for other in records if other.is_complete]
        assert not any(np.all(np.array(p) <= record.objectives) and p != record.objectives for p in points)
    losses = [record.scores.log_loss for record in chosen]
    assert losses == sorted(losses)
    assert choose_repeated(records, config, n_most=1) == chosen[:1]
    alone = replace(config, mode="best")
    assert choose_repeated(records, alone) == rank_trials(records, config.score)[:5]
    assert len(choose_repeated(records, alone)) == 5


def test_other_data_and_a_single_seed_are_refused(searched, tmp_path):
    folder, prepared = searched
    with pytest.raises(StudyError, match="was made with other data"):
        _train(folder, prepare(tmp_path, digest="others"))
    with pytest.raises(StudyError, match=r"`n_seeds` must be 2 or more.*got 1"):
        _train(folder, prepared, n_seeds=1)
