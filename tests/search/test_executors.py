"""What every executor of workers that may die does: one suite for all of them."""

import os
from contextlib import closing
from dataclasses import replace
from functools import partial

import pytest

from nas_asc.clock import TimeLimit
from nas_asc.errors import DataError, StudyError
from nas_asc.propose import Screen
from nas_asc.search import Done, Late, Lost, Processes, RayActors
from nas_asc.search.jobs import Jobs
from nas_asc.study import EXECUTORS
from tests.manual import find_command
from tests.search.mortal import build_dead, build_mortal
from tests.search.tiny import BUDGET, ask, prepare, space, worker

KINDS = {"processes": Processes, "ray": RayActors}
HOW = {"processes": "by signal 9 (SIGKILL)", "ray": "because its worker process has died"}  # how a worker died
SLOW = {"ray"}


def test_every_executor_is_in_this_suite_and_in_the_help():
    assert set(KINDS) == set(HOW) == set(EXECUTORS), "KINDS and HOW of this file have a row for each of EXECUTORS"
    options = {each.name: each for each in find_command(["search"])[0].params}
    unsaid = [name for name in EXECUTORS if name not in options["executor"].help]
    assert not unsaid, f"nas_asc/cli/worker_options.py does not say {unsaid} in the help of --executor"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def prepared(cache):
    return prepare(cache)


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    return tmp_path_factory.mktemp("orders")


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in KINDS]
)
def kind(request):
    """Name of an executor that can be made here."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "ray":
            pytest.importorskip("ray", reason="the extra nas-asc[ray] is absent")
            patch.setenv("PYTHONPATH", os.getcwd(), prepend=os.pathsep)  # for what actors make
            patch.setenv("RAY_AUTH_MODE", "disabled")  # or Ray would write a token into the home folder
            patch.delenv("RAY_ADDRESS", raising=False)
        yield request.param


@pytest.fixture(scope="module")
def heard():
    """How far features were, as it was told."""
    return []


@pytest.fixture(scope="module")
def executor(kind, cache, orders, heard):
    build = partial(build_mortal, orders, cache)
    with closing(KINDS[kind](build, n_workers=2, on_features=lambda *told: heard.append(told))) as found:
        yield found


@pytest.fixture
def job(prepared):
    return _job(prepared, 5)


def _job(prepared, ask_index):
    proposal = Screen(space, prepared.task, budget=BUDGET).admit(space.guesses[0], origin="guess")
    return Jobs(ask(prepared), n_train=prepared.n_train).of_trial(proposal, ask_index)


def test_workers_that_cannot_start_end_the_search(kind, job):  # first, while nobody else has the cores
    with closing(KINDS[kind](build_dead, n_workers=1)) as found:
        found.submit(job)
        with pytest.raises(StudyError, match=r"workers cannot start.*: the last one ended"):  # noqa: PT012
            while isinstance(found.next_event(), Lost):
                pass


def test_a_worker_elsewhere_gives_what_one_here_gives_and_tells_its_epochs(executor, job, prepared, heard):
    told = []
    executor.submit(job)
    event = executor.next_event(lambda its, row, n_epochs: told.append((its is job, row.epoch, n_epochs)))
    here, there = worker(prepared).attempt(job), event.result
    assert event.job is job
    assert there.record == replace(here.record, seconds=there.record.seconds)
    assert there.files == here.files
    assert (there.probabilities == here.probabilities).all()
    arrays = there.network.to_arrays()
    assert all((arrays[name] == value).all() for name, value in here.network.to_arrays().items())
    assert told == [(True, 1, 2), (True, 2, 2)]
    assert (48, 48) in heard


def test_as_many_jobs_as_slots_are_trained(executor, prepared):
    jobs = [_job(prepared, index) for index in range(executor.n_slots)]
    for each in jobs:
        executor.submit(each)
    done = [executor.next_event() for _ in jobs]
    assert {event.job.record.ask for event in done} == {0, 1}
    assert all(event.result.record.is_complete for event in done)


def test_a_worker_that_dies_is_replaced_and_its_job_done(executor, kind, orders, job):
    (orders / "5").write_text("once")
    executor.submit(job)
    events = [executor.next_event(), executor.next_event()]
    assert [type(event) for event in events] == [Lost, Done]
    assert events[0].reason == HOW[kind]
    assert events[1].job is job
    assert events[1].result.record.is_complete


def test_a_job_that_kills_two_workers_fails_with_its_reason(executor, kind, orders, job):
    (orders / "5").write_text("always")
    executor.submit(job)
    events = [executor.next_event(), executor.next_event()]
    (orders / "5").unlink()
    assert [type(event) for event in events] == [Lost, Done]
    record = events[1].result.record
    assert record == replace(job.record, state="failed", reason=record.reason)
    assert record.reason == f"2 workers died over it, the last one {HOW[kind]}"


def test_a_job_without_time_is_late(executor, job):
    executor.submit(job, limit=TimeLimit.after(0.0))
    event = executor.next_event()
    assert isinstance(event, Late)
    assert event.job is job


def test_audio_that_is_gone_ends_the_waiting(executor, orders, job):
    (orders / "5").write_text("no audio")
    executor.submit(job)
    with pytest.raises(DataError, match=r"tone\.wav is gone"):
        executor.next_event()
