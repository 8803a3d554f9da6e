"""A norm by itself."""

from typing import ClassVar

from nas_asc.layers.check import NORMS, check_word, fail
from nas_asc.layers.layer import Layer
from nas_asc.layers.tape import Tape, Value


class Norm(Layer):
    """A norm that follows no convolution; the shape stays.

    Args:
        kind: "batch", or "layer" (over the channels of each position).

    Raises:
        LayerError: `kind` is no norm.
    """

    kind: str = "batch"

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_word(self, "kind", NORMS)
        if self.kind is None:
            raise fail(self, "kind", must="a name", value=None, remedy='Use "batch".')

    def expand(self, tape: Tape, x: Value) -> Value:
        """The norm."""
        return tape.normalise(x, self.kind)
