"""Several workers, each a real process: what a search of them records, and what becomes of one that dies."""

from contextlib import closing
from functools import partial

import pytest
import torch

from nas_asc.evaluation import Job, Result
from nas_asc.propose import Screen, build_proposer
from nas_asc.search import InProcess, Processes, SilentListener
from nas_asc.search.jobs import Jobs, trial_seed
from nas_asc.study import load_pending, load_records, load_weights, trial_dir
from tests.search.mortal import build_mortal
from tests.search.tiny import BUDGET, ask, prepare, run, space, worker

N_TRIALS = 9


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def prepared(cache):
    return prepare(cache)


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    return tmp_path_factory.mktemp("orders")


@pytest.fixture(scope="module")
def processes(cache, orders):
    with closing(Processes(partial(build_mortal, orders, cache), n_workers=2)) as found:
        yield found


class Recorder(SilentListener):
    def __init__(self):
        self.running, self.most, self.epochs, self.notes = set(), 0, [], []

    def on_trial_start(self, number, design, cost):
        self.running.add(number)
        self.most = max(self.most, len(self.running))

    def on_epoch(self, number, row, n_epochs):
        assert number in self.running
        self.epochs.append((number, row.epoch))

    def on_trial_end(self, record, front):
        self.running.remove(record.ask)

    def on_note(self, text):
        self.notes.append(text)


@pytest.fixture(scope="module")
def searched(tmp_path_factory, prepared, processes):
    """A search by two workers, and what its listener heard."""
    folder, heard = tmp_path_factory.mktemp("studies") / "tiny", Recorder()
    asked = ask(prepared, n_workers=2)
    options = {"folder": folder, "listener": heard, "refit": False, "executor": processes}
    return run(asked, space, prepared, n_trials=N_TRIALS, **options), heard


def test_two_workers_train_at_once_to_the_total(searched):
    result, heard = searched
    assert heard.most == 2
    assert not heard.running
    assert [record.number for record in result.records] == list(range(N_TRIALS))
    assert len({record.key for record in result.records}) == N_TRIALS
    assert load_records(result.folder) == list(result.records)
    assert load_pending(result.folder) == []
    asks = {record.ask for record in result.records}
    assert asks == set(range(N_TRIALS))
    whole = {record.ask for record in result.records if record.is_complete}  # one that diverges has no epoch
    assert whole
    assert {(ask, epoch) for ask in whole for epoch in (1, 2)} <= set(heard.epochs)


def test_every_record_tells_what_its_proposal_knew(searched, prepared):
    result, _ = searched
    by_ask = {record.ask: record for record in result.records}
    for record in result.records:
        n_known = record.number if record.asked is None else record.asked.n_known
        pending = () if record.asked is None else record.asked.pending
        assert record.seed == trial_seed(result.config.seed, record.ask)
        assert len(pending) <= 1
        assert all(by_ask[other].number >= n_known for other in pending), "it was recorded when it was pending"
        screen = Screen(space, prepared.task, budget=BUDGET)
        running = {by_ask[other].key for other in pending}
        proposer = build_proposer(screen, result.config)
        again = proposer.propose(record.ask, result.records[:n_known], avoid=running, running=running)
        assert again.design.key == record.key
    assert sum(record.asked is not None for record in result.records) >= N_TRIALS - 1


def test_a_worker_in_a_process_gives_what_one_here_gives(searched, prepared):
    result, _ = searched
    record = next(record for record in result.records if record.is_complete)
    proposal = Screen(space, prepared.task, budget=BUDGET).admit(
        space.candidate_from(record.values), origin=record.origin
    )
    job = Jobs(result.config, n_train=prepared.n_train).of_trial(proposal, record.ask)
    here = worker(prepared).attempt(job)
    assert here.record.scores == record.scores
    kept = load_weights(trial_dir(result.folder, record.number))
    assert all((kept[name] == value).all() for name, value in here.network.to_arrays().items())
    for name, content in here.files.items():
        assert (trial_dir(result.folder, record.number) / name).read_bytes() == content


def test_a_search_in_this_process_says_nothing_of_asks(tmp_path, prepared):
    executor = InProcess(worker(prepared))
    result = run(ask(prepared), space, prepared, n_trials=4, folder=tmp_path, refit=False, executor=executor)
    assert [record.asked for record in result.records] == [None] * 4
    assert [record.ask for record in result.records] == list(range(4))
    assert not (tmp_path / "pending.json").exists()


@pytest.fixture
def job(prepared):
    proposal = Screen(space, prepared.task, budget=BUDGET).admit(space.guesses[0], origin="guess")
    return Jobs(ask(prepared), n_train=prepared.n_train).of_trial(proposal, 5)


def test_jobs_and_results_are_plain_data_both_ways(job, prepared):
    assert Job.from_dict(job.to_dict()) == job
    result = worker(prepared).attempt(job)
    again = Result.from_dict(result.to_dict())
    assert (again.record, again.curve, again.files) == (result.record, result.curve, result.files)
    assert (again.probabilities == result.probabilities).all()
    clips = prepared.validation_clips(job.record.log_mel).clips
    assert (again.network.predict(clips) == result.network.predict(clips)).all()
