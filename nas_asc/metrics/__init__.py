"""Measures of classification, from labels and probabilities; numpy only.

Conventions:
    `labels` are true classes (N,) in 0..K-1, always first; `probabilities` are (N, K), rows summing to one.
    Accuracies are in [0, 1]; losses are in nats.
"""

from nas_asc.metrics.classification import (
    accuracy,
    class_accuracy,
    clip_losses,
    confusion_matrix,
    expected_calibration_error,
    log_loss,
    macro_accuracy,
    validate_predictions,
)
from nas_asc.metrics.correlation import rank_correlation
from nas_asc.metrics.interval import mean_interval, wilson_interval
from nas_asc.metrics.minimised import MINIMISED_SCORES, MinimisedScore
from nas_asc.metrics.resampling import draw_counts, is_tie, percentile_interval, resample_means, weighted_means
from nas_asc.metrics.scores import GroupScore, Scores, group_scores, score_predictions

__all__ = [
    "MINIMISED_SCORES",
    "GroupScore",
    "MinimisedScore",
    "Scores",
    "accuracy",
    "class_accuracy",
    "clip_losses",
    "confusion_matrix",
    "draw_counts",
    "expected_calibration_error",
    "group_scores",
    "is_tie",
    "log_loss",
    "macro_accuracy",
    "mean_interval",
    "percentile_interval",
    "rank_correlation",
    "resample_means",
    "score_predictions",
    "validate_predictions",
    "weighted_means",
    "wilson_interval",
]
