"""Targets of training clips: soft labels, and beside them what a teacher says."""

import torch
from torch import Tensor, nn

from nas_asc.errors import TrainingError
from nas_asc.recipe import Distillation, Loss
from nas_asc.training.clips import Clips
from nas_asc.training.teacher import load_logits


def build_targets(clips: Clips, loss: Loss, *, n_classes: int) -> Tensor:
    """Targets of all clips before augmentation: (n, K) class weights, or (n, 2K) where the loss distils.

    The second K columns are the teacher's probabilities of the clip as it is, softened by the loss's temperature.
    Augmentations that mix the rows of the targets mix them in the same way.

    Args:
        clips: With labels; their `teacher_logits`, where they have any, are read instead of the loss's files.
        loss: Gives the smoothing, and the teacher.
        n_classes: K.

    Raises:
        TrainingError: There is no teacher to distil from, or its logits are of other clips or classes.
    """
    assert clips.labels is not None
    targets = smooth_labels(clips.labels, n_classes, smoothing=loss.label_smoothing)
    if not isinstance(loss, Distillation):
        return targets
    logits = clips.teacher_logits if clips.teacher_logits is not None else _load_mean(loss, clips)
    if logits.shape[1] != n_classes:
        raise TrainingError(f"`teacher` must tell {n_classes} classes apart, but tells {logits.shape[1]}.")
    return torch.cat([targets, (logits.float() / loss.temperature).softmax(dim=1)], dim=1)


def _load_mean(loss: Distillation, clips: Clips) -> Tensor:
    """Mean of the logits of all files."""
    if not loss.paths:
        raise TrainingError("`teacher` must name a file of logits where clips have no `teacher_logits`, but is None.")
    logits = [load_logits(path, clips) for path in loss.paths]
    if len({one.shape for one in logits}) > 1:
        raise TrainingError(f"`teacher` must be files of the same classes, but got {loss.teacher!r}.")
    return torch.stack(logits).mean(dim=0)


def smooth_labels(labels: Tensor, n_classes: int, *, smoothing: float) -> Tensor:
    """Class weights (n, K): `smoothing` spread over all classes, the rest on the true one.

    Args:
        labels: (n,) true classes.
        n_classes: K.
        smoothing: In [0, 1].

    >>> smooth_labels(torch.tensor([1]), 2, smoothing=0.5).tolist()
    [[0.25, 0.75]]
    """
    hot = nn.functional.one_hot(labels, n_classes).float()
    return hot * (1 - smoothing) + smoothing / n_classes
