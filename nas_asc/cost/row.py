"""The table of a network's costs, one row a layer."""

from dataclasses import asdict, dataclass
from typing import Any

from nas_asc.cost.cost import count_layer
from nas_asc.layers import Architecture, Shape, expand_architecture, format_layer


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
        int8_bytes: Of its weights and biases.
        ram_bytes: Most activation bytes live while it runs.
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

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def count_rows(architecture: Architecture) -> tuple[CostRow, ...]:
    """One row a layer; columns sum to `count_cost`, the RAM's maximum is its peak.

    Raises:
        LayerError: A layer cannot take its input; names the layer and the shape.
    """
    rows = []
    for index, expansion in enumerate(expand_architecture(architecture)):
        cost = count_layer(expansion.layer, expansion.in_shape, architecture.n_classes)
        params, buffers, macs, official_macs, int8_bytes, _ = cost.counts
        rows.append(
            CostRow(
                index=index,
                name=type(expansion.layer).__name__,
                text=format_layer(expansion.layer),
                in_shape=expansion.in_shape,
                out_shape=expansion.out_shape,
                params=params,
                all_params=params + buffers,
                macs=macs,
                official_macs=official_macs,
                int8_bytes=int8_bytes,
                ram_bytes=cost.ram_bytes,
            )
        )
    return tuple(rows)
