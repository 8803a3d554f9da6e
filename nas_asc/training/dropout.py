"""Dropout of a recipe: hooks on a network while it is trained, which leave the network itself as it is."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

from torch import Tensor, nn

from nas_asc import layers
from nas_asc.errors import TrainingError
from nas_asc.layers import Expansion, Operation, expand_architecture
from nas_asc.models import Network
from nas_asc.recipe import DropoutRates

DroppedModule: TypeAlias = tuple[nn.Module, float]

_CONVOLUTIONS = (layers.Convolution, layers.BranchedConvolution)
_KERNELS = (*_CONVOLUTIONS, layers.Projection)
_FOLLOWERS = (
    layers.Activation,
    layers.BatchNorm,
    layers.ChannelNorm,
    layers.FrequencyInstanceNorm,
    layers.SubSpectralNorm,
)


def dropped_modules(model: nn.Module, rates: DropoutRates | None) -> tuple[DroppedModule, ...]:
    """Modules whose output is dropped from, and how much: the last one of each kernel's block.

    A block is a kernel with the norm and the activation that alone follow it in its layer. A kernel from which no
    other kernel is reached gives logits, and has no dropout.

    Args:
        model: A built network, unless all rates are zero.
        rates: None is no dropout.

    Raises:
        TrainingError: The model has no description that tells its kernels.
    """
    if rates is None or not (rates.convolution or rates.dense):
        return ()
    rate_of = dict.fromkeys(_CONVOLUTIONS, rates.convolution) | {layers.Projection: rates.dense}
    if not isinstance(model, Network):
        raise TrainingError(f"`dropout` must be of a network made by build_model, but got {type(model).__name__}.")
    expansions = expand_architecture(model.architecture)
    last = max(index for index, expansion in enumerate(expansions) if _kernels(expansion))
    found: dict[nn.Module, float] = {}
    for index, expansion in enumerate(expansions[: last + 1]):
        for kernel in _kernels(expansion):
            is_dropped = index < last or _reaches_kernel(expansion, kernel)
            end = _block_end(expansion, kernel)
            module = model[index].get_submodule(end.reuses or end.name)
            found[module] = rate_of[type(kernel.primitive)] if is_dropped else 0.0
    return tuple((module, rate) for module, rate in found.items() if rate)


@contextmanager
def apply_dropout(dropped: Iterable[DroppedModule]) -> Iterator[None]:
    """Context in which the outputs of modules in training mode are dropped from; afterwards nothing of it is left.

    Args:
        dropped: What `dropped_modules` gave.
    """
    handles = [module.register_forward_hook(partial(_drop, rate=rate)) for module, rate in dropped]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _drop(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, *, rate: float) -> Tensor:
    return nn.functional.dropout(output, rate, training=module.training)


def _kernels(expansion: Expansion) -> list[Operation]:
    return [each for each in expansion.operations if isinstance(each.primitive, _KERNELS)]


def _reaches_kernel(expansion: Expansion, kernel: Operation) -> bool:
    """Whether another kernel of the layer computes with what this one gives."""
    reached = {kernel.output}
    for each in expansion.operations:
        if reached.intersection(each.inputs):
            reached.add(each.output)
    return any(other.output in reached for other in _kernels(expansion) if other is not kernel)


def _block_end(expansion: Expansion, kernel: Operation) -> Operation:
    """Last operation of the block that begins with a kernel."""
    end = kernel
    while end.output != expansion.output:
        readers = [each for each in expansion.operations if end.output in each.inputs]
        if len(readers) != 1 or not isinstance(readers[0].primitive, _FOLLOWERS):
            break
        end = readers[0]
    return end
