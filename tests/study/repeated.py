"""A made-up study whose front was trained again: networks of known quality on clips in groups."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from nas_asc.cost import Cost
from nas_asc.metrics import score_predictions
from nas_asc.study import Predictions, TrialRecord, objective_values, write_repeat_files
from tests.study.records import example_config, example_record, example_repeat

OBJECTIVES = ("log_loss", "macs")
N_CLASSES = 4


def make_predictions(skill: float, *, seed: int, n_groups: int = 30, per_group: int = 10) -> Predictions:
    """Predictions that are better the higher `skill` is; clips of a group are equally hard."""
    n = n_groups * per_group
    labels = np.arange(n) % N_CLASSES
    groups = np.repeat(np.arange(n_groups), per_group)
    hard = np.random.default_rng(0).normal(0, 0.5, n_groups)[groups]
    logits = np.random.default_rng(seed).normal(size=(n, N_CLASSES))
    logits[np.arange(n), labels] += skill + hard
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Predictions.of(probabilities, labels, np.array([f"place {group}" for group in groups]))


def write_repeats(folder: Path, skills: dict[int, list[float]], **options: int) -> tuple[object, list[TrialRecord]]:
    """Config and records of trials 0, 1, ... with a training of each skill; more MACs the higher the number."""
    config = example_config(objectives=OBJECTIVES, reference_point=(3.0, 1e6))
    records = []
    for number, of_seeds in skills.items():
        macs = 10_000 * (number + 1)
        cost = Cost(1000, 1100, 1100, macs, macs, 1500, 4000, 100)
        record = example_record(number, cost=cost)
        for index, skill in enumerate(of_seeds):
            predictions = make_predictions(skill, seed=100 * number + index, **options)
            scores = score_predictions(predictions.labels, predictions.probabilities.astype(np.float64))
            scores = replace(scores, log_loss=float(predictions.losses.mean(dtype=np.float64)))
            repeat = example_repeat(number, index, scores=scores, seconds=1.0)
            write_repeat_files(folder, repeat, predictions=predictions)
            if index == 0:
                objectives = objective_values(OBJECTIVES, cost, scores)
                record = replace(record, scores=scores, objectives=objectives)
        records.append(record)
    return config, records
