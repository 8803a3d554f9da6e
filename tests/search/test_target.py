"""A search for a target proposes and trains only what the target runs as integers, and keeps to it when resumed."""

from dataclasses import replace

import numpy as np
import pytest

from nas_asc.cost import list_obstacles
from nas_asc.errors import BudgetError, StudyError
from nas_asc.frontend import Task
from nas_asc.layers import parse_architecture
from nas_asc.propose import Screen, build_proposer
from nas_asc.propose.repair import repair
from nas_asc.search import ask_again
from nas_asc.study import load_config, load_records
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


def test_study_keeps_its_target(tmp_path):
    folder, prepared = tmp_path / "study", prepare(tmp_path / "cache")
    config = ask(prepared, target=TARGET)
    run(config, space, prepared, n_trials=3, folder=folder, refit=False)
    stored = load_config(folder)
    assert stored == replace(config, torch_device="cpu", precision=stored.precision)
    assert 'target = "tflite-micro"' in (folder / "study.toml").read_text()
    other = replace(config, target="any")
    with pytest.raises(StudyError, match="was made with --target tflite-micro, but got --target any"):
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
    with pytest.raises(BudgetError, match="`--target` must be a known target, but got 'tensorrt'"):
        example_config(target="tensorrt")
