"""A network's module: one child a layer, one grandchild an operation.

Conventions:
    Names in the state dict are `<layer index>.<operation name>.<parameter>`, such as `0.conv.weight`.
"""

from torch import Tensor, nn

from nas_asc import layers
from nas_asc.layers import Architecture, Expansion, Layer, Operation, expand_architecture
from nas_asc.models.initialisation import initialise
from nas_asc.models.module import split_channels
from nas_asc.models.operation import build_operation

# their backward pass does not read their output, so it may be written over
_REWRITABLE = (
    layers.Convolution,
    layers.BranchedConvolution,
    layers.Projection,
    layers.BatchNorm,
    layers.Addition,
)


class LayerModule(nn.Module):
    """One layer: its operations in order.

    Shape: input (B, *in_shape), output (B, *out_shape) of the expansion.

    Args:
        expansion: The layer on its input.
    """

    def __init__(self, expansion: Expansion) -> None:
        super().__init__()
        self.layer: Layer = expansion.layer
        self._inputs = tuple(operation.inputs for operation in expansion.operations)
        self._output = expansion.output
        self._modules_used = tuple(operation.reuses or operation.name for operation in expansion.operations)
        self._parts = _find_parts(expansion)
        for operation in expansion.operations:
            if operation.reuses is not None:
                continue
            in_place = _is_rewritable(expansion, operation)
            module = build_operation(operation.primitive, operation.in_shapes, in_place=in_place)
            self.add_module(operation.name, module)

    def _get_name(self) -> str:
        return type(self.layer).__name__

    def forward(self, x: Tensor) -> Tensor:
        """The layer's output."""
        values = [x]
        parts: dict[int, list[Tensor]] = {}
        for name, inputs in zip(self._modules_used, self._inputs, strict=True):
            if name in self._parts:
                (source,), (sizes, place) = inputs, self._parts[name]
                if source not in parts:
                    parts[source] = split_channels(values[source], sizes)
                values.append(parts[source][place])
            else:
                values.append(self._modules[name](*[values[index] for index in inputs]))  # type: ignore[misc]
        return values[self._output]


def _find_parts(expansion: Expansion) -> dict[str, tuple[tuple[int, ...], int]]:
    """By the name of each slice that takes a part of a value which slices part without a rest: all sizes, its place.

    They are taken in one operation then, whose gradient is one concatenation instead of a sum of mostly zeros.
    """
    slices: dict[int, list[tuple[str, layers.ChannelSlice]]] = {}
    channels: dict[int, int] = {}
    for operation in expansion.operations:
        if isinstance(operation.primitive, layers.ChannelSlice):
            (source,) = operation.inputs
            slices.setdefault(source, []).append((operation.name, operation.primitive))
            channels[source] = operation.in_shapes[0][0]
    found: dict[str, tuple[tuple[int, ...], int]] = {}
    for source, parts in slices.items():
        ends = [0, *(part.stop for _, part in parts)]
        if [part.start for _, part in parts] == ends[:-1] and ends[-1] == channels[source]:
            sizes = tuple(part.stop - part.start for _, part in parts)
            found |= {name: (sizes, place) for place, (name, _) in enumerate(parts)}
    return found


class Network(nn.Sequential):
    """A built network; `architecture` is its description.

    Shape: input (B, C, F, T), output (B, K) logits.

    Args:
        architecture: The network as plain data.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__(*map(LayerModule, expand_architecture(architecture)))
        self.architecture = architecture


def build_model(architecture: Architecture) -> Network:
    """Module of a network, freshly initialised by torch's random generator.

    Works under `with torch.device("meta")`. Layers, weights and operations are named by the description alone, so a
    state dict can be loaded into any build of the same network.

    Raises:
        LayerError: A layer cannot take its input; names the layer and the shape.

    >>> from nas_asc.layers import Classifier, Conv
    >>> network = build_model(Architecture((Conv(8, kernel_size=3, norm="batch"), Classifier()), (1, 64, 51), 10))
    >>> list(network.state_dict())[:2]
    ['0.conv.weight', '0.norm.weight']
    """
    network = Network(architecture)
    initialise(network)
    return network


def _is_rewritable(expansion: Expansion, operation: Operation) -> bool:
    """Whether an activation may write over its input without harm to the backward pass or to another reader."""
    source = operation.inputs[0] if operation.inputs else 0
    if source in (0, expansion.output):
        return False
    n_uses = sum(other.inputs.count(source) for other in expansion.operations)
    return n_uses == 1 and isinstance(expansion.operations[source - 1].primitive, _REWRITABLE)
