"""From options to what a search needs: the space, the data and its split, the budget, the features' cache."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas_asc.budget import Budget
from nas_asc.cli.options import SearchOptions
from nas_asc.cli.space_source import load_studied_space, to_source
from nas_asc.data import DataSet, Split, load_data_set, split_data_set
from nas_asc.errors import StudyError
from nas_asc.evaluation import PreparedData
from nas_asc.search import ask_study
from nas_asc.space import Space, load_space
from nas_asc.study import StudyConfig, parse_rung_clips, parse_rungs
from nas_asc.training import prepare_process
from nas_asc.units import parse_duration_s


@dataclass(frozen=True)
class Setup:
    """What a plan or a search works on.

    Args:
        space: Search space.
        data_set: The recordings.
        split: Rows of training, validation and test.
        budget: Limits of the network.
        clip_length_s: Length that every clip is cut or padded to, where the user named one.
    """

    space: Space
    data_set: DataSet
    split: Split
    budget: Budget
    clip_length_s: float | None = None

    def prepare(self, cache: Path | None, *, on_progress: Callable[[int, int], None] | None = None) -> PreparedData:
        """Clips and features, none computed yet.

        Args:
            cache: Where features are kept; None is the user's cache folder.
            on_progress: Told how the computing of features goes.
        """
        prepare_process()
        return PreparedData(self.data_set, self.split, cache_dir=cache, on_progress=on_progress)


def setup_of(options: SearchOptions, *, quiet: bool = False) -> Setup:
    """Everything the options name, read and checked; the resolved budget is the first line printed unless `quiet`.

    Args:
        options: Of `search` or `plan`.
        quiet: Whether the budget is not printed.

    Raises:
        NasAscError: An option is wrong; says which.
    """
    budget = options.budget.parse()
    if not quiet:
        print(budget.describe(), flush=True)
    clip_length_s = None if options.clip is None else float(parse_duration_s(options.clip, what="--clip"))
    data_set = load_data_set(options.data, subset=options.subset, clip_s=clip_length_s)
    split = split_data_set(data_set, seed=options.seed, test_fold=options.test_fold)
    return Setup(load_space(options.space), data_set, split, budget, clip_length_s)


def ask_config(
    name: str,
    setup: Setup,
    prepared: PreparedData,
    options: SearchOptions,
    *,
    trials: int | None,
    timeout_s: float | None,
) -> StudyConfig:
    """Config of the study that the options of `search` or `plan` ask for.

    Args:
        name: Of the study.
        setup: Of the same options.
        prepared: Its clips.
        options: Of `search` or `plan`.
        trials: In all; None is no number.
        timeout_s: Wall time; None is no limit.

    Raises:
        StudyError: An option is out of range; says which.
    """
    rungs = parse_rungs(options.rungs, eta=options.eta)
    data = options.data
    scored: Any = options.score or ("int8" if setup.budget.bits == 8 else "float")  # checked where the config is made
    names = ("mode", "sampler", "warm_start", "min_share", "target", "seed", "subset", "test_fold", "epochs", "eta")
    return ask_study(
        name,
        setup.space,
        prepared,
        space_source=to_source(options.space),
        data_source=None if data is None else str(Path(data).resolve()),
        budget=setup.budget,
        objectives=tuple(options.objectives.split(",")),
        scored=scored,
        clip_length_s=setup.clip_length_s,
        rungs=rungs,
        rung_clips=parse_rung_clips(options.rung_clips, rungs=rungs),
        final_length=options.final_length,
        n_trials=trials,
        timeout_s=timeout_s,
        **{each: getattr(options, each) for each in names},
    )


def reopen_setup(config: StudyConfig, *, quiet: bool = False) -> Setup:
    """What a study was searched with, read again; its budget is the first line printed unless `quiet`.

    Raises:
        NasAscError: Space or data are gone or cannot be read.
    """
    if not quiet:
        print(config.budget.describe(), flush=True)
    space = load_studied_space(config)
    data_set, split = reopen_data(config)
    return Setup(space, data_set, split, config.budget, config.clip_length_s)


def reopen_data(config: StudyConfig) -> tuple[DataSet, Split]:
    """The data of a study, read again, with its split.

    Raises:
        NasAscError: They are gone or cannot be read.
    """
    if config.data is not None and not Path(config.data).exists():
        raise StudyError(
            f"the recordings of study {config.name!r} are no longer in {config.data}. Put them back, or write their"
            " new place into its study.toml: `source` below [data]."
        )
    data_set = load_data_set(config.data, subset=config.subset, clip_s=config.clip_length_s)
    return data_set, split_as_studied(data_set, config)


def split_as_studied(data_set: DataSet, config: StudyConfig) -> Split:
    """A study's split of its data."""
    return split_data_set(
        data_set, seed=config.seed, test_fold=config.test_fold, validation_share=config.validation_share
    )


def data_line(setup: Setup) -> str:
    """What will be trained and validated on, in one line."""
    data_set, split = setup.data_set, setup.split
    return (
        f"data: {data_set.name}, {len(data_set.classes)} classes, {len(split.train):,} training and"
        f" {len(split.validation):,} validation clips of {data_set.clip_s:g} s; {split.note}"
    )


def default_study_name(setup: Setup, root: Path) -> str:
    """Name from space, data and date that no study has yet."""
    stem = f"{setup.space.name}-{setup.data_set.name}-{time.strftime('%Y%m%d')}"
    names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 10_000))
    return next(name for name in names if not (root / name).exists())
