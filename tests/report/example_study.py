"""A study of the packaged space with real designs and costs and made-up scores: forty trials in milliseconds."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from nas_asc.budget import Budget
from nas_asc.cost import count_cost
from nas_asc.errors import LayerError
from nas_asc.frontend import Task
from nas_asc.layers import format_architecture
from nas_asc.metrics import Scores, score_predictions
from nas_asc.search.database import Database
from nas_asc.space import Space, load_space
from nas_asc.study import RungRecord, StudyConfig, TrialRecord, create_study_dir, objective_values, trial_dir

CLASSES = (
    "airport", "bus", "metro", "metro_station", "park", "public_square", "shopping_mall", "street_pedestrian",
    "street_traffic", "tram",
)  # fmt: skip
DEVICES = ("a", "b", "c", "s1", "s2", "s3")
TASK = Task(n_classes=len(CLASSES), clip_s=1.0)
BUDGET = Budget(max_params=128_000, max_macs=30_000_000)
HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'


def make_config(**changes: object) -> StudyConfig:
    """A study as `nas-asc search` asks one."""
    values = {
        "name": "example",
        "space": "cp_mobile",
        "space_digest": "0123456789abcdef",
        "data_digest": "fedcba9876543210",
        "classes": CLASSES,
        "clip_s": 1.0,
        "budget": BUDGET,
        "reference_point": (2.5, 33e6, 150e3),
        "versions": {"nas-asc": "0.1.0", "torch": "2.13.0"},
        "created": "2025-11-08T10:00:00",
        "n_trials": 40,
    }
    return StudyConfig(**(values | changes))


def make_scores(skill: float, rng: np.random.Generator, *, n_clips: int = 600, has_devices: bool = True) -> Scores:
    """Scores of made-up predictions that are better the higher `skill` is."""
    labels = rng.integers(len(CLASSES), size=n_clips)
    logits = rng.normal(size=(n_clips, len(CLASSES)))
    logits[np.arange(n_clips), labels] += skill
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return score_predictions(labels, probabilities, rng.choice(DEVICES, n_clips) if has_devices else None)


def make_records(
    n: int = 40,
    *,
    space: Space | None = None,
    seed: int = 0,
    objectives: tuple[str, ...] = ("log_loss", "macs", "int8_bytes"),
    has_devices: bool = True,
) -> list[TrialRecord]:
    """Finished trials that fit the budget; every thirteenth failed."""
    space, rng, records = space or load_space("cp_mobile"), np.random.default_rng(seed), []
    while len(records) < n:
        candidate = space.draw(rng)
        try:
            design = space.build(candidate, TASK)
        except LayerError:
            continue
        cost = count_cost(design.architecture)
        if not BUDGET.fits(cost):
            continue
        number = len(records)
        failed = number % 13 == 12
        skill = 0.42 * np.log10(cost.params) + 0.18 * np.log10(cost.macs) + rng.normal(0, 0.12)
        scores = None if failed else make_scores(skill, rng, has_devices=has_devices)
        records.append(
            TrialRecord(
                number=number,
                state="failed" if failed else "complete",
                values=candidate.values,
                key=design.key,
                architecture=format_architecture(design.architecture),
                log_mel=design.log_mel,
                recipe=design.recipe,
                cost=cost,
                scores=scores,
                objectives=() if scores is None else objective_values(objectives, cost, scores),
                seconds=float(rng.uniform(20, 90)),
                reason="the loss became infinite in epoch 3" if failed else None,
                seed=number,
                origin="guess" if number < 3 else "tpe",
            )
        )
    return records


def stop_record(record: TrialRecord, *, epochs: int = 3) -> TrialRecord:
    """A complete trial as if it had been stopped at its first rung with the scores that it has."""
    rungs = (RungRecord(epochs=epochs, scores=record.scores),)
    return replace(record, state="stopped", scores=None, objectives=(), rungs=rungs)


def write_curves(folder: Path, records: list[TrialRecord], *, n_epochs: int = 20) -> None:
    """Learning curves as the search writes them."""
    for record in records:
        path = trial_dir(folder, record.number)
        path.mkdir(parents=True, exist_ok=True)
        rows = (f"{epoch},{0.6 + 1.7 * 0.85**epoch},0.001,500.0" for epoch in range(1, n_epochs + 1))
        (path / "curve.csv").write_text("\n".join(["epoch,loss,learning_rate,clips_per_s", *rows]) + "\n")


def write_study(folder: Path, records: list[TrialRecord], config: StudyConfig | None = None) -> Path:
    """Folder of a study with its database, as a search leaves it."""
    config = config or make_config(name=folder.name)
    create_study_dir(folder, config)
    database = Database(folder, config, load_space(config.space))
    for record in records:
        database.append(record)
    database.close()
    return folder
