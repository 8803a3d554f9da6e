"""The rule of promotion against a slow one written from its words, and what it must never do."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_asc.study import RungEntry, agreements, choose_promotion, cut_bands

values = st.integers(0, 6).map(float)


@st.composite
def tables(draw):
    """Trials with up to three rungs and an end, one or two scores, few different costs."""
    n_scores = draw(st.integers(1, 2))
    entries = []
    for number in range(draw(st.integers(0, 24))):
        rows = draw(st.lists(st.tuples(*[values] * n_scores), min_size=1, max_size=4))
        is_open = len(rows) < 4 and draw(st.booleans())
        entries.append(RungEntry(number, draw(values), tuple(rows), is_open))
    return entries


def dominates(one, other):
    return all(a <= b for a, b in zip(one, other, strict=True)) and any(a < b for a, b in zip(one, other, strict=True))


def order_slowly(entries, rung):
    """Peel fronts; within a front the smallest first score, then the earliest."""
    left, order = list(entries), []
    while left:
        front = [e for e in left if not any(dominates(o.scores[rung], e.scores[rung]) for o in left)]
        order += sorted(front, key=lambda e: (e.scores[rung][0], e.number))
        left = [e for e in left if e not in front]
    return order


def band_slowly(costs, n_bands):
    """How many of the costs that begin a new share of the sorted list are not above this one."""
    ordered = sorted(costs)
    begins = [ordered[int(len(costs) * band / n_bands)] for band in range(1, n_bands)]
    return [sum(begin <= cost for begin in begins) for cost in costs]


def choose_slowly(entries, eta, n_bands, at_end):
    if not entries:
        return None
    n_cut = n_bands if at_end else min(n_bands, max(1, int(len(entries) / (eta * eta))))
    bands = band_slowly([e.cost for e in entries], n_cut)
    for rung in (3, 2, 1, 0):
        reached = [(e, band) for e, band in zip(entries, bands, strict=True) if len(e.scores) >= rung + 1]
        options = []
        for band in sorted({band for _, band in reached}):
            order = order_slowly([e for e, its in reached if its == band], rung)
            chosen = int(len(order) / eta)
            if at_end and chosen == 0:
                chosen = 1
            options += [
                (order.index(e) / len(order), e.number)
                for e in order[:chosen]
                if e.is_open and len(e.scores) == rung + 1
            ]
        if options:
            return min(options)[1]
    return None


@settings(max_examples=300)
@given(tables(), st.sampled_from([1.5, 2.0, 3.0, 4.0]), st.integers(1, 4), st.booleans())
def test_the_rule_is_the_slow_one(entries, eta, n_bands, at_end):
    found = choose_promotion(entries, eta=eta, n_bands=n_bands, at_end=at_end, widens=False)
    assert found == choose_slowly(entries, eta, n_bands, at_end)


@given(tables(), st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_the_table_does_not_matter(entries, random, at_end):
    shuffled = random.sample(entries, len(entries))
    assert choose_promotion(entries, at_end=at_end) == choose_promotion(shuffled, at_end=at_end)


def run_out(entries, *, n_rungs=3, **options):
    """Promote until none is promoted; a promoted one keeps its score."""
    entries, promoted = {entry.number: entry for entry in entries}, []
    while (number := choose_promotion(list(entries.values()), **options)) is not None:
        entry = entries[number]
        assert entry.is_open, "a trial was promoted that cannot go on"
        promoted.append((number, len(entry.scores)))
        rows = (*entry.scores, entry.scores[-1])
        entries[number] = replace(entry, scores=rows, is_open=len(rows) < n_rungs)
    return list(entries.values()), promoted


def made_up(n=27, seed=0):
    """Dear networks score better: cost and log loss of `n` trials at the first rung."""
    rng = np.random.default_rng(seed)
    costs = 10 ** rng.uniform(5, 8, n)
    losses = 3 - 0.25 * np.log10(costs) + rng.normal(0, 0.05, n)
    return [RungEntry(number, costs[number], ((losses[number],),)) for number in range(n)]


def test_of_twenty_seven_trials_nine_go_on_and_three_end_one_of_each_band():
    entries, promoted = run_out(made_up())
    assert [len(entry.scores) for entry in entries].count(1) == 18
    finished = [entry for entry in entries if len(entry.scores) == 3]
    bands = cut_bands([entry.cost for entry in entries], 3)
    assert sorted(bands[entry.number] for entry in finished) == [0, 1, 2]
    assert len(promoted) == len(set(promoted)) == 12


def test_one_band_would_keep_the_dear_networks_alone():
    costs = np.array([entry.cost for entry in made_up()])
    for n_bands, cheapest in ((1, 1), (3, 2)):
        entries, _ = run_out(made_up(), n_bands=n_bands)
        finished = [entry.number for entry in entries if len(entry.scores) == 3]
        n_halves = len({bool(costs[number] > np.median(costs)) for number in finished})
        assert n_halves == cheapest


def test_a_trial_is_not_kept_for_its_cost_alone():
    tiny = RungEntry(99, 1.0, ((9.0,),))
    _, promoted = run_out([*made_up(), tiny])
    assert 99 not in dict(promoted)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 30])
def test_at_the_end_there_is_a_finished_trial_in_every_band(n):
    entries, _ = run_out(made_up(n), at_end=True)
    bands = cut_bands([entry.cost for entry in entries], 3)
    assert {bands[entry.number] for entry in entries if len(entry.scores) == 3} == set(bands)


def test_equal_costs_are_one_band():
    assert cut_bands([2.0] * 7, 3) == [2] * 7
    assert cut_bands([], 3) == []


def agreeing(n, *, sign):
    return [RungEntry(number, 1.0, ((float(number),), (sign * float(number),)), is_open=False) for number in range(n)]


def test_agreements_name_rungs_and_trials():
    found = agreements([*agreeing(8, sign=1), RungEntry(9, 1.0, ((3.0,),))])
    assert [(each.rung, each.n_trials, each.correlation, each.is_low) for each in found] == [
        (0, 8, pytest.approx(1), False)
    ]
    (low,) = agreements(agreeing(8, sign=-1))
    assert low.is_low
    assert not agreements(agreeing(7, sign=-1))[0].is_low
    assert agreements([RungEntry(0, 1.0, ((1.0,),))]) == []


def test_promotion_widens_where_a_rung_tells_little_of_the_next():
    def count(sign, **options):
        fresh = [RungEntry(100 + number, 1.0, ((100.0 + number,),)) for number in range(8)]
        table, n = [*agreeing(8, sign=sign), *fresh], 0
        while (number := choose_promotion(table, **options)) is not None:
            table = [replace(entry, is_open=False) if entry.number == number else entry for entry in table]
            n += 1
        return n

    # ranks 9 to 16 of 16 at the rung: a third of 16 is 5, half is 8, so with eta 2 two thirds, 10, go on
    assert count(1, eta=2.0) == 0
    assert count(-1, eta=2.0) == 2
    assert count(-1, eta=2.0, widens=False) == 0
