"""A search for a target proposes and trains only what the target runs as integers, and keeps to it when resumed."""

from dataclasses import replace

import numpy as np
import pytest

from nas_asc.budget import Budget
from nas_asc.cost import count_arena_of, count_cost, list_obstacles
from nas_asc.errors import BudgetError, StudyError
from nas_asc.frontend import Task
from nas_asc.layers import Architecture, Conv, parse_architecture
from nas_asc.propose import Screen, build_proposer
from nas_asc.propose.repair import repair
from nas_asc.search import ask_again
from nas_asc.search.change import accept_changes
from nas_asc.study import StudyConfig, load_config, load_records
from tests.search.tiny import BUDGET, N_CLASSES, ask, prepare, run, space
from tests.study.records import example_config

TASK = Task(n_classes=N_CLASSES, clip_s=0.25)
TARGET = "tflite-micro"


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_no_proposal_has_what_the_target_lacks(sampler):
    config = example_config(sampler=sampler, budget=BUDGET, target=TARGET)
    proposer, seen = build_proposer(Screen(space, TASK, budget=BUDGET, target=TARGET), config), set()
    for number in range(12):
        proposal = proposer.propose(number, [], avoid=seen)
        assert proposal.candidate.values["activation"] != "gelu"
        assert list_obstacles(proposal.design.architecture, TARGET) == ()
        seen.add(proposal.design.key)


def test_candidate_in_other_respects_small_enough_is_changed_until_it_runs():
    screen = Screen(space, TASK, budget=BUDGET, target=TARGET)
    values = {"width": 4, "depth": 1, "kernel_size": 3, "activation": "gelu", "learning_rate": 0.01}
    lacking = space.candidate(**values)
    assert Screen(space, TASK, budget=BUDGET).excess(lacking) == 0
    assert screen.excess(lacking) == 1
    assert screen.admit(lacking, origin="guess") is None
    found = repair(lacking, screen, np.random.default_rng(0))
    assert screen.excess(found) == 0
    assert found.values["activation"] != "gelu"


@pytest.mark.parametrize("target", ["tflite-micro", "c"])
def test_what_is_asked_first_changes_nothing_of_what_fits(target):
    budget = replace(BUDGET, max_ram=2_600).on_target(target)
    drawn = space.draw_many(np.random.default_rng(0), 150)
    exact = Screen(space, TASK, budget=budget, target=target)
    costs = [exact.cost(candidate) for candidate in drawn]
    screen = Screen(space, TASK, budget=budget, target=target)
    expected = [cost if cost and exact.fits(each, cost) else None for each, cost in zip(drawn, costs, strict=True)]
    assert [screen.cost_if_fits(candidate) for candidate in drawn] == expected
    only_ram = [cost for cost in costs if [each.resource for each in budget.check(cost)] == ["ram"]]
    assert len(only_ram) > 5
    assert len(set(expected) - {None}) > 5


def test_study_keeps_its_target(tmp_path):
    folder, prepared = tmp_path / "study", prepare(tmp_path / "cache")
    config = ask(prepared, target=TARGET)
    run(config, space, prepared, n_trials=3, folder=folder, refit=False)
    stored = load_config(folder)
    assert stored == replace(
        config, torch_device="cpu", precision=stored.precision, memory_format="channels_last", graphs=False
    )
    assert 'target = "tflite-micro"' in (folder / "study.toml").read_text()
    other = replace(config, target="any")
    with pytest.raises(StudyError, match="was made with `target` tflite-micro, but got `target` any"):
        run(other, space, prepared, n_trials=4, folder=folder, refit=False)
    again = ask_again(load_config(folder), space, prepared)
    run(again, space, prepared, n_trials=6, folder=folder, refit=False)
    records = load_records(folder)
    assert len(records) == 6
    assert all(list_obstacles(parse_architecture(record.architecture), TARGET) == () for record in records)


def test_study_of_before_there_were_targets_has_none():
    tables = example_config().to_dict()
    assert tables.pop("target") == "any"
    assert type(example_config()).from_dict(tables).target == "any"


def test_unknown_target_is_told():
    with pytest.raises(BudgetError, match="`target` must be a known target, but got 'tensorrt'"):
        example_config(target="tensorrt")


def test_ram_of_a_study_is_counted_as_its_config_says(tmp_path):
    folder, prepared = tmp_path / "study", prepare(tmp_path / "cache")
    most = 12_000
    budget = replace(BUDGET, max_ram=most).on_target("c")
    config = ask(prepared, target="c", budget=budget)
    run(config, space, prepared, n_trials=3, folder=folder, refit=False)
    stored = load_config(folder)
    assert stored.budget == budget
    assert 'ram_target = "c"' in (folder / "study.toml").read_text()
    for record in load_records(folder):
        architecture = parse_architecture(record.architecture)
        front_end = record.log_mel.count(prepared.task.clip_s).ram_bytes
        assert record.cost.target_ram_bytes == count_arena_of(architecture, "c") + front_end <= most


def test_older_study_keeps_its_count_of_ram():
    old = example_config(budget=Budget(max_ram=12_000), target="c")
    tables = old.to_dict()
    assert "ram_target" not in tables["budget"]
    assert StudyConfig.from_dict(tables) == old
    asked = replace(old, budget=old.budget.on_target("c"))
    assert asked.budget != old.budget
    assert accept_changes(old, asked, accepted=()).budget == old.budget
    assert (
        old.budget.describe() == "budget: RAM bytes <= 12,000 (live int8 activations, batch 1, in order, input counts)"
    )
    for name in ("target_ram_bytes", "ram_target"):
        assert name not in count_cost(Architecture((Conv(4, kernel_size=3),), (1, 16, 16), 4)).to_dict()
