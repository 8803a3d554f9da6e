"""The record of scores: agreement with its measures, groups, storage."""

import json

import numpy as np
import pytest
import sklearn.metrics

from nas_asc.metrics import Scores, group_scores, score_predictions

LABELS = np.array([0, 0, 1, 1, 1])
PROBABILITIES = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.7, 0.3], [0.1, 0.9]])
DEVICES = ["a", "b", "a", "b", ""]


def test_scores_of_devices_are_sklearns_over_their_clips():
    scores = score_predictions(LABELS, PROBABILITIES, DEVICES)
    assert scores.device_accuracy == {"a": 1.0, "b": 0.0}
    expected = sklearn.metrics.log_loss(LABELS[[1, 3]], PROBABILITIES[[1, 3]])
    assert scores.device_log_loss["b"] == pytest.approx(expected)
    assert scores.n_clips == 5
    assert scores.accuracy == 0.6
    assert scores.confusion == ((1, 1), (1, 2))


def test_scores_without_devices_have_empty_device_scores():
    assert score_predictions(LABELS, PROBABILITIES).device_accuracy == {}


def test_scores_survive_json():
    scores = score_predictions(LABELS[2:], PROBABILITIES[2:], DEVICES[2:])
    assert scores.class_accuracy[0] is None
    assert Scores.from_dict(json.loads(json.dumps(scores.to_dict()))) == scores


def test_groups_partition_the_clips():
    groups = group_scores(LABELS, PROBABILITIES, ["x", "y", "x", "y", "y"])
    assert sum(group.n_clips for group in groups.values()) == len(LABELS)
    weighted = sum(group.n_clips * group.log_loss for group in groups.values()) / len(LABELS)
    assert weighted == pytest.approx(score_predictions(LABELS, PROBABILITIES).log_loss)


def test_groups_of_another_length_are_refused():
    with pytest.raises(ValueError, match="one name a clip"):
        group_scores(LABELS, PROBABILITIES, ["a"])
