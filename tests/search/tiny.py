"""A tiny space on tiny data: a search of it takes a fraction of a second a trial."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nas_asc.budget import Budget
from nas_asc.clock import WALL_CLOCK, Clock, TimeLimit
from nas_asc.data import DataSet, Split
from nas_asc.evaluation import PreparedData, Speed, Worker
from nas_asc.frontend import LogMel
from nas_asc.handover import refit_recommended
from nas_asc.layers import Classifier, Conv
from nas_asc.plan import plan_time
from nas_asc.recipe import AdamW, Recipe
from nas_asc.search import OnFeatures, SearchListener, SearchResult, ask_study, run_search
from nas_asc.space import Design, Space, choice, integer
from nas_asc.study import StudyConfig, TrialRecord, is_refitted, recommend

CPU = torch.device("cpu")
N_CLASSES, N_CLIPS, SAMPLE_RATE = 4, 64, 8_000
BUDGET = Budget(max_params=1_500, max_macs=100_000)

space = Space(
    "tiny",
    width=choice(2, 3, 4, 6, 8, 12),
    depth=integer(0, 3),
    kernel_size=choice(1, 3, 5),
    activation=choice("relu", "silu", "gelu"),
    learning_rate=choice(0.003, 0.01, 1e30),  # the last one diverges
)


@space.require
def diverging_nets_are_deep(learning_rate, depth):
    return learning_rate < 1 or depth == 3


@space.network
def network(width, depth, kernel_size, activation):
    yield Conv(width, kernel_size=3, stride=2, norm="batch", activation=activation)
    for _ in range(depth):
        yield Conv(width, kernel_size=kernel_size, padding="same", norm="batch", activation=activation)
    yield Classifier()


@space.features
def features():
    return LogMel(sample_rate=SAMPLE_RATE, n_fft=256, win_length=256, hop_length=128, n_mels=16)


@space.recipe
def recipe(learning_rate):
    return Recipe(epochs=2, batch_size=16, optimiser=AdamW(learning_rate))


space.guess(width=4, depth=1, kernel_size=3, activation="relu", learning_rate=0.01)
LARGE = space.system(
    "large", published={}, width=12, depth=3, kernel_size=5, activation="relu", learning_rate=0.01
).candidate


def make_data(digest: str = "tones") -> DataSet:
    """Tones of four pitches in noise."""
    labels = np.arange(N_CLIPS) % N_CLASSES
    blank = np.full(N_CLIPS, "")

    def synthesise(row: int) -> np.ndarray:
        time = np.arange(SAMPLE_RATE // 4) / SAMPLE_RATE
        tone = np.sin(2 * np.pi * 400 * (1 + labels[row]) * time)
        return (0.1 * tone + 0.05 * np.random.default_rng(row).normal(size=time.size)).astype(np.float32)

    return DataSet(
        name="tones",
        kind="synthetic",
        root=None,
        classes=tuple("abcd"),
        sample_rate=SAMPLE_RATE,
        clip_s=0.25,
        paths=np.array([f"{row}.wav" for row in range(N_CLIPS)]),
        labels=labels.astype(np.int64),
        groups=np.array([str(row // 4) for row in range(N_CLIPS)]),
        devices=blank,
        cities=blank,
        parts=blank,
        folds=np.zeros(N_CLIPS, np.int64),
        digest=digest,
        synthesise=synthesise,
    )


def prepare(cache_dir: Path, **changes: str) -> PreparedData:
    """The tones, half to train on, a quarter each to validate and test."""
    rows = np.arange(N_CLIPS)
    split = Split(train=rows[:32], validation=rows[32:48], test=rows[48:], note="")
    return PreparedData(make_data(**changes), split, cache_dir=cache_dir)


def ask(prepared: PreparedData, **changes: Any) -> StudyConfig:
    """A study of the tiny space."""
    return ask_of("tiny", space, prepared, **changes)


def ask_of(name: str, space: Space, prepared: PreparedData, /, **changes: Any) -> StudyConfig:
    """A study of any space on the tones."""
    return ask_study(StudyConfig(**{"name": name, "space": name, "budget": BUDGET, **changes}), space, prepared)


def worker(prepared: PreparedData, space: Space = space, clock: Clock = WALL_CLOCK) -> Worker:
    """Who trains, with a clock of a test's own where it matters; in float32, for a new process may measure another."""
    return Worker(prepared, layer_types=space.layer_types, clock=clock, precision=torch.float32)


def build_worker(cache_dir: Path, on_features: OnFeatures) -> Worker:
    """A worker in a process of its own, on features that are mapped."""
    prepared = PreparedData(make_data(), prepare(cache_dir).split, cache_dir=cache_dir, memory_limit_bytes=0)
    return worker(prepared)


class SteadyWorker(Worker):
    """A worker of a machine on which every epoch of a training is measured to take as long.

    Args:
        prepared: Clips and their features.
        epoch_s: Seconds of a measured epoch.
        clock: Tells the time.
    """

    def __init__(self, prepared: PreparedData, *, epoch_s: float, clock: Clock = WALL_CLOCK) -> None:
        super().__init__(prepared, clock=clock, precision=torch.float32)
        self.epoch_s = epoch_s

    def measure_speed(self, design: Design, *, n_steps: int = 3) -> Speed:
        """The same for every design."""
        return Speed(self.epoch_s)


@dataclass(frozen=True)
class Ended:
    """A search, what it recommends, and whether that was refitted."""

    search: SearchResult
    recommended: TrialRecord | None
    is_refitted: bool

    folder = property(lambda self: self.search.folder)
    config = property(lambda self: self.search.config)
    records = property(lambda self: self.search.records)
    stopped_by = property(lambda self: self.search.stopped_by)


def run(
    config: StudyConfig,
    space: Space,
    prepared: PreparedData,
    *,
    folder: Path,
    timeout_s: float | None = None,
    clock: Clock = WALL_CLOCK,
    refit: bool = True,
    listener: SearchListener | None = None,
    who: Worker | None = None,
    **options: Any,
) -> Ended:
    """A search, and the refit after it where that is asked for and nothing interrupted."""
    who, limit = who or worker(prepared, space, clock), TimeLimit.after(timeout_s, clock=clock)
    plan = plan_time(timeout_s, prepared, n_seeds=1, refits=refit, final_length=config.final_length)
    options = {"limit": limit, "kept_s": plan.after_trials_s, **options}
    found = run_search(config, space, who, folder=folder, listener=listener, **options)
    best = recommend(folder, found.config, found.records)
    if refit and found.stopped_by != "interrupt":
        refit_recommended(folder, who, limit=limit, listener=listener)
    return Ended(found, best, best is not None and is_refitted(folder, best))
