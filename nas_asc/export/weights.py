"""How weights are stored in a file: float32, float16, or int8 with a scale for each output channel."""

from abc import ABC, abstractmethod
from collections import Counter

import numpy as np
from onnx import TensorProto
from torch import Tensor, nn

from nas_asc.compression import QuantisedNetwork
from nas_asc.export.graph import Graph


class Precision(ABC):
    """What becomes of weights and of the values between steps."""

    bits: int

    @abstractmethod
    def weight(self, graph: Graph, module: nn.Conv2d | nn.Linear) -> str:
        """Tensor of a convolution's or dense layer's weights (out_channels, ...) in float."""

    @abstractmethod
    def bias(self, graph: Graph, module: nn.Conv2d | nn.Linear, source: int) -> str:
        """Tensor of its biases (out_channels,) in float; "" where it has none.

        Args:
            graph: Where it is written.
            module: Whose biases.
            source: Value that it reads.
        """

    @abstractmethod
    def other(self, graph: Graph, values: Tensor) -> str:
        """Tensor of other trained values, such as slopes, in float."""

    def value(self, graph: Graph, tensor: str, index: int) -> str:
        """A value on its way to the steps that read it."""
        return tensor

    def is_done(self, source: int, output: int) -> bool:
        """Whether a ReLU has nothing left to do."""
        return False


class Single(Precision):
    """float32 throughout."""

    bits = 32

    def weight(self, graph: Graph, module: nn.Conv2d | nn.Linear) -> str:
        """As they are."""
        return self.other(graph, module.weight)

    def bias(self, graph: Graph, module: nn.Conv2d | nn.Linear, source: int) -> str:
        """As they are."""
        return "" if module.bias is None else self.other(graph, module.bias)

    def other(self, graph: Graph, values: Tensor) -> str:
        """As they are."""
        return graph.constant(_numpy(values))


class Half(Single):
    """Weights stored in float16; a runtime computes with them in float32, or in float16 where it can."""

    bits = 16

    def other(self, graph: Graph, values: Tensor) -> str:
        """float16, cast."""
        return graph.node("Cast", graph.constant(_numpy(values).astype(np.float16)), to=TensorProto.FLOAT)


class Integer(Precision):
    """int8 weights, int32 biases, uint8 values.

    Args:
        network: The calibrated network, for the ranges of its values.
    """

    bits = 8

    def __init__(self, network: QuantisedNetwork) -> None:
        self._network = network
        uses = Counter(step.module for step in network.steps)
        self._shared = {module for module, n in uses.items() if n > 1}

    def weight(self, graph: Graph, module: nn.Conv2d | nn.Linear) -> str:
        """int8, with a scale for each output channel.

        Weights that serve several steps are stored in uint8 around 128: onnxruntime fails where it makes them so.
        """
        scales, values = _numpy(self._network.weight_scales(module)), _numpy(module.weight)
        steps = np.rint(values / scales.reshape(-1, *[1] * (values.ndim - 1)))
        zero, kind = (128, np.uint8) if module in self._shared else (0, np.int8)
        zeros = graph.constant(np.full(len(scales), zero, dtype=kind), is_shared=False)  # onnxruntime rewrites each
        integers = graph.constant((steps + zero).astype(kind), is_shared=zero > 0)
        return graph.node("DequantizeLinear", integers, graph.constant(scales), zeros, axis=0)

    def bias(self, graph: Graph, module: nn.Conv2d | nn.Linear, source: int) -> str:
        """int32, in steps of the input's scale times the weights'."""
        if module.bias is None:
            return ""
        found = self._network.range_of(source)
        if found is None:
            return graph.constant(_numpy(module.bias))
        scales = _numpy(self._network.weight_scales(module)) * np.float32(found.scale)
        steps = np.rint(_numpy(module.bias).astype(np.float64) / scales)
        integers = graph.constant(steps.astype(np.int32))
        return graph.node("DequantizeLinear", integers, graph.constant(scales), axis=0)

    def other(self, graph: Graph, values: Tensor) -> str:
        """float32: what reads them runs in float."""
        return graph.constant(_numpy(values))

    def value(self, graph: Graph, tensor: str, index: int) -> str:
        """Through uint8, where the value has a range."""
        found = self._network.range_of(index)
        return tensor if found is None else graph.quantise(tensor, found)

    def is_done(self, source: int, output: int) -> bool:
        """Whether the range of its output has already cut its input off."""
        return self._network.owner(source) == output


def _numpy(value: Tensor) -> np.ndarray:
    array: np.ndarray = value.detach().cpu().numpy()
    return array
