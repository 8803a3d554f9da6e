"""The loss of a recipe as a function of logits and targets.

Conventions:
    Logits are (B, K) float32, targets (B, K) class weights that may be soft, or (B, 2K) of `build_targets`; a loss is
    the mean over the batch, so that of a batch in parts it is the mean of the parts' losses weighted by their clips.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor, nn

from nas_asc.errors import RecipeError
from nas_asc.recipe import CrossEntropy, Distillation, FocalLoss, Loss

LossFunction: TypeAlias = Callable[[Tensor, Tensor], Tensor]


def build_loss(part: Loss, labels: Tensor, *, n_classes: int, torch_device: torch.device) -> LossFunction:
    """Mean loss of a batch, as a function of its logits and targets.

    Args:
        part: What is made small.
        labels: (n,) true classes of all training clips, on the CPU.
        n_classes: K.
        torch_device: Where logits and targets will be.

    Raises:
        RecipeError: The loss is none of the recipe's room.
    """
    if isinstance(part, CrossEntropy):
        return nn.functional.cross_entropy
    if isinstance(part, FocalLoss):
        counts = torch.bincount(labels, minlength=n_classes).tolist()
        weights = torch.tensor(part.class_weights(tuple(counts)), device=torch_device)
        return partial(focal_loss, gamma=part.gamma, class_weights=weights)
    if isinstance(part, Distillation):
        return partial(distillation_loss, temperature=part.temperature, weight=part.weight)
    raise RecipeError(f"`loss` must be one of CrossEntropy, FocalLoss and Distillation, but got {part!r}.")


def focal_loss(logits: Tensor, targets: Tensor, *, gamma: float, class_weights: Tensor) -> Tensor:
    """Mean over clips of the sum over classes of -t w (1 - p)^gamma log p.

    Args:
        logits: (B, K).
        targets: (B, K).
        gamma: At gamma 0 and equal weights it is the cross-entropy.
        class_weights: (K,) weight w of each class.

    >>> logits = torch.tensor([[0.0, 0.0]])
    >>> float(focal_loss(logits, torch.tensor([[1.0, 0.0]]), gamma=1.0, class_weights=torch.ones(2)))  # log(2) / 2
    0.3465735912322998
    """
    log_p = logits.log_softmax(dim=1)
    # the power's gradient is infinite at zero for a gamma below one
    rest = (-torch.expm1(log_p)).clamp_min(1e-6)
    return -(targets * class_weights * rest**gamma * log_p).sum(dim=1).mean()


def distillation_loss(logits: Tensor, targets: Tensor, *, temperature: float, weight: float) -> Tensor:
    """Mean over clips of (1 - weight) * cross-entropy + weight * temperature^2 * divergence from the teacher.

    Args:
        logits: (B, K) of the student.
        targets: (B, 2K): class weights, then the teacher's probabilities, softened by the same temperature.
        temperature: What the student's logits are divided by for the divergence.
        weight: The weight of the divergence, in [0, 1].

    >>> same = torch.tensor([[0.5, 0.5]])
    >>> float(distillation_loss(torch.zeros(1, 2), torch.cat([same, same], dim=1), temperature=4.0, weight=1.0))
    0.0
    """
    labels, teacher = targets.chunk(2, dim=1)
    of_labels = nn.functional.cross_entropy(logits, labels)
    log_p = (logits / temperature).log_softmax(dim=1)
    of_teacher = nn.functional.kl_div(log_p, teacher, reduction="batchmean") * temperature**2
    return torch.lerp(of_labels, of_teacher, weight)
