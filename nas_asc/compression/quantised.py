"""Networks in 8-bit integers, simulated in float: what the int8 file computes, for calibration and training.

Conventions:
    Weights are int8, symmetric in [-127, 127], with a scale for each output channel; activations are uint8 with one
    scale and zero point a tensor. Value n is that of `LoweredNetwork`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nas_asc.layers import Activation, ChannelSlice, Concatenation, Pooling, Primitive, ProbabilityMean, TimeMoments
from nas_asc.models import Lowered, LoweredNetwork, Step

LARGEST_WEIGHT = 127
LARGEST_ACTIVATION = 255
_LARGEST_BIAS = 2**30
SMALLEST_SCALE = 1e-8


@dataclass(frozen=True)
class Range:
    """How a tensor's values become uint8: value = scale (integer - zero_point).

    Args:
        scale: Step between two integers.
        zero_point: Integer that stands for 0.
    """

    scale: float
    zero_point: int


class QuantisedNetwork(LoweredNetwork):
    """A lowered network whose weights and values pass through 8 bits; gradients pass as if they had not.

    Max-pooling, slices, reshapes and rolls keep the integers of their input. What a ReLU alone reads has the range of
    its output, which cuts off below 0, so that the ReLU is left with nothing to do.

    Shape: input (B, C, F, T), output (B, K) logits.

    Args:
        lowered: The network in float; its modules are shared, not copied.

    Attributes:
        low: (n values,) lower end of each value's range.
        high: (n values,) upper end.
        only: Values that are quantised, with the weights of the steps that write them; None is all.
        momentum: Share by which ranges move in training to those of a batch; None leaves them.
    """

    low: Tensor
    high: Tensor

    def __init__(self, lowered: LoweredNetwork) -> None:
        super().__init__(lowered.steps, lowered.in_shape, lowered.output)
        n_values = len(self.steps) + 1
        self.register_buffer("low", torch.zeros(n_values))
        self.register_buffer("high", torch.zeros(n_values))
        self.only: frozenset[int] | None = None
        self.momentum: float | None = None
        self._owners = self._find_owners()

    def owner(self, index: int) -> int | None:
        """The value whose range this one has; None where it stays in float."""
        return self._owners[index]

    def range_of(self, index: int) -> Range | None:
        """How a value is quantised; None where it is not."""
        owner = self._owners[index]
        if owner is None:
            return None
        scale, zero_point = self._scale(owner)
        return Range(float(scale), int(zero_point))

    def run(self, step: Step, inputs: list[Tensor]) -> Tensor:
        """Output of one step, with its weights in 8 bits."""
        module = step.module
        if self._passes(step.output) or not isinstance(module, nn.Conv2d | nn.Linear):
            return super().run(step, inputs)
        weight = quantise_weight(module.weight, self.weight_scales(module))
        if isinstance(module, nn.Linear):
            return nn.functional.linear(inputs[0], weight, module.bias)
        return module._conv_forward(inputs[0], weight, module.bias)

    def weight_scales(self, module: nn.Conv2d | nn.Linear) -> Tensor:
        """(out_channels,) scale of each output channel's weights, the largest being 127 steps.

        A channel whose weights are tiny beside its bias has a larger scale: an int32 bias counts in steps of the
        weights' scale times that of the input.
        """
        scales = module.weight.detach().flatten(1).abs().amax(dim=1).clamp(min=SMALLEST_SCALE) / LARGEST_WEIGHT
        if module.bias is None:
            return scales
        sources = [self._owners[step.inputs[0]] for step in self.steps if step.module is module]
        least = torch.stack([self._scale(owner)[0] for owner in sources if owner is not None]).amin()
        return scales.maximum(module.bias.detach().abs() / (least * _LARGEST_BIAS))

    def take(self, index: int, value: Tensor) -> Tensor:
        """A value in 8 bits."""
        owner = self._owners[index]
        if owner is None:
            return value
        if owner == index and self.training and self.momentum is not None:
            self.low[index].lerp_(value.detach().amin().clamp(max=0), self.momentum)
            self.high[index].lerp_(value.detach().amax().clamp(min=0), self.momentum)
        if self._passes(index):
            return value
        scale, zero_point = self._scale(owner)
        return torch.fake_quantize_per_tensor_affine(value, scale, zero_point, 0, LARGEST_ACTIVATION)

    def _passes(self, index: int) -> bool:
        return self.only is not None and index not in self.only

    def _scale(self, index: int) -> tuple[Tensor, Tensor]:
        scale = (self.high[index] - self.low[index]) / LARGEST_ACTIVATION
        scale = scale.where(scale > SMALLEST_SCALE, 1.0)  # a value that is always 0
        return scale, (-self.low[index] / scale).round().clamp(0, LARGEST_ACTIVATION).to(torch.int32)

    def _find_owners(self) -> list[int | None]:
        owners: list[int | None] = [0]
        for step in self.steps:
            sources = {owners[index] for index in step.inputs}
            if _keeps_integers(step.primitive) or (isinstance(step.primitive, Concatenation) and len(sources) == 1):
                owners.append(owners[step.inputs[0]])
            else:
                owners.append(None if isinstance(step.primitive, ProbabilityMean | TimeMoments) else step.output)
        for step in self.steps:
            if step.primitive == Activation("relu"):
                for index in self._saturated(step):
                    owners[index] = step.output
        return owners

    def _saturated(self, relu: Step) -> list[int]:
        """The values before a ReLU that it alone reads, through reshapes: its range cuts them off at 0."""
        found, index = [], relu.inputs[0]
        while index not in (0, self.output) and len(self.readers(index)) == 1:
            found.append(index)
            source = self.steps[index - 1]
            if not _keeps_integers(source.primitive):
                return found
            index = source.inputs[0]
        return []


def quantise_weight(weight: Tensor, scales: Tensor) -> Tensor:
    """The weights (out_channels, ...) that 8 bits can hold, given the scale (out_channels,) of each channel."""
    zero_points = torch.zeros_like(scales)  # integers would be read back from a GPU, to see whether they are in range
    return torch.fake_quantize_per_channel_affine(weight, scales, zero_points, 0, -LARGEST_WEIGHT, LARGEST_WEIGHT)


def _keeps_integers(primitive: Primitive) -> bool:
    if isinstance(primitive, Lowered):
        return primitive.kind == "reshape"
    return isinstance(primitive, ChannelSlice) or (isinstance(primitive, Pooling) and primitive.kind == "max")
