"""What networks side by side take, from the cached costs of their layers: an ensemble is far too long to expand often.

Conventions:
    The exact way is to expand the ensemble and look at every operation. Layers can be counted one by one instead where
    none folds into the one before it; costs then add up, and while one member runs, the ensemble's input waits for the
    next members and the outputs of those before are kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from nas_asc.cost.formula import PROBE, Count, Fixed, Found
from nas_asc.cost.memory import peak_ram
from nas_asc.layers import Ensemble, Layer, Primitive, Shape, expand_layer

Counter = Callable[[Layer, int, int, int], Count]


@dataclass(frozen=True, slots=True)
class _Member:
    """What one member takes: `ram` as the last one, `held_ram` while the ensemble's input waits."""

    out_shape: Shape
    fixed: Fixed
    macs: int
    official_macs: int
    ram: int
    held_ram: int


def count_members(ensemble: Ensemble, in_shape: Shape, n_classes: int, counter: Counter) -> Found | None:
    """What an ensemble takes on one input; None where only its operations can tell.

    Args:
        ensemble: The networks.
        in_shape: Shape of what all of them read.
        n_classes: The number of classes of the network.
        counter: Gives the function that counts a layer on inputs of so many channels and dimensions.

    Raises:
        LayerError: A member's layer cannot take its input, or the members' outputs differ.
    """
    known: dict[tuple[Layer, ...], _Member | None] = {}
    members = []
    for layers in ensemble.members:
        if layers not in known:
            known[layers] = _count_member(layers, in_shape, n_classes, counter)
        member = known[layers]
        if member is None:
            return None
        members.append(member)
    return _merge(ensemble.merging, members)


def _count_member(layers: tuple[Layer, ...], in_shape: Shape, n_classes: int, counter: Counter) -> _Member | None:
    shape, rows, macs, official_macs = in_shape, [], 0, 0
    ram = later_ram = 0  # of all layers, and of those after the first
    for index, layer in enumerate(layers):
        if not _stands_alone(layer, shape, n_classes):
            return None
        shape, row, layer_macs, layer_official, layer_ram = counter(layer, shape[0], len(shape), n_classes)(shape)
        rows.append(row)
        macs += layer_macs
        official_macs += layer_official
        ram = max(ram, layer_ram)
        later_ram = max(later_ram, layer_ram) if index else later_ram
    params, buffers, other_official_macs, int8_bytes, norm_params = map(sum, zip(*rows, strict=True))
    fixed = (params, buffers, other_official_macs, int8_bytes, norm_params)
    held_ram = max(_held_ram(layers[0], in_shape, n_classes), prod(in_shape) + later_ram)
    return _Member(shape, fixed, macs, official_macs, ram, held_ram)


def _merge(merging: Primitive, members: list[_Member]) -> Found:
    shapes = [member.out_shape for member in members]
    out_shape, counts = merging.out_shape(*shapes), merging.counts(*shapes)
    own = (counts.params, counts.buffers, counts.official_macs, counts.int8_weights + 4 * counts.int8_biases, 0)
    params, buffers, other_official_macs, int8_bytes, norm_params = map(
        sum, zip(own, *[member.fixed for member in members], strict=True)
    )
    kept = ram = 0
    for member in members[:-1]:
        ram = max(ram, kept + member.held_ram)
        kept += prod(member.out_shape)
    ram = max(ram, kept + members[-1].ram)
    kept += prod(shapes[-1])
    return (
        out_shape,
        (params, buffers, other_official_macs, int8_bytes, norm_params),
        counts.macs + sum(member.macs for member in members),
        sum(member.official_macs for member in members),
        max(ram, kept + (1 + merging.n_copies) * prod(out_shape)),
    )


def _stands_alone(layer: Layer, in_shape: Shape, n_classes: int) -> bool:
    """Whether a layer takes the same after any other one as it does by itself."""
    if layer.reads_channels_only and len(in_shape) == 3:
        in_shape = (in_shape[0], PROBE, PROBE)
    return _folds_inside(layer, in_shape, n_classes)


@lru_cache(maxsize=2**14)
def _folds_inside(layer: Layer, in_shape: Shape, n_classes: int) -> bool:
    """Whether something is done, and nothing that reads the layer's input or output can fold into what gave it."""
    expansion = expand_layer(layer, in_shape, n_classes)
    ends = (0, expansion.output)
    return expansion.output != 0 and not any(
        operation.primitive.is_foldable and operation.inputs[0] in ends for operation in expansion.operations
    )


@lru_cache(maxsize=2**14)
def _held_ram(layer: Layer, in_shape: Shape, n_classes: int) -> int:
    """Most bytes live while a layer runs whose input is needed after it."""
    return peak_ram(expand_layer(layer, in_shape, n_classes), holds_input=True)
