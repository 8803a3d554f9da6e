"""Targets of training clips: soft labels."""

from torch import Tensor, nn


def smooth_labels(labels: Tensor, n_classes: int, *, smoothing: float) -> Tensor:
    """Class weights (n, K): `smoothing` spread over all classes, the rest on the true one.

    Args:
        labels: (n,) true classes.
        n_classes: K.
        smoothing: In [0, 1].

    >>> import torch
    >>> smooth_labels(torch.tensor([1]), 2, smoothing=0.5).tolist()
    [[0.25, 0.75]]
    """
    hot = nn.functional.one_hot(labels, n_classes).float()
    return hot * (1 - smoothing) + smoothing / n_classes
