"""Where each value lies in the memory of a runtime that plans nothing better: fewer gaps, less RAM.

Conventions:
    The plan is in the file's metadata as TensorFlow Lite Micro reads it: version, subgraph, number of tensors, and the
    offset of each, -1 where the runtime is to choose.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PLAN_KEY = "OfflineMemoryAllocation"
_VERSION, _SUBGRAPH = 1, 0
_ALIGNMENT = 16
_N_TRIES = 200


@dataclass(frozen=True)
class Lifetime:
    """A tensor that needs memory for some time.

    Args:
        tensor: Its number.
        size: Bytes.
        first: Step that writes it.
        last: Last step that reads it.
    """

    tensor: int
    size: int
    first: int
    last: int


def plan_memory(lifetimes: Sequence[Lifetime]) -> dict[int, int]:
    """Offset of each tensor, so that none lies where another one lives at the same time.

    Tensors are put at the lowest place that is free, the largest first. Then the one that lies highest goes first,
    again and again, until there is no gap or the tries are spent; the best plan is kept.

    >>> plan_memory([Lifetime(0, 64, 0, 1), Lifetime(1, 16, 1, 2), Lifetime(2, 48, 2, 3)])
    {0: 0, 2: 0, 1: 64}
    """
    if not lifetimes:
        return {}
    order = sorted(lifetimes, key=lambda one: (-one.size, one.first))
    best: dict[int, int] = {}
    least, bound = None, _bound(lifetimes)
    for _ in range(_N_TRIES):
        offsets = _place(order)
        highest = max(order, key=lambda one: offsets[one.tensor] + _round(one.size))
        total = offsets[highest.tensor] + _round(highest.size)
        if least is None or total < least:
            best, least = offsets, total
        if total <= bound or order[0] == highest:
            break
        order = [highest, *[one for one in order if one != highest]]
    return best


def arena_bytes(lifetimes: Sequence[Lifetime], offsets: dict[int, int]) -> int:
    """Bytes that a plan takes in all."""
    return max((offsets[one.tensor] + _round(one.size) for one in lifetimes), default=0)


def format_plan(offsets: dict[int, int], n_tensors: int) -> bytes:
    """Content of the metadata entry."""
    places = [offsets.get(tensor, -1) for tensor in range(n_tensors)]
    return np.array([_VERSION, _SUBGRAPH, n_tensors, *places], dtype="<i4").tobytes()


def _place(order: Sequence[Lifetime]) -> dict[int, int]:
    placed: list[tuple[int, Lifetime]] = []
    for one in order:
        offset = 0
        for start, other in sorted(
            ((start, other) for start, other in placed if other.first <= one.last and one.first <= other.last),
            key=lambda pair: pair[0],
        ):
            if offset + _round(one.size) <= start:
                break
            offset = max(offset, start + _round(other.size))
        placed.append((offset, one))
    return {one.tensor: offset for offset, one in placed}


def _bound(lifetimes: Sequence[Lifetime]) -> int:
    """Most bytes that live at once."""
    steps = {one.first for one in lifetimes}
    return max(sum(_round(one.size) for one in lifetimes if one.first <= step <= one.last) for step in steps)


def _round(size: int) -> int:
    return -(-size // _ALIGNMENT) * _ALIGNMENT
