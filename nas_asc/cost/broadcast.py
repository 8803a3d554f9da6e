"""Two tensors of different shapes, element by element: how far apart neighbours lie in each."""

from collections.abc import Sequence
from math import prod

Axes = tuple[int, ...]
_N_AXES = 4


def to_axes(shape: Axes) -> Axes:
    """A shape of four axes, as kernels have them."""
    return (1,) * (_N_AXES - len(shape)) + shape


def find_strides(shape: Axes, out_shape: Axes) -> Axes:
    """From one element to the next along each axis of the output; 0 where the tensor is repeated.

    >>> find_strides((1, 1, 3, 2), (1, 4, 3, 2))
    (0, 0, 2, 1)
    """
    return tuple(
        prod(shape[axis + 1 :]) if size > 1 and shape[axis] == size else 0 for axis, size in enumerate(out_shape)
    )


def merge_axes(sizes: Axes, strides: Sequence[Axes]) -> tuple[Axes, list[Axes]]:
    """The same elements with as few axes as will do, put last: an inner loop that is as long as can be.

    >>> merge_axes((1, 4, 3, 2), [(0, 6, 2, 1), (0, 0, 2, 1)])
    ((1, 1, 4, 6), [(0, 0, 6, 1), (0, 0, 0, 1)])
    """
    kept: list[tuple[int, Axes]] = []
    for size, steps in reversed([*zip(sizes, zip(*strides, strict=True), strict=True)]):
        if size == 1:
            continue
        if kept and all(step == kept[-1][0] * inner for step, inner in zip(steps, kept[-1][1], strict=True)):
            kept[-1] = (size * kept[-1][0], kept[-1][1])
        else:
            kept.append((size, steps))
    kept += [(1, (0,) * len(strides))] * (len(sizes) - len(kept))
    axes = kept[::-1]
    return tuple(size for size, _ in axes), [tuple(steps[one] for _, steps in axes) for one in range(len(strides))]
