"""Measures against scikit-learn and closed forms."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_asc.metrics import (
    accuracy,
    class_accuracy,
    confusion_matrix,
    expected_calibration_error,
    log_loss,
    macro_accuracy,
    validate_predictions,
)


def draw_predictions(seed, n_clips=200, n_classes=10, sharpness=2.0):
    rng = np.random.default_rng(seed)
    logits = sharpness * rng.normal(size=(n_clips, n_classes))
    exponentials = np.exp(logits)
    return rng.integers(0, n_classes, n_clips), exponentials / exponentials.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(5))
def test_every_measure_agrees_with_sklearn(seed):
    labels, probabilities = draw_predictions(seed)
    predicted = probabilities.argmax(axis=1)
    classes = list(range(10))
    assert log_loss(labels, probabilities) == pytest.approx(sklearn.metrics.log_loss(labels, probabilities))
    assert accuracy(labels, probabilities) == pytest.approx(sklearn.metrics.accuracy_score(labels, predicted))
    balanced = sklearn.metrics.balanced_accuracy_score(labels, predicted)
    assert macro_accuracy(labels, probabilities) == pytest.approx(balanced)
    recalls = sklearn.metrics.recall_score(labels, predicted, average=None, labels=classes)
    assert class_accuracy(labels, probabilities) == pytest.approx(recalls)
    confusion = sklearn.metrics.confusion_matrix(labels, predicted, labels=classes)
    np.testing.assert_array_equal(confusion_matrix(labels, probabilities), confusion)


def test_log_loss_of_exact_zeros_is_clipped_as_sklearn_does():
    labels, probabilities = np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]])
    expected = sklearn.metrics.log_loss(labels, probabilities, labels=[0, 1])
    assert log_loss(labels, probabilities) == pytest.approx(expected)


def test_log_loss_of_the_uniform_guess_is_the_log_of_the_classes():
    assert log_loss(np.arange(10), np.full((10, 10), 0.1)) == pytest.approx(np.log(10))


def test_macro_accuracy_leaves_out_classes_without_clips():
    probabilities = np.array([[0.9, 0.1, 0.0], [0.1, 0.9, 0.0], [0.1, 0.9, 0.0]])
    labels = np.array([0, 0, 1])
    assert class_accuracy(labels, probabilities) == (0.5, 1.0, None)
    assert macro_accuracy(labels, probabilities) == 0.75


def test_calibration_error_of_a_constant_confidence_is_its_gap_to_the_accuracy():
    labels = np.array([0] * 6 + [1] * 4)
    probabilities = np.tile([0.9, 0.1], (10, 1))
    assert expected_calibration_error(labels, probabilities) == pytest.approx(0.3)


def test_calibration_error_of_sure_and_right_predictions_is_zero():
    assert expected_calibration_error(np.arange(5), np.eye(5)) == 0.0


@given(st.integers(0, 10_000), st.integers(1, 40))
@settings(max_examples=30, deadline=None)
def test_calibration_error_agrees_with_a_loop_over_bins(seed, n_bins):
    labels, probabilities = draw_predictions(seed, n_clips=60, n_classes=4)
    confidence, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    expected = 0.0
    for index in range(n_bins):
        rows = (confidence > index / n_bins) & (confidence <= (index + 1) / n_bins)
        if rows.any():
            expected += rows.mean() * abs(correct[rows].mean() - confidence[rows].mean())
    assert expected_calibration_error(labels, probabilities, n_bins=n_bins) == pytest.approx(expected)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_order_of_clips_changes_no_measure(seed):
    labels, probabilities = draw_predictions(seed, n_clips=50, n_classes=5)
    order = np.random.default_rng(seed).permutation(50)
    for measure in (log_loss, accuracy, macro_accuracy, expected_calibration_error):
        assert measure(labels[order], probabilities[order]) == pytest.approx(measure(labels, probabilities))


@pytest.mark.parametrize(
    ("labels", "probabilities", "reason"),
    [
        (np.array([0, 1]), np.full((3, 2), 0.5), r"shapes \(2,\) and \(3, 2\)"),
        (np.array([], dtype=int), np.empty((0, 2)), "N >= 1"),
        (np.array([0.0, 1.0]), np.full((2, 2), 0.5), "integers, but got dtype float64"),
        (np.array([0, 2]), np.full((2, 2), 0.5), r"0\.\.1, but got 0\.\.2"),
        (np.array([0, 1]), np.array([[0.5, 0.5], [np.nan, 0.5]]), "row 1"),
        (np.array([0, 1]), np.array([[0.5, 0.4], [0.5, 0.5]]), "row 0"),
        (np.array([0, 1]), np.array([[1.5, -0.5], [0.5, 0.5]]), "row 0"),
    ],
)
def test_predictions_that_do_not_belong_together_are_refused(labels, probabilities, reason):
    with pytest.raises(ValueError, match=reason):
        validate_predictions(labels, probabilities)


def test_number_of_bins_must_be_positive():
    with pytest.raises(ValueError, match="n_bins=0"):
        expected_calibration_error(np.array([0]), np.array([[1.0, 0.0]]), n_bins=0)
