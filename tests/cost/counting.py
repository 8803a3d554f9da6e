"""A layer counted in both ways: operation by operation, and as the search counts it."""

from nas_asc.cost.cost import count_layer
from nas_asc.cost.layer_cost import count_expansion
from nas_asc.errors import LayerError
from nas_asc.layers import expand_layer


def exact_cost(layer, in_shape):
    try:
        return count_expansion(expand_layer(layer, in_shape, 10))
    except LayerError as error:
        return str(error)


def fast_cost(layer, in_shape):
    try:
        return count_layer(layer, in_shape, 10)
    except LayerError as error:
        return str(error)
