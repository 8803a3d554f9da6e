"""Brief trainings and their int8 files, for checks and benchmarks that go over every space."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nas_asc.budget import Budget
from nas_asc.cost import count_cost
from nas_asc.data import DataSet, split_data_set
from nas_asc.errors import LayerError
from nas_asc.evaluation import Exported, PreparedData, evaluate_candidate, export_network
from nas_asc.space import Design, load_space
from nas_asc.training import Run

BUDGET = Budget(max_params=128_000, max_macs=30_000_000)


@dataclass(frozen=True)
class Brief:
    """The file of a network that was trained briefly.

    Args:
        exported: The file and what was measured of it.
        is_dead: Whether the network says the same of every clip.
        export_s: Seconds of calibrating, writing, checking and scoring the file.
    """

    exported: Exported
    is_dead: bool
    export_s: float


def prepare_some(data_set: DataSet, n_train: int, n_validation: int, cache_dir: Path | None) -> PreparedData:
    """The first clips of each class of the data set's own split, at most so many in all."""
    split = split_data_set(data_set, seed=0)

    def first(rows, n):
        labels = data_set.labels[rows]
        rank = np.array([np.sum(labels[:index] == label) for index, label in enumerate(labels)])
        return rows[rank < n // len(data_set.classes)]

    some = replace(split, train=first(split.train, n_train), validation=first(split.validation, n_validation))
    return PreparedData(data_set, some, cache_dir=cache_dir)


def simplify(design: Design) -> Design:
    """The design without what is done beside training and after it, in as many steps as few clips allow."""
    plain = replace(design.recipe, batch_size=4, pruning=None, adaptation=None, band_selection=None, quantisation=None)
    return replace(design, recipe=plain)


def with_epochs(design: Design, n_epochs: int) -> Design:
    """The design with so many epochs of training."""
    return replace(design, recipe=replace(design.recipe, epochs=n_epochs))


def draw_designs(name: str, task, *, n: int) -> list[Design]:
    """The first random candidates of a space that fit `BUDGET`, simplified; the same ones however many."""
    space, generator, found = load_space(name), np.random.default_rng(0), []
    while len(found) < n:
        try:
            design = space.build(space.draw(generator), task)
        except LayerError:
            continue
        if BUDGET.fits(count_cost(design.architecture)):
            found.append(simplify(design))
    return found


def export_briefly(design: Design, prepared: PreparedData, path: Path, *, name: str, epochs: int = 1) -> Brief:
    """Train for an epoch or a few, and write the int8 file."""
    design = with_epochs(design, epochs)
    outcome = evaluate_candidate(design, prepared, Run())
    started = time.perf_counter()
    exported = export_network(
        path,
        outcome.network,
        prepared,
        recipe=design.recipe,
        name=name,
        probabilities=outcome.probabilities,
        measures_noise=False,
    )
    is_dead = bool(np.ptp(outcome.probabilities, axis=0).max() < 0.01)
    return Brief(exported, is_dead, time.perf_counter() - started)
