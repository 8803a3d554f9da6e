"""The table of a network's costs, one row a layer."""

from dataclasses import asdict, dataclass
from typing import Any

from nas_asc.cost.cost import count_layer
from nas_asc.layers import Architecture, Ensemble, Layer, Shape, expand_architecture, format_layer


@dataclass(frozen=True)
class CostRow:
    """What one layer takes.

    Args:
        index: Place in the network, from 0.
        name: The layer's class.
        text: Its canonical text.
        in_shape: Shape of its input.
        out_shape: Shape of its output.
        params: Trainable values.
        all_params: With running means and variances.
        macs: Pure.
        official_macs: By torchinfo's rule.
        int8_bytes: The bytes of its weights and biases.
        ram_bytes: Most activation bytes live while it runs.
        members: The members of an ensemble, the rows of each member's layers, each layer by itself: a norm that
            folds into the layer before it and what waits in memory meanwhile are in the ensemble's own row alone.
    """

    index: int
    name: str
    text: str
    in_shape: Shape
    out_shape: Shape
    params: int
    all_params: int
    macs: int
    official_macs: int
    int8_bytes: int
    ram_bytes: int
    members: tuple[tuple["CostRow", ...], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def count_rows(architecture: Architecture) -> tuple[CostRow, ...]:
    """One row a layer; columns sum to `count_cost`, the RAM's maximum is its peak.

    Raises:
        LayerError: A layer cannot take its input; names the layer and the shape.
    """
    expand_architecture(architecture)  # an error names the layer's place
    return _count_each(architecture.layers, architecture.in_shape, architecture.n_classes)


def _count_each(layers: tuple[Layer, ...], in_shape: Shape, n_classes: int) -> tuple[CostRow, ...]:
    rows = []
    for index, layer in enumerate(layers):
        cost = count_layer(layer, in_shape, n_classes)
        params, buffers, macs, official_macs, int8_bytes, _ = cost.counts
        members = layer.members if type(layer) is Ensemble else ()
        rows.append(
            CostRow(
                index=index,
                name=type(layer).__name__,
                text=format_layer(layer),
                in_shape=in_shape,
                out_shape=cost.out_shape,
                params=params,
                all_params=params + buffers,
                macs=macs,
                official_macs=official_macs,
                int8_bytes=int8_bytes,
                ram_bytes=cost.ram_bytes,
                members=tuple(_count_each(member, in_shape, n_classes) for member in members),
            )
        )
        in_shape = cost.out_shape
    return tuple(rows)
