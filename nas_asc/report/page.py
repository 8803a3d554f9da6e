"""The page put together: style, plotly.js, figures as data, and the script that draws them."""

import json
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
<script type="application/json" id="figures">{to_script_json(figures)}</script>
<script type="application/json" id="hover">{to_script_json(hover)}</script>
<script>{get_plotlyjs() if figures else ""}</script>
<script>{_text("page.js")}</script>
</body>
</html>
"""


def to_script_json(values: object) -> str:
    """JSON that may stand in a script element: no text in it can end the element.

    >>> to_script_json({"name": "</script>"})
    '{"name":"\\\\u003c/script>"}'
    """
    return json.dumps(values, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


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
