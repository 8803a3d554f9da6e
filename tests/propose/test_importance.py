"""An axis that makes the score stands out from chance; those that do nothing do not."""

from dataclasses import replace

import numpy as np
import pytest

from nas_asc.propose import axis_importance
from nas_asc.propose.importance import FEWEST_TRIALS
from nas_asc.study import RungRecord
from tests.health.evidence import make_evidence, make_record, make_space

CONFIG = make_evidence().config


def _records(n, loss_of):
    space, rng = make_space(), np.random.default_rng(0)
    values = [space.draw(rng).values for _ in range(n)]
    noise = rng.normal(0, 0.1, n)
    return [
        make_record(k, loss=loss_of(each) + noise[k], macs=1000, values=dict(each)) for k, each in enumerate(values)
    ]


def test_the_axis_that_makes_the_score_is_found_and_no_other():
    found = axis_importance(_records(80, lambda values: 5 - 0.5 * values["depth"]), CONFIG, make_space())
    assert found[0].name == "depth"
    assert [each.name for each in found if each.is_above_chance] == ["depth"]
    assert len(found) == len(make_space().axes)
    values = [each.importance for each in found]
    assert values == sorted(values, reverse=True)


def test_pure_noise_is_not_called_important():
    found = axis_importance(_records(80, lambda values: 1.0), CONFIG, make_space())
    assert not any(each.is_above_chance for each in found)


def test_the_same_trials_give_the_same_importance():
    records = _records(30, lambda values: float(values["width"]))
    assert axis_importance(records, CONFIG, make_space()) == axis_importance(records, CONFIG, make_space())


def test_few_or_equal_trials_give_none():
    records = _records(FEWEST_TRIALS, lambda values: 1.0)
    assert axis_importance(records[:-1], CONFIG, make_space()) == ()
    assert axis_importance([], CONFIG, make_space()) == ()
    equal = [replace(record, scores=records[0].scores) for record in records]
    assert axis_importance(equal, CONFIG, make_space()) == ()
    assert axis_importance(records, CONFIG, make_space()) != ()


@pytest.mark.parametrize("score", ["error", "log_loss"])
def test_the_score_of_the_study_counts(score):
    config = replace(CONFIG, objectives=(score, "macs"))
    records = _records(40, lambda values: 5 - 0.5 * values["depth"])
    found = axis_importance(records, config, make_space())
    assert bool(found) == (score == "log_loss")  # all accuracies are equal


def test_early_scores_of_stopped_trials_do_not_count():
    records = _records(40, lambda values: 5 - 0.5 * values["depth"])
    stopped = [
        replace(
            record, number=40 + k, state="stopped", scores=None, rungs=(RungRecord(epochs=1, scores=record.scores),)
        )
        for k, record in enumerate(_records(40, lambda values: 5 - 0.5 * values["width"]))
    ]
    assert axis_importance([*records, *stopped], CONFIG, make_space()) == axis_importance(records, CONFIG, make_space())
