"""The region of interest follows what was found, or what the user asks."""

import math
from dataclasses import replace

import pytest

from nas_asc.errors import StudyError
from nas_asc.metrics import Scores
from nas_asc.study import find_region
from tests.study.records import example_config

CONFIG = example_config(objectives=("log_loss", "macs"))
CHANCE = math.log(10)


def scores(log_loss, accuracy=0.5):
    return Scores(10, log_loss, accuracy, accuracy, ())


def border(config, *log_losses):
    return find_region(config, [scores(each) for each in log_losses], 10).border


def test_while_nothing_is_better_than_chance_all_is_of_interest():
    assert border(CONFIG) == border(CONFIG, CHANCE, 3.0) == 1.5 * CHANCE


def test_the_border_lies_a_third_of_the_way_to_chance_and_falls_as_the_study_learns():
    assert border(CONFIG, 1.1, 2.0) == pytest.approx(1.1 + (CHANCE - 1.1) / 3)
    assert border(CONFIG, 0.3, 1.1, 2.0) == pytest.approx(0.3 + (CHANCE - 0.3) / 3)


def test_of_the_error_chance_is_that_of_drawing_lots():
    config = replace(CONFIG, objectives=("error", "macs"))
    found = find_region(config, [scores(0.5, accuracy=0.6)], 10)
    assert found.border == pytest.approx(0.4 + 0.5 / 3)
    assert found.holds(scores(0.5, accuracy=0.5), "error")
    assert not found.holds(scores(0.1, accuracy=0.4), "error")


def test_what_the_user_asks_of_the_score_is_the_border():
    assert border(replace(CONFIG, max_log_loss=0.8), 0.3) == 0.8
    errors = replace(CONFIG, objectives=("error", "macs"), min_accuracy=0.7)
    assert border(errors, 0.3) == pytest.approx(0.3)


def test_what_the_user_asks_of_the_other_score_cuts_between_the_trials():
    config = replace(CONFIG, min_accuracy=0.7)
    known = [scores(0.4, 0.9), scores(0.8, 0.72), scores(1.2, 0.6), scores(2.0, 0.2)]
    region = find_region(config, known, 10)
    assert region.border == pytest.approx(1.0)
    assert [region.holds(each, "log_loss") for each in known] == [True, True, False, False]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"min_accuracy": 70.0}, "`min_accuracy` must be above 0 and below 1"),
        ({"max_log_loss": 0.0}, "`max_log_loss` must be above 0 nats"),
    ],
)
def test_what_cannot_be_asked_is_refused(changes, words):
    with pytest.raises(StudyError, match=words):
        replace(CONFIG, **changes)
