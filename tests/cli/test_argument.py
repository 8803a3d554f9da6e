"""Errors name arguments; the command line names options in their place."""

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

import nas_asc
from nas_asc.budget import parse_budget
from nas_asc.cli import main
from nas_asc.cli.argument import explain
from nas_asc.cli.options import ClipOptions, SearchOptions
from nas_asc.cli.worker_options import WorkerOptions
from nas_asc.data import load_data_set
from nas_asc.errors import LayerError, NasAscError, StudyError
from nas_asc.search import CHANGES
from nas_asc.study import StudyConfig, list_options, parse_rungs
from tests.manual import command_names, find_command, option_names

_PACKAGE = Path(nas_asc.__file__).parent
_OPTION = re.compile(r"(?<![\w-])--[a-z]")
_WHOLE_COMMAND = re.compile(r"nas-asc [^`]*")


def _named_options(text):
    """(line, text) of what names an option; docstrings and what declares an option or its help are left out."""
    tree = ast.parse(text)
    passed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    passed |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg in _DECLARE}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed |= {id(part) for part in node.values}
    for node in (node for node in ast.walk(tree) if id(node) not in passed):
        words = _words(node)
        if words is not None and _OPTION.search(_WHOLE_COMMAND.sub("", words)):
            yield node.lineno, words


_DECLARE = ("option", "help")
_TABLE = ("option.py",)


def _words(node):
    """What a text says, with {} for what is put into it; None of what is no text."""
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _rooms():
    return sorted(path for path in _PACKAGE.rglob("*.py") if path.relative_to(_PACKAGE).parts[0] != "cli")


@pytest.mark.parametrize("path", _rooms(), ids=lambda path: path.relative_to(_PACKAGE).as_posix())
def test_nothing_outside_the_command_line_names_an_option(path):
    named = list(_named_options(path.read_text(encoding="utf-8")))
    assert path.name in _TABLE or named == []


@pytest.mark.parametrize(
    ("text", "n_found"),
    [
        ('raise StudyError("`--trials` must be 1 or more.")', 1),
        ('raise StudyError(f"`--trials` must be 1 or more, but got {n}.")', 1),
        ('given = {"--subset": 1}', 1),
        ('raise StudyError(f"Leave out --{name}; give --clip 2s.")', 1),
        ('raise StudyError(f"Go on with `nas-asc resume {name} --trials 60`.")', 0),
        ('raise StudyError(f"Go on with `nas-asc resume {name}`, or give --study.")', 1),
        ('def f():\n    """As `--trials` says."""', 0),
        ('Resource(option="--macs", help="With --target c.")', 0),
    ],
)
def test_an_option_in_a_message_is_found(text, n_found):
    assert len(list(_named_options(text))) == n_found


def test_every_option_of_the_table_is_one_of_a_command():
    real = set().union(*(option_names(find_command(name.split())[0]) for name in command_names()))
    assert [option for option in list_options().values() if option not in real] == []


def test_every_option_of_a_search_that_a_study_keeps_is_in_the_table():
    options = list_options()
    kept = {field.name for field in fields(StudyConfig)} - {"budget"}  # all limits, and no option
    declared = {field.name for group in (SearchOptions, ClipOptions, WorkerOptions) for field in fields(group)}
    assert declared & kept <= set(options)


def test_every_change_has_the_option_that_accepts_it():
    options = list_options()
    assert [options[f'accepted=["{kind}"]'] for kind in CHANGES] == [f"--accept-{kind}-change" for kind in CHANGES]


_STUDY = {"name": "x", "space": "asc", "budget": nas_asc.Budget()}


@pytest.mark.parametrize(
    ("call", "words", "argument", "option"),
    [
        (lambda: StudyConfig(**_STUDY, n_trials=0), ["search", "--trials", "0"], "n_trials", "--trials"),
        (lambda: StudyConfig(**_STUDY, timeout_s=0.0), ["search", "--timeout", "0s"], "timeout_s", "--timeout"),
        (lambda: StudyConfig(**_STUDY, scored="int4"), ["search", "--score", "int4"], "scored", "--score"),
        (lambda: StudyConfig(**_STUDY, n_trials=2, min_share=0.1), ["plan", "--min-share", "0.1"], "min_share",
         "--min-share"),
        (lambda: parse_rungs("9", eta=3.0), ["plan", "--rungs", "9"], "rungs", "--rungs"),
        (lambda: parse_budget({"params": "128q"}), ["search", "--budget", "128q"], "params", "--budget"),
        (lambda: nas_asc.Budget(max_params=0), ["search", "--budget", "0"], "max_params", "--budget"),
        (lambda: load_data_set(clip_s=2.0), ["data", "show", "--clip", "2s"], "clip_s", "--clip"),
        (lambda: load_data_set(subset=5), ["data", "show", "--subset", "5"], "subset", "--subset"),
    ],
)  # fmt: skip
def test_python_reads_the_argument_and_the_terminal_the_option(
    call, words, argument, option, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NasAscError, match=f"^`{argument}` ") as raised:
        call()
    rest = str(raised.value).removeprefix(f"`{argument}` ").split(",")[0]
    assert main(words) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"nas-asc: `{option}` {rest}")


def test_a_value_follows_its_option():
    error = StudyError('`layout="grouped"` needs folders. Give `bits=8`, `accepted=["data"]` or `n_workers=1`.')
    wanted = "`--layout grouped` needs folders. Give `--bits 8`, `--accept-data-change` or `--workers 1`."
    assert explain(error) == wanted


def test_what_is_no_argument_stays():
    error = StudyError("`kernel_size` must be odd. Go on with `nas-asc resume n_trials`, or see 'seed' and epochs.")
    assert explain(error) == str(error)


def test_the_words_of_a_file_stay():
    assert explain(LayerError("`bits` must be 8, but got bits=9.")) == "`bits` must be 8, but got bits=9."


def test_the_keys_of_a_study_file_stay(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "studies" / "x"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text('name = "x"\n[space]\nname = "asc"\n')
    monkeypatch.chdir(tmp_path)
    assert main(["status", "x"]) == 2
    assert "studies/x/study.toml cannot be read: it has no 'data'." in capsys.readouterr().err
