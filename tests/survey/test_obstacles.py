"""What stands against a candidate: a target that cannot run it, and parts that cannot pay."""

from dataclasses import replace

import numpy as np
import pytest

from nas_asc.budget import Budget
from nas_asc.data import load_synthetic
from nas_asc.errors import NothingFitsError
from nas_asc.frontend import LogMel, Task
from nas_asc.layers import Classifier, Conv
from nas_asc.propose import Screen
from nas_asc.propose.warm_start import warm_start
from nas_asc.space import Space, choice, load_space
from nas_asc.survey import Obstacles, survey_space
from tests.search.tiny import space as tiny

BUDGET = Budget(max_params=64_000, max_macs=10_000_000)
TASK = Task(n_classes=10, clip_s=1.0)
asc = load_space("asc")


def drawn(n=300, space=asc):
    return space.draw_many(np.random.default_rng(3), n)


def reasons(task, *, budget=BUDGET, space=asc):
    obstacles = Obstacles(space, task, budget)
    return {candidate: obstacles(candidate) for candidate in drawn(space=space)}


@pytest.mark.parametrize(("recorded", "most"), [(8_000, 8_000), (11_025, 8_000), (16_000, 16_000), (44_100, 32_000)])
def test_no_sample_rate_above_the_recordings_own_is_left(recorded, most):
    found = reasons(replace(TASK, sample_rate=recorded))
    for candidate, stands in found.items():
        is_above = candidate.values["sample_rate"] > most
        assert ("a sample rate above the recordings' own" in stands) == is_above


def test_a_space_whose_front_end_is_fixed_keeps_it():
    found = reasons(Task(n_classes=4, clip_s=0.25, sample_rate=4_000), space=tiny)
    assert set(found.values()) == {()}


def test_where_the_limits_count_zeros_masks_are_left_out():
    for budget, counts_zeros in ((BUDGET, True), (Budget(rules="dcase2021"), False), (Budget(), False)):
        found = reasons(TASK, budget=budget)
        for candidate, stands in found.items():
            is_masked = candidate.values["compression"] == "masked"
            assert any("masked" in reason for reason in stands) == (is_masked and counts_zeros)


@pytest.mark.parametrize("n_devices", [None, 1, 3])
def test_responses_of_devices_are_left_out_where_there_is_one_device(n_devices):
    found = reasons(replace(TASK, n_devices=n_devices))
    for candidate, stands in found.items():
        assert any("device" in reason for reason in stands) == (bool(candidate.values["response"]) and n_devices == 1)


def test_guesses_take_the_nearest_rate_that_is_not_above_the_recordings_own():
    screen = Screen(asc, replace(TASK, sample_rate=8_000), budget=BUDGET)
    starts = warm_start(screen, seed=0)
    assert len(starts) == 5
    assert {start.candidate.values["sample_rate"] for start in starts} == {8_000}


def test_the_scenes_keep_their_guesses():
    starts = warm_start(
        Screen(asc, load_synthetic().task, budget=Budget(max_params=128_000, max_macs=30_000_000)), seed=0
    )
    assert [start.origin for start in starts] == ["guess"] * 5


def test_a_survey_tells_what_was_left_out_and_why():
    survey = survey_space(asc, replace(TASK, sample_rate=8_000), BUDGET, n_draws=400)
    told = survey.left_out.describe(survey.n_drawn)
    assert told.startswith("left out: ")
    assert "a sample rate above the recordings' own" in told
    assert "masked weights" in told


def test_front_ends_without_room_are_left_out_with_the_reason():
    reason = "features larger than --cache-size (5GB)"
    survey = survey_space(
        asc, TASK, BUDGET, n_draws=300, refuse=lambda log_mel: reason if log_mel.n_mels > 96 else None
    )
    assert f"{reason} " in survey.left_out.describe(survey.n_drawn)
    assert survey.left_out.causes[reason].startswith("n_mels=")
    assert all(row.smallest["n_mels"] <= 96 for row in survey.rows)
    with pytest.raises(NothingFitsError, match=r"none of 50 .* is in every network of the space.* `cache_bytes`"):
        survey_space(asc, TASK, BUDGET, n_draws=50, refuse=lambda log_mel: reason)


def test_a_space_of_which_some_functions_raise_for_some_candidates_is_searched_all_the_same():
    faulty = Space("faulty", width=choice(2, 4, 8), rate=choice(8_000, 16_000))

    @faulty.network
    def network(width):
        yield Conv(width, 3, 2, "same", norm="batch", activation="relu")
        yield Classifier()

    @faulty.features
    def features(rate, width):
        return LogMel(sample_rate=rate if width < 8 else 1 / 0, n_fft=512, win_length=512, hop_length=256, n_mels=8)

    screen = Screen(faulty, replace(TASK, sample_rate=8_000), budget=BUDGET)
    fitting = [each for each in drawn(40, faulty) if (cost := screen.cost(each)) and screen.fits(each, cost)]
    assert fitting
    assert {(each.values["width"] < 8, each.values["rate"]) for each in fitting} == {(True, 8_000)}
