"""What one layer takes on one input, operation by operation: the exact way, which the fast one must agree with."""

from dataclasses import dataclass

from nas_asc.cost.folding import absorbing_operation
from nas_asc.cost.memory import peak_ram
from nas_asc.layers import BatchNorm, Expansion, Operation, Shape, SubSpectralNorm

_BATCH_NORMS = (BatchNorm, SubSpectralNorm)


@dataclass(frozen=True, slots=True)
class LayerCost:
    """What one layer takes on one input.

    Args:
        out_shape: Shape of its output.
        counts: params, buffers, macs, official_macs, int8_bytes, norm_params.
        ram_bytes: Most activation bytes live while it runs.
    """

    out_shape: Shape
    counts: tuple[int, ...]
    ram_bytes: int


def count_expansion(expansion: Expansion) -> LayerCost:
    """What an expanded layer takes: the sums over its operations."""
    counts = [count_operation(expansion, operation) for operation in expansion.operations]
    return LayerCost(
        out_shape=expansion.out_shape,
        counts=tuple(map(sum, zip((0,) * 6, *counts, strict=True))),
        ram_bytes=peak_ram(expansion),
    )


def count_operation(expansion: Expansion, operation: Operation) -> tuple[int, ...]:
    """params, buffers, macs, official_macs, int8_bytes, norm_params of one operation in its layer."""
    counts = operation.primitive.counts(*operation.in_shapes)
    if operation.reuses is not None:
        return 0, 0, counts.macs, counts.official_macs, 0, 0
    norm_params = counts.params + counts.buffers if isinstance(operation.primitive, _BATCH_NORMS) else 0
    weights, biases = count_stored(expansion, operation)
    return counts.params, counts.buffers, counts.macs, counts.official_macs, weights + 4 * biases, norm_params


def count_stored(expansion: Expansion, operation: Operation) -> tuple[int, int]:
    """Weights and biases that an operation adds to a file, batch norms folded."""
    if operation.reuses is not None:
        return 0, 0
    counts, host = operation.primitive.counts(*operation.in_shapes), absorbing_operation(expansion, operation)
    if host is None:
        return counts.int8_weights, counts.int8_biases
    return 0, counts.int8_biases - host.primitive.counts(*host.in_shapes).int8_biases
