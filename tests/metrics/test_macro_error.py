"""The error over classes: every class counts alike, however many clips it has."""

import numpy as np
import pytest

from nas_asc.metrics import MINIMISED_SCORES, clip_losses, score_predictions


def test_clips_weigh_so_that_their_mean_is_the_mean_over_classes():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 3], [90, 8, 2])  # no clip of class 2
    probabilities = rng.dirichlet(np.ones(4), size=100)
    score = MINIMISED_SCORES["macro_error"]
    of_clips = score.of_clips(labels, probabilities, clip_losses(labels, probabilities))
    assert of_clips.mean() == pytest.approx(score.value(score_predictions(labels, probabilities)))


def test_the_constant_answer_is_no_better_than_chance():
    labels, probabilities = np.repeat([0, 1], [90, 10]), np.tile([0.9, 0.1], (100, 1))
    scores = score_predictions(labels, probabilities)
    assert MINIMISED_SCORES["error"].value(scores) == pytest.approx(0.1)
    assert MINIMISED_SCORES["macro_error"].value(scores) == MINIMISED_SCORES["macro_error"].chance(2) == 0.5
