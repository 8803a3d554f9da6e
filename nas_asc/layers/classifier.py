"""The head that turns a map into the logits of the classes."""

from typing import ClassVar

from nas_asc.layers.check import ACTIVATIONS, NORMS, check_count, check_flag, check_word, fail
from nas_asc.layers.layer import Layer
from nas_asc.layers.operation import Convolution, GlobalPooling
from nas_asc.layers.tape import Tape, Value


class Classifier(Layer):
    """1x1 convolution to the classes, norm, global pooling: (C, F, T) to (K,).

    Args:
        pool: "mean" or "max" over the whole map.
        norm: "batch", "layer", "residual", "frequency_instance", or None, after the last convolution.
        bias: Whether the last convolution has a bias.
        hidden: Channels of a 1x1 convolution with batch norm and activation before it; None leaves it out.
        activation: The activation of the hidden convolution.
        starts_at_zero: Whether the last convolution's weights are zero at first, so that beside another model the
            network adds nothing in the beginning.

    Raises:
        LayerError: A value is out of range.

    Source:
        CP-ResNet and CP-Mobile (no bias, batch norm, mean).
    """

    pool: str = "mean"
    norm: str | None = "batch"
    bias: bool = False
    hidden: int | None = None
    activation: str = "relu"
    starts_at_zero: bool = False

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.pool not in ("mean", "max"):
            raise fail(self, "pool", must='"mean" or "max"', value=self.pool)
        check_word(self, "norm", NORMS)
        check_flag(self, "bias")
        check_flag(self, "starts_at_zero")
        if self.hidden is not None:
            check_count(self, "hidden")
        if self.activation not in ACTIVATIONS:
            check_word(self, "activation", ACTIVATIONS)
            raise fail(self, "activation", must="a name", value=None, remedy='Use "relu".')

    def expand(self, tape: Tape, x: Value) -> Value:
        """The hidden convolution, the one to the classes, its norm, the pooling."""
        if self.hidden is not None:
            x = tape.apply(Convolution(self.hidden, 1), x, name="hidden_conv")
            x = tape.activate(tape.normalise(x, "batch"), self.activation)
        last = Convolution(tape.n_classes, 1, bias=self.bias, starts_at_zero=self.starts_at_zero)
        x = tape.normalise(tape.apply(last, x), self.norm)
        return tape.apply(GlobalPooling(self.pool), x)
