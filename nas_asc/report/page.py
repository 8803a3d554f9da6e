"""The page put together: style, plotly.js, figures as data, and the script that draws them.

Conventions:
    plotly.js, the figures and their texts are deflated; the page unpacks them in the browser.
"""

import json
import zlib
from base64 import b64encode
from functools import cache
from importlib.resources import files

from plotly.offline import get_plotlyjs

from nas_asc.report.facts import Facts
from nas_asc.report.section import Section, build_sections
from nas_asc.report.text import escape
from nas_asc.report.trial_table import hover_text

_NAV = {
    "summary": "Network",
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
        facts: Of the study.
    """
    sections = build_sections(facts)
    figures = {drawing.name: drawing.figure.to_plotly_json() for section in sections for drawing in section.drawings}
    hover = {record.number: hover_text(facts, record) for record in facts.ranked}
    name, budget = escape(facts.config.name), escape(facts.config.budget.describe())
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{name}: networks within the budget</title>
<style>{_text("page.css")}</style>
</head>
<body>
<header><h1>{name}</h1><p>{budget}</p><nav aria-label="sections">{_nav()}</nav></header>
<main>
{"".join(map(_section, sections))}
</main>
<footer>{_footer(facts)}</footer>
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


def _nav() -> str:
    return " ".join(f'<a href="#{name}">{escape(title)}</a>' for name, title in _NAV.items())


def _footer(facts: Facts) -> str:
    version = escape(facts.config.versions.get("nas_asc", ""))
    n = f"{len(facts.records)} trials, {len(facts.failed)} failed"
    return f'nas-asc {version} · {n} · the front as a table: <a href="front.csv">front.csv</a>'


def _text(name: str) -> str:
    return (files("nas_asc.report") / name).read_text(encoding="utf-8")
