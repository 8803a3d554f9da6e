"""The layers that the contract suite tries: one line a case.

A new layer needs a line here; `test_every_layer_has_a_case` fails until it has one.
"""

from dataclasses import dataclass

from torch import nn

from nas_asc.errors import LayerError
from nas_asc.layers import (
    ACTIVATIONS,
    MOMENTS,
    NORMS,
    Activation,
    Addition,
    Architecture,
    AttentivePool,
    AvgPool,
    BasicBlock,
    BatchNorm,
    Bottleneck,
    BroadcastResidual,
    Classifier,
    Concatenation,
    Conv,
    Convolution,
    Counts,
    Dense,
    Downsampling,
    Dropout,
    Ensemble,
    Flatten,
    GlobalPool,
    Graph,
    Inception,
    InvertedBottleneck,
    Layer,
    MaxPool,
    Moments,
    Norm,
    Primitive,
    Residual,
    SharedResidual,
    TimeFrequencySeparable,
    expand_layer,
)


@dataclass(frozen=True)
class Squaring(Primitive):
    """A primitive of one's own: x squared, times one trained number a channel."""

    word = "square"

    def out_shape(self, *in_shapes):
        return in_shapes[0]

    def counts(self, *in_shapes):
        channels = in_shapes[0][0]
        return Counts(params=channels, official_macs=channels, int8_weights=channels)

    def build_module(self, *in_shapes):
        return Square(in_shapes[0][0])

    def write_nodes(self, graph, module, *inputs):
        weight = graph.constant(module.weight.detach().numpy()[..., None])
        return graph.node("Mul", graph.node("Mul", inputs[0], inputs[0]), weight)


