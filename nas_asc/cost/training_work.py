"""How long a step of a network's training takes, in values written: a measure to compare networks by, not seconds.

Conventions:
    A step computes products, writes values, and begins operations. Small networks of many layers, and networks side by
    side, spend most of their time on the last two, which multiply-accumulates do not tell.
"""

from functools import lru_cache
from math import prod

from nas_asc.cost.cost import count_cost, count_layer
from nas_asc.cost.formula import PROBE
from nas_asc.layers import Architecture, Ensemble, Layer, Shape, expand_layer

_OPERATION = 3_500  # values that are written for a clip in the time that it takes to begin an operation
_PRODUCTS = 30  # products that are computed in the time that it takes to write a value


def count_training_work(architecture: Architecture) -> float:
    """Work of a clip in a training step, in values written.

    Args:
        architecture: The network as it is trained, before channels are removed.

    Raises:
        LayerError: A layer cannot take its input; gives the reason alone.

    Source:
        Seconds of 200 trainings of candidates of `asc` on one core (tests/benchmarks/strategies), and of 50 in searches
        by two workers of another machine, which chose the two constants: proportional to it with median errors of 22 %
        and of 7 to 14 %, and in the searches at most 1.2 to 1.9 times as long; by MACs to the power of 0.7, 45 %, 7 to
        17 %, and 1.9 to 8.9 times.

    >>> from nas_asc.layers import Classifier, Conv
    >>> one = Architecture((Conv(8, kernel_size=3, stride=2), Classifier()), (1, 34, 34), 10)
    >>> deeper = Architecture((*one.layers[:1], Conv(8, 3), Conv(8, 3), Classifier()), (1, 34, 34), 10)
    >>> count_training_work(deeper) > 1.5 * count_training_work(one)
    True
    """
    values, n_operations, _ = _walk(architecture.layers, architecture.in_shape, architecture.n_classes)
    return values + _OPERATION * n_operations + count_cost(architecture).macs / _PRODUCTS


def _walk(layers: tuple[Layer, ...], shape: Shape, n_classes: int) -> tuple[float, int, Shape]:
    values, n_operations = 0.0, 0
    for layer in layers:
        if type(layer) is Ensemble:
            for member in layer.members:
                found = _walk(member, shape, n_classes)
                values, n_operations = values + found[0], n_operations + found[1]
        elif len(shape) == 3 and getattr(layer, "reads_channels_only", False):
            a_position, n = _expand(layer, (shape[0], PROBE, PROBE), n_classes)
            values, n_operations = values + a_position / PROBE**2 * shape[1] * shape[2], n_operations + n
        else:
            written, n = _expand(layer, shape, n_classes)
            values, n_operations = values + written, n_operations + n
        shape = count_layer(layer, shape, n_classes).out_shape
    return values, n_operations, shape


@lru_cache(maxsize=2**15)
def _expand(layer: Layer, in_shape: Shape, n_classes: int) -> tuple[int, int]:
    """Values that the operations of a layer write, and their number."""
    operations = expand_layer(layer, in_shape, n_classes).operations
    return sum(prod(operation.out_shape) for operation in operations), len(operations)
