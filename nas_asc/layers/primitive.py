"""Primitive operations: what a layer expands into, and the only things that are counted and built.

Conventions:
    Counts are for one clip. Official MACs follow torchinfo 1.8.0, the DCASE number since 2022.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from nas_asc.errors import ExportError, LayerError
from nas_asc.layers.shape import Pair, Shape


class Counts(NamedTuple):
    """What one primitive takes.

    Args:
        params: Trainable values; a batch norm of C channels has 2C.
        buffers: Values that are kept but not trained: running mean and variance.
        macs: Multiply-accumulates of convolutions and matrix products, without biases.
        official_macs: By torchinfo's rule: a convolution's parameters times its output positions, any other
            module's parameters once.
        int8_weights: Values stored in one byte each in an int8 file.
        int8_biases: Values stored in four bytes each.
    """

    params: int = 0
    buffers: int = 0
    macs: int = 0
    official_macs: int = 0
    int8_weights: int = 0
    int8_biases: int = 0


@dataclass(frozen=True)
class Primitive(ABC):
    """Base of all primitives. A primitive of your own is a frozen dataclass with these members.

    Attributes:
        word: Name of its module inside its layer; a repeated one gets a number.
        is_in_place: Whether an integer runtime needs no tensor for its output: a ReLU or a folded norm is part of the
            step before, dropout and flatten do nothing.
        is_foldable: Whether int8 conversion folds it into a convolution or dense layer right before it.
        absorbs_norm: Whether a foldable primitive right after it disappears into its weights and bias.
        n_copies: Further tensors of its output's size that a runtime holds meanwhile, such as SiLU's gate.
    """

    word: ClassVar[str] = "operation"
    is_in_place: ClassVar[bool] = False
    is_foldable: ClassVar[bool] = False
    absorbs_norm: ClassVar[bool] = False
    n_copies: ClassVar[int] = 0

    @abstractmethod
    def out_shape(self, *in_shapes: Shape) -> Shape:
        """Shape of the output.

        Raises:
            LayerError: An input does not fit, with the reason.
        """

    def counts(self, *in_shapes: Shape) -> Counts:
        """What it takes on these inputs; nothing, unless it has weights or products."""
        return Counts()

    def window(self) -> tuple[Pair, Pair] | None:
        """Kernel and stride with which one output position sees its input; None where it sees the whole map."""
        return (1, 1), (1, 1)

    def build_module(self, *in_shapes: Shape) -> Any:
        """An `nn.Module` that takes the inputs (B, ...) and gives the output; for primitives of your own.

        Raises:
            LayerError: The primitive has no module.
        """
        raise LayerError(f"`build_module` must be defined in {type(self).__name__}, so that it can be built.")

    def write_nodes(self, graph: Any, module: Any, *inputs: str) -> str:
        """Name of the output of the ONNX nodes that do the same; for primitives of your own that are to be exported.

        Args:
            graph: Has `node(operator, *inputs, **attributes)`, which gives the name of the node's output, and
                `constant(array)`, which gives the name of a constant.
            module: What `build_module` gave, with its trained weights.
            inputs: Names of the input tensors (B, ...), in float.

        Raises:
            ExportError: The primitive cannot be exported.
        """
        raise ExportError(f"`write_nodes` must be defined in {type(self).__name__}, so that it can be exported.")
