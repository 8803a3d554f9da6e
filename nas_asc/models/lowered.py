"""A network as the flat list of steps that an integer runtime knows.

Conventions:
    Step n writes value `output`; value 0 is the network's input. Shapes are (C, F, T) or (n,), without the batch.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from nas_asc.layers import Primitive, Shape


@dataclass(frozen=True)
class Lowered(Primitive):
    """An operation that only a lowered network has.

    Args:
        kind: "reshape", "sigmoid", "product", "softmax", "matmul" or "scale" (of groups of features).
        shape: Shape of the output.
        scale: Factor before a softmax.
    """

    kind: str
    shape: Shape
    scale: float = 1.0

    def out_shape(self, *in_shapes: Shape) -> Shape:
        """The shape that it was made with."""
        return self.shape


@dataclass(frozen=True, eq=False)
class Step:
    """One operation of a lowered network.

    Args:
        name: Unique in the network, such as "3.conv2".
        primitive: What is done.
        module: Its module; a step that uses another one's weights again has the same.
        inputs: Values that it reads.
        in_shapes: Their shapes.
        output: Value that it writes.
        out_shape: Its shape.
    """

    name: str
    primitive: Primitive
    module: nn.Module
    inputs: tuple[int, ...]
    in_shapes: tuple[Shape, ...]
    output: int
    out_shape: Shape


class LoweredNetwork(nn.Module):
    """Steps in order; gives what the network gives.

    Shape: input (B, C, F, T), output (B, K) logits.

    Args:
        steps: What is done.
        in_shape: Shape of the input, without the batch.
        output: Value that holds the logits.
    """

    def __init__(self, steps: tuple[Step, ...], in_shape: Shape, output: int) -> None:
        super().__init__()
        self.steps = steps
        self.in_shape = in_shape
        self.output = output
        self.modules_used = nn.ModuleList([step.module for step in steps])
        last = {index: position for position, step in enumerate(steps) for index in step.inputs}
        self._done_after = [[i for i in last if last[i] == position and i != output] for position in range(len(steps))]

    def forward(self, x: Tensor) -> Tensor:
        """The logits."""
        values = {0: self.take(0, x)}
        for step, done in zip(self.steps, self._done_after, strict=True):
            values[step.output] = self.take(step.output, self.run(step, [values[index] for index in step.inputs]))
            for index in done:
                del values[index]
        return values[self.output]

    @property
    def out_shape(self) -> Shape:
        """Shape of the output, without the batch."""
        return self.steps[self.output - 1].out_shape if self.output else self.in_shape

    def run(self, step: Step, inputs: list[Tensor]) -> Tensor:
        """Output of one step."""
        out: Tensor = step.module(*inputs)
        return out

    def take(self, index: int, value: Tensor) -> Tensor:
        """A value on its way to those that read it."""
        return value

    def readers(self, index: int) -> list[Step]:
        """The steps that read a value."""
        return [step for step in self.steps if index in step.inputs]
