"""One design with several seeds, by one worker or several."""

import pytest

from nas_asc.errors import TrainingError
from nas_asc.session import train_seeds
from nas_asc.study import load_training_card
from tests.search.backward import Backward
from tests.search.tiny import LARGE, prepare, space, worker


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def design(prepared):
    return space.build(space.guesses[0], prepared.task)


def scores(results):
    return {result.seed: (result.validation, result.test) for result in results}


def test_several_workers_give_what_one_gives_as_it_is_done(prepared, design, tmp_path):
    options = {"seeds": range(4), "epochs": 1, "on_test": True}
    alone = list(train_seeds("tiny", design, worker(prepared), folder=tmp_path / "alone", **options))
    told, notes = [], []
    executor = Backward(worker(prepared), n_slots=2, n_lost=1)
    several = list(
        train_seeds(
            "tiny",
            design,
            worker(prepared),
            executor=executor,
            folder=tmp_path / "several",
            on_epoch=lambda seed, row, n_epochs: told.append((seed, row.epoch, n_epochs)),
            on_note=notes.append,
            **options,
        )
    )
    assert [result.seed for result in alone] == [0, 1, 2, 3]
    assert [result.seed for result in several] == [1, 2, 3, 0]
    assert scores(several) == scores(alone)
    assert told == [(seed, 1, 1) for seed in (1, 2, 3, 0)]
    assert notes == ["the worker of seed 1 ended by a fall; it is trained once more"]
    again = train_seeds("tiny", design, worker(prepared), executor=executor, folder=tmp_path / "several", **options)
    assert [(result.seed, result.is_new) for result in again] == [(seed, False) for seed in range(4)]


def test_a_training_that_fails_says_why_and_what_is_done_is_kept(prepared, design, tmp_path):
    diverging = space.build(space.candidate_from({**LARGE.values, "learning_rate": 1e30}), prepared.task)
    with pytest.raises(TrainingError, match="loss"):
        list(train_seeds("tiny", diverging, worker(prepared), seeds=[0], folder=tmp_path))
    assert load_training_card(tmp_path, 0) is None
