"""`nas-asc guide`: topics, pages, and what a terminal shows."""

import json
import os
import pty
import subprocess
import sys

from nas_asc.cli import main
from nas_asc.guide import list_topics, load_page


def test_without_a_topic_all_are_listed_with_their_questions(capsys):
    assert main(["guide"]) == 0
    out = capsys.readouterr().out
    assert [page.topic for page in list_topics() if f" {page.topic} " not in out or page.question not in out] == []
    assert "nas-asc guide searching" in out


def test_piped_page_is_the_markdown_itself(capsys):
    assert main(["guide", "counting"]) == 0
    assert capsys.readouterr().out == load_page("counting").text


def test_topics_and_pages_are_told_as_json(capsys):
    assert main(["guide", "--json"]) == 0
    assert [row["topic"] for row in json.loads(capsys.readouterr().out)] == [page.topic for page in list_topics()]
    assert main(["guide", "rooms", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == load_page("rooms").text


def test_terminal_shows_a_page_without_marks_and_links_as_commands():
    shown = _on_terminal("guide", "extending")
    assert "Adding to it" in shown
    assert "as in spaces (nas-asc guide spaces)." in shown
    assert "class Flip(AugmentationPart):" in shown
    assert [mark for mark in ("```", "# Adding", "spaces.md") if mark in shown] == []


def _on_terminal(*words):
    """What a terminal without colours, wide enough for a line, gets."""
    reader, writer = pty.openpty()
    environment = os.environ | {"TERM": "dumb", "COLUMNS": "120"}
    command = [sys.executable, "-m", "nas_asc.cli", *words]
    with subprocess.Popen(command, stdout=writer, env=environment) as process:
        os.close(writer)
        read = b""
        while part := _read(reader):
            read += part
    os.close(reader)
    assert process.returncode == 0
    return " ".join(read.decode().split())


def _read(reader):
    try:
        return os.read(reader, 1 << 16)
    except OSError:  # how a closed terminal ends on Linux
        return b""
