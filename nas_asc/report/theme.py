"""The look that all figures share; colours read on a light and on a dark page.

Conventions:
    The page's script sets fonts and grids by the reader's colour scheme; a figure sets only what means something.
"""

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

FRONT = "#3b7dd8"
RECOMMENDED = "#e8833a"
DOMINATED = "rgba(128, 136, 150, 0.40)"
LIMIT = "#d1495b"
REFERENCE = "#8a7fc7"
BAD_TO_GOOD = [[0.0, "#e0a458"], [0.5, "#9db4c8"], [1.0, "#2a6fdb"]]
SHARES = [[0.0, "#eef3fa"], [0.5, "#86aee6"], [1.0, "#174a94"]]
NOTHING = "Nothing to show yet: no trial is complete."


@dataclass(frozen=True)
class Drawing:
    """One figure of the page.

    Args:
        name: Its identifier in the page.
        label: What it shows, for those who cannot see it; plain text.
        figure: Plotly's.
        min_width: Pixels below which it scrolls sideways instead of shrinking.
    """

    name: str
    label: str
    figure: go.Figure
    min_width: int = 0


def empty_figure(*, height: int, **layout: Any) -> go.Figure:
    """Figure without traces in the shared look.

    Args:
        height: Pixels.
        **layout: Further parts of plotly's layout.
    """
    figure = go.Figure()
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 64, "r": 20, "t": 24, "b": 52},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hoverlabel={"align": "left"},
        showlegend=False,
    )
    figure.update_layout(**layout)
    return figure


def whole_ticks(highest: float) -> dict[str, Any]:
    """Parts of an axis of whole numbers from 0 or 1 on, which must not be cut into fractions.

    >>> whole_ticks(3)
    {'tickformat': 'd', 'dtick': 1}
    """
    return {"tickformat": "d"} | ({"dtick": 1} if highest < 8 else {})
