"""What each target cannot run as integers, by the description alone."""

import pytest

from nas_asc.cost import list_obstacles
from nas_asc.errors import BudgetError
from nas_asc.frontend import TARGETS, validate_target
from nas_asc.layers import ACTIVATIONS, Architecture, Classifier, Conv, Dropout, InvertedBottleneck, MaxPool, Norm
from tests.models.cases import Fork


def network(*layers):
    return Architecture((Conv(8, kernel_size=3, norm="batch"), *layers, Classifier()), (1, 24, 25), 10)


@pytest.mark.parametrize(
    ("target", "missing"),
    [("any", set()), ("onnxruntime", {"gelu", "hardswish", "prelu"}), ("tflite-micro", {"gelu"}), ("c", {"gelu"})],
)
def test_activations_that_a_target_lacks(target, missing):
    found = {name for name in ACTIVATIONS if list_obstacles(network(InvertedBottleneck(8, activation=name)), target)}
    assert found == missing


def test_each_obstacle_is_named_once_in_order_of_use():
    layers = (Conv(8, 3, norm="layer", activation="gelu"), Conv(8, 3, norm="layer"), Fork(6), Dropout(0.1))
    assert list_obstacles(network(*layers), "onnxruntime") == (
        "layer norm (float in onnxruntime)",
        "GELU (float in onnxruntime)",
        "Squaring (not known to run as integers)",
    )
    assert list_obstacles(network(*layers), "tflite-micro")[:2] == (
        "layer norm (float in TFLite Micro)",
        "GELU (missing in TFLite Micro)",
    )
    assert list_obstacles(network(*layers), "any") == ()


def test_norm_is_float_inside_but_not_at_the_input():
    inside = network(Norm("residual"))
    before = Architecture((Norm("residual"), *network().layers), (1, 24, 25), 10)
    assert list_obstacles(inside, "tflite-micro") == ("instance norm of frequencies (float in TFLite Micro)",)
    assert list_obstacles(before, "tflite-micro") == ()
    assert list_obstacles(before, "c") == ("instance norm of frequencies (missing in the C kernels)",)  # int8 there too


def test_small_maps_are_no_obstacle():
    assert list_obstacles(network(MaxPool(7), Conv(4, 3, activation="gelu")), "tflite-micro") == (
        "GELU (missing in TFLite Micro)",
    )


def test_unknown_target_is_told():
    assert [validate_target(name) for name in TARGETS] == ["any", "onnxruntime", "tflite-micro", "c"]
    with pytest.raises(BudgetError, match=r"got 'tflite'\. Did you mean 'tflite-micro'"):
        list_obstacles(network(), "tflite")
