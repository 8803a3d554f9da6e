"""What the README and the guide say is so: their Python runs, their commands, links, paths and tables are real."""

import importlib.util
import pkgutil
import re

import pytest
import torch

from nas_asc.augmentation import BatchFacts
from nas_asc.budget import RULES
from nas_asc.cli import main
from nas_asc.guide import list_topics, load_page
from nas_asc.space import list_spaces
from nas_asc.study import SAMPLERS
from nas_asc.survey import systems_table
from tests.manual import (
    PATHS,
    ROOT,
    blocks,
    command_names,
    commands,
    faults_of_command,
    faults_of_span,
    find_command,
    languages,
    links,
    prose,
    spans,
    tables,
)

_README = (ROOT / "README.md").read_text(encoding="utf-8")
_PYTHON = [(path, block) for path in PATHS for block in blocks(path.read_text(encoding="utf-8"), "python")]
_CHEAP = {"count": ["--static"], "guide": [], "spaces": [], "systems": []}  # commands to run, and what makes them quick
_NUMBERS = ("no", "one", "two", "three", "four", "five")

every_page = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@pytest.mark.parametrize(("path", "block"), _PYTHON, ids=[f"{path.stem}-{block.split()[1]}" for path, block in _PYTHON])
def test_python_of_a_page_runs(path, block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(block, path.name, "exec"), {"__name__": f"manual_{abs(hash(block))}"})


def test_the_augmentation_of_the_guide_does_what_it_says():
    (block,) = [block for _, block in _PYTHON if "AugmentationPart" in block]
    names = {"__name__": "manual_flip"}
    exec(compile(block.replace("class Flip", "class FlipAgain"), "extending.md", "exec"), names)
    features, targets = torch.randn(4, 1, 3, 5), torch.eye(4)
    labels, mean, std = torch.zeros(4, dtype=torch.int64), torch.zeros(3), torch.ones(3)
    batch = BatchFacts(shape=features.shape, labels=labels, mean=mean, std=std)
    apply = names["FlipAgain"](p=1.0).draw(batch, torch.Generator())
    assert torch.equal(apply(features, targets)[0], features.flip(3))


@every_page
def test_no_block_of_a_page_escapes_the_tests(path):
    known = {"python", "console"} | ({"bash"} if path.name == "README.md" else set())  # .ci/run runs the README's
    assert languages(path.read_text(encoding="utf-8")) <= known


@every_page
def test_commands_of_a_page_are_understood(path):
    text = path.read_text(encoding="utf-8")
    faults = {" ".join(words): faults_of_command(words) for words in commands(text)}
    faults |= {span: faults_of_span(span) for span in spans(text)}
    assert {words: found for words, found in faults.items() if found} == {}


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ("serach", "'serach'"),
        ("search --bugdet 1", "--bugdet"),
        ("data shwo", "'shwo'"),
        ("resume x --trials y", "--trials"),
    ],
)
def test_a_command_that_there_is_not_is_named(words, fault):
    (found,) = faults_of_command(words.split())
    assert fault in found


@pytest.mark.parametrize("span", ["nas-asc serach", "nas-asc count --bits 8", "--bugdet 1", "resume STUDY --budget 1"])
def test_a_span_with_a_word_that_there_is_not_is_named(span):
    assert len(faults_of_span(span)) == 1


@every_page
def test_cheap_commands_of_a_page_run(path, capsys):
    text = path.read_text(encoding="utf-8")
    shown = commands(text) + [span.split()[1:] for span in spans(text) if span.startswith("nas-asc ")]
    for words in shown:
        if words[0] in _CHEAP and not any(word.isupper() for word in words) and not faults_of_command(words):
            assert main([*words, *_CHEAP[words[0]]]) == 0, words
            assert capsys.readouterr().out


@every_page
def test_links_of_a_page_lead_somewhere(path):
    targets = [target for target in links(path.read_text(encoding="utf-8")) if "://" not in target]
    assert [target for target in targets if not (path.parent / target).is_file()] == []


