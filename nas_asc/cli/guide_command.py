"""`nas-asc guide`: the manual in the terminal."""

import re
import sys
from typing import Annotated

import typer

from nas_asc.cli.options import Json
from nas_asc.cli.terminal import build_console, build_table, print_json
from nas_asc.guide import list_topics, load_page

_LINK = re.compile(r"(?<!!)\[([^]]+)\]\((\w+)\.md\)")


def guide(
    topic: Annotated[str | None, typer.Argument(help="One of the topics that `nas-asc guide` lists.")] = None,
    json: Json = False,
) -> None:
    """Read the manual: its topics, or the page of one, as Markdown where the output is piped.

    Example: nas-asc guide searching
    """
    if topic is None:
        _list(json=json)
        return
    page = load_page(topic)
    if json:
        print_json({"topic": page.topic, "title": page.title, "question": page.question, "text": page.text})
    elif sys.stdout.isatty():
        _show(page.text)
    else:
        sys.stdout.write(page.text)


def _list(*, json: bool) -> None:
    pages = list_topics()
    if json:
        print_json([{"topic": page.topic, "title": page.title, "question": page.question} for page in pages])
        return
    rows = [(page.topic, page.question) for page in pages]
    build_console().print(build_table(("topic", "question"), rows))
    print(f"read one: nas-asc guide {pages[0].topic}")


def _show(text: str) -> None:
    """Page on a terminal, where a link to another page is the command that shows it."""
    from rich.markdown import Markdown

    text = _LINK.sub(r"\1 (`nas-asc guide \2`)", text)
    build_console().print(Markdown(text, code_theme="ansi_dark"))
