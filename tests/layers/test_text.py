"""Canonical text: parsing gives back what was formatted, and says what it cannot read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.errors import LayerError
from nas_asc.layers import (
    ACTIVATIONS,
    NORMS,
    Architecture,
    AvgPool,
    BroadcastResidual,
    Classifier,
    Conv,
    Convolution,
    Dense,
    Dropout,
    Ensemble,
    Flatten,
    InvertedBottleneck,
    Layer,
    MaxPool,
    Moments,
    Residual,
    SharedResidual,
    format_architecture,
    parse_architecture,
)

small = st.integers(1, 4)
sizes = small | st.tuples(small, small)
odd_sizes = st.sampled_from([1, 3, 5, (3, 1), (5, 3)])
norms = st.none() | st.sampled_from(NORMS)
activations = st.none() | st.sampled_from(ACTIVATIONS)
shares = st.floats(0.01, 0.95)


@st.composite
def grouped(draw, layer, **fields):
    groups = draw(small)
    return layer(groups * draw(small), groups=groups, **{name: draw(values) for name, values in fields.items()})


layers = st.one_of(
    grouped(
        Conv,
        kernel_size=sizes,
        stride=sizes,
        padding=sizes,
        bias=st.booleans(),
        norm=norms,
        activation=activations,
        damping=st.none() | shares,
    ),
    grouped(
        Residual,
        kernels=st.lists(odd_sizes, min_size=1, max_size=3).map(tuple),
        roll=st.booleans(),
        bn_affine=st.booleans(),
        damping=st.none() | shares,
    ),
    st.builds(MaxPool, sizes, stride=st.none() | sizes),
    st.builds(AvgPool, sizes, stride=st.none() | sizes),
    st.builds(
        InvertedBottleneck,
        small,
        expansion=st.floats(0.5, 8),
        kernel_size=odd_sizes,
        stride=sizes,
        norm=norms,
        activation=activations,
        end_activation=st.booleans(),
        divisor=small,
    ),
    st.builds(Dropout, shares),
    st.just(Flatten()),
    st.builds(Dense, small, bias=st.booleans(), activation=activations),
    st.builds(Classifier, pool=st.sampled_from(["mean", "max"]), norm=norms, hidden=st.none() | small),
    st.builds(SharedResidual, small, n_bands=small),
    st.builds(BroadcastResidual, small, n_bands=small, dropout=shares),
    st.builds(Moments, st.sampled_from([("mean",), ("mean", "kurtosis")])),
)
members = st.lists(st.lists(layers, min_size=1, max_size=3).map(tuple), min_size=1, max_size=2).map(tuple)
layers |= st.builds(Ensemble, members, merge=st.sampled_from(["probabilities", "logits"]))
architectures = st.builds(
    Architecture,
    st.lists(layers, min_size=1, max_size=6).map(tuple),
    in_shape=st.tuples(small, small, small),
    n_classes=small,
)


@given(architectures)
def test_parse_of_format_is_the_same_network(architecture):
    assert parse_architecture(format_architecture(architecture)) == architecture


@given(architectures, architectures)
def test_texts_are_equal_exactly_when_networks_are(first, second):
    assert (format_architecture(first) == format_architecture(second)) == (first == second)


class Scaled(Layer):
    factors: tuple[int, ...]
    note: str = 'a "quoted" # note'

    def expand(self, tape, x):
        return tape.apply(Convolution(self.factors[0], 1), x)


def test_a_layer_of_ones_own_is_read_when_its_class_is_given():
    architecture = Architecture((Scaled((2,)), Scaled((2, 3), note="b")), (1, 8, 8), 10)
    text = format_architecture(architecture)
    assert text.splitlines()[1:] == ["Scaled((2,))", 'Scaled((2, 3), note="b")']
    assert parse_architecture(text, [Scaled]) == architecture
    with pytest.raises(LayerError, match="no layer named 'Scaled', in line 2"):
        parse_architecture(text)


def test_comments_and_empty_lines_are_skipped():
    text = "# a network\nArchitecture(in_shape=(1, 8, 8), n_classes=10)\n\nMaxPool(2)  # smaller\n"
    assert parse_architecture(text).layers == (MaxPool(2),)


HEAD = "Architecture(in_shape=(1, 8, 8), n_classes=10)\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("MaxPool(2)", r"line 1 must be Architecture\(in_shape=\(C, F, T\), n_classes=K\), but got 'MaxPool\(2\)'"),
        ("Architecture((1, 8, 8), 10)\nMaxPool(2)", "line 1 must be Architecture"),
        (HEAD, "one or more layers"),
        (HEAD + "MaxPol(2)", "no layer named 'MaxPol', in line 2. Did you mean 'MaxPool'"),
        (HEAD + "MaxPool(", r"line 2 must be a layer such as Conv\(8, kernel_size=3\), but got 'MaxPool\('"),
        (HEAD + "MaxPool(x)", "line 2 must be a layer"),
        (HEAD + "Ensemble(((MaxPol(2),),))", "no layer named 'MaxPol', in line 2. Did you mean 'MaxPool'"),
        (HEAD + "Ensemble(((MaxPool(0),),))", r"kernel_size=0, in MaxPool. \(line 2\)"),
        (HEAD + "Ensemble(((MaxPool(x),),))", "line 2 must be a layer"),
        (HEAD + "MaxPool(2).x", "line 2 must be a layer"),
        (HEAD + "MaxPool(0)", r"kernel_size=0, in MaxPool. \(line 2\)"),
        (HEAD + "__import__('os')", "no layer named '__import__'"),
        (HEAD.replace("8", "0") + "MaxPool(1)", r"in_shape=\(1, 0, 0\)"),
        (HEAD.replace("=10", "=0") + "MaxPool(1)", "n_classes=0"),
    ],
)
def test_text_that_cannot_be_read_is_named_with_its_line(text, reason):
    with pytest.raises(LayerError, match=reason):
        parse_architecture(text)
