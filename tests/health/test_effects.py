"""Mean scores by value against means taken by hand."""

import numpy as np
import pytest

from nas_asc.health import axis_effects
from nas_asc.metrics import mean_interval
from tests.health.evidence import fail, make_evidence, make_record

CONFIG = make_evidence().config


def _records(axis, pairs):
    return [make_record(n, loss=loss, macs=1000, values={axis: value}) for n, (value, loss) in enumerate(pairs)]


def test_means_and_intervals_are_those_of_the_trials_with_each_value():
    pairs = [("relu", 1.0), ("gelu", 2.0), ("relu", 1.4), ("relu", 1.2)]
    records = [*_records("activation", pairs), fail(make_record(4, loss=9.0, macs=1), "x")]
    (effect,) = axis_effects(records, CONFIG)
    gelu, relu = effect.values
    assert (effect.name, gelu.text, gelu.n, gelu.mean, gelu.low) == ("activation", "gelu", 1, 2.0, None)
    assert (relu.n, relu.mean) == (3, pytest.approx(1.2))
    assert (relu.low, relu.high) == pytest.approx(mean_interval([1.0, 1.4, 1.2]))


def test_numbers_stand_in_their_order_and_many_are_put_in_ranges():
    (few,) = axis_effects(_records("width", [(16, 1.0), (8, 2.0), (128, 0.5)]), CONFIG)
    assert [each.text for each in few.values] == ["8", "16", "128"]
    pairs = [(float(n), n / 100) for n in range(100)]
    (many,) = axis_effects(_records("rate", pairs), CONFIG)
    assert [each.n for each in many.values] == [25, 25, 25, 25]
    assert [each.mean for each in many.values] == pytest.approx(
        [np.mean(range(k, k + 25)) / 100 for k in (0, 25, 50, 75)]
    )
    assert many.values[0].text == "0 to 24"


def test_every_trial_is_in_one_range_also_where_values_crowd():
    values = [1.0] * 60 + [float(n) for n in range(2, 22)]
    (effect,) = axis_effects(_records("rate", [(value, 1.0) for value in values]), CONFIG)
    assert sum(each.n for each in effect.values) == len(values)


def test_an_axis_of_one_value_has_no_effect_and_truth_is_no_number():
    assert axis_effects(_records("width", [(8, 1.0), (8, 2.0)]), CONFIG) == ()
    (effect,) = axis_effects(_records("is_deep", [(True, 1.0), (False, 2.0)]), CONFIG)
    assert [(each.text, each.mean) for each in effect.values] == [("False", 2.0), ("True", 1.0)]
    assert axis_effects([], CONFIG) == ()


@pytest.mark.parametrize(
    ("n", "quantile"), [(2, 12.706), (6, 2.571), (11, 2.228), (12, 2.201), (31, 2.042), (121, 1.980)]
)
def test_interval_of_a_mean_uses_the_published_quantile(n, quantile):
    values = np.random.default_rng(n).normal(size=n)
    low, high = mean_interval(values)
    assert (high - low) / 2 == pytest.approx(quantile * values.std(ddof=1) / np.sqrt(n), rel=1e-3)
    assert (high + low) / 2 == pytest.approx(values.mean())


def test_one_value_has_no_interval():
    with pytest.raises(ValueError, match="`values` must be two or more"):
        mean_interval([1.0])
