"""The help of every command in 80 columns: the words have room, and nothing is left out of them."""

import re

import pytest

from nas_asc.cli import main
from tests.manual import command_names, find_command

_WIDTH, _LEAST_ROOM = 80, 36
_OPTION = re.compile(r"^│ +\*? *(?:--[\w-]+|[\w./]+)\s+(?:<[^>]+>)\s+(?=\S)")


@pytest.fixture
def help_of(monkeypatch, capsys):
    """Lines of a command's help in 80 columns."""
    monkeypatch.setenv("COLUMNS", str(_WIDTH))
    monkeypatch.setenv("TERMINAL_WIDTH", str(_WIDTH))

    def ask(name):
        assert main([*name.split(), "--help"]) == 0
        return capsys.readouterr().out.splitlines()

    return ask


@pytest.mark.parametrize("name", sorted(command_names()))
def test_the_words_of_every_option_have_room(name, help_of):
    lines = help_of(name)
    starts = {match.end() for match in map(_OPTION.match, lines) if match}
    assert starts
    assert max(starts) <= _WIDTH - _LEAST_ROOM
    assert max(map(len, lines)) <= _WIDTH


@pytest.mark.parametrize("name", sorted(command_names()))
def test_help_keeps_all_words(name, help_of):
    shown = " ".join(" ".join(line.strip("│ ") for line in help_of(name)).split())
    for option in find_command(name.split())[0].params:
        wanted = " ".join((option.help or "").replace("\\[", "[").split())
        assert wanted.replace(" ", "") in shown.replace(" ", "")


def test_an_option_that_is_on_is_shown_by_what_takes_it_off(help_of):
    text = "\n".join(help_of("search"))
    assert "--no-refit" in text
    assert "--refit" not in text
    assert "--accept-data-change" in "\n".join(help_of("resume"))
    assert "--no-accept-data-change" not in "\n".join(help_of("resume"))


@pytest.mark.parametrize("word", ["--refit", "--no-refit", "--warm-start"])
def test_both_words_of_an_option_are_understood(word):
    command, _ = find_command(["search"])
    assert command.make_context("search", [word]).params[word.strip("-").removeprefix("no-").replace("-", "_")] == (
        not word.startswith("--no")
    )
