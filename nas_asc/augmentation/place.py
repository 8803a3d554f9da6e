"""Small tensors brought to a device all together, by one copy."""

from collections.abc import Iterator
from typing import Any, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")
_ALIGNMENT = 16  # bytes: more than any type needs


def place(values: T, torch_device: torch.device) -> T:
    """Nested tuples, named ones too, with all their tensors on a device; what else is in them stays as it is.

    A tensor for itself would take a copy, for which a GPU waits each time.

    Args:
        values: Tensors on the CPU; one that stands there twice is copied once.
        torch_device: Where to.

    >>> place((torch.arange(2), "and", (torch.ones(1),)), torch.device("cpu"))
    (tensor([0, 1]), 'and', (tensor([1.]),))
    """
    if torch_device.type == "cpu":
        return values
    tensors = {id(tensor): tensor for tensor in _iterate_tensors(values)}
    if not tensors:
        return values
    parts, starts, size = [], [], 0
    for tensor in tensors.values():
        flat = tensor.contiguous().view(-1).view(torch.uint8)
        padding = -len(flat) % _ALIGNMENT
        parts += [flat, flat.new_zeros(padding)]
        starts.append(size)
        size += len(flat) + padding
    packed = torch.cat(parts)
    if torch_device.type == "cuda" and torch.cuda.is_available():
        packed = packed.pin_memory()
    packed = packed.to(torch_device, non_blocking=True)
    placed = {
        key: packed[start : start + tensor.nbytes].view(tensor.dtype).view(tensor.shape)
        for (key, tensor), start in zip(tensors.items(), starts, strict=True)
    }
    return _replace_tensors(values, placed)


def _iterate_tensors(values: Any) -> Iterator[Tensor]:
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, tuple):
        for value in values:
            yield from _iterate_tensors(value)


def _replace_tensors(values: Any, placed: dict[int, Tensor]) -> Any:
    if isinstance(values, Tensor):
        return placed[id(values)]
    if not isinstance(values, tuple):
        return values
    replaced = [_replace_tensors(value, placed) for value in values]
    return type(values)(*replaced) if hasattr(values, "_fields") else tuple(replaced)
