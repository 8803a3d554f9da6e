"""The primitive of norms that each clip computes for itself."""

from dataclasses import dataclass
from typing import ClassVar

from nas_asc.layers.primitive import Primitive
from nas_asc.layers.shape import Shape, require_map

RESIDUAL = 0.1  # weight of the input in residual normalisation, as published


@dataclass(frozen=True)
class FrequencyInstanceNorm(Primitive):
    """Each band of a clip with mean 0 and deviation 1 over channels and frames, plus `residual` times the input.

    With a residual above 0 it is residual normalisation. It has no weights and no running statistics, so nothing of it
    can fold into a convolution and an int8 file stores nothing for it.

    Source:
        Kim, Yang, Kim, Chang, "Domain generalization with relaxed instance frequency-wise normalization for
        multi-device acoustic scene classification", 2021 and 2022: FreqIN and ResNorm, lambda = 0.1.
    """

    residual: float = 0.0

    word: ClassVar[str] = "norm"

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """The input's."""
        return require_map(in_shapes[0])
