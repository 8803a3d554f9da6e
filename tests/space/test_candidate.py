"""Candidates of a user's space: codes, values, equality, draws, children."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.errors import LayerError, SpaceError
from nas_asc.frontend import Task
from nas_asc.layers import Classifier, Conv, MaxPool, format_architecture, parse_architecture
from nas_asc.recipe import TimeRoll
from nas_asc.space import Space, choice, fraction, integer, load_space, real

SPACE = load_space(Path(__file__).with_name("user_space.py"))
CANDIDATES = st.integers(0, 2**32).map(lambda seed: SPACE.draw(np.random.default_rng(seed)))
SEEDS = st.integers(0, 2**32)


@given(CANDIDATES)
def test_decoding_a_code_gives_the_same_candidate(candidate):
    again = SPACE.decode(candidate.code)
    assert again == candidate
    assert hash(again) == hash(candidate)
    assert again.values == candidate.values


@given(CANDIDATES)
def test_values_give_the_same_candidate(candidate):
    assert SPACE.candidate_from(candidate.values) == candidate


@given(CANDIDATES, SEEDS)
def test_children_meet_the_requirements_and_differ(candidate, seed):
    rng = np.random.default_rng(seed)
    mutant = SPACE.mutate(candidate, rng)
    child = SPACE.cross(candidate, mutant, rng)
    for other in (mutant, child):
        assert SPACE.broken_requirement(other) is None
        assert SPACE.decode(other.code) == other
        assert other != candidate


@given(st.data())
def test_any_numbers_in_range_decode_to_a_canonical_candidate(data):
    numbers = [
        data.draw(st.floats(axis.low, axis.high))
        if axis.kind == "real"
        else axis.draw_codes(np.random.default_rng(data.draw(SEEDS)), 1)[0]
        for axis in SPACE.axes.values()
    ]
    candidate = SPACE.decode(numbers)
    assert SPACE.decode(candidate.code) == candidate
    for position in candidate.inactive:
        assert candidate.code[position] == list(SPACE.axes.values())[position].first_code


@given(CANDIDATES)
def test_network_text_round_trips_with_the_users_own_layer(candidate):
    architecture = SPACE.architecture(candidate, Task())
    assert [cls.__name__ for cls in SPACE.layer_types] == ["Separated"]
    assert parse_architecture(format_architecture(architecture), SPACE.layer_types) == architecture


def test_inactive_axes_have_no_value_and_arrive_as_none():
    values = {"width": 8, "neck": 8, "reach": 3, "depth": 1, "hop_length": 512, "learning_rate": 1e-3}
    candidate = SPACE.candidate(**values, mixup=None)
    assert "inner" not in candidate.values
    assert candidate.values["has_mixup"] is False
    assert SPACE.training_recipe(candidate, Task()).augmentation == (TimeRoll(),)


def test_shares_that_round_to_one_value_are_one_candidate():
    codes = {SPACE.decode([0, share, *SPACE.guesses[0].code[2:]]).code for share in range(2)}
    assert len(codes) == 1  # a quarter and a half of 8, in multiples of 4, are both 4


def test_equal_designs_of_different_candidates_have_one_key():
    one = SPACE.candidate_from({**SPACE.guesses[0].values, "depth": 0, "reach": 3})
    other = SPACE.candidate_from({**SPACE.guesses[0].values, "depth": 0, "reach": 5})
    assert one != other
    assert SPACE.build(one, Task()).key == SPACE.build(other, Task()).key
    assert SPACE.build(one, Task()).key != SPACE.build(one, Task(clip_s=2.0)).key


def test_guesses_take_what_they_do_not_name_from_the_axes():
    first, second = SPACE.guesses
    assert first.values["neck"] == 8
    assert first.values["mixup"] == 0.3
    assert second.values["neck"] == 32
    assert "mixup" not in second.values


def test_draws_follow_the_seed_and_batches_follow_the_prior():
    one, other = (SPACE.draw_many(np.random.default_rng(3), 2_000) for _ in range(2))
    assert one == other
    share = np.mean([candidate.values["reach"] == 3 for candidate in one])
    assert share == pytest.approx(0.5 / (1 - 0.25 * 0.25), abs=0.05)  # the requirement removes 1/16
    assert np.mean([candidate.values["has_mixup"] for candidate in one]) == pytest.approx(0.5, abs=0.05)


def test_logarithmic_axes_are_even_in_the_logarithm():
    rng = np.random.default_rng(0)
    space = Space(count=integer(1, 1_000, log=True), rate=real(1e-4, 1e-2, log=True))
    values = [candidate.values for candidate in space.draw_many(rng, 4_000)]
    edge = np.log(10.5 / 0.5) / np.log(1000.5 / 0.5)
    assert np.mean([value["count"] <= 10 for value in values]) == pytest.approx(edge, abs=0.03)
    assert np.mean([value["rate"] <= 1e-3 for value in values]) == pytest.approx(0.5, abs=0.03)


def test_number_of_candidates_counts_combinations_or_is_unknown():
    assert Space(width=choice(8, 16), depth=integer(0, 6, step=2)).n_candidates == 8
    assert Space(width=choice(8, 16), half=fraction(1 / 2, 1, of="width")).n_candidates == 4
    assert SPACE.n_candidates is None


def test_json_lists_stand_for_tuples():
    space = Space(stride=choice((1, 2), (2, 1)))
    assert space.candidate_from({"stride": [2, 1]}).values == {"stride": (2, 1)}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ([0, 0], "a code of space .* has 9 numbers, but got 2"),
        ([9, 0, 0, 0, 0, 256, 0, 0.1, 0.001], "code of axis 'width' must be 0..3, but got 9"),
        ([0.5, 0, 0, 0, 0, 256, 0, 0.1, 0.001], "code of axis 'width' must be 0..3, but got 0.5"),
        ([0, 0, 0, 0, 0, 300, 0, 0.1, 0.001], "axis 'hop_length' has no value 300"),
        ([0, 0, 0, 0, 0, 256, 0, float("nan"), 0.001], "axis 'mixup' has no value nan"),
    ],
)
def test_codes_out_of_range_are_refused(code, reason):
    with pytest.raises(SpaceError, match=reason):
        SPACE.decode(code)


def test_candidate_names_what_is_wrong():
    values = SPACE.guesses[0].values
    with pytest.raises(SpaceError, match=r"no axis named 'widht' in space 'user_space'.*Did you mean 'width'\?"):
        SPACE.candidate(**values, widht=3)
    with pytest.raises(SpaceError, match="axis 'neck' has no value 12: at width=16 it has 4, 8, 16"):
        SPACE.candidate_from({**values, "neck": 12})
    with pytest.raises(SpaceError, match="breaks requirement 'far_reach_needs_depth': reach=7, depth=0"):
        SPACE.candidate_from({**values, "reach": 7, "depth": 0})


def test_layer_that_cannot_take_its_input_is_named_with_its_line():
    space = Space(pool=choice(2, 200))

    @space.features
    def features():
        return SPACE.log_mel(SPACE.guesses[0], Task())

    @space.network
    def network(pool):
        yield Conv(8, 3)
        yield MaxPool(pool)  # the line that the error must name
        yield Classifier()

    text = Path(__file__).read_text().splitlines()
    line = 1 + next(number for number, row in enumerate(text) if "must name" in row)
    with pytest.raises(LayerError, match=rf"layer 1, MaxPool\(200\), .*test_candidate.py, line {line}"):
        space.build(space.candidate(pool=200), Task())
    assert space.build(space.candidate(pool=2), Task()).architecture.layers[1] == MaxPool(2)
