"""Layers spelled out: one text for one graph, and faults that are named."""

import pytest

from nas_asc.errors import LayerError
from nas_asc.layers import (
    Activation,
    Architecture,
    Classifier,
    Convolution,
    Ensemble,
    Graph,
    Residual,
    expand_layer,
    format_architecture,
    format_layer,
    parse_architecture,
)
from nas_asc.models import build_model
from tests.models.cases import CASES, Fork, Squaring

CONV, RELU = (Convolution(8, 3, padding=1), (0,), "conv", None), (Activation("relu"), (1,), "relu", None)


def test_the_text_is_that_of_calls_with_defaults_left_out():
    text = 'Graph(((Convolution(8, kernel_size=3, padding=1), (0,), "conv", None),'
    assert format_layer(Graph((CONV, RELU))) == f'{text} (Activation("relu"), (1,), "relu", None)))'


def test_one_size_has_one_spelling():
    assert Graph(((Convolution(8, (3, 3), padding=(1, 1)), (0,), "conv", None), RELU), 2) is Graph((CONV, RELU))


SPELLABLE = [case for case in CASES if expand_layer(case[0], case[1], 10).operations]


@pytest.mark.parametrize(
    ("layer", "in_shape", "out_shape"), SPELLABLE, ids=[format_layer(case[0]) for case in SPELLABLE]
)
def test_every_layer_can_be_spelled_out(layer, in_shape, out_shape):
    expansion = expand_layer(layer, in_shape, 10)
    spelled = expand_layer(Graph.of(expansion), in_shape, 10)
    assert spelled.out_shape == out_shape
    assert [operation[2:] for operation in spelled.operations] == [operation[2:] for operation in expansion.operations]
    architecture = Architecture((Graph.of(expansion),), in_shape, 10)
    assert parse_architecture(format_architecture(architecture), [Fork, Squaring]) == architecture


def test_names_that_an_ensemble_numbers_anew_do_not_lose_their_weights():
    shared = Graph((CONV, (Convolution(8, 3, padding=1), (1,), "again", "conv")))
    both = expand_layer(Ensemble(((shared, Classifier()), (shared, Classifier()))), (8, 9, 9), 10)
    lenders = [(operation.name, operation.reuses) for operation in both.operations if operation.reuses]
    assert lenders == [("again", "conv"), ("again2", "conv3")]
    assert build_model(Architecture((both.layer,), (8, 9, 9), 10))[0].conv3.weight.shape == (8, 8, 3, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Graph(()), "`steps` must be a tuple of .primitive, inputs, name, reuses., but got steps="),
        (lambda: Graph((CONV[:3],)), "`steps` must be a tuple of"),
        (lambda: Graph(((Residual(8), (0,), "conv", None),)), "`steps` must be a tuple of"),
        (lambda: Graph(((CONV[0], (0,), "con.v", None),)), "`steps` must be a tuple of"),
        (lambda: Graph((RELU,)), "`steps` must be of own names and read what is before them, but got steps="),
        (lambda: Graph((CONV, (*RELU[:2], "conv", None))), "`steps` must be of own names"),
        (lambda: Graph((CONV, (*RELU[:3], "later"))), "`steps` must be of own names"),
        (lambda: Graph((CONV,), 2), "`output` must be from 0 to 1, or None, but got output=2"),
        (lambda: expand_layer(Graph((CONV, (*RELU[:3], "conv"))), (8, 9, 9), 10), "`reuse` must be the output of an"),
        (
            lambda: expand_layer(Graph(((Convolution(0, 1), (0,), "conv", None),)), (8, 9, 9), 10),
            "gives the shape .0",
        ),
    ],
)
def test_faults_are_named(make, message):
    with pytest.raises(LayerError, match=message):
        make()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            'Graph(((Convolutional(8, 3), (0,), "conv", None),))',
            "no layer named 'Convolutional', in line 2. Did",
        ),
        (
            'Graph(((Convolution(8), (0,), "conv", None),))',
            "Convolution cannot be described so: .*kernel_size",
        ),
        ("Convolution(8, 3)", "line 2 must be a layer such as Conv"),
    ],
)
def test_text_that_cannot_be_read_is_named(line, message):
    with pytest.raises(LayerError, match=message):
        parse_architecture(f"Architecture(in_shape=(1, 9, 9), n_classes=10)\n{line}")
