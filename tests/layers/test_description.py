"""Descriptions: plain, frozen, and one object for equal fields, however they are spelled."""

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, fields, replace

import numpy as np
import pytest

from nas_asc.errors import LayerError
from nas_asc.layers import (
    AttentivePool,
    AvgPool,
    BasicBlock,
    Bottleneck,
    Conv,
    Convolution,
    Dense,
    Dropout,
    GlobalPool,
    Layer,
    MaxPool,
    Norm,
    Residual,
    TimeFrequencySeparable,
    format_layer,
)


class Doubled(Layer):
    kernel_size: int = 3
    name: str = "x"

    def expand(self, tape, x):
        return tape.apply(Convolution(2 * x.shape[0], self.kernel_size), x)


@dataclass(frozen=True)
class Decorated(Layer):
    width: int = 3

    def expand(self, tape, x):
        return tape.apply(Convolution(self.width, 1), x)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Conv(8, 3), Conv(out_channels=8, kernel_size=(3, 3))),
        (Conv(8, kernel_size=(5, 3), padding="same"), Conv(8, kernel_size=(5, 3), padding=(2, 1))),
        (Conv(8, kernel_size=3, damping=1.0), Conv(8, kernel_size=3)),
        (Conv(8, kernel_size=(1, 3), damping=0.1), Conv(8, kernel_size=(1, 3))),
        (MaxPool(2), MaxPool((2, 2), stride=2)),
        (AvgPool((2, 4), stride=(2, 4)), AvgPool((2, 4))),
        (Residual(64, roll=True), Residual(64, kernels=(3, 3), groups=1)),
        (Residual(64, kernels=((3, 3), 1)), Residual(64, kernels=(3, (1, 1)))),
        (Dropout(0), Dropout(0.0)),
        (Doubled(3), Doubled(kernel_size=3, name="x")),
        (replace(Conv(8, kernel_size=3), stride=2), Conv(8, kernel_size=3, stride=2)),
    ],
)
def test_equal_descriptions_are_one_object(first, second):
    assert first is second
    assert hash(first) == hash(second)


@pytest.mark.parametrize("layer", [Conv(8, kernel_size=3), Doubled(5), Decorated(7)], ids=format_layer)
def test_descriptions_survive_pickle_and_copy(layer):
    assert pickle.loads(pickle.dumps(layer)) == layer
    assert copy.deepcopy(layer) is layer
    assert copy.copy(layer) is layer


@pytest.mark.parametrize("layer", [Conv(8, kernel_size=3), Doubled(5), Decorated(7)], ids=format_layer)
def test_descriptions_are_frozen(layer):
    with pytest.raises(FrozenInstanceError):
        setattr(layer, fields(layer)[0].name, 4)


def test_a_usual_dataclass_decorator_changes_nothing_but_looks():
    assert Decorated(3) == Decorated(width=3) == Decorated()
    assert len({Decorated(3), Decorated(width=3), Decorated(4)}) == 2


def test_truth_values_and_numbers_are_not_mistaken_for_one_another():
    assert Conv(8, kernel_size=1) is not None
    with pytest.raises(LayerError, match="kernel_size=True"):
        Conv(8, kernel_size=True)
    with pytest.raises(LayerError, match=r"kernel_size=1\.0"):
        Conv(8, kernel_size=1.0)


@pytest.mark.parametrize(
    ("describe", "reason"),
    [
        (lambda: Conv(8, kernal_size=3), "Conv has no parameter `kernal_size`. Did you mean `kernel_size`"),
        (lambda: MaxPool(2, qqq=3), "MaxPool has no parameter `qqq`. It has `kernel_size`, `stride`, `padding`"),
        (lambda: Conv(8), "missing a required argument: 'kernel_size'"),
        (lambda: Norm("layer", n_bands=2), "`n_bands` must be 1 with kind='layer', but got n_bands=2, in Norm"),
        (lambda: Norm(None), "`kind` must be a name"),
        (lambda: Dropout(0.1, 0.2), "too many positional arguments"),
        (lambda: Doubled([3]), r"`kernel_size` must be a number.*kernel_size=\[3\] of type list, in Doubled"),
        (lambda: Doubled(np.int64(3)), "of type int64, in Doubled"),
        (lambda: Doubled(float("nan")), "kernel_size=nan"),
        (lambda: Doubled((1, (2, [3]))), "of type tuple"),
        (lambda: Conv(np.int64(8), kernel_size=3), r"`out_channels` must be a whole number.*Use int\("),
        (lambda: Conv(0, kernel_size=3), "out_channels=0, in Conv"),
        (lambda: Conv(8, kernel_size=(3, 3, 3)), r"pair of them, but got kernel_size=\(3, 3, 3\), in Conv"),
        (lambda: Conv(8, kernel_size=4, padding="same"), 'odd for padding="same", but got kernel_size=4, in Conv'),
        (lambda: Conv(8, kernel_size=3, padding="valid"), "padding='valid', in Conv"),
        (lambda: Conv(8, kernel_size=3, padding=-1), "padding=-1"),
        (lambda: Conv(8, kernel_size=3, groups=3), "`groups` must be a divisor of out_channels=8, but got groups=3"),
        (lambda: Conv(8, kernel_size=3, bias=1), "`bias` must be True or False, but got bias=1"),
        (lambda: Conv(8, kernel_size=3, norm="bn"), '`norm` must be one of "batch", "layer", .*, or None'),
        (lambda: Conv(8, kernel_size=3, activation="rulu"), "activation='rulu'"),
        (lambda: Conv(8, kernel_size=3, damping=0), r"`damping` must be a number above 0 and at most 1"),
        (lambda: MaxPool(3, padding=2), "`padding` must be at most half of kernel_size=3, but got padding=2"),
        (lambda: MaxPool(3, stride=0), "stride=0, in MaxPool"),
        (lambda: Residual(8, kernels=3), r"`kernels` must be a tuple of odd kernel sizes such as \(3, 1\)"),
        (lambda: Residual(8, kernels=(3, 2)), r"kernels=\(3, 2\)"),
        (lambda: Residual(8, kernels=(3, "1")), r"kernels=\(3, '1'\)"),
        (lambda: Residual(8, kernels=(3, (1,))), r"kernels=\(3, \(1,\)\)"),
        (lambda: Residual(8, groups=3), "groups=3, in Residual"),
        (lambda: Residual(8, activation=None), '`activation` must be a name.*Use "relu"'),
        (lambda: BasicBlock(8, kernel_size=4), "`kernel_size` must be odd, but got kernel_size=4, in BasicBlock"),
        (lambda: Bottleneck(8, expansion=0), "`expansion` must be a number above 0 .* expansion=0, in Bottleneck"),
        (lambda: Bottleneck(8, activation=None), "`activation` must be a name.*in Bottleneck"),
        (lambda: Norm("residual", residual=0), "`residual` must be a number above 0 and at most 1, but got residual=0"),
        (lambda: Norm("residual", n_bands=2), "`n_bands` must be 1 with kind='residual', but got n_bands=2, in Norm"),
        (lambda: TimeFrequencySeparable(6), "`out_channels` must be a multiple of 4, but got out_channels=6"),
        (lambda: TimeFrequencySeparable(8, kernel_size=(3, 1)), r"`kernel_size` must be one odd number .*\(3, 1\)"),
        (lambda: GlobalPool("sum"), '`kind` must be "mean" or "max", but got kind=\'sum\', in GlobalPool'),
        (lambda: AttentivePool(over="bands"), '`over` must be "map" or "time", but got over=\'bands\''),
        (lambda: Dense(10, norm="layer"), "norm='layer', in Dense"),
        (lambda: Dropout(1), "`p` must be a number from 0 to 0.95, but got p=1, in Dropout"),
    ],
)
def test_bad_arguments_are_named_with_their_value(describe, reason):
    with pytest.raises(LayerError, match=reason):
        describe()


def test_a_layer_without_expand_cannot_be_described():
    class Empty(Layer):
        width: int = 1

    with pytest.raises(LayerError, match="Empty must define `expand`"):
        Empty()
