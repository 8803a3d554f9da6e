"""Groups of options: where a command has one, it has its options, and it is called with the group."""

import inspect
from dataclasses import dataclass
from typing import Annotated

import typer

from nas_asc.cli import main
from nas_asc.cli.group import spread_groups
from nas_asc.study import OPTUNA_PREFIX, SAMPLERS


@dataclass(frozen=True, kw_only=True)
class _Inner:
    width: Annotated[int, typer.Option("--wide", help="Inner.")] = 8


@dataclass(frozen=True, kw_only=True)
class _Outer:
    name: Annotated[str, typer.Option("--name", help="Before.")] = "a"
    inner: _Inner = _Inner()
    quiet: Annotated[bool, typer.Option("--quiet", help="After.")] = False


def _command(called):
    @spread_groups
    def command(first: Annotated[str, typer.Argument()], group: _Outer, last: Annotated[int, typer.Option()] = 3):
        """What it does."""
        called.append((first, group, last))

    return command


def test_options_of_a_group_stand_in_its_place_with_their_defaults():
    parameters = inspect.signature(_command([])).parameters
    assert list(parameters) == ["first", "name", "width", "quiet", "last"]
    assert [each.default for each in parameters.values()] == [inspect.Parameter.empty, "a", 8, False, 3]


def test_a_command_is_called_with_its_groups_as_objects():
    called = []
    app = typer.Typer()
    app.command()(_command(called))
    typer.main.get_command(app).main(["x", "--wide", "5", "--quiet", "--last", "4"], standalone_mode=False)
    typer.main.get_command(app).main(["y"], standalone_mode=False)
    assert called == [("x", _Outer(inner=_Inner(width=5), quiet=True), 4), ("y", _Outer(), 3)]


def test_a_command_keeps_its_name_and_its_words():
    command = _command([])
    assert (command.__name__, inspect.getdoc(command)) == ("command", "What it does.")


def test_every_sampler_stands_in_the_help(capsys):
    assert main(["search", "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split()).replace("│ │ ", "")
    assert f"Who proposes: {', '.join(SAMPLERS)}, or {OPTUNA_PREFIX}NAME" in said
