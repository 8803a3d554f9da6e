"""The model card beside an exported file: it says what was measured, of which data, and what the file cannot do."""

import json
import re
from dataclasses import replace

import pytest

from nas_asc.budget import RULES, Budget, list_counts
from nas_asc.cli.export_command import _print_result
from nas_asc.cost import Cost
from nas_asc.handover import export_study, refit_recommended
from nas_asc.handover.export import _card_facts
from nas_asc.handover.model_card import format_model_card
from nas_asc.handover.stored import find_network
from nas_asc.metrics import wilson_interval
from nas_asc.study import load_config, load_records
from tests.search.tiny import ask, prepare, run, space, worker


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder, prepared = tmp_path_factory.mktemp("study"), prepare(tmp_path_factory.mktemp("cache"))
    run(ask(prepared), space, prepared, n_trials=3, folder=folder)
    return folder, prepared


@pytest.fixture(scope="module")
def exported(study):
    folder, prepared = study
    record = next(record for record in load_records(folder) if record.is_complete)
    return export_study(folder, worker(prepared), number=record.number)


@pytest.fixture(scope="module")
def card(exported):
    return exported.model_card.read_text(encoding="utf-8")


def _section(card, title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", card, re.DOTALL | re.MULTILINE)[1]


def _rows(text):
    """Cells of all tables."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return [cells for cells in lines if set("".join(cells)) != {"-"}]


def test_card_lies_beside_the_file_and_has_every_part(exported, card):
    assert exported.model_card.parent == exported.path.parent
    assert exported.model_card.name == f"{exported.path.stem}-card.md"
    assert re.findall(r"^## (.*)$", card, re.MULTILINE) == [
        "Use", "Data", "Split", "Scores", "Costs", "Recipe", "Limits",
    ]  # fmt: skip
    assert f"{exported.exported.file_bytes:,} bytes" in card
    assert str(exported.path.parent) not in card


def test_scores_are_those_of_the_file_with_their_intervals(exported, card):
    scores = exported.exported.scores
    low, high = wilson_interval(scores.accuracy, scores.n_clips)
    (row,) = [row for row in _rows(_section(card, "Scores")) if row[0] == "this file"]
    assert row[1:4] == [
        f"{100 * scores.accuracy:.1f} %",
        f"{100 * low:.1f} % to {100 * high:.1f} % of {scores.n_clips} clips",
        f"{scores.log_loss:.3f}",
    ]
    classes = {row[0]: row[2] for row in _rows(_section(card, "Scores")) if row[0] in "abcd"}
    assert classes == {
        name: f"{100 * value:.1f} %"
        for name, value in zip("abcd", scores.class_accuracy, strict=True)
        if value is not None
    }


def test_costs_stand_under_every_count_and_every_rule_set(exported, card):
    rows = {row[0]: row[1] for row in _rows(_section(card, "Costs"))}
    cost = Cost.from_dict(dict(exported.exported.cost))
    assert {count.column: rows[count.column] for count in list_counts()} == {
        count.column: f"{count.value(cost):,}" for count in list_counts()
    }
    for name, rules in RULES.items():
        assert rows[name].startswith("yes") == Budget(rules=name, bits=rules.fixed_bits or 8).fits(cost)


def test_split_and_licence_are_told(study, card):
    _, prepared = study
    rows = {row[0]: row[1:] for row in _rows(_section(card, "Split"))}
    split, groups = prepared.split, prepared.data_set.groups
    for name, part in (("training", split.train), ("validation", split.validation), ("test", split.test)):
        assert rows[name] == [str(len(part)), str(len(set(groups[part])))]
    data = {row[0]: row[1] for row in _rows(_section(card, "Data"))}
    assert data["licence"] == "none needed: synthetic scenes, made by nas-asc"
    assert data["classes"] == "a, b, c, d"


def test_rules_that_are_broken_say_by_how_much(study, exported):
    folder, prepared = study
    facts = _facts(folder, prepared, exported)
    wide = replace(exported.exported, cost=dict(exported.exported.cost) | {"params": 200_000})
    assert "| dcase2022 | no: params 200,000 of 128,000 |" in format_model_card(replace(facts, exported=wide))


def _facts(folder, prepared, exported):
    stored = find_network(folder, prepared, number=exported.record.number)
    return _card_facts(folder, load_config(folder), stored, exported.exported, worker(prepared))


def test_a_card_of_a_refit_has_the_scores_of_its_trial_and_says_why(study, tmp_path):
    folder, prepared = study
    refit_recommended(folder, worker(prepared))
    result = export_study(folder, worker(prepared), out=tmp_path)
    assert result.is_refit
    card = result.model_card.read_text(encoding="utf-8")
    assert "trained on the training and the validation clips" in _section(card, "Split")
    rows = [row for row in _rows(_section(card, "Scores")) if row[0].startswith("the trial's training")]
    assert [row[1] for row in rows] == [f"{100 * result.record.scores.accuracy:.1f} %"]
    assert "this file" not in [row[0] for row in _rows(_section(card, "Scores"))]
    trained = json.loads((folder / "final" / "card.json").read_text())
    epochs, precision = trained["recipe"]["epochs"], trained["precision"]
    assert precision in ("float32", "bfloat16")  # whichever is faster on this processor
    said = f"Trained for {epochs} epochs on cpu, in {precision}, with the seed {trained['seed']}."
    assert said in _section(card, "Recipe")


def test_the_network_is_the_one_that_was_written_and_not_the_one_proposed(study, exported):
    folder, prepared = study
    facts = replace(_facts(folder, prepared, exported), network="Architecture(...)\nClassifier()\n")
    recipe = _section(format_model_card(facts), "Recipe")
    assert "```text\nArchitecture(...)\nClassifier()\n```" in recipe
    assert exported.record.architecture not in recipe


def test_text_of_classes_breaks_no_table(study, exported):
    folder, prepared = study
    facts = _facts(folder, prepared, exported)
    odd = replace(facts.data_set, classes=("a|b", "c\nd", "e", "f"))
    rows = {row[0]: row[1] for row in _rows(_section(format_model_card(replace(facts, data_set=odd)), "Data"))}
    assert rows["classes"] == "a\\|b, c d, e, f"


def test_the_command_names_the_card(exported, capsys):
    _print_result("tiny", exported)
    last = capsys.readouterr().out.splitlines()[-1]
    stem = exported.path.stem
    assert last == f"wrote {exported.path}, its settings (.json), {stem}-card.json and the model card {stem}-card.md"
