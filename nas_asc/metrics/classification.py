"""Measures of one set of predictions: loss, accuracies, confusions, calibration.

Conventions:
    labels (N,) integers, probabilities (N, K) floats; every function checks both with `validate_predictions`.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Labels: TypeAlias = NDArray[np.integer[Any]]
Probabilities: TypeAlias = NDArray[np.floating[Any]]


def validate_predictions(labels: Labels, probabilities: Probabilities) -> None:
    """Check that labels and probabilities belong together.

    Args:
        labels: (N,) integers in 0..K-1.
        probabilities: (N, K), finite, in [0, 1], each row summing to one within 1 %.

    Raises:
        ValueError: They do not; names the parameter and the first offending value.
    """
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or len(labels) == 0:
        raise ValueError(
            "`labels` must be (N,) and `probabilities` (N, K) with N >= 1,"
            f" but got shapes {labels.shape} and {probabilities.shape}."
        )
    if not np.issubdtype(labels.dtype, np.integer):
        raise ValueError(f"`labels` must be integers, but got dtype {labels.dtype}.")
    n_classes = probabilities.shape[1]
    if labels.min() < 0 or labels.max() >= n_classes:
        raise ValueError(f"`labels` must be in 0..{n_classes - 1}, but got {labels.min()}..{labels.max()}.")
    sums = probabilities.sum(axis=1, dtype=np.float64)
    wrong = ~(np.abs(sums - 1) <= 0.01) | (probabilities.min(axis=1) < 0)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"`probabilities` must be rows that sum to one, but row {row} is {probabilities[row]}.")


def log_loss(labels: Labels, probabilities: Probabilities) -> float:
    """Mean over clips of -log of the true class's probability, in nats.

    Probabilities are clipped to [eps, 1 - eps] with the eps of their dtype, as scikit-learn does, so an exact zero
    (an int8 softmax has them) costs about 36 nats in float64 and 16 in float32.

    Source:
        DCASE Task 1 ranks by `sklearn.metrics.log_loss` over all segments.

    >>> round(log_loss(np.array([0, 1]), np.array([[0.5, 0.5], [0.25, 0.75]])), 4)
    0.4904
    """
    return float(clip_losses(labels, probabilities).mean())


def clip_losses(labels: Labels, probabilities: Probabilities) -> NDArray[np.float64]:
    """-log of the true class's probability of each clip, in nats, clipped as `log_loss` says.

    >>> clip_losses(np.array([0, 1]), np.array([[0.5, 0.5], [1.0, 0.0]])).round(4).tolist()
    [0.6931, 36.0437]
    """
    validate_predictions(labels, probabilities)
    eps = np.finfo(probabilities.dtype).eps
    true_class = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return -np.log(np.clip(true_class, eps, 1 - eps))


def confusion_matrix(labels: Labels, probabilities: Probabilities) -> NDArray[np.int64]:
    """Clips (K, K) by true class (row) and most probable class (column).

    >>> confusion_matrix(np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]))
    array([[1, 1],
           [0, 1]])
    """
    validate_predictions(labels, probabilities)
    n_classes = probabilities.shape[1]
    cells = labels.astype(np.int64) * n_classes + probabilities.argmax(axis=1)
    return np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)


def accuracy(labels: Labels, probabilities: Probabilities) -> float:
    """Share of clips whose most probable class is the true one; of equals the first class counts.

    >>> accuracy(np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])) == 2 / 3
    True
    """
    validate_predictions(labels, probabilities)
    return float((probabilities.argmax(axis=1) == labels).mean())


def class_accuracy(labels: Labels, probabilities: Probabilities) -> tuple[float | None, ...]:
    """Accuracy over the clips of each class; None for a class that has no clip.

    >>> class_accuracy(np.array([0, 0]), np.array([[0.9, 0.1], [0.2, 0.8]]))
    (0.5, None)
    """
    confusion = confusion_matrix(labels, probabilities)
    return tuple(float(row[index] / n_clips) if (n_clips := row.sum()) else None for index, row in enumerate(confusion))


def macro_accuracy(labels: Labels, probabilities: Probabilities) -> float:
    """Mean of the accuracies of the classes that have clips.

    Source:
        The ranking measure of DCASE 2020 1B, 2024 and 2025; equals scikit-learn's balanced accuracy.

    >>> macro_accuracy(np.array([0, 0, 1]), np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]))
    0.75
    """
    present = [value for value in class_accuracy(labels, probabilities) if value is not None]
    return float(np.mean(present))


def expected_calibration_error(labels: Labels, probabilities: Probabilities, *, n_bins: int = 15) -> float:
    """Mean gap between confidence and accuracy, weighted by clips.

    The confidence of a clip is its highest probability. [0, 1] is cut into `n_bins` bins of equal width, each open
    below and closed above; the result is sum over bins of (n_bin / N) * |accuracy of the bin - mean confidence of
    the bin|, in [0, 1].

    Args:
        labels: (N,) true classes.
        probabilities: (N, K).
        n_bins: Number of bins, at least one.

    Source:
        Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, equation 3, with 15 bins.

    >>> round(expected_calibration_error(np.array([0, 1]), np.array([[0.8, 0.2], [0.8, 0.2]])), 4)
    0.3
    """
    validate_predictions(labels, probabilities)
    if n_bins < 1:
        raise ValueError(f"`n_bins` must be 1 or more, but got n_bins={n_bins}.")
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    bins = np.clip(np.ceil(confidence * n_bins).astype(np.int64) - 1, 0, n_bins - 1)
    gaps = np.bincount(bins, weights=correct - confidence, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(labels))