class Square(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(nn.init.ones_(nn.Conv1d(channels, 1, 1).weight[0]))

    def forward(self, x):
        return x * x * self.weight[..., None]


class Fork(Layer):
    """A layer of one's own: two convolutions side by side, then a primitive of one's own."""

    width: int

    def __post_init__(self):
        if self.width % 2:
            raise LayerError(f"`width` must be even, but got width={self.width}, in Fork.")

    def expand(self, tape, x):
        small = tape.apply(Convolution(self.width // 2, 1), x)
        wide = tape.apply(Convolution(self.width // 2, 3, padding=1), x)
        return tape.apply(Squaring(), tape.activate(tape.apply(Concatenation(), small, wide), "relu"))


SPELLED_OUT = [
    (Residual(12, kernels=((3, 1), 1), groups=2, roll=True, n_bands=3), (8, 9, 11), (12, 9, 11)),
    (SharedResidual(3, activation="prelu"), (8, 9, 11), (8, 9, 11)),
    (BroadcastResidual(8, n_bands=3), (8, 9, 11), (8, 9, 11)),
    (Ensemble(((Moments(), Dense(10)), (Inception(2), Classifier()))), (8, 9, 11), (10,)),
]

GRAPH = Graph(
    (
        (Convolution(5, 3, padding=1), (0,), "wide", None),
        (BatchNorm(), (1,), "norm", None),
        (Convolution(3, 1, bias=True), (0,), "narrow", None),
        (Concatenation(), (3, 2), "both", None),
        (Activation("relu"), (4,), "relu", None),
        (Convolution(8, (1, 3), padding=(0, 1), groups=2), (5,), "once", None),
        (Convolution(8, (1, 3), padding=(0, 1), groups=2), (6,), "twice", "once"),
        (Addition(), (6, 7), "sum", None),
    )
)

# (layer, shape of its input, documented shape of its output)
CASES = [
    (Conv(8, kernel_size=3), (4, 9, 11), (8, 7, 9)),
    (Conv(8, kernel_size=5, stride=2, padding=1, norm="batch", activation="relu"), (1, 17, 16), (8, 8, 7)),
    (Conv(8, kernel_size=(5, 3), stride=(2, 1), padding="same", bias=True), (4, 9, 11), (8, 5, 11)),
    (Conv(8, kernel_size=3, groups=4, norm="layer", activation="gelu"), (4, 9, 11), (8, 7, 9)),
    (Conv(8, kernel_size=3, norm="batch", bias=True, damping=0.1), (4, 9, 11), (8, 7, 9)),
    *((Conv(8, kernel_size=1, norm="batch", activation=name), (4, 9, 11), (8, 9, 11)) for name in ACTIVATIONS),
    *((Conv(8, kernel_size=1, activation=name), (4, 9, 11), (8, 9, 11)) for name in ACTIVATIONS),
    (Conv(8, kernel_size=3, padding="same", norm="batch", branches=1), (4, 9, 11), (8, 9, 11)),
    (Conv(8, (3, 5), 1, "same", 2, norm="batch", activation="relu", branches=2), (8, 9, 11), (8, 9, 11)),
    (Conv(12, (1, 5), (2, 1), "same", 4, norm="batch", activation="prelu", branches=3), (8, 9, 11), (12, 5, 11)),
    (Conv(8, kernel_size=1, norm="batch", branches=2), (8, 9, 11), (8, 9, 11)),
    (MaxPool(2), (4, 9, 11), (4, 4, 5)),
    (MaxPool((3, 2), stride=(2, 1), padding=(1, 0)), (4, 9, 11), (4, 5, 10)),
    (AvgPool(2), (4, 9, 11), (4, 4, 5)),
    (AvgPool(3, stride=2, padding=1), (4, 9, 11), (4, 5, 6)),
    (Residual(8), (8, 9, 11), (8, 9, 11)),
    (Residual(8, kernels=(3, 1), groups=4, roll=True, bn_affine=False, damping=0.01), (8, 9, 11), (8, 9, 11)),
    (Residual(12, kernels=((3, 1), (1, 5), 1), groups=2, roll=True, activation="silu"), (8, 9, 11), (12, 9, 11)),
    (Residual(12, kernels=(3, 1), n_bands=3), (8, 9, 11), (12, 9, 11)),
    (SharedResidual(3), (8, 9, 11), (8, 9, 11)),
    (SharedResidual(2, kernels=(3, 1), n_bands=3, activation="prelu"), (8, 9, 11), (8, 9, 11)),
    (BroadcastResidual(8, n_bands=3), (8, 9, 11), (8, 9, 11)),
    (BroadcastResidual(12, kernel_size=5, n_bands=1, activation="prelu", dropout=0.1), (8, 9, 11), (12, 9, 11)),
    (InvertedBottleneck(8), (8, 9, 11), (8, 9, 11)),
    (InvertedBottleneck(8, expansion=3, kernel_size=5, stride=(1, 2)), (8, 9, 11), (8, 9, 6)),
    (InvertedBottleneck(12, stride=2, activation="prelu", divisor=1), (8, 9, 11), (12, 5, 6)),
    (InvertedBottleneck(8, norm="layer", activation="gelu", end_activation=False), (8, 9, 11), (8, 9, 11)),
    (InvertedBottleneck(8, norm=None, activation=None), (8, 9, 11), (8, 9, 11)),
    (InvertedBottleneck(8, branches=1), (8, 9, 11), (8, 9, 11)),
    (InvertedBottleneck(12, kernel_size=5, stride=(1, 2), branches=2), (8, 9, 11), (12, 9, 6)),
    (TimeFrequencySeparable(8), (8, 9, 11), (8, 9, 11)),
    (TimeFrequencySeparable(12, kernel_size=5, norm="residual", dropout=0.1), (8, 9, 11), (12, 9, 11)),
    (Inception(4), (6, 9, 11), (12, 9, 11)),
    (Inception(2, activation="prelu"), (6, 1, 2), (6, 1, 2)),
    *((Norm(kind), (4, 9, 11), (4, 9, 11)) for kind in NORMS),
    *((Norm(n_bands=3, per_band=per_band), (4, 9, 11), (4, 9, 11)) for per_band in (False, True)),
    (Norm("residual", residual=0.5), (4, 9, 11), (4, 9, 11)),
    *((Conv(8, kernel_size=3, norm=kind), (4, 9, 11), (8, 7, 9)) for kind in NORMS),
    *((BasicBlock(8, activation=name), (8, 9, 11), (8, 9, 11)) for name in ACTIVATIONS),
    *((BasicBlock(8, stride=(2, 1), norm=kind), (8, 9, 11), (8, 5, 11)) for kind in NORMS),
    (BasicBlock(12, kernel_size=5, norm=None, first_activation=False), (8, 9, 11), (12, 9, 11)),
    (BasicBlock(8, kernel_size=(3, 1), last_activation=False), (8, 9, 11), (8, 9, 11)),
    *((Bottleneck(8, activation=name), (8, 9, 11), (8, 9, 11)) for name in ACTIVATIONS),
    *((Bottleneck(12, expansion=1.5, kernel_size=7, norm=kind), (8, 9, 11), (12, 9, 11)) for kind in NORMS),
    (Bottleneck(8, expansion=0.5, groups=4, stride=2, middle_activation=False), (8, 9, 11), (8, 5, 6)),
    (Bottleneck(8, norm=None, first_activation=False, last_activation=False), (8, 9, 11), (8, 9, 11)),
    *((Downsampling(6, norm=kind), (4, 9, 11), (6, 4, 5)) for kind in NORMS),
    (Downsampling(6, stride=(1, 3), norm=None), (4, 9, 11), (6, 9, 3)),
    (GlobalPool(), (8, 9, 11), (8,)),
    (GlobalPool("max"), (8, 9, 11), (8,)),
    *((AttentivePool(groups), (8, 9, 11), (8,)) for groups in (1, 2, 8)),
    (AttentivePool(4, hidden=6, activation="prelu", over="time"), (8, 9, 11), (8,)),
    (AttentivePool(hidden=3, over="time"), (8, 1, 11), (8,)),
    (Flatten(), (4, 3, 5), (60,)),
    (Dense(7), (12,), (7,)),
    (Dense(7, bias=False, norm="batch", activation="relu"), (12,), (7,)),
    (Dense(7, activation="prelu"), (12,), (7,)),
    (Dropout(0.3), (4, 9, 11), (4, 9, 11)),
    (Dropout(0), (4, 9, 11), (4, 9, 11)),
    (Classifier(), (8, 9, 11), (10,)),
    (Classifier(norm=None, starts_at_zero=True), (8, 9, 11), (10,)),
    (Classifier(pool="max", norm=None, bias=True), (8, 9, 11), (10,)),
    (Classifier(norm="layer", hidden=16, activation="hardswish"), (8, 9, 11), (10,)),
    (Moments(), (2, 9, 11), (5 * 2 * 9,)),
    *((Moments((kind,)), (2, 9, 11), (2 * 9,)) for kind in MOMENTS),
    (Ensemble(((Classifier(),), (Conv(6, kernel_size=3), Flatten(), Dense(10)))), (2, 5, 6), (10,)),
    (Ensemble(((Moments(), Dense(10)), (Fork(6), Classifier())), merge="logits"), (8, 9, 11), (10,)),
    (Fork(6), (4, 9, 11), (6, 9, 11)),
    (GRAPH, (4, 9, 11), (8, 9, 11)),
    *((Graph.of(expand_layer(layer, in_shape, 10)), in_shape, out_shape) for layer, in_shape, out_shape in SPELLED_OUT),
]


def embed(layer, in_shape, out_shape):
    """A network in which the layer's input and output are made and read by others."""
    if len(in_shape) == 3:
        before = (Conv(in_shape[0], kernel_size=1, bias=True, norm="batch", activation="relu"),)
        start = (3, *in_shape[1:])
    else:
        before, start = (Conv(4, 3, norm="batch"), Flatten(), Dense(in_shape[0], activation="relu")), (1, 6, 6)
    after = (Classifier(hidden=8),) if len(out_shape) == 3 else (Dense(6, activation="silu"), Dense(10))
    return Architecture((*before, layer, *after), start, 10)
