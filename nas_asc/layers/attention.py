"""The primitive of pooling by attention."""

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from nas_asc.errors import LayerError
from nas_asc.layers.primitive import Counts, Primitive
from nas_asc.layers.shape import Pair, Shape, require_map


@dataclass(frozen=True)
class AttentivePooling(Primitive):
    """Mean of each channel's map, weighted by the softmax of scores over all positions: (C, F, T), (G, F, T) to (C,).

    The C channels form G groups of neighbours; each group has weights of its own. Scores are divided by the square
    root of C before the softmax, so that freshly drawn weights look at everything.

    Source:
        Cai, Chen, Li, "Exploring the encoding layer and loss function in end-to-end speaker and language recognition
        system", 2018 (self-attentive pooling); the scaling is that of dot-product attention.
    """

    word: ClassVar[str] = "pool"

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """(C,)."""
        x, scores = (require_map(shape) for shape in in_shapes)
        if x[0] % scores[0]:
            raise LayerError(
                f"`groups` must divide the input channels, but got groups={scores[0]} and {x[0]} channels."
                " Use a divisor of the width, or 1."
            )
        if x[1:] != scores[1:]:
            raise LayerError(f"values and scores must have one map size, but got {x} and {scores}.")
        return (x[0],)

    def counts(self, *in_shapes: Shape) -> Counts:
        """The weighted sum is a matrix product: one multiply-accumulate an element, of which torchinfo sees none."""
        return Counts(macs=prod(in_shapes[0]))

    def window(self) -> tuple[Pair, Pair] | None:
        """Everything."""
        return None
