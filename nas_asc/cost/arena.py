"""Where each value lies in one block of memory: the plan of exported files, and so the bytes that it takes.

Conventions:
    Places are multiples of 16 bytes. A tensor lives from the step that writes it to the last one that reads it. Where
    a single tensor lives from one step to the next, the steps before and those after are planned apart: the tensor
    between them lies at one end of the block, the next such tensor at the other end. The block is as large as the
    largest of these parts, so that the bytes of a network follow from those of its parts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, chain
from math import gcd
from typing import NamedTuple

ALIGNMENT = 16
_N_TRIES = 12  # orders in a row that better nothing
_FOREVER = 2**31


@dataclass(frozen=True, slots=True)
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


_Span = tuple[int, int, int]  # size, in units of its part; first and last step


@dataclass(frozen=True)
class _Part:
    """Tensors of neighbouring steps.

    Args:
        tensors: That live in these steps alone.
        entry: That was written before; None where there is none.
        exit: That is read afterwards; None where there is none.
    """

    tensors: tuple[Lifetime, ...]
    entry: Lifetime | None
    exit: Lifetime | None

    def plan(self) -> "_Plan":
        """Of entry, tensors and exit, those that there are.

        What is planned is in units of the largest number of bytes that all sizes are multiples of: parts of the same
        form have one plan.
        """
        start = min((one.first for one in (*self.tensors, *_known(self.exit))), default=0)
        unit = gcd(*(align(one.size) for one in self.all)) or 1
        spans = tuple((align(one.size) // unit, one.first - start, one.last - start) for one in self.tensors)
        entry = tuple((align(one.size) // unit, -1, one.last - start) for one in _known(self.entry))
        after = tuple((align(one.size) // unit, one.first - start, _FOREVER) for one in _known(self.exit))
        plan = _plan_part(entry, spans, after)
        return _Plan(plan.n_bytes * unit, tuple(place * unit for place in plan.places), plan.is_crossed)

    @cached_property
    def n_bytes(self) -> int:
        """Of all that lives in it."""
        return sum(align(one.size) for one in self.all)

    @property
    def all(self) -> tuple[Lifetime, ...]:
        """In the order of a plan."""
        return (*_known(self.entry), *self.tensors, *_known(self.exit))


class _Plan(NamedTuple):
    """Places in one part, whose entry is lowest, in bytes or in units of the part.

    Args:
        n_bytes: That it takes.
        places: Offset of each tensor.
        is_crossed: Whether what is read afterwards lies at the other end than the entry, or else at the same.
    """

    n_bytes: int
    places: tuple[int, ...]
    is_crossed: bool


def plan_memory(lifetimes: Sequence[Lifetime]) -> dict[int, int]:
    """Offset of each tensor, so that none lies where another one lives at the same time.

    >>> plan_memory([Lifetime(0, 64, 0, 1), Lifetime(1, 16, 1, 2), Lifetime(2, 48, 2, 3)])
    {0: 16, 1: 0, 2: 32}
    """
    parts = list(_split(lifetimes))
    plans = [part.plan() for part in parts]
    height = max((plan.n_bytes for plan in plans), default=0)
    offsets: dict[int, int] = {}
    is_upright = True
    for part, plan in zip(parts, plans, strict=True):
        for one, place in zip(part.all, plan.places, strict=True):
            low = height - align(one.size) if one is part.exit and plan.is_crossed else place
            offsets[one.tensor] = low if is_upright else height - low - align(one.size)
        is_upright = is_upright != plan.is_crossed
    return offsets


def count_arena(lifetimes: Sequence[Lifetime]) -> int:
    """Bytes that `plan_memory` takes in all.

    >>> count_arena([Lifetime(0, 64, 0, 1), Lifetime(1, 16, 1, 2), Lifetime(2, 48, 2, 3)])
    80
    """
    most = 0
    for part in sorted(_split(lifetimes), key=lambda part: -part.n_bytes):
        if part.n_bytes <= most:
            break  # no plan takes more than all of its tensors side by side
        most = max(most, part.plan().n_bytes)
    return most


def _split(lifetimes: Sequence[Lifetime]) -> Iterator[_Part]:
    """The parts in order, cut where one tensor or none lives from a step to the next."""
    ordered = sorted(lifetimes, key=lambda one: one.first)
    n_steps = max((max(one.first, one.last) for one in ordered), default=-1) + 1
    starting: list[list[Lifetime]] = [[] for _ in range(n_steps)]
    for one in ordered:
        starting[one.first].append(one)
    live: list[Lifetime] = []
    written: list[Lifetime] = []  # since the last cut
    entry: Lifetime | None = None
    for step in range(n_steps):
        written += starting[step]
        live = [one for one in live + starting[step] if one.last > step]
        if len(live) > 1 or (live and live[0] is entry):
            continue
        link = live[0] if live else None
        yield _Part(tuple(one for one in written if one is not link), entry, link)
        entry, written = link, []


@lru_cache(maxsize=2**15)
def _plan_part(entry: tuple[_Span, ...], spans: tuple[_Span, ...], after: tuple[_Span, ...]) -> _Plan:
    """The lower one of two plans: with entry and exit at different ends, and, where they may, at the same."""
    bound = _bound((*entry, *spans, *after))
    n_bytes, places = _try_orders(entry, spans, after, bound)
    crossed = _Plan(n_bytes, (0,) * len(entry) + places + tuple(n_bytes - size for size, _, _ in after), True)
    if n_bytes == bound or not after or (entry and entry[0][2] >= after[0][1]):
        return crossed
    n_bytes, places = _try_orders((*entry, *after), spans, (), bound)
    same = _Plan(n_bytes, (0,) * len(entry) + places + (0,), False)
    return same if same.n_bytes < crossed.n_bytes else crossed


def _try_orders(
    lowest: tuple[_Span, ...], spans: tuple[_Span, ...], highest: tuple[_Span, ...], bound: int
) -> tuple[int, tuple[int, ...]]:
    """Bytes of a part, and offsets of the tensors between the lowest and the highest ones.

    Tensors are put at the lowest place that is free, the largest first. Then the one that makes the part as high as it
    is goes first, again and again, until there is no gap or the tries are spent; the best plan is kept.
    """
    order = sorted(range(len(spans)), key=lambda number: (-spans[number][0], spans[number][1]))
    above = [sum(size for size, first, _ in highest if first <= last) for _, _, last in spans]  # in the end
    best: tuple[int, ...] = ()
    least, n_vain = None, 0
    while n_vain < _N_TRIES:
        places = _place(lowest, spans, order)
        ends = [place + span[0] + over for span, place, over in zip(spans, places, above, strict=True)]
        total = max((bound, *ends))
        n_vain += 1
        if least is None or total < least:
            best, least, n_vain = tuple(places), total, 0
        worst = max(order, key=ends.__getitem__, default=None)
        if total <= bound or worst is None or order[0] == worst:
            break
        order = [worst, *[number for number in order if number != worst]]
    assert least is not None
    return least, best


def _place(lowest: tuple[_Span, ...], spans: tuple[_Span, ...], order: Sequence[int]) -> list[int]:
    living = _Living(max((first for _, first, _ in (*lowest, *spans)), default=0))
    for span in lowest:
        living.put(0, span)
    places = [0] * len(spans)
    for number in order:
        span = spans[number]
        offset = 0
        for start, end in living.find(span):
            if offset + span[0] <= start:
                break
            offset = max(offset, end)
        places[number] = offset
        living.put(offset, span)
    return places


class _Living:
    """What is placed already, by the steps in which it lives; steps count from -1, and what lives later lives on.

    Args:
        n_steps: The last step in which anything begins.
    """

    def __init__(self, n_steps: int) -> None:
        self._at: list[list[tuple[int, int]]] = [[] for _ in range(n_steps + 2)]

    def put(self, offset: int, span: _Span) -> None:
        for at in self._at[span[1] + 1 : span[2] + 2]:
            at.append((offset, offset + span[0]))

    def find(self, span: _Span) -> list[tuple[int, int]]:
        """Places that are taken while a tensor lives, the lowest first."""
        first, last = span[1] + 1, span[2] + 2
        return sorted(self._at[first]) if last == first + 1 else sorted({*chain(*self._at[first:last])})


def _bound(spans: Sequence[_Span]) -> int:
    """Most bytes that live at once."""
    changes: dict[int, int] = {}
    for size, first, last in spans:
        changes[first] = changes.get(first, 0) + size
        changes[last + 1] = changes.get(last + 1, 0) - size
    return max(accumulate(changes[step] for step in sorted(changes)), default=0)


def _known(one: Lifetime | None) -> tuple[Lifetime, ...]:
    return () if one is None else (one,)


def align(size: int) -> int:
    """Bytes that a tensor takes up, whole places of 16.

    >>> align(17)
    32
    """
    return -(-size // ALIGNMENT) * ALIGNMENT
