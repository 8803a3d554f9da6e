"""The page put together: style, plotly.js, figures as data, and the script that draws them.

Conventions:
    plotly.js, the figures and their texts are deflated; the page unpacks them in the browser.
"""

import json
import zlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from plotly.offline import get_plotlyjs

from nas_asc.report.facts import Facts
from nas_asc.report.section import Section, build_sections
from nas_asc.report.text import escape
from nas_asc.report.trial_table import hover_text

_NAV = {
    "summary": "Network",
    "network": "Layers",
    "health": "Health",
    "finalists": "Seeds",
    "fronts": "Fronts",
    "table": "Trials",
    "importance": "Axes",
    "groups": "Devices, classes",
    "asked": "Study",
}


def page_html(facts: Facts) -> str:
    """The whole page, one self-contained file.

    Args:
        facts: The facts of the study.
    """
    name, budget = escape(facts.config.name), escape(facts.config.budget.describe())
    hover = {str(record.number): hover_text(facts, record) for record in facts.ranked}
    head = f"<h1>{name}</h1><p>{budget}</p>"
    return put_together(
        f"{name}: networks within the budget", head, build_sections(facts), nav=_NAV, hover=hover, footer=_footer(facts)
    )


def put_together(
    title: str,
    head: str,
    sections: Sequence[Section],
    *,
    nav: Mapping[str, str],
    hover: Mapping[str, str],
    footer: str,
) -> str:
    """A page of sections.

    Args:
        title: The title of the window, as HTML.
        head: Above the sections, as HTML.
        sections: In their order.
        nav: Words that lead to sections, by the section's name.
        hover: What a point of a figure says, by its custom data.
        footer: As HTML.
    """
    figures = {drawing.name: drawing.figure.to_plotly_json() for section in sections for drawing in section.drawings}
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{_text("page.css")}</style>
</head>
<body>
<header>{head}<nav aria-label="sections">{_nav(nav)}</nav></header>
<main>
{"".join(map(_section, sections))}
</main>
<footer>{footer}</footer>
<script type="text/plain" id="figures">{pack(to_json(figures))}</script>
<script type="text/plain" id="hover">{pack(to_json(hover))}</script>
<script type="text/plain" id="plotly">{_plotly() if figures else ""}</script>
<script>{_text("page.js")}</script>
</body>
</html>
"""


def to_json(values: object) -> str:
    """JSON as short as can be.

    >>> to_json({"a": [1, 2]})
    '{"a":[1,2]}'
    """
    return json.dumps(values, separators=(",", ":"), allow_nan=False)


def pack(text: str) -> str:
    """A text deflated (zlib), as base64.

    >>> from base64 import b64decode
    >>> zlib.decompress(b64decode(pack("a text"))).decode()
    'a text'
    """
    return b64encode(zlib.compress(text.encode(), 9)).decode()


@cache
def _plotly() -> str:
    return pack(get_plotlyjs())


def _section(section: Section) -> str:
    return f'<section id="{section.name}"><h2>{escape(section.title)}</h2>{section.html}</section>\n'


def _nav(titles: Mapping[str, str]) -> str:
    return " ".join(f'<a href="#{name}">{escape(title)}</a>' for name, title in titles.items())


def _footer(facts: Facts) -> str:
    version = escape(facts.config.versions.get("nas_asc", ""))
    n = f"{len(facts.records)} trials, {len(facts.failed)} failed"
    return f'nas-asc {version} · {n} · the front as a table: <a href="front.csv">front.csv</a>'


def _text(name: str) -> str:
    return (files("nas_asc.report") / name).read_text(encoding="utf-8")
