"""What a network takes at another precision than 8 bits."""

from dataclasses import replace
from functools import lru_cache

from nas_asc.cost.cost import Cost, count_layer
from nas_asc.cost.layer_cost import count_stored
from nas_asc.layers import Architecture, Layer, Shape, expand_layer


def cost_at_bits(cost: Cost, architecture: Architecture, bits: int | None) -> Cost:
    """A network's cost at a precision: bytes of its values and of its activations.

    At 8 bits weights take 1 byte and biases 4; at 16 or 32 bits weights and biases alike take 2 or 4, batch norms
    folded, and so does every activation.

    Args:
        cost: Of the network.
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
        int8_bytes=n_bytes * _count_values(architecture),
        peak_ram_bytes=n_bytes * cost.peak_ram_bytes,
        bits=bits,
    )


def _count_values(architecture: Architecture) -> int:
    """Weights and biases, batch norms folded."""
    shape, total = architecture.in_shape, 0
    for layer in architecture.layers:
        total += _count_in_layer(layer, shape, architecture.n_classes)
        shape = count_layer(layer, shape, architecture.n_classes).out_shape
    return total


@lru_cache(maxsize=2**14)
def _count_in_layer(layer: Layer, in_shape: Shape, n_classes: int) -> int:
    expansion = expand_layer(layer, in_shape, n_classes)
    return sum(sum(count_stored(expansion, operation)) for operation in expansion.operations)
