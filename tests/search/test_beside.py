"""A file scored beside the next training: what a search records is what one training after the other gives."""

import threading
from contextlib import closing

import pytest

from nas_asc.clock import TimeLimit
from nas_asc.errors import ExportError
from nas_asc.evaluation import Worker
from nas_asc.propose import Screen
from nas_asc.search import Beside, Done, InProcess, Late
from nas_asc.search.jobs import Jobs
from nas_asc.study import load_pending
from tests.clocks import ManualClock
from tests.search.tiny import BUDGET, ask, prepare, run, space, worker

N_TRIALS = 4


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("cache"))


def jobs_of(prepared, n=3):
    jobs = Jobs(ask(prepared, scored="int8"), n_train=prepared.n_train)
    guess = Screen(space, prepared.task, budget=BUDGET).admit(space.guesses[0], origin="guess")
    return [jobs.of_trial(guess, index) for index in range(n)]


class Watched(Worker):
    """Tells which training's file is finished when, and lets a file wait for the next training."""

    def __init__(self, prepared, *, breaks=()):
        super().__init__(prepared)
        self.told, self.breaks, self._next = [], breaks, threading.Event()

    def begin_attempt(self, job, **options):
        finish = super().begin_attempt(job, **options)
        ask = job.record.ask
        self.told.append(f"trained {ask}")
        if ask == 1:
            self._next.set()

        def end():
            if ask == 0:
                assert self._next.wait(60), "the next training did not begin before the file was scored"
            self.told.append(f"file {ask}")
            return finish()

        return end

    def _begin(self, job, **options):
        finish = super()._begin(job, **options)

        def broken():
            raise ExportError("no such operator")

        return broken if job.record.ask in self.breaks else finish


def test_the_file_of_a_training_is_scored_while_the_next_one_trains(prepared):
    who = Watched(prepared)
    first, second, third = jobs_of(prepared)
    with closing(Beside(who)) as executor:
        executor.submit(first)
        executor.submit(second)
        events = [executor.next_event()]
        assert who.told[:3] == ["trained 0", "trained 1", "file 0"]
        executor.submit(third)
        events += [executor.next_event(), executor.next_event()]
    assert [event.job.record.ask for event in events] == [0, 1, 2]
    with closing(InProcess(worker(prepared))) as plain:
        for event in events:
            plain.submit(event.job)
            alone = plain.next_event().result
            assert isinstance(event, Done)
            assert event.result.record.scores == alone.record.scores == alone.record.file.scores
            assert dict(event.result.files) == dict(alone.files)


def test_an_error_of_a_file_is_that_trials_reason_and_no_others(prepared):
    with closing(Beside(Watched(prepared, breaks=(0,)))) as executor:
        for job in jobs_of(prepared, 2):
            executor.submit(job)
        broken, good = (executor.next_event().result.record for _ in range(2))
    assert (broken.state, broken.reason) == ("failed", "no such operator")
    assert good.is_complete


def test_a_training_without_time_comes_after_the_one_before_it(prepared):
    clock = ManualClock()
    first, second = jobs_of(prepared, 2)
    with closing(Beside(worker(prepared))) as executor:
        executor.submit(first)
        executor.submit(second, limit=TimeLimit.after(-1.0, clock=clock))
        assert isinstance(executor.next_event(), Done)
        assert isinstance(executor.next_event(), Late)


def test_a_search_is_the_same_whenever_it_is_made_and_leaves_nothing(tmp_path, prepared):
    found = []
    for name in ("one", "two"):
        with closing(Beside(worker(prepared))) as executor:
            options = {"folder": tmp_path / name, "refit": False, "executor": executor}
            found.append(run(ask(prepared, scored="int8"), space, prepared, n_trials=N_TRIALS, **options))
        assert load_pending(tmp_path / name) == []
    one, two = ([(each.key, each.scores, each.asked, each.number) for each in search.records] for search in found)
    assert one == two
    assert [record.ask for record in found[0].records] == list(range(N_TRIALS))
    assert found[0].records[2].asked.pending == (1,)  # it was proposed while the file of trial 1 was scored
