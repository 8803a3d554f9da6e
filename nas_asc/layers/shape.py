"""Shapes and sizes: what a window does to a map, and how sizes are written.

Conventions:
    A shape is (C, F, T), or (K,) after a classifier. A size is one whole number, or a (frequency, time) pair.
"""

from typing import TypeAlias

from nas_asc.errors import LayerError

Shape: TypeAlias = tuple[int, ...]
Pair: TypeAlias = tuple[int, int]
Size: TypeAlias = int | Pair


def to_pair(size: Size) -> Pair:
    """(frequency, time) of a size.

    >>> to_pair(3), to_pair((2, 1))
    ((3, 3), (2, 1))
    """
    return (size, size) if isinstance(size, int) else size


def to_size(pair: Pair) -> Size:
    """Shortest spelling of a pair: one number where both are equal.

    >>> to_size((3, 3)), to_size((2, 1))
    (3, (2, 1))
    """
    return pair[0] if pair[0] == pair[1] else pair


def same_padding(kernel_size: Size) -> Pair:
    """Zeros on each side of an odd kernel that keep the shape at stride 1, and give ceil(F / stride) otherwise.

    >>> same_padding((5, 3))
    (2, 1)
    """
    frequency, time = to_pair(kernel_size)
    return frequency // 2, time // 2


def slide_window(shape: Shape, kernel_size: Size, *, stride: Size, padding: Size) -> Pair:
    """Positions (F, T) of a window slid over the map of `shape`, the incomplete last one left out.

    Raises:
        LayerError: `shape` is no map (C, F, T), or the window is larger than the padded map.

    >>> slide_window((1, 256, 65), 3, stride=2, padding=1)
    (128, 33)
    """
    _, frequency, time = require_map(shape)
    kernel, step, zeros = to_pair(kernel_size), to_pair(stride), to_pair(padding)
    rows = (frequency + 2 * zeros[0] - kernel[0]) // step[0] + 1
    columns = (time + 2 * zeros[1] - kernel[1]) // step[1] + 1
    if rows < 1 or columns < 1:
        raise LayerError(
            f"`kernel_size` must not exceed the padded map, but got kernel_size={kernel_size}, padding={padding}"
            f" on {frequency} bands x {time} frames. Use a smaller kernel or stride less before it."
        )
    return rows, columns


def require_map(shape: Shape) -> tuple[int, int, int]:
    """The shape itself, as (C, F, T).

    Raises:
        LayerError: It has another number of dimensions.
    """
    if len(shape) != 3:
        raise LayerError(f"the input must be a map (C, F, T), but has shape {shape}. Put this layer before `Flatten`.")
    return shape[0], shape[1], shape[2]


def make_divisible(value: float, divisor: int = 8) -> int:
    """Multiple of `divisor` nearest to `value`, at least `divisor`, never below 90 % of `value`.

    Source:
        MobileNetV3's rounding of widths, used by CP-Mobile.

    >>> make_divisible(32 * 2.1), make_divisible(56 * 2.1)
    (64, 120)
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded
