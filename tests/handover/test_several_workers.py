"""Further trainings by several workers at once: the same trainings as one after the other, whatever is done first."""

import shutil
from dataclasses import replace

import pytest

from nas_asc.clock import TimeLimit
from nas_asc.handover import race_leaders, refit_recommended, train_repeats
from nas_asc.handover.race import next_leg
from nas_asc.metrics import Scores
from nas_asc.search import SilentListener
from nas_asc.study import load_config, load_records, load_refit_card, load_repeats, recommend
from tests.clocks import ManualClock
from tests.search.backward import Backward
from tests.search.tiny import SteadyWorker, ask, prepare, run, space, worker
from tests.study.records import example_config, example_record, example_repeat


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    root = tmp_path_factory.mktemp("several")
    prepared = prepare(root / "cache")
    run(ask(prepared, sampler="random"), space, prepared, n_trials=4, folder=root / "study", refit=False)
    return root / "study", prepared


@pytest.fixture
def twice(searched, tmp_path):
    """The study in two copies."""
    folder, prepared = searched
    return [shutil.copytree(folder, tmp_path / name) for name in ("alone", "several")], prepared


class Heard(SilentListener):
    def __init__(self):
        self.notes, self.epochs = [], set()

    def on_note(self, text):
        self.notes.append(text)

    def on_epoch(self, number, row, n_epochs):
        self.epochs.add(number)


def repeats_of(folder):
    return {(each.number, each.index): replace(each, seconds=0.0) for each in load_repeats(folder)}


def test_repeats_of_several_workers_are_those_of_one(twice):
    (alone, several), prepared = twice
    heard, executor = Heard(), Backward(worker(prepared), n_lost=1)
    train_repeats(alone, worker(prepared), n_most=2)
    found = train_repeats(several, worker(prepared), n_most=2, executor=executor, listener=heard)
    assert (found.n_trained, found.n_left, found.was_interrupted) == (4, 0, False)
    assert executor.most == 3
    assert repeats_of(several) == repeats_of(alone)
    assert len({each.turn for each in repeats_of(several).values()}) == 3
    assert sum("ended by a fall; it is trained once more" in note for note in heard.notes) == 1
    assert heard.epochs == {number for number, _ in repeats_of(several)}


def test_what_an_interrupted_run_of_several_left_out_is_trained_by_the_next(twice):
    (alone, several), prepared = twice

    class Stopper(Heard):
        def on_note(self, text):
            if "log loss" in text:
                raise KeyboardInterrupt

    train_repeats(alone, worker(prepared), n_most=1, n_seeds=4)
    options = {"n_most": 1, "n_seeds": 4, "executor": Backward(worker(prepared))}
    assert train_repeats(several, worker(prepared), listener=Stopper(), **options).was_interrupted
    assert [index for _, index in repeats_of(several)] == [0, 3]  # the last one that had begun
    train_repeats(several, worker(prepared), n_most=1, n_seeds=4)
    assert repeats_of(several) == repeats_of(alone)


def test_no_time_is_no_training_by_several_either(twice):
    (_, several), prepared = twice
    limit = TimeLimit.after(1e-6, clock=ManualClock())
    found = train_repeats(several, worker(prepared), n_most=2, limit=limit, executor=Backward(worker(prepared)))
    assert (found.n_trained, found.n_left) == (0, 4)


def test_a_race_of_several_workers_trains_what_one_would(twice):
    (alone, several), prepared = twice
    executor = Backward(worker(prepared))
    expected = race_leaders(alone, worker(prepared), n_seeds=2)
    found = race_leaders(several, worker(prepared), n_seeds=2, executor=executor)
    assert (found.n_trained, found.n_left) == (expected.n_trained, expected.n_left)
    assert executor.most == 2
    assert repeats_of(several) == repeats_of(alone)
    assert race_leaders(several, worker(prepared), n_seeds=2, executor=executor).n_trained == 0


def test_a_long_race_of_several_workers_ends_and_trains_nothing_twice(twice):
    (_, several), prepared = twice
    limit, executor = TimeLimit.after(1e6, clock=ManualClock()), Backward(worker(prepared), n_slots=8)
    race_leaders(several, worker(prepared), n_seeds=3, limit=limit, executor=executor)
    records, repeats = load_records(several), load_repeats(several)
    further = [each for each in repeats if each.index]
    for number in {each.number for each in further}:
        own = [each for each in further if each.number == number]
        assert sorted(each.index for each in own) == list(range(1, len(own) + 1))
        assert len({each.seed for each in own}) == len(own)
        by_length = {}
        for each in own:
            by_length.setdefault(each.epochs, []).append(each.turn)
        assert all(sorted(turns) == list(range(len(turns))) for turns in by_length.values())
    assert executor.most >= 3
    assert next_leg(load_config(several), records, repeats, n_seeds=3) is None


CONFIG = example_config(objectives=("log_loss", "macs"))
EPOCHS = example_record(0).epochs
RECORDS = [replace(example_record(number), scores=Scores(10, 0.1 + 0.01 * number, 0.5, 0.5, ())) for number in range(5)]


def further(number, index, length, log_loss=None):
    made = example_repeat(number, index, scores=None if log_loss is None else Scores(10, log_loss, 0.5, 0.5, ()))
    return replace(made, recipe=replace(made.recipe, epochs=length * EPOCHS))


def next_of(repeats, running):
    leg = next_leg(CONFIG, RECORDS, repeats, running=running, n_seeds=3)
    return None if leg is None else (leg[0].number, leg[1] // EPOCHS)


def test_leaders_run_side_by_side_and_nothing_longer_begins_before_they_arrived():
    assert next_of([], [further(0, 1, 2)]) == (1, 2)
    assert next_of([further(0, 1, 2, 0.9)], [further(1, 1, 2)]) == (2, 2)
    assert next_of([further(0, 1, 2, 0.9)], [further(1, 1, 2), further(2, 1, 2)]) is None


def test_while_the_best_runs_for_longer_it_runs_with_other_seeds_too():
    arrived = [further(number, 1, 2, 0.5 + 0.1 * number) for number in range(3)]
    longer = further(0, 2, 5)
    assert next_of(arrived, []) == (0, 5)
    assert next_of(arrived, [longer]) == (0, 2)
    assert next_of(arrived, [longer, further(0, 3, 2), further(0, 4, 2)]) is None


def test_the_last_training_is_as_long_as_all_cores_have_time_for(tmp_path):
    """The trials had a share of the cores each, so that their seconds do not tell."""
    prepared, folder = prepare(tmp_path / "cache"), tmp_path / "study"
    run(ask(prepared, sampler="random", n_workers=2), space, prepared, n_trials=2, folder=folder, refit=False)
    best = recommend(folder, load_config(folder), load_records(folder))
    share = (prepared.n_train + prepared.n_validation) / prepared.n_train
    refit_s = 1.2 * share * best.seconds  # with the margin, as long as a trial, on a share of the cores
    alone = SteadyWorker(prepared, epoch_s=best.seconds / best.epochs / 4)
    refit_recommended(folder, alone, limit=TimeLimit.after(1.01 * refit_s, clock=ManualClock()))
    assert load_refit_card(folder)["recipe"]["epochs"] == 4 * best.epochs
