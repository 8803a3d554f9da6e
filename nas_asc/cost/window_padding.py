"""How a window's padding is said in a TensorFlow Lite model: "VALID", "SAME", or zeros of its own before it."""

from dataclasses import dataclass
from functools import lru_cache

from nas_asc.layers import Pair

_Sides = tuple[int, int]


@dataclass(frozen=True)
class WindowPadding:
    """Padding of a window on a map.

    Args:
        kind: "VALID" or "SAME".
        amounts: (before, after) in frequency and in time of what must be put around the map first.
    """

    kind: str
    amounts: tuple[_Sides, _Sides]

    @property
    def is_explicit(self) -> bool:
        """Whether anything must be put around the map first."""
        return any(map(any, self.amounts))


@lru_cache(maxsize=2**12)
def find_padding(size: Pair, *, kernel: Pair, stride: Pair, padding: Pair) -> WindowPadding:
    """The padding that a window with so many zeros on each side has in TensorFlow Lite.

    "SAME" puts ceil(n / stride) windows on n bins and shares the zeros that these need, fewer of them in front. Only
    what the last window reaches is put around a map.

    >>> find_padding((9, 9), kernel=(3, 3), stride=(2, 2), padding=(1, 1)).kind
    'SAME'
    >>> find_padding((8, 8), kernel=(3, 3), stride=(2, 2), padding=(1, 1)).amounts
    ((1, 0), (1, 0))
    """
    axes = list(zip(size, kernel, stride, padding, strict=True))
    if not any(padding):
        return WindowPadding("VALID", ((0, 0), (0, 0)))
    if all(_is_same(*axis) for axis in axes):
        return WindowPadding("SAME", ((0, 0), (0, 0)))
    rows, columns = (_amounts(*axis) for axis in axes)
    return WindowPadding("VALID", (rows, columns))


def _is_same(size: int, kernel: int, stride: int, padding: int) -> bool:
    n_windows = -(-size // stride)
    total = max((n_windows - 1) * stride + kernel - size, 0)
    return (size + 2 * padding - kernel) // stride + 1 == n_windows and total // 2 == padding


def _amounts(size: int, kernel: int, stride: int, padding: int) -> _Sides:
    n_windows = (size + 2 * padding - kernel) // stride + 1
    return padding, max((n_windows - 1) * stride + kernel - size - padding, 0)
