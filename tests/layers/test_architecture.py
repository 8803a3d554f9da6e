"""Expansion of whole networks: shapes, places of errors, layers of one's own that fail."""

import pytest

from nas_asc.errors import LayerError
from nas_asc.layers import (
    Addition,
    Architecture,
    Classifier,
    Concatenation,
    Conv,
    Convolution,
    Dense,
    Flatten,
    GlobalPooling,
    InvertedBottleneck,
    Layer,
    MaxPool,
    Residual,
    Tape,
    expand_architecture,
    expand_layer,
    make_divisible,
    validate_architecture,
)


def network(*layers, in_shape=(1, 64, 51)):
    return Architecture(layers, in_shape, 10)


def test_shapes_follow_one_another():
    expansions = expand_architecture(network(Conv(8, kernel_size=5, stride=2, padding=1), MaxPool(2), Classifier()))
    assert [expansion.out_shape for expansion in expansions] == [(8, 31, 25), (8, 15, 12), (10,)]


def test_names_of_operations_are_unique_in_their_layer():
    names = [operation.name for operation in expand_layer(Residual(16), (8, 9, 9), 10).operations]
    assert names == ["conv", "norm", "activation", "conv2", "norm2", "shortcut_conv", "norm3", "add", "activation2"]


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        (
            (Conv(8, kernel_size=3, stride=2), MaxPool(40)),
            r"layer 1, MaxPool\(40\), cannot take the shape \(8, 31, 25\): `kernel_size` must not exceed",
        ),
        ((Dense(10),), r"layer 0, Dense\(10\), .*the input must be a vector, but has shape \(1, 64, 51\)"),
        ((Flatten(), MaxPool(2)), r"layer 1, MaxPool\(2\), .*the input must be a map \(C, F, T\)"),
        ((Conv(4, kernel_size=1, groups=4),), "`groups` must divide the input channels, but got groups=4 and 1"),
        ((Conv(6, kernel_size=1), Residual(8, groups=4, roll=True)), "groups=4 and 6 channels"),
        (("MaxPool(2)",), "layer 0, 'MaxPool"),
        ((MaxPool,), "it is not a layer"),
    ],
)
def test_a_layer_that_cannot_take_its_input_is_named_with_its_place(layers, reason):
    with pytest.raises(LayerError, match=reason):
        expand_architecture(network(*layers))


def test_a_network_must_end_in_one_logit_a_class():
    validate_architecture(network(MaxPool(2), Classifier()))
    with pytest.raises(LayerError, match=r"end in \(10,\).*MaxPool\(2\), gives \(1, 32, 25\). End with `Classifier"):
        validate_architecture(network(MaxPool(2)))


class Clumsy(Layer):
    fault: str

    def expand(self, tape, x):
        if self.fault == "crash":
            return x.shape[7]
        if self.fault == "none":
            return None
        if self.fault == "nothing":
            return tape.apply(Convolution(1, 3))
        if self.fault == "norm":
            return tape.normalise(x, "bath")
        if self.fault == "alone":
            return tape.apply(Addition(), x)
        if self.fault == "add":
            return tape.apply(Addition(), x, tape.apply(Convolution(1, 3), x))
        return tape.apply(Concatenation(), x, tape.apply(Convolution(1, 3), x))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("crash", "its `expand` failed with IndexError: tuple index out of range"),
        ("none", "its `expand` must return the value that `tape.apply` gave, but returned None"),
        ("nothing", "Convolution must take a value, but got none"),
        ("norm", "`norm` must be batch or layer, residual, frequency_instance, or None, but got 'bath'"),
        ("alone", "Addition must take two values, but got 1"),
        ("add", r"both branches must have one shape, but got \(1, 64, 51\) and \(1, 62, 49\)"),
        ("concat", r"all branches must have one map size, but got \(1, 64, 51\), \(1, 62, 49\)"),
    ],
)
def test_a_layer_of_ones_own_that_fails_is_named(fault, reason):
    with pytest.raises(LayerError, match=rf'layer 0, Clumsy\("{fault}"\), .*{reason}'):
        expand_architecture(network(Clumsy(fault)))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (((), (1, 8, 8), 10), r"layers=\(\)"),
        (([Flatten()], (1, 8, 8), 10), "must be a tuple of one or more layers"),
        (((Flatten(),), (1, 8.0, 8), 10), r"in_shape=\(1, 8.0, 8\)"),
        (((Flatten(),), [1, 8, 8], 10), r"in_shape=\[1, 8, 8\]"),
        (((Flatten(),), (1, 8, 8), True), "n_classes=True"),
    ],
)
def test_architectures_are_plain_data(fields, reason):
    with pytest.raises(LayerError, match=reason):
        Architecture(*fields)


def test_the_width_of_an_inverted_bottleneck_is_rounded_as_in_mobilenet_v3():
    def middle(in_channels, **fields):
        layer = InvertedBottleneck(16, **fields)
        return expand_layer(layer, (in_channels, 8, 8), 10).operations[0].out_shape[0]

    assert [middle(32, expansion=2.1), middle(56, expansion=2.1), middle(3, expansion=1.0)] == [64, 120, 8]
    assert middle(30, expansion=3, divisor=1) == 90
    assert all(make_divisible(n) % 8 == 0 and make_divisible(n) >= 0.9 * n for n in range(1, 300))


def test_a_tape_refuses_the_values_of_another():
    tape, other = Tape((2, 8, 8), 10), Tape((2, 8, 8), 10)
    foreign = other.apply(Convolution(4, 1), other.input)
    with pytest.raises(LayerError, match="inputs must be values of this tape"):
        tape.apply(GlobalPooling(), foreign)
