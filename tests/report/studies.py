"""Studies with real networks of a packaged space and simulated predictions, of any size."""

from pathlib import Path

import numpy as np

from nas_asc.budget import Budget
from nas_asc.cost import count_cost
from nas_asc.errors import LayerError
from nas_asc.frontend import Task
from nas_asc.layers import format_architecture
from nas_asc.metrics import score_predictions
from nas_asc.space import load_space
from nas_asc.study import StudyConfig, TrialRecord, objective_values

SPACE = load_space("cp_mobile")
CLASSES = (
    "airport", "bus", "metro", "metro_station", "park", "public_square", "shopping_mall", "street_pedestrian",
    "street_traffic", "tram",
)  # fmt: skip
DEVICES = ("a", "b", "c", "s1", "s2", "s3", "s4", "s5", "s6")
TASK = Task(n_classes=len(CLASSES), clip_s=1.0)
BUDGET = Budget(max_params=128_000, max_macs=30_000_000, max_bytes=128_000)


def make_config(**changes: object) -> StudyConfig:
    """What a study of `cp_mobile` was asked."""
    values = {
        "name": "tau25",
        "space": "cp_mobile",
        "space_digest": SPACE.digest,
        "data_digest": "fedcba9876543210",
        "classes": CLASSES,
        "clip_s": TASK.clip_s,
        "budget": BUDGET,
        "reference_point": (1.5 * float(np.log(len(CLASSES))), 30_000_000.0, 128_000.0),
        "versions": {"nas_asc": "0.1.0", "optuna": "5.0.0", "torch": "2.13.0"},
        "created": "2026-11-21T06:00:00+00:00",
    }
    return StudyConfig(**(values | changes))


def make_records(n: int, *, n_clips: int = 360, seed: int = 0, with_devices: bool = True) -> list[TrialRecord]:
    """Complete trials of distinct networks inside the budget; larger ones score better, with noise."""
    rng = np.random.default_rng(seed)
    found = []
    while len(found) < n:
        for candidate in SPACE.draw_many(rng, 50):
            design = _fitting_design(candidate)
            if design is not None and len(found) < n:
                devices = _devices(n_clips) if with_devices else None
                found.append(_record(candidate, design, len(found), rng=rng, n_clips=n_clips, devices=devices))
    return found


def fail(record: TrialRecord, reason: str) -> TrialRecord:
    """The same trial, failed."""
    return TrialRecord(**(vars(record) | {"state": "failed", "scores": None, "objectives": (), "reason": reason}))


def write_curves(folder: Path, records: list[TrialRecord], n_epochs: int = 20) -> None:
    """Learning curves of the trials, as a search leaves them."""
    for record in records:
        path = folder / "trials" / str(record.number)
        path.mkdir(parents=True)
        rows = [
            f"{epoch},{2.2 * np.exp(-epoch / 8) + 0.4 + record.number % 7 / 30:.4f},0.001,900.0"
            for epoch in range(1, n_epochs + 1)
        ]
        (path / "curve.csv").write_text("\n".join(["epoch,loss,learning_rate,clips_per_s", *rows]) + "\n")


def _fitting_design(candidate):
    try:
        design = SPACE.build(candidate, TASK)
    except LayerError:
        return None
    return design if BUDGET.fits(count_cost(design.architecture)) else None


def _record(candidate, design, number, *, rng, n_clips, devices):
    cost = count_cost(design.architecture)
    skill = 0.9 * np.log10(cost.macs / 3e5) + 0.5 * np.log10(cost.params / 3e3) + rng.normal(0, 0.25)
    scores = score_predictions(*_predictions(skill, rng, n_clips), devices)
    return TrialRecord(
        number=number,
        state="complete",
        values=dict(candidate.values),
        key=design.key,
        architecture=format_architecture(design.architecture),
        log_mel=design.log_mel,
        recipe=design.recipe,
        cost=cost,
        scores=scores,
        objectives=objective_values(("log_loss", "macs", "int8_bytes"), cost, scores),
        seconds=float(20 + cost.macs / 1e6),
        seed=number,
        origin="random",
    )


def _devices(n_clips):
    return np.array([DEVICES[row % len(DEVICES)] for row in range(n_clips)])


def _predictions(skill, rng, n_clips):
    labels = np.arange(n_clips) % len(CLASSES)
    hard = np.array([row % len(DEVICES) for row in range(n_clips)]) / len(DEVICES)
    logits = rng.normal(size=(n_clips, len(CLASSES)))
    logits[np.arange(n_clips), labels] += skill + 1.0 - hard + 0.4 * (labels % 3)
    logits[np.arange(n_clips), (labels + 1) % len(CLASSES)] += 0.8
    shares = np.exp(logits)
    return labels, shares / shares.sum(axis=1, keepdims=True)
