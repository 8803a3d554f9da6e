"""What a network takes at another precision than 8 bits."""

from dataclasses import dataclass, replace
from functools import lru_cache

from nas_asc.cost.cost import Cost, count_layer
from nas_asc.cost.layer_cost import count_stored
from nas_asc.layers import Architecture, Layer, Shape, expand_layer


def cost_at_bits(cost: Cost, architecture: Architecture, bits: int | None) -> Cost:
    """A network's cost at a precision: bytes of its values and of its activations.

    At 8 bits weights take 1 byte and biases 4; at 16 or 32 bits weights and biases alike take 2 or 4, batch norms
    folded, and so does every activation.

    Args:
        cost: The cost of the network.
        architecture: The network.
        bits: 8, 16 or 32 for the candidate's own; None leaves the precision open, and the cost as it is.

    Raises:
        LayerError: A layer cannot take its input; gives the reason alone.

    >>> from nas_asc.cost.cost import count_cost
    >>> from nas_asc.layers import Conv
    >>> network = Architecture((Conv(8, kernel_size=3, norm="batch"),), (1, 34, 34), 10)
    >>> [cost_at_bits(count_cost(network), network, bits).int8_bytes for bits in (8, 16, 32)]
    [104, 160, 320]
    """
    if bits is None or bits == 8:
        return replace(cost, bits=bits)
    n_bytes = bits // 8
    return replace(
        cost,
        int8_bytes=_bytes_at(_count_values(architecture), bits),
        peak_ram_bytes=n_bytes * cost.peak_ram_bytes,
        bits=bits,
    )


def most_bytes(architecture: Architecture, max_params: int, bits: int | None) -> int:
    """Bytes that what is left of a network takes at most, when its channels are removed until so many values are left.

    No channel is added, so biases are at most the network's; weights are at most the values that are left and those
    that no training moves, such as scales of norms without a factor of their own.

    Args:
        architecture: The network before.
        max_params: Trainable values that may be left.
        bits: Precision; None is 8.

    Raises:
        LayerError: A layer cannot take its input; gives the reason alone.
    """
    values = _count_values(architecture)
    return _bytes_at(replace(values, weights=min(values.weights, max_params + values.fixed)), bits or 8)


@dataclass(frozen=True)
class _Values:
    """What a file stores of a network, batch norms folded.

    Args:
        weights: Kernels and norms that are not folded.
        biases: One an output channel.
        fixed: The weights that are not trained.
    """

    weights: int
    biases: int
    fixed: int


def _count_values(architecture: Architecture) -> _Values:
    """Weights and biases of a network, batch norms folded.

    Raises:
        LayerError: A layer cannot take its input; gives the reason alone.
    """
    shape, counts = architecture.in_shape, []
    for layer in architecture.layers:
        counts.append(_count_in_layer(layer, shape, architecture.n_classes))
        shape = count_layer(layer, shape, architecture.n_classes).out_shape
    return _Values(*map(sum, zip((0, 0, 0), *counts, strict=True)))


def _bytes_at(values: _Values, bits: int) -> int:
    return values.weights + 4 * values.biases if bits == 8 else bits // 8 * (values.weights + values.biases)


@lru_cache(maxsize=2**14)
def _count_in_layer(layer: Layer, in_shape: Shape, n_classes: int) -> tuple[int, ...]:
    expansion = expand_layer(layer, in_shape, n_classes)
    rows = []
    for operation in expansion.operations:
        weights, biases = count_stored(expansion, operation)
        rows.append((weights, biases, max(0, weights - operation.primitive.counts(*operation.in_shapes).params)))
    return tuple(map(sum, zip((0, 0, 0), *rows, strict=True)))
