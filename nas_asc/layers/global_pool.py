"""Poolings of a whole map to one vector."""

from typing import ClassVar

from nas_asc.layers.attention import AttentivePooling
from nas_asc.layers.check import ACTIVATIONS, check_count, check_word, fail
from nas_asc.layers.layer import Layer
from nas_asc.layers.operation import Convolution, GlobalPooling
from nas_asc.layers.reduction import AxisMean
from nas_asc.layers.tape import Tape, Value


class GlobalPool(Layer):
    """Mean ("mean") or largest value ("max") of each channel's map: (C, F, T) to (C,).

    Raises:
        LayerError: The kind is unknown.
    """

    kind: str = "mean"

    reads_channels_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.kind not in ("mean", "max"):
            raise fail(self, "kind", must='"mean" or "max"', value=self.kind)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The pooling."""
        return tape.apply(GlobalPooling(self.kind), x)


class AttentivePool(Layer):
    """Self-attentive pooling, a mean weighted by what the map itself says: (C, F, T) to (C,).

    A 1x1 convolution without bias gives every position one score a group of channels; the softmax of the scores over
    the positions weighs the mean of the group's channels.

    Args:
        groups: Groups of neighbouring channels with weights of their own, a divisor of C; C is one a channel.
        hidden: Channels of a 1x1 convolution with bias and activation before the scores; None leaves it out.
        activation: The activation of the hidden convolution.
        over: "map" weighs every position; "time" takes the mean over frequency first and weighs frames.

    Raises:
        LayerError: A value is out of range.

    Source:
        Cai, Chen, Li, "Exploring the encoding layer and loss function in end-to-end speaker and language recognition
        system", 2018, where the activation is tanh and there is one group.

    >>> AttentivePool(groups=4, hidden=16)
    AttentivePool(groups=4, hidden=16)
    """

    groups: int = 1
    hidden: int | None = None
    activation: str = "relu"
    over: str = "map"

    def __post_init__(self) -> None:
        check_count(self, "groups")
        if self.hidden is not None:
            check_count(self, "hidden")
        if self.activation is None:
            raise fail(self, "activation", must="a name", value=None, remedy='Use "relu".')
        check_word(self, "activation", ACTIVATIONS)
        if self.over not in ("map", "time"):
            raise fail(self, "over", must='"map" or "time"', value=self.over)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The scores and the weighted mean."""
        if self.over == "time":
            x = tape.apply(AxisMean("frequency"), x)
        scores = x
        if self.hidden is not None:
            scores = tape.apply(Convolution(self.hidden, 1, bias=True), scores, name="hidden_conv")
            scores = tape.activate(scores, self.activation)
        scores = tape.apply(Convolution(self.groups, 1), scores, name="score_conv")
        return tape.apply(AttentivePooling(), x, scores)
