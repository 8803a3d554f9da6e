"""Real processes, killed with SIGKILL at random moments and resumed."""

import os
import random
import shutil
import signal
import time

import pytest

from nas_asc.study import load_pending, load_predictions, load_records, load_repeats
from tests.search import run_tiny
from tests.search.killing import (
    CONTEXT,
    PLAIN,
    RUNGS,
    assert_as_proposed,
    assert_complete,
    hear_rest,
    kill_and_resume,
    kill_at_arrivals,
    kill_workers_and_resume,
    run_process,
)


def test_a_search_killed_three_times_loses_nothing(tmp_path):
    kill_and_resume(tmp_path, n_kills=3, n_trials=16, most_words=10)


def test_a_search_with_rungs_killed_three_times_loses_nothing(tmp_path):
    records = kill_and_resume(tmp_path, n_kills=3, n_trials=14, most_words=10, changes=RUNGS)
    assert {record.state for record in records} >= {"complete", "stopped"}
    assert {len(record.rungs) for record in records} >= {1, 2}


@pytest.mark.slow
def test_a_search_with_rungs_killed_at_twenty_random_moments_loses_nothing(tmp_path):
    kill_and_resume(tmp_path, n_kills=20, n_trials=100, most_words=9, changes=RUNGS)


@pytest.mark.slow
def test_a_search_killed_at_twenty_random_moments_loses_nothing(tmp_path):
    kill_and_resume(tmp_path, n_kills=20, n_trials=120, most_words=11)


def say_one_word_late(pipe, folder, cache, n, changes):
    """As where workers must start: one long wait, then all in a shorter time."""
    pipe.send(("start", 0, ""))
    time.sleep(1.5)
    for word in range(n):
        pipe.send(("start", 1 + word, ""))
        time.sleep(0.02)
    pipe.send(("done", n, ""))


def test_a_process_that_said_one_word_late_is_killed_with_its_next(tmp_path):
    said = run_process(tmp_path, tmp_path, 500, kill_after=1.9, target=say_one_word_late)
    assert said[-1][0] == "start"


def test_finalists_killed_at_random_moments_are_trained_once_and_alike(tmp_path):
    rng, n_seeds = random.Random(1), 8
    folder, cache = tmp_path / "killed", tmp_path / "cache"
    run_process(folder, cache, 6)
    shutil.copytree(folder, tmp_path / "whole")
    for _ in range(3):
        run_process(folder, cache, n_seeds, kill_after=rng.uniform(0, 5), target=run_tiny.train_again)
        before = {(each.number, each.index): each for each in load_repeats(folder)}
    assert run_process(folder, cache, n_seeds, target=run_tiny.train_again)[-1][0] == "done"
    repeats = load_repeats(folder)
    assert all(before.get((each.number, each.index), each) == each for each in repeats), "one was trained twice"
    run_process(tmp_path / "whole", cache, n_seeds, target=run_tiny.train_again)
    whole = load_repeats(tmp_path / "whole")
    assert [(each.number, each.index, each.seed, each.scores) for each in whole] == [
        (each.number, each.index, each.seed, each.scores) for each in repeats
    ]
    assert len(repeats) == n_seeds * len({each.number for each in repeats})
    assert all(len(load_predictions(folder, each).losses) == 16 for each in repeats)
    assert not list(folder.glob(".partial*"))


def test_a_search_killed_while_results_arrive_loses_nothing(tmp_path):
    kill_at_arrivals(tmp_path, n_kills=4, n_trials=10)


def test_a_search_with_rungs_killed_while_results_arrive_loses_nothing(tmp_path):
    kill_at_arrivals(tmp_path, n_kills=3, n_trials=8, changes=RUNGS)


def test_of_two_that_go_on_with_a_study_at_once_the_second_is_refused(tmp_path):
    folder, cache = tmp_path / "tiny", tmp_path / "cache"
    ours, theirs = CONTEXT.Pipe(duplex=False)
    first = CONTEXT.Process(target=run_tiny.main, args=(theirs, folder, cache, 12, PLAIN))
    first.start()
    theirs.close()
    said = [ours.recv()]
    os.kill(first.pid, signal.SIGSTOP)  # so that it has the study until the second has ended
    refused = run_process(folder, cache, 3, target=run_tiny.main_refused)
    os.kill(first.pid, signal.SIGCONT)
    said += hear_rest(ours)
    first.join()
    assert [kind for kind, _, _ in refused] == ["refused"]
    assert f"'tiny' is being written by another process (pid {first.pid})" in refused[0][2]
    assert_complete(folder, 12, said)


@pytest.mark.slow
@pytest.mark.parametrize("who", ["workers", "coordinator", "both"])
def test_a_search_with_workers_that_is_killed_loses_nothing(tmp_path, who):
    records = kill_workers_and_resume(tmp_path, who=who, n_kills=3, n_trials=30, most_words=20)
    assert_as_proposed(records, tmp_path / "cache")


@pytest.mark.slow
@pytest.mark.parametrize("epoch", [1, 5])
def test_ctrl_c_is_for_the_parent_alone(tmp_path, epoch):
    cache = tmp_path / "cache"
    cache.mkdir()
    said = run_process(tmp_path / "tiny", cache, 9, changes={"epoch": epoch}, target=run_tiny.main_interrupted)
    records, left = load_records(tmp_path / "tiny"), load_pending(tmp_path / "tiny")
    assert said[-1] == ("interrupt", len(records), "")
    assert (cache / "printed").read_text() == ""
    assert len(left) == 2
    assert not {each.asked.index for each in left} & {record.ask for record in records}
    changes = {"n_workers": 2, "murders": (0, 0)}
    said = run_process(tmp_path / "tiny", cache, 9, changes=changes, target=run_tiny.main_with_workers)
    assert said[-1][0] == "done"
    records = load_records(tmp_path / "tiny")
    by_ask = {record.ask: record.values for record in records}
    assert all(by_ask[each.asked.index] == each.values for each in left)
    assert_as_proposed(records, cache)


@pytest.mark.slow
def test_a_search_with_rungs_and_workers_that_is_killed_loses_nothing(tmp_path):
    records = kill_workers_and_resume(tmp_path, who="both", n_kills=3, n_trials=24, changes=RUNGS)
    assert {record.state for record in records} >= {"complete", "stopped"}
    assert {len(record.rungs) for record in records} >= {1, 2}
