"""Every score that a study can minimise, by one contract."""

import numpy as np
import pytest

from nas_asc.metrics import MINIMISED_SCORES, clip_losses, score_predictions


@pytest.fixture(params=MINIMISED_SCORES)
def score(request):
    return MINIMISED_SCORES[request.param]


def _predict(skill, *, n_clips=200, n_classes=5):
    rng = np.random.default_rng(3)
    labels = rng.choice(n_classes, size=n_clips, p=[0.5, 0.3, 0.1, 0.1, 0.0])  # uneven, one class without clips
    logits = rng.normal(size=(n_clips, n_classes))
    logits[np.arange(n_clips), labels] += skill
    return labels, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


@pytest.mark.parametrize("skill", [0.0, 1.0, 3.0])
def test_the_mean_over_clips_is_the_score(score, skill):
    labels, probabilities = _predict(skill)
    found = score.of_clips(labels, probabilities, clip_losses(labels, probabilities))
    assert found.shape == (200,)
    assert found.mean() == pytest.approx(score.value(score_predictions(labels, probabilities)))


def test_what_predicts_better_has_a_smaller_value_below_the_worst(score):
    values = [score.value(score_predictions(*_predict(skill))) for skill in (0.0, 1.0, 3.0)]
    assert sorted(values, reverse=True) == values
    guess = np.full((200, 5), 0.2)
    assert 0 <= values[-1] < score.value(score_predictions(_predict(0.0)[0], guess)) < score.worst(5)


def test_a_share_is_read_as_what_is_left_of_one(score):
    scores = score_predictions(*_predict(1.0))
    assert score.read(scores) == pytest.approx(1 - score.value(scores) if score.is_share else score.value(scores))
