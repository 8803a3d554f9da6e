"""Searching and training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nas_asc.budget import Budget
from nas_asc.clock import WALL_CLOCK
from nas_asc.library.asked import ask, to_seconds
from nas_asc.library.notebook import choose_listener, search_with
from nas_asc.library.study import Study
from nas_asc.session import (
    DEFAULT_SEEDS,
    ClipsAsked,
    Course,
    SearchListener,
    SeedResult,
    SilentListener,
    begin_session,
    open_training,
)
from nas_asc.space import Space
from nas_asc.study import STUDIES

_NO_LIMITS = Budget()


def run_search(
    space: str | Path | Space = "asc",
    data: str | Path | None = None,
    *,
    budget: Budget = _NO_LIMITS,
    name: str = "",
    timeout: str | float | None = None,
    n_trials: int | None = None,
    n_seeds: int = DEFAULT_SEEDS,
    refits: bool = True,
    root: Path = STUDIES,
    torch_device: str = "auto",
    cache: Path | None = None,
    listener: SearchListener | None = None,
    **asked: Any,
) -> Study:
    """A study that was searched, as `nas-asc search` does it: trials, race of the leaders, refit and report.

    An interrupt (Ctrl-C, or the stop button of a notebook) ends it; what is finished is on disk, and `Study.resume`
    goes on.

    Args:
        space: A packaged name, the path of a space file, or a space that was declared in the program; the study of such
            a one can be read, but is gone on with only where the space is given again.
        data: Path of the recordings; None is the embedded synthetic scenes.
        budget: Limits of the network.
        name: The name of the study; empty for one of space, data and date.
        timeout: Wall time in all, such as "8m" or seconds; None with no `n_trials` either is 8 minutes and 30 trials.
        n_trials: Trials in all.
        n_seeds: Most further trainings of one length of each leader; 1 is none.
        refits: Whether the recommended network is trained once more on all development clips.
        root: Folder of all studies.
        torch_device: Where to train: "auto", "cpu" or "cuda".
        cache: Where features are kept; None is the user's cache folder.
        listener: Told what happens; None shows it in the notebook's cell, and elsewhere prints a line a trial.
        asked: Further fields of `nas_asc.study.StudyConfig`, such as `objectives`, `mode`, `seed` or `test_fold`.

    Raises:
        StudyError: There is a study of that name, a value is out of range, or every trial fails alike.
        NothingFitsError: No candidate fits the budget.
        DataError: Audio cannot be read.
    """
    began = WALL_CLOCK.now()
    course = Course.of(n_trials, to_seconds(timeout, "timeout"), n_seeds=n_seeds, refits=refits)
    listener = listener or choose_listener()
    session = begin_session(
        ask(space, data, budget, course, name, asked),
        torch_device=torch_device,
        cache=cache,
        listener=listener,
        root=root,
        space=space if isinstance(space, Space) else None,
    )
    session.began = began
    listener.on_note(session.inputs.describe())
    session.survey().validate()
    search_with(session, course, listener)
    return Study(session.folder, space=session.inputs.space)


def train_design(
    network: str,
    data: str | Path | None = None,
    *,
    seeds: Sequence[int] = (0,),
    epochs: int | None = None,
    on_test: bool = False,
    space: str | None = None,
    out: Path | None = None,
    torch_device: str = "auto",
    listener: SearchListener | None = None,
    **clips: Any,
) -> list[SeedResult]:
    """A named network trained with its own recipe, as `nas-asc train` does it; one result a seed.

    Args:
        network: A published system, or study:TRIAL.
        data: Path of the recordings; None is the embedded synthetic scenes.
        seeds: The seeds of the trainings; those whose files are there already are read.
        epochs: Passes over the clips instead of the recipe's.
        on_test: Whether the test clips are scored too.
        space: Space file that declares the system.
        out: Folder of the files; None is trained/<network>-<data>.
        torch_device: Where to train: "auto", "cpu" or "cuda".
        listener: Told how far features are; None says nothing.
        clips: Further fields of `nas_asc.session.ClipsAsked`, such as `test_fold`.

    Raises:
        NasAscError: There is no such network, it cannot take the clips, these cannot be read, or a training failed.
    """
    asked = ClipsAsked(data=None if data is None else str(data), **clips)
    training = open_training(
        network,
        asked,
        space=space,
        out=out,
        torch_device=torch_device,
        on_features=(listener or SilentListener()).on_features,
    )
    return list(training.train(seeds, epochs=epochs, on_test=on_test))
