"""What happens when things go wrong: trials that fail, spaces that raise, studies that are held or damaged."""

import errno
import os
import signal
import tempfile
import time
from dataclasses import replace

import pytest

from nas_asc.clock import TimeLimit
from nas_asc.errors import StudyError, WriteError
from nas_asc.evaluation import Worker
from nas_asc.propose import Screen
from nas_asc.search.database import Database
from nas_asc.search.interrupt import delayed_interrupt
from nas_asc.search.jobs import Jobs
from nas_asc.space import Space, choice, integer
from nas_asc.study import create_study_dir, load_records, lock_study, trial_dir
from nas_asc.training import DeadlineError
from tests.search import hopeless, tiny
from tests.search.tiny import BUDGET, ask, prepare, run, worker
from tests.study.records import example_config, example_record


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("cache"))


def job_of(prepared, proposal, number):
    return Jobs(ask(prepared), n_train=prepared.n_train).of_trial(proposal, number)


def propose(prepared, **values):
    guess = tiny.space.guesses[0].values
    screen = Screen(tiny.space, prepared.task, budget=BUDGET)
    return screen.admit(tiny.space.candidate(**{**guess, **values}), origin="test")


def test_a_diverging_trial_is_recorded_with_its_reason_and_the_search_goes_on(prepared, tmp_path):
    result = run(ask(prepared, sampler="random", seed=4), tiny.space, prepared, n_trials=30, folder=tmp_path)
    failed = [record for record in result.records if not record.is_complete]
    assert failed
    assert len(result.records) == 30
    for record in failed:
        assert record.values["learning_rate"] == 1e30
        assert "diverged" in record.reason
        assert "\n" not in record.reason
        assert not record.objectives
        assert not (trial_dir(tmp_path, record.number) / "weights.safetensors").exists()
    assert load_records(tmp_path) == list(result.records)


def test_a_search_in_which_all_fails_alike_says_why(prepared, tmp_path):
    config = replace(ask(prepared), space_digest=hopeless.space.digest)
    with pytest.raises(StudyError, match="the last 5 trials all failed: training diverged in epoch 1 of 2"):
        run(config, hopeless.space, prepared, n_trials=30, folder=tmp_path)
    assert len(load_records(tmp_path)) == 5


def test_an_error_of_any_kind_fails_one_trial(prepared):
    proposal = propose(prepared)
    layers = (hopeless.Rotten(), *proposal.design.architecture.layers)
    design = replace(proposal.design, architecture=replace(proposal.design.architecture, layers=layers))
    job = job_of(prepared, replace(proposal, design=design), 3)
    result = Worker(prepared, layer_types=(hopeless.Rotten,)).attempt(job)
    assert result.record.state == "failed"
    assert result.record.number == 3
    assert result.record.reason == "KeyError: 'module'"
    assert result.network is None


def test_a_full_disk_fails_no_trial(prepared, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/tmp/new")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(WriteError, match=r"^/tmp/new cannot be written: No space left on device\. Make room there"):
        worker(prepared).attempt(job_of(prepared, propose(prepared), 0))


def test_a_trial_whose_time_is_over_is_no_trial(prepared):
    with pytest.raises(DeadlineError):
        worker(prepared).attempt(job_of(prepared, propose(prepared), 0), limit=TimeLimit.after(0.0))


def test_a_candidate_on_which_the_space_raises_is_left_out_and_said_once(prepared):
    notes = []
    screen = Screen(hopeless.space, prepared.task, budget=BUDGET, on_fault=notes.append)
    assert screen.admit(hopeless.space.candidate(width=7), origin="test") is None
    assert screen.admit(hopeless.space.candidate(width=7), origin="test") is None
    assert screen.admit(hopeless.space.candidate(width=8), origin="test") is not None
    assert len(notes) == 1
    assert notes[0].startswith("left a candidate out: network raised ZeroDivisionError: seven (")
    assert "hopeless.py, line 14" in notes[0]


def test_a_study_that_another_search_holds_is_refused(prepared, tmp_path):
    with lock_study(tmp_path), pytest.raises(StudyError, match=r"is being written by another process \(pid \d+\)"):
        run(ask(prepared), tiny.space, prepared, n_trials=1, folder=tmp_path)


@pytest.mark.parametrize("kind", ["space", "data"])
def test_a_changed_study_is_resumed_only_when_the_change_is_accepted(prepared, tmp_path, kind):
    config = ask(prepared)
    stored = replace(config, **{f"{kind}_digest": "0"})
    create_study_dir(tmp_path, stored)
    with pytest.raises(StudyError, match=rf"give `accepted=\[.{kind}.\]`"):
        run(config, tiny.space, prepared, n_trials=1, folder=tmp_path)
    assert load_records(tmp_path) == []
    result = run(config, tiny.space, prepared, n_trials=1, folder=tmp_path, accepted=[kind], refit=False)
    assert result.config == replace(
        config, torch_device="cpu", precision=result.config.precision, memory_format="channels_last", graphs=False
    )
    assert len(result.records) == 1


def test_a_damaged_database_is_named(prepared, tmp_path):
    create_study_dir(tmp_path, ask(prepared))
    (tmp_path / "study.db").write_bytes(b"torn")
    with pytest.raises(StudyError, match=r"study\.db cannot be read"):
        run(ask(prepared), tiny.space, prepared, n_trials=1, folder=tmp_path)


def test_a_trial_is_written_in_turn_or_not_at_all(tmp_path):
    space = Space("small", width=choice(8, 16))
    database = Database(tmp_path, example_config(), space)
    with pytest.raises(StudyError, match=r"trial 3 cannot be written: study\.db has 0 trials"):
        database.append(example_record(3, values={"width": 8}))
    database.append(example_record(0, values={"width": 8}))
    database.close()
    assert [record.number for record in load_records(tmp_path)] == [0]


def test_records_outlive_a_change_of_the_choices(tmp_path):
    for number, values in enumerate([(8, 16), (8, 16, 32)]):
        database = Database(tmp_path, example_config(), Space("small", width=choice(*values), depth=integer(0, 3)))
        database.append(example_record(number, values={"width": values[-1], "depth": 1}))
        database.close()
    assert [record.values["width"] for record in load_records(tmp_path)] == [16, 32]


def test_an_interrupt_waits_for_what_must_be_written():
    steps = []

    def write():
        with delayed_interrupt():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)
            steps.append("written")

    with pytest.raises(KeyboardInterrupt):
        write()
    assert steps == ["written"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_without_an_interrupt_nothing_happens():
    with delayed_interrupt():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
