"""The optimiser of a recipe, with the weight decay of each kind of parameter.

Conventions:
    The kinds are "convolution" and "dense" (kernels), "norm" (scales of norms, slopes of activations) and "bias". A
    parameter of a module of somebody's own is dense where it has two dimensions or more.
"""

from collections.abc import Iterator

import torch
from torch import nn

from nas_asc.errors import RecipeError
from nas_asc.recipe import Adam, AdamW, Decay, Optimiser, Recipe, Sgd


def build_optimiser(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Torch's optimiser of all parameters that are trained, grouped by their weight decay.

    Args:
        model: What is trained.
        recipe: Gives the optimiser and, where it has one, the decay of each kind.

    Raises:
        RecipeError: The optimiser is none of the recipe's room.
    """
    decays = decay_of_kinds(recipe.optimiser, recipe.decay)
    groups: dict[float, list[nn.Parameter]] = {}
    for kind, parameter in name_kinds(model):
        groups.setdefault(decays[kind], []).append(parameter)
    return _build(recipe.optimiser, [{"params": group, "weight_decay": decay} for decay, group in groups.items()])


def decay_of_kinds(optimiser: Optimiser, decay: Decay | None) -> dict[str, float]:
    """Weight decay of each kind: what `decay` says, else the optimiser's for kernels and zero for the others.

    >>> decay_of_kinds(AdamW(weight_decay=0.01), Decay(dense=0.5))
    {'convolution': 0.01, 'dense': 0.5, 'norm': 0.0, 'bias': 0.0}
    """
    usual = {"convolution": optimiser.weight_decay, "dense": optimiser.weight_decay, "norm": 0.0, "bias": 0.0}
    asked = {} if decay is None else {kind: getattr(decay, kind) for kind in usual}
    return usual | {kind: value for kind, value in asked.items() if value is not None}


def name_kinds(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Kind of each parameter that is trained, a shared one once."""
    seen: set[nn.Parameter] = set()
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if parameter.requires_grad and parameter not in seen:
                seen.add(parameter)
                yield _kind(module, name, parameter), parameter


def _kind(module: nn.Module, name: str, parameter: nn.Parameter) -> str:
    if name.endswith("bias"):
        return "bias"
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        return "convolution"
    return "norm" if "Norm" in type(module).__name__ or parameter.ndim <= 1 else "dense"


def _build(part: Optimiser, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
    if isinstance(part, AdamW):
        return torch.optim.AdamW(groups, lr=part.learning_rate, fused=True)
    if isinstance(part, Adam):
        return torch.optim.Adam(groups, lr=part.learning_rate, fused=True)
    if isinstance(part, Sgd):
        return torch.optim.SGD(
            groups, lr=part.learning_rate, momentum=part.momentum, nesterov=part.nesterov, fused=True
        )
    raise RecipeError(f"`optimiser` must be one of AdamW, Adam and Sgd, but got {part!r}.")
