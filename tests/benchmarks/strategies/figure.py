"""A line chart as SVG, for a README: medians with quartiles, one line a strategy."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

_WIDTH, _HEIGHT = 960, 520
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 300, 20, 52
_OURS = ("#1f6feb", "#8250df", "#0a7ea4", "#2da44e", "#94c11f", "#12b5b0", "#3f2a78")
_OTHERS = ("#bf5700", "#d4a72c", "#a40e26", "#8c959f", "#24292f", "#e5749b", "#7a4a1e", "#57606a", "#d62ad0")


def draw_lines(
    histories: Mapping[str, NDArray[np.float64]], *, x_max: float, x_title: str, y_title: str, ours: str
) -> str:
    """Text of an SVG file.

    Args:
        histories: (seeds, steps) of each strategy, in the order of the legend; steps are equal parts of `x_max`.
        x_max: Where the last step is.
        x_title: Of the axis.
        y_title: Of the axis.
        ours: How names of ours begin; their lines are wider. What lies above the early quartiles is cut off.
    """
    lowest = 0.95 * min(float(history.min()) for history in histories.values())
    highest = 1.05 * max(float(np.quantile(history[:, history.shape[1] // 6], 0.75)) for history in histories.values())
    plot = _Plot(x_max, lowest, highest)
    colours = {True: iter(_OURS), False: iter(_OTHERS)}
    parts = [plot.frame(x_title, y_title)]
    for place, (name, history) in enumerate(histories.items()):
        is_ours = name.startswith(ours)
        colour = next(colours[is_ours])
        parts.append(plot.lines(history, colour, width=2.6 if is_ours else 1.3, dash="" if is_ours else "5 3"))
        parts.append(plot.legend(place, name, colour, dash="" if is_ours else "5 3"))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}"'
        f' font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="{escape(y_title)}">'
    )
    return "\n".join([head, f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>', *parts, "</svg>\n"])


class _Plot:
    def __init__(self, x_max: float, y_min: float, y_max: float) -> None:
        self._x_max, self._y_min, self._y_max = x_max, y_min, y_max
        self._width, self._height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def at(self, x: float, y: float) -> str:
        return f"{self._x(x):.1f},{self._y(y):.1f}"

    def _x(self, x: float) -> float:
        return _LEFT + x / self._x_max * self._width

    def _y(self, y: float) -> float:
        share = (min(y, self._y_max) - self._y_min) / (self._y_max - self._y_min)
        return _TOP + (1 - share) * self._height

    def frame(self, x_title: str, y_title: str) -> str:
        parts = []
        for value in np.linspace(0, self._x_max, 7):
            parts.append(f'<text x="{self._x(value):.1f}" y="{_HEIGHT - 32}" text-anchor="middle">{value:,.1f}</text>')
        for value in np.arange(np.ceil(10 * self._y_min) / 10, self._y_max, 0.1):
            y = self._y(value)
            parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e6e8eb"/>')
            parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.1f}</text>')
        middle = _TOP + self._height / 2
        parts.append(
            f'<text x="{_LEFT + self._width / 2:.1f}" y="{_HEIGHT - 10}" text-anchor="middle">{escape(x_title)}</text>'
        )
        parts.append(
            f'<text transform="translate(16 {middle:.1f}) rotate(-90)" text-anchor="middle">{escape(y_title)}</text>'
        )
        return "\n".join(parts)

    def lines(self, history: NDArray[np.float64], colour: str, *, width: float, dash: str) -> str:
        steps = np.linspace(0, self._x_max, history.shape[1] + 1)[1:]
        low, middle, high = np.quantile(history, [0.25, 0.5, 0.75], axis=0)
        around = [*zip(steps, high, strict=True), *zip(steps[::-1], low[::-1], strict=True)]
        band = " ".join(self.at(x, y) for x, y in around)
        line = " ".join(self.at(x, y) for x, y in zip(steps, middle, strict=True))
        style = f'stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dash}"'
        return (
            f'<polygon points="{band}" fill="{colour}" opacity="0.08"/><polyline points="{line}" fill="none" {style}/>'
        )

    def legend(self, place: int, name: str, colour: str, *, dash: str) -> str:
        x, y = _WIDTH - _RIGHT + 20, _TOP + 14 + 22 * place
        return (
            f'<line x1="{x}" x2="{x + 28}" y1="{y - 4}" y2="{y - 4}" stroke="{colour}" stroke-width="2.6"'
            f' stroke-dasharray="{dash}"/><text x="{x + 36}" y="{y}">{escape(name)}</text>'
        )
