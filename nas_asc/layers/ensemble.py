"""Several networks on one input."""

from nas_asc.layers.check import fail
from nas_asc.layers.layer import Layer
from nas_asc.layers.primitive import Primitive
from nas_asc.layers.reduction import MOMENTS, LogitSum, ProbabilityMean, TimeMoments
from nas_asc.layers.tape import Tape, Value


class Ensemble(Layer):
    """Networks side by side on one input, their outputs merged: (C, F, T) to (K,).

    Costs add up; the members run one after the other. Where probabilities are averaged, the members are trained each by
    itself unless the recipe's `member_weight` says otherwise.

    Args:
        members: Each a tuple of layers that ends in one logit a class.
        merge: "probabilities" averages the class probabilities, "logits" adds the logits, as models in tandem do.

    Raises:
        LayerError: There is no member, or one is no tuple of layers.

    Source:
        NTU, DCASE 2020 Task 1B (probabilities); FAU, DCASE 2022 Task 1 (logits).

    >>> from nas_asc.layers import Classifier, Conv
    >>> Ensemble(((Classifier(),), (Conv(8, kernel_size=3), Classifier())))
    Ensemble(((Classifier(),), (Conv(8, kernel_size=3), Classifier())))
    """

    members: tuple[tuple[Layer, ...], ...]
    merge: str = "probabilities"

    def __post_init__(self) -> None:
        members = self.members if type(self.members) is tuple else ()
        if not members or not all(_is_network(member) for member in members):
            raise fail(self, "members", must="a tuple of tuples of layers", value=self.members)
        if self.merge not in ("probabilities", "logits"):
            raise fail(self, "merge", must='"probabilities" or "logits"', value=self.merge)

    @property
    def merging(self) -> Primitive:
        """What makes one output of the members'."""
        return ProbabilityMean() if self.merge == "probabilities" else LogitSum()

    def expand(self, tape: Tape, x: Value) -> Value:
        """The members, then the merging."""
        outputs = []
        for member in self.members:
            value = x
            for layer in member:
                value = layer.expand(tape, value)
            outputs.append(value)
        return tape.apply(self.merging, *outputs)


def _is_network(member: object) -> bool:
    return type(member) is tuple and bool(member) and all(isinstance(layer, Layer) for layer in member)


class Moments(Layer):
    """Moments of each band over time, one after the other: (C, F, T) to (n C F,).

    Args:
        kinds: Some of "mean", "variance", "skewness", "kurtosis", "hyperskewness", each once.

    Raises:
        LayerError: A kind is unknown or repeated, or there is none.

    Source:
        FAU, DCASE 2022 Task 1: the features of the linear model.
    """

    kinds: tuple[str, ...] = MOMENTS

    def __post_init__(self) -> None:
        kinds = self.kinds if type(self.kinds) is tuple else ()
        if not kinds or len(set(kinds)) != len(kinds) or not set(kinds) <= set(MOMENTS):
            raise fail(self, "kinds", must=f"some of {', '.join(MOMENTS)}, each once", value=self.kinds)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The moments."""
        return tape.apply(TimeMoments(self.kinds), x)
