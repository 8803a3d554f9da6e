"""The simulation of many workers runs: its clock, its beginning, and its file."""

import sys
from dataclasses import replace

import pytest

from tests.benchmarks import bench_scaling
from tests.benchmarks.bench_scaling import Arrival, measure, read_rows, simulate

N_TRIALS = 8


def designs(arrivals):
    """What was trained, in the order of the proposals."""
    return [(one.true, one.macs, one.int8_bytes) for one in sorted(arrivals, key=lambda one: one.ask)]


def test_a_worker_trains_one_after_the_other_and_searches_begin_alike_whatever_their_total():
    asked = {"n_workers": 3, "seed": 1, "ask_s": 5.0}
    arrivals = simulate(n_trials=N_TRIALS, **asked)
    assert sorted(one.ask for one in arrivals) == list(range(N_TRIALS))
    assert [one.at_s for one in arrivals] == sorted(one.at_s for one in arrivals)
    for one in arrivals:
        free_s = 0.0 if one.ask < 3 else arrivals[one.ask - 3].at_s
        assert one.at_s > free_s + 5
        assert one.at_s > 5 * (one.ask + 1)
    assert len(set(designs(arrivals))) == N_TRIALS
    fewer = simulate(n_trials=N_TRIALS - 2, **asked)
    assert designs(fewer) == designs(arrivals)[: N_TRIALS - 2]


def test_what_lies_outside_of_the_region_has_no_volume_and_luck_no_score():
    good = Arrival(ask=0, at_s=1.0, seen=0.5, true=0.6, macs=0.5, int8_bytes=0.5)
    bad = replace(good, ask=1, seen=1.5, true=1.4, macs=0.1)
    lucky = replace(good, ask=2, seen=0.4, true=0.8)
    assert measure([good, bad], 1.2) == (0.6, pytest.approx(0.5 * 0.5 * 0.5))
    assert measure([bad], 1.2)[1] == 0
    assert measure([good, lucky], 1.2) == (0.8, pytest.approx(0.4 / 1.2 * 0.5 * 0.5))


def test_an_interrupted_simulation_goes_on(tmp_path, monkeypatch, capsys):
    keep = tmp_path / "scaling.jsonl"
    asked = f"bench --workers 1,2 --trials 3 --seeds 1 --processes 1 --keep {keep}"
    monkeypatch.setattr(sys, "argv", asked.split())
    bench_scaling.main()
    whole, first = keep.read_text(), capsys.readouterr().out
    assert first.count("s of the processor") == 2
    assert "| 3 | 2 | 1/" in first
    keep.write_text(whole[: len(whole) - 9])  # as a process leaves it that is killed while it writes
    assert len(read_rows(keep)) == 1
    bench_scaling.main()
    again = capsys.readouterr().out
    assert again.count("s of the processor") == 1
    assert again.splitlines()[-3:] == first.splitlines()[-3:]
