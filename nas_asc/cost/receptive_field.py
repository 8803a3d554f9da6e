"""How much of the input one position of the last map sees."""

from nas_asc.layers import Architecture, Operation, Pair, expand_architecture

_Field = tuple[Pair, Pair]  # input bins seen, and input bins between neighbouring positions


def receptive_field(architecture: Architecture) -> Pair:
    """(frequency, time) input bins that one position of the last map sees, the borders left aside.

    Follows the operations up to the first that looks at a whole map (global pooling, flatten), taking the larger
    field where branches meet.

    Raises:
        LayerError: A layer cannot take its input; names the layer and the shape.

    Source:
        CP-ResNet: 23, 31, 39, 55, 71, 87, 103, 135, 167, 199, 231 bins for rho 0..10.

    >>> from nas_asc.layers import Conv, MaxPool
    >>> receptive_field(Architecture((Conv(8, kernel_size=5, stride=2), MaxPool((2, 1))), (1, 64, 64), 10))
    (7, 5)
    """
    field: _Field = ((1, 1), (1, 1))
    for expansion in expand_architecture(architecture):
        fields: dict[int, _Field] = {0: field}
        for operation in expansion.operations:
            after = _slide(operation, [fields[value] for value in operation.inputs])
            if after is None:
                return field_of(fields, operation)
            fields[operation.output] = after
        field = fields[expansion.output]
    return field[0]


def field_of(fields: dict[int, _Field], operation: Operation) -> Pair:
    """Bins seen by the operation's first input."""
    return fields[operation.inputs[0]][0]


def _slide(operation: Operation, inputs: list[_Field]) -> _Field | None:
    window = operation.primitive.window()
    if window is None:
        return None
    kernel, stride = window
    bins = [max(field[0][axis] for field in inputs) for axis in (0, 1)]
    steps = [max(field[1][axis] for field in inputs) for axis in (0, 1)]
    seen = (bins[0] + (kernel[0] - 1) * steps[0], bins[1] + (kernel[1] - 1) * steps[1])
    return seen, (steps[0] * stride[0], steps[1] * stride[1])
