"""Costs of a built module, measured: what ran is counted, whatever the description says."""

import copy
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from nas_asc.layers import Shape

# aten operations that are no matrix product: they move, scale or summarise values
_MOVES = {"_to_copy", "_unsafe_view", "cat", "clone", "constant_pad_nd", "copy_", "detach", "empty", "expand", "view"}
_MORE_MOVES = {
    "ones",
    "permute",
    "select",
    "slice",
    "split",
    "split_with_sizes",
    "squeeze",
    "stack",
    "t",
    "transpose",
    "unsqueeze",
}
_NORMS = {"native_batch_norm", "native_layer_norm", "_native_batch_norm_legit_no_training", "_batch_norm_no_update"}
_POINTWISE = {"_prelu_kernel", "add", "clamp", "div", "gelu", "hardswish", "hardtanh", "leaky_relu", "mul", "neg"}
_MORE_POINTWISE = {"abs", "exp", "log", "pow", "relu", "relu_", "rsqrt", "sigmoid", "silu", "sqrt", "sub", "tanh"}
_REDUCTIONS = {
    "_log_softmax",
    "_softmax",
    "logsumexp",
    "amax",
    "avg_pool2d",
    "max_pool2d_with_indices",
    "mean",
    "sum",
    "var",
    "var_mean",
}
_WITHOUT_MACS = frozenset(_MOVES | _MORE_MOVES | _NORMS | _POINTWISE | _MORE_POINTWISE | _REDUCTIONS)


@dataclass(frozen=True)
class ModuleCount:
    """What a built module takes for one clip.

    Args:
        params: Trainable values.
        all_params: With the floating-point buffers of the state dict: running means and variances.
        macs: Half of what `FlopCounterMode` counts on the meta device.
        official_macs: By torchinfo 1.8.0's rule.
        unknown_operations: Operations that ran and of which nothing is known; they count as zero MACs.
    """

    params: int
    all_params: int
    macs: int
    official_macs: int
    unknown_operations: tuple[str, ...]


def count_module(model: nn.Module, in_shape: Shape) -> ModuleCount:
    """What a module takes for one clip, measured on a copy on the meta device.

    Args:
        model: Takes (1, *in_shape).
        in_shape: (C, F, T) of one clip.
    """
    probe = copy.deepcopy(model).to("meta").eval()
    clip = torch.empty(1, *in_shape, device="meta")
    official = _watch_official(probe)
    flops = FlopCounterMode(display=False)
    with torch.no_grad(), _Recorder() as recorder, flops:
        probe(clip)
    params = sum(parameter.numel() for parameter in model.parameters())
    trained = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    kept = [value for name, value in model.state_dict().items() if name not in trained and value.is_floating_point()]
    return ModuleCount(
        params=params,
        all_params=params + sum(value.numel() for value in kept),
        macs=flops.get_total_flops() // 2,
        official_macs=sum(official),
        unknown_operations=tuple(sorted(recorder.unknown)),
    )


def _watch_official(model: nn.Module) -> list[int]:
    """A list to which each leaf module adds its torchinfo MACs whenever it runs."""
    found: list[int] = []

    def note(module: nn.Module, inputs: Any, output: Tensor) -> None:
        n_params = sum(parameter.numel() for parameter in module.parameters())
        positions = prod(output.shape[2:]) if "Conv" in type(module).__name__ else 1
        found.append(n_params * positions)

    for module in model.modules():
        if not any(module.children()):
            module.register_forward_hook(note)
    return found


class _Recorder(TorchDispatchMode):
    """Notes the operations that neither the flop counter nor the list above knows."""

    def __init__(self) -> None:
        super().__init__()
        self.unknown: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        packet = func.overloadpacket
        if packet not in flop_registry and packet.__name__ not in _WITHOUT_MACS:
            self.unknown.add(packet.__name__)
        return func(*args, **(kwargs or {}))
