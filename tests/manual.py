"""The README and the guide's pages taken apart: blocks and spans of code, commands, tables and links."""

import re
import shlex
from functools import cache
from pathlib import Path

import typer
from typer.exceptions import TyperException

from nas_asc.cli import app

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "nas_asc" / "guide"
PATHS = [ROOT / "README.md", *sorted(GUIDE.glob("*.md"))]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(text, language):
    """Blocks of code in that language."""
    return [body for found, body in _FENCE.findall(text) if found == language]


def languages(text):
    """Language of each block of code."""
    return {language for language, _ in _FENCE.findall(text)}


def prose(text):
    """What stands outside blocks of code."""
    return _FENCE.sub("", text)


def spans(text):
    """Code within sentences and tables."""
    return [span.replace("\\|", "|") for span in re.findall(r"`([^`]+)`", prose(text))]


def commands(text):
    """Words after `nas-asc` of every command that a block shows."""
    lines = re.findall(r"^\$ nas-asc (.*)$", "".join(blocks(text, "console")), re.MULTILINE)
    lines += re.findall(r"bin/nas-asc (.*)$", "".join(blocks(text, "bash")), re.MULTILINE)
    return [shlex.split(line) for line in lines]


def tables(text):
    """Tables as rows of cells, the heading first."""
    runs = re.findall(r"(?:^\|.*\n?)+", prose(text), re.MULTILINE)
    return [[_cells(line) for line in run.splitlines() if not set(line) <= set("|-")] for run in runs]


def _cells(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def links(text):
    """Targets of links and pictures."""
    return re.findall(r"\]\(([^)]+)\)", prose(text))


@cache
def _program():
    return typer.main.get_command(app)


def command_names():
    """Every command, those of groups as two words."""
    top = _program().commands.items()
    return {" ".join((name, *rest)) for name, command in top for rest in _names_below(command)}


def _names_below(command):
    return [(name,) for name in command.commands] if hasattr(command, "commands") else [()]


def find_command(words):
    """(command, its words) of words after `nas-asc`; raises KeyError where there is none."""
    command, rest = _program(), list(words)
    while rest and hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
    return command, rest


def option_names(command):
    """Every way to write an option of a command."""
    return {word for option in command.params for word in (*option.opts, *option.secondary_opts)} | {"--help"}


def faults_of_command(words):
    """What the command line would say of these words, without running them."""
    try:
        command, rest = find_command(words)
        command.make_context(words[0], rest)
    except KeyError as error:
        return [f"no command {error}"]
    except TyperException as error:
        return [error.format_message()]
    return []


def faults_of_span(span):
    """Commands and options in a span that there are not; what is left out of an example is no fault."""
    first, *words = span.split()
    if first == "nas-asc" or (words and first in {name.split()[0] for name in command_names()}):
        try:
            command, _ = find_command(words if first == "nas-asc" else [first, *words])
        except KeyError as error:
            return [f"no command {error}"]
        known = option_names(command)
    elif first.startswith("--"):
        known = {option for name in command_names() for option in option_names(find_command(name.split())[0])}
    else:
        return []
    return [f"no option {word}" for word in span.split() if word.startswith("--") and word not in known]
