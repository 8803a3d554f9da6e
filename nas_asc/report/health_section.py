"""The health of the study: one card a check."""

from collections.abc import Sequence

from nas_asc.health import Card
from nas_asc.report.text import code_html, escape
from nas_asc.study import name_options

_WORDS = {"fine": "fine", "warning": "warning", "unknown": "not known"}
_ORDER = ("warning", "unknown", "fine")


def health_html(cards: Sequence[Card]) -> str:
    """Cards of all checks, warnings first, as HTML; a sentence where there are none.

    Args:
        cards: The cards of the study.
    """
    if not cards:
        return "<p>Nothing was checked.</p>"
    counts = {verdict: sum(card.verdict == verdict for card in cards) for verdict in _ORDER}
    told = ", ".join(f"{count} {_WORDS[verdict]}" for verdict, count in counts.items() if count)
    ordered = sorted(cards, key=lambda card: _ORDER.index(card.verdict))
    return f'<p>{len(cards)} checks: {told}.</p><div class="cards">{"".join(map(_card_html, ordered))}</div>'


def _card_html(card: Card) -> str:
    advice = f'<p class="advice">{code_html(name_options(card.advice))}</p>' if card.advice else ""
    return (
        f'<div class="card {card.verdict}"><h3>{escape(card.title)} <span>{_WORDS[card.verdict]}</span></h3>'
        f"<p>{escape(card.finding)}</p>{advice}</div>"
    )