@every_page
def test_files_modules_and_names_of_a_page_are_there(path):
    text = path.read_text(encoding="utf-8")
    ours = [span for span in spans(text) if re.fullmatch(r"(\w+/)+[\w.]+", span) and _is_ours(span)]
    assert [each for each in ours if not any((folder / each).exists() for folder in (ROOT, ROOT / "nas_asc"))] == []
    modules = [span.split()[2] for span in spans(text) if span.startswith("python -m ")]
    assert [module for module in modules if importlib.util.find_spec(module) is None] == []
    for name in re.findall(r"`(nas_asc(?:\.\w+)+)`", text):
        pkgutil.resolve_name(name)


def _is_ours(span):
    return span.endswith((".py", ".md")) or span.split("/")[0] in ("nas_asc", "tests", "search_spaces")


@every_page
def test_no_command_of_a_page_leaves_the_folder_of_its_reader(path):
    text = path.read_text(encoding="utf-8")
    assert [words for words in commands(text) if "../" in " ".join(words)] == []
    assert [span for span in spans(text) if "../" in span] == []


@pytest.mark.parametrize("name", sorted(command_names()))
def test_no_help_leaves_the_folder_of_its_reader(name):
    assert "../" not in find_command(name.split())[0].help


@every_page
def test_lines_of_a_page_are_short(path):
    lines = prose(path.read_text(encoding="utf-8")).splitlines()
    assert [line for line in lines if len(line) > 120 and not line.startswith("|")] == []


def test_the_readme_is_short():
    lines = _README.splitlines()
    assert len(lines) <= 180
    assert [line for line in lines if len(line) > 120] == []


def test_the_readme_lists_every_page_with_its_question():
    (table,) = [table for table in tables(_README) if table[0][0] == "page"]
    asked = [[f"[{page.topic}](nas_asc/guide/{page.topic}.md)", page.question] for page in list_topics()]
    assert table[1:] == asked


def test_the_readme_lists_every_command():
    (table,) = [table for table in tables(_README) if table[0][0] == "command"]
    listed = [" ".join(re.findall(r"(?<![\w-])[a-z]+\b", span)[:2]) for row in table[1:] for span in spans(row[0])]
    assert sorted(listed) == sorted(command_names())


def test_results_of_the_readme_stand_in_the_guide_and_their_commits_in_the_ledger():
    section = re.search(r"^## Results\n(.*?)^## ", _README, re.DOTALL | re.MULTILINE)[1]
    dated = re.findall(r"\(([\d-]{10}, commit \w{7})\)", section)
    ledger = (ROOT / "studies" / "LEDGER.md").read_text(encoding="utf-8")
    (table,) = tables(section)
    assert len(dated) == len(table) - 1
    assert [each for each in dated if each not in ledger] == []
    numbers = set(re.findall(r"(?<![\w.])\d[\d,.]*\w*\b", re.sub(r"\([\d-]{10}, commit \w{7}\)", "", section)))
    kept = load_page("results").text
    assert [number for number in sorted(numbers) if not re.search(rf"(?<![\w.]){re.escape(number)}\b", kept)] == []


def test_the_guide_counts_by_every_limit_and_every_rule_set():
    (table,) = tables(load_page("counting").text)
    limits = {
        option for option in find_command(["search"])[0].params if getattr(option, "rich_help_panel", "") == "Budget"
    }
    listed = {row[1].strip("`").split()[0] for row in table[1:]}
    assert listed == {option.opts[0] for option in limits} - {"--bits", "--target"}  # which say how, not how much
    first, *years = table[-1][2].removesuffix(", each with its own convention").split(", ")
    assert [first, *(f"dcase{year}" for year in years)] == list(RULES)


def test_the_guide_has_the_number_of_published_numbers():
    rows = systems_table(list_spaces())
    text = " ".join(load_page("counting").text.split())
    n_slips = sum(row.slip is not None for row in rows)
    assert f"reproduces {len(rows)} published numbers of {len({row.system for row in rows})} systems" in text
    assert f"{_NUMBERS[n_slips]} slips" in text


def test_the_guide_lists_every_space():
    (table,) = tables(load_page("systems").text)
    assert sorted(row[0].strip("`") for row in table[1:]) == sorted(list_spaces())


def test_the_guide_lists_every_sampler():
    listed = re.search(r"`--sampler` also offers (.*?) and any of", " ".join(load_page("searching").text.split()))[1]
    assert {"auto", "gp", *listed.split(", ")} == set(SAMPLERS)
