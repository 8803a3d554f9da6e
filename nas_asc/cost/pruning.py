"""What a pruning leaves of a network, from their descriptions alone."""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import floor

from nas_asc.cost.cost import Cost, count_cost
from nas_asc.cost.precision import cost_at_bits, most_bytes
from nas_asc.errors import RecipeError
from nas_asc.layers import Architecture, Convolution, Layer, Operation, Projection, Shape, expand_layer
from nas_asc.recipe import Pruning, StructuredPruning, WeightPruning


@dataclass(frozen=True)
class Kernel:
    """The weight of one convolution or dense layer.

    Args:
        layer: Index of its layer.
        operation: Name of its operation; the weight is `<layer>.<operation>.weight` in a state dict.
        size: Number of its values.
        is_depthwise: Whether each of its filters takes one channel of several.
    """

    layer: int
    operation: str
    size: int
    is_depthwise: bool = False


@dataclass(frozen=True)
class KernelGroup:
    """Kernels that compete for one number of weights.

    Args:
        kernels: In execution order.
        n_others: All other values of the network, running means and variances too.
    """

    kernels: tuple[Kernel, ...]
    n_others: int

    def n_least(self, pruning: WeightPruning) -> tuple[int, ...]:
        """For each kernel the number of its largest weights that are never masked."""
        return tuple(kernel.size - floor(kernel.size * pruning.max_sparsity) for kernel in self.kernels)

    def n_kept(self, pruning: WeightPruning, *, share: float = 1.0) -> int:
        """Weights that are not masked at a share of the training."""
        n_weights = sum(kernel.size for kernel in self.kernels)
        return max(sum(self.n_least(pruning)), pruning.n_kept(n_weights, self.n_others, share=share))


def count_nonzero(architecture: Architecture, pruning: Pruning | None, *, convention: str = "ALL") -> int:
    """Values of a network that may be other than zero after its pruning; for `StructuredPruning` the most there are.

    Args:
        architecture: The network before its pruning.
        pruning: What is pruned; None is nothing.
        convention: "TRAIN" counts trainable parameters, "ALL" also the running mean and variance of batch norms.

    Raises:
        LayerError: A layer cannot take its input.
        RecipeError: The pruning excludes a layer that the network does not have.

    Source:
        NTU, DCASE 2020 Task 1B: 17,115 (ALL) of the VGG net at 80 %; QTI: 245,587 (TRAIN) at 60 %
        (tests/cost/test_pruning.py).

    >>> from nas_asc.layers import Conv
    >>> from nas_asc.recipe import OneShotPruning
    >>> count_nonzero(Architecture((Conv(8, kernel_size=3, bias=True),), (1, 34, 34), 10), OneShotPruning(0.5))
    44
    """
    cost = count_cost(architecture)
    total = cost.all_params if convention == "ALL" else cost.params
    if isinstance(pruning, StructuredPruning):
        return min(total, total - cost.params + pruning.max_params)
    if not isinstance(pruning, WeightPruning):
        return total
    for group in kernel_groups(architecture, pruning, cost=cost):
        total -= sum(kernel.size for kernel in group.kernels) - group.n_kept(pruning)
    return total


def count_pruned_cost(architecture: Architecture, pruning: Pruning | None, *, bits: int | None = None) -> Cost:
    """What a network takes after its pruning: masked weights are still stored; removed channels are not.

    `StructuredPruning` is not run: its limits stand for parameters and MACs, which will be at most that, bytes are the
    most that so many parameters can take, and peak RAM is that of the network before.

    Args:
        architecture: The network before its pruning.
        pruning: What is pruned; None is nothing.
        bits: Precision of its own that the candidate has; see `cost_at_bits`.

    Raises:
        LayerError: A layer cannot take its input.
        RecipeError: The pruning excludes a layer that the network does not have.
    """
    cost = cost_at_bits(count_cost(architecture), architecture, bits)
    if pruning is None:
        return cost
    nonzero_params = count_nonzero(architecture, pruning)
    if not isinstance(pruning, StructuredPruning):
        return replace(cost, nonzero_params=nonzero_params)
    max_macs = cost.official_macs if pruning.max_macs is None else pruning.max_macs
    return replace(
        cost,
        params=min(cost.params, pruning.max_params),
        all_params=nonzero_params,
        nonzero_params=nonzero_params,
        macs=min(cost.macs, max_macs),
        official_macs=min(cost.official_macs, max_macs),
        int8_bytes=min(cost.int8_bytes, most_bytes(architecture, pruning.max_params, bits)),
    )


def kernel_groups(
    architecture: Architecture, pruning: WeightPruning, *, cost: Cost | None = None
) -> tuple[KernelGroup, ...]:
    """The kernels that a pruning reaches, by what competes with what.

    Args:
        architecture: The network.
        pruning: Which kernels are spared and which compete.
        cost: The cost of the network, where it is known already.

    Raises:
        RecipeError: The pruning excludes a layer that the network does not have.
    """
    if pruning.excluded and max(pruning.excluded) >= len(architecture.layers):
        n_layers = len(architecture.layers)
        raise RecipeError(
            f"`excluded` must name layers of the network, 0 to {n_layers - 1}, but got {pruning.excluded}."
        )
    kernels = list_kernels(architecture)
    kernels = kernels[1:-1] if pruning.spares_ends else kernels
    kernels = tuple(
        kernel
        for kernel in kernels
        if kernel.layer not in pruning.excluded and not (pruning.spares_depthwise and kernel.is_depthwise)
    )
    total = (cost or count_cost(architecture)).all_params
    parts = [(kernel,) for kernel in kernels] if pruning.is_per_kernel else [kernels] * bool(kernels)
    return tuple(KernelGroup(part, total - sum(kernel.size for kernel in part)) for part in parts)


def list_kernels(architecture: Architecture) -> tuple[Kernel, ...]:
    """Every kernel of a network in execution order, a shared one once.

    Raises:
        LayerError: A layer cannot take its input; gives the reason alone.
    """
    shape, found = architecture.in_shape, []
    for index, layer in enumerate(architecture.layers):
        shape, kernels = _list_layer(layer, shape, architecture.n_classes)
        found += [Kernel(index, *kernel) for kernel in kernels]
    return tuple(found)


@lru_cache(maxsize=2**14)
def _list_layer(layer: Layer, in_shape: Shape, n_classes: int) -> tuple[Shape, tuple[tuple[str, int, bool], ...]]:
    expansion = expand_layer(layer, in_shape, n_classes)
    kernels = tuple(
        (operation.name, operation.primitive.counts(*operation.in_shapes).int8_weights, _is_depthwise(operation))
        for operation in expansion.operations
        if isinstance(operation.primitive, Convolution | Projection) and operation.reuses is None
    )
    return expansion.out_shape, kernels


def _is_depthwise(operation: Operation) -> bool:
    primitive = operation.primitive
    return isinstance(primitive, Convolution) and 1 < primitive.groups == operation.in_shapes[0][0]
