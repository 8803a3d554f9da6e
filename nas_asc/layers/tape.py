"""The tape on which a layer writes its primitives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from nas_asc.errors import LayerError
from nas_asc.layers.instance_norm import RESIDUAL, FrequencyInstanceNorm
from nas_asc.layers.operation import Activation, BatchNorm, ChannelNorm, SubSpectralNorm
from nas_asc.layers.primitive import Primitive
from nas_asc.layers.shape import Shape

_OTHER_NORMS: dict[str, Primitive] = {
    "layer": ChannelNorm(),
    "residual": FrequencyInstanceNorm(RESIDUAL),
    "frequency_instance": FrequencyInstanceNorm(),
}


@dataclass(frozen=True)
class Value:
    """A tensor on a tape: 0 is the layer's input, n the output of operation n - 1."""

    index: int
    shape: Shape


class Operation(NamedTuple):
    """One primitive on a tape.

    Args:
        name: Unique within its layer; the name of its module.
        primitive: What is done.
        inputs: Indices of the values it takes.
        in_shapes: Their shapes.
        output: Index of the value it gives.
        out_shape: Its shape.
        reuses: Name of the earlier operation whose weights it uses again; None where it has its own.
    """

    name: str
    primitive: Primitive
    inputs: tuple[int, ...]
    in_shapes: tuple[Shape, ...]
    output: int
    out_shape: Shape
    reuses: str | None = None


class Tape:
    """What a layer's `expand` writes to: primitives in execution order, and the shapes between them.

    Args:
        in_shape: Shape of the layer's input.
        n_classes: Classes of the network, for the layers that need to know.

    >>> tape = Tape((8, 4, 4), n_classes=10)
    >>> tape.apply(BatchNorm(), tape.input).shape, tape.operations[0].name
    ((8, 4, 4), 'norm')
    """

    def __init__(self, in_shape: Shape, n_classes: int) -> None:
        self.input = Value(0, in_shape)
        self.n_classes = n_classes
        self._operations: list[Operation] = []
        self._names: set[str] = set()
        self._numbers: dict[str, int] = {}  # last one of each word; those before are taken
        self._shapes: dict[int, Shape] = {0: in_shape}

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What has been written so far."""
        return tuple(self._operations)

    def apply(self, primitive: Primitive, *inputs: Value, name: str | None = None, reuse: Value | None = None) -> Value:
        """Write one primitive.

        Args:
            primitive: What to do.
            inputs: Values of this tape.
            name: Name of its module; by default the primitive's word, numbered when repeated.
            reuse: Output of an earlier operation with the same primitive, whose weights are used again: they count
                once as parameters, the products of each run count as MACs.

        Raises:
            LayerError: The primitive cannot take the inputs, they belong to another tape, or the weights to be used
                again are those of something else.
        """
        if not inputs:
            raise LayerError(
                f"{type(primitive).__name__} must take a value, but got none. Pass what `tape.apply` gave."
            )
        for value in inputs:
            if self._shapes.get(value.index) != value.shape:
                raise LayerError(f"inputs must be values of this tape, but got {value}. Pass what `tape.apply` gave.")
        shapes = tuple([value.shape for value in inputs])
        out = Value(len(self._operations) + 1, primitive.out_shape(*shapes))
        self._shapes[out.index] = out.shape
        self._operations.append(
            Operation(
                name=self._unique(name or primitive.word),
                primitive=primitive,
                inputs=tuple([value.index for value in inputs]),
                in_shapes=shapes,
                output=out.index,
                out_shape=out.shape,
                reuses=None if reuse is None else self._lender(primitive, shapes, reuse),
            )
        )
        return out

    def _lender(self, primitive: Primitive, shapes: tuple[Shape, ...], reuse: Value) -> str:
        lender = self._operations[reuse.index - 1] if 0 < reuse.index <= len(self._operations) else None
        if lender is None or lender.primitive != primitive or lender.in_shapes[0][0] != shapes[0][0]:
            raise LayerError(
                f"`reuse` must be the output of an earlier {type(primitive).__name__} with the same arguments and input"
                f" channels, but got {reuse}. Pass what `tape.apply` gave for it."
            )
        return lender.reuses or lender.name

    def apply_all(self, primitives: Sequence[Primitive], x: Value) -> Value:
        """Write several primitives, each taking the output of the one before."""
        for primitive in primitives:
            x = self.apply(primitive, x)
        return x

    def normalise(self, x: Value, norm: str | None, *, affine: bool = True, n_bands: int = 1) -> Value:
        """Write the norm of this name ("batch", "layer", "residual", "frequency_instance"), or nothing for None.

        Only a batch norm can be without scale and bias (`affine`), or have sub-bands.

        Raises:
            LayerError: There is no such norm.
        """
        if norm is None:
            return x
        if norm == "batch":
            return self.apply(SubSpectralNorm(n_bands) if n_bands > 1 else BatchNorm(affine=affine), x)
        if norm not in _OTHER_NORMS:
            raise LayerError(f"`norm` must be batch or {', '.join(_OTHER_NORMS)}, or None, but got {norm!r}.")
        return self.apply(_OTHER_NORMS[norm], x)

    def activate(self, x: Value, activation: str | None) -> Value:
        """Write the activation of this name, or nothing for None."""
        return x if activation is None else self.apply(Activation(activation), x)

    def _unique(self, word: str) -> str:
        number = self._numbers.get(word, 1)
        name = word if number == 1 else f"{word}{number}"
        while name in self._names:
            number += 1
            name = f"{word}{number}"
        self._names.add(name)
        self._numbers[word] = number
        return name
