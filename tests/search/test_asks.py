"""What a search asks its study in memory for: never what is in training, was passed over, or is known."""

from dataclasses import replace

import numpy as np
import pytest

from nas_asc.propose import Screen, build_proposer
from nas_asc.search.asks import Asks
from nas_asc.space import Space, choice
from nas_asc.study import Ask, PendingTrial, load_pending, save_pending
from tests.propose.made_up import BUDGET, CONFIG, OWN_SAMPLERS, TASK, fake_record, space
from tests.search.tiny import features, network, recipe


def build_asks(folder, records, *, space=space, sampler="gp", n_slots=2):
    screen, config = Screen(space, TASK, budget=BUDGET), replace(CONFIG, sampler=sampler)
    return Asks(folder, screen, build_proposer(screen, config), records, config=config, n_slots=n_slots)


def arrive(asks, asked, proposal, records, **changes):
    """The trial of a proposal in training is recorded."""
    record = fake_record(proposal, len(records), rng=np.random.default_rng(asked.index))
    told = asks.asked_as(asked.index, number=record.number)
    records.append(replace(record, asked=told, **changes))
    asks.end(asked.index, records[-1])


@pytest.mark.parametrize("sampler", OWN_SAMPLERS)
def test_with_one_slot_the_proposals_are_those_of_the_sampler_alone(tmp_path, sampler):
    records, fates = [], [{}, {"state": "failed", "scores": None, "reason": "diverged"}, {}]
    asks = build_asks(tmp_path, records, sampler=sampler, n_slots=1)
    alone = build_proposer(Screen(space, TASK, budget=BUDGET), replace(CONFIG, sampler=sampler))
    for number in range(14):
        asked, proposal = asks.next()
        assert asked == Ask(index=number, n_known=number)
        again = alone.propose(number, records)
        assert (proposal.candidate, proposal.origin) == (again.candidate, again.origin)
        asks.begin()
        arrive(asks, asked, proposal, records, **fates[number % 3])
    assert all(record.asked is None for record in records)


@pytest.mark.parametrize("sampler", OWN_SAMPLERS)
def test_nothing_is_proposed_twice_whatever_is_in_training(tmp_path, sampler):
    records, running = [], []
    asks, rng = build_asks(tmp_path, records, sampler=sampler, n_slots=6), np.random.default_rng(0)
    for number in range(24):
        asked, proposal = asks.next()
        assert asked == Ask(index=number, n_known=len(records), pending=tuple(sorted(one.index for one, _ in running)))
        asks.begin()
        running.append((asked, proposal))
        if len(running) == 6:
            arrive(asks, *running.pop(rng.integers(6)), records)
    assert len({record.key for record in records} | {one.design.key for _, one in running}) == 24
    assert asks.n_running == 5


def test_what_there_was_no_time_for_is_not_proposed_again(tmp_path):
    asks = build_asks(tmp_path, records := [])
    asked, first = asks.next()
    passed_over = {first.design.key, *(asks.another(asked).design.key for _ in range(5))}
    assert len(passed_over) == 6
    taken = asks.another(asked)
    asks.begin()
    arrive(asks, asked, taken, records)
    later, proposal = asks.next()
    assert later.index == 1
    assert not {proposal.design.key, taken.design.key} & passed_over


def test_a_proposal_whose_training_was_late_is_in_training_no_more(tmp_path):
    asks = build_asks(tmp_path, [])
    asked, _ = asks.next()
    asks.begin()
    assert [each.asked for each in load_pending(tmp_path)] == [asked]
    asks.end(asked.index, None)
    assert asks.n_running == 0
    assert load_pending(tmp_path) == []


def test_what_a_killed_search_left_comes_first_and_is_in_training_to_what_follows(tmp_path):
    asks, left = build_asks(tmp_path, []), []
    for _ in range(3):
        left.append(asks.next())
        asks.begin()
    again = build_asks(tmp_path, records := [])
    for asked, proposal in left:
        restored = again.next()
        assert (restored[0], restored[1].candidate, restored[1].origin) == (asked, proposal.candidate, proposal.origin)
        again.begin()
    asked, proposal = again.next()
    assert asked == Ask(index=3, n_known=0, pending=(0, 1, 2))
    assert proposal.design.key not in {one.design.key for _, one in left}
    arrive(again, *left[1], records)
    assert [each.asked.index for each in load_pending(tmp_path)] == [0, 2]


def test_what_is_left_of_another_space_or_recorded_by_now_is_not_trained(tmp_path):
    asks = build_asks(tmp_path, records := [])
    asked, proposal = asks.next()
    asks.begin()
    arrive(asks, asked, proposal, records)
    recorded = PendingTrial(Ask(index=1, n_known=0), proposal.candidate.values, "gp")
    save_pending(tmp_path, [recorded, PendingTrial(Ask(index=2, n_known=0), {"length": 3}, "gp")])
    asked, proposal = build_asks(tmp_path, records).next()
    assert asked == Ask(index=3, n_known=1)
    assert proposal.design.key != records[0].key


def test_a_space_of_one_candidate_is_asked_once(tmp_path):
    values = {"width": 4, "depth": 1, "kernel_size": 3, "activation": "relu", "learning_rate": 0.01}
    one = Space("one", **{name: choice(value) for name, value in values.items()})
    one.network(network)
    one.features(features)
    one.recipe(recipe)
    asks = build_asks(tmp_path, records := [], space=one)
    asked, proposal = asks.next()
    assert proposal.candidate.values == values
    asks.begin()
    assert asks.next()[1] is None
    arrive(asks, asked, proposal, records)
    assert asks.next()[1] is None
