"""Moments brought to one scale before they become integers, so that none takes the steps of the others."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nas_asc.models import GroupScale, LoweredNetwork, Step

_SMALLEST_DEVIATION = 1e-6


def fit_group_scales(lowered: LoweredNetwork, batches: Sequence[Tensor]) -> None:
    """Let each `GroupScale` standardise its groups by mean and deviation over some clips; the logits stay.

    The dense layers that read it take the opposite into their weights and biases, in place; where one has no biases,
    nothing is subtracted. A scale that anything else reads is left alone.

    Args:
        lowered: The network; computed in float.
        batches: Standardised log-mels (B, C, F, T), at least one.
    """
    readers = {
        step.module: found
        for step in lowered.steps
        if isinstance(step.module, GroupScale) and (found := _dense_readers(lowered, step))
    }
    if not readers:
        return
    values = _record_inputs(lowered, list(readers), batches)
    for module, dense in readers.items():
        _standardise(module, dense, values[module])


def _dense_readers(lowered: LoweredNetwork, step: Step) -> list[nn.Linear]:
    """The dense layers that read a value, if nothing else reads it and they read nothing else."""
    modules = {reader.module for reader in lowered.readers(step.output)}
    serve_others = any(other.module in modules and other.inputs != (step.output,) for other in lowered.steps)
    dense = [module for module in modules if isinstance(module, nn.Linear)]
    return [] if serve_others or len(dense) < len(modules) or step.output == lowered.output else dense


def _record_inputs(
    lowered: LoweredNetwork, modules: Sequence[GroupScale], batches: Sequence[Tensor]
) -> dict[GroupScale, Tensor]:
    """What each module takes, (clips, n)."""
    network = LoweredNetwork(lowered.steps, lowered.in_shape, lowered.output).eval()
    found: dict[nn.Module, list[Tensor]] = {module: [] for module in modules}
    hooks = [module.register_forward_pre_hook(lambda each, inputs: found[each].append(inputs[0])) for module in modules]
    try:
        with torch.no_grad():
            for batch in batches:
                network(batch)
    finally:
        for hook in hooks:
            hook.remove()
    return {module: torch.cat(found[module]) for module in modules}


@torch.no_grad()
def _standardise(module: GroupScale, dense: Sequence[nn.Linear], values: Tensor) -> None:
    groups = values.unflatten(1, (len(module.scale), -1)).transpose(0, 1).flatten(1)
    has_biases = all(layer.bias is not None for layer in dense)
    shift = groups.mean(dim=1) if has_biases else torch.zeros_like(module.shift)
    scale = (groups - shift[:, None]).square().mean(dim=1).sqrt()
    scale = scale.where(scale > _SMALLEST_DEVIATION, 1.0)
    width = values.shape[1] // len(scale)
    for layer in dense:
        plain = layer.weight / module.scale.repeat_interleave(width)
        if layer.bias is not None:
            layer.bias.add_(plain @ (shift - module.shift).repeat_interleave(width))
        layer.weight.copy_(plain * scale.repeat_interleave(width))
    module.shift.copy_(shift)
    module.scale.copy_(scale)
