"""The manual: one page of Markdown beside this file for each question that a user has.

Conventions:
    A page begins with `# Title` and one sentence, the question that it answers. A link to another page is that page's
    file name, `data.md`.
"""

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

from nas_asc.errors import GuideError

TOPICS = (
    "searching",
    "machines",
    "data",
    "counting",
    "files",
    "microcontroller",
    "gpu",
    "python",
    "spaces",
    "systems",
    "extending",
    "results",
    "rooms",
)

__all__ = ["TOPICS", "Page", "list_topics", "load_page"]


@dataclass(frozen=True)
class Page:
    """One page of the guide.

    Args:
        topic: Word that names it.
        title: Its heading.
        question: What it answers, in one sentence.
        text: The whole page as Markdown.
    """

    topic: str
    title: str
    question: str
    text: str


def list_topics() -> tuple[Page, ...]:
    """All pages, in the order in which they are best read."""
    return tuple(load_page(topic) for topic in TOPICS)


def load_page(topic: str) -> Page:
    """The page of that topic.

    Raises:
        GuideError: There is none; names the nearest.

    >>> load_page("data").title
    'Data'
    """
    if topic not in TOPICS:
        raise GuideError(f"the guide has no topic {topic!r}. {_remedy(topic)}")
    text = _read(topic)
    title, question, *_ = text.split("\n\n", maxsplit=2)
    return Page(topic, title.removeprefix("# "), " ".join(question.split()), text)


def _remedy(word: str) -> str:
    """The topic spelled alike, or else those whose pages have the word, or else all."""
    alike = difflib.get_close_matches(word, TOPICS, n=1, cutoff=0.7)
    if alike:
        return f"Did you mean {alike[0]!r}?"
    having = [topic for topic in TOPICS if re.search(rf"\b{re.escape(word)}\b", _read(topic), re.IGNORECASE)]
    return f"The word is in {', '.join(having)}." if having else f"The topics are {', '.join(TOPICS)}."


def _read(topic: str) -> str:
    return Path(__file__).with_name(f"{topic}.md").read_text(encoding="utf-8")
