"""Sessions begun and reopened."""

from dataclasses import replace
from datetime import date
from pathlib import Path

from nas_asc.errors import StudyError
from nas_asc.search import SearchListener
from nas_asc.session.inputs import Inputs, read_inputs, reread_inputs
from nas_asc.session.session import Session
from nas_asc.space import Space
from nas_asc.study import STUDIES, StudyConfig, find_study, has_study, load_config, study_dir


def begin_session(
    asked: StudyConfig,
    *,
    torch_device: str | tuple[str, ...] = "auto",
    cache: Path | None = None,
    cache_bytes: int | None = None,
    listener: SearchListener | None = None,
    root: Path = STUDIES,
    space: Space | None = None,
) -> Session:
    """The session of a new study.

    Args:
        asked: Space, data, limits, and all that the user may choose; an empty name stands for one of space, data, date.
        torch_device: Where to train: "auto", "cpu" or "cuda"; or where each worker does.
        cache: Where features are kept; None is the user's cache folder.
        cache_bytes: Most bytes of features kept there; None is a fifth of the free disk.
        listener: Told what happens.
        root: Folder of all studies.
        space: To search instead of the one that is named.

    Raises:
        StudyError: There is a study of that name already.
        NasAscError: Space or data cannot be read; says which.

    >>> from nas_asc.budget import Budget
    >>> session = begin_session(StudyConfig(name="tau", space="cp_mobile", budget=Budget(max_params=128_000)))
    >>> session.survey(n_draws=100).fits_any
    True
    """
    if asked.name and has_study(study_dir(asked.name, root)):
        raise StudyError(
            f"study {asked.name!r} exists already. Go on with `nas-asc resume {asked.name}`, or give another name."
        )
    inputs = read_inputs(asked, space=space)
    config = replace(asked, name=asked.name or _default_name(inputs, root))
    folder = study_dir(config.name, root)
    return Session(
        config,
        inputs,
        folder=folder,
        torch_device=torch_device,
        cache=cache,
        cache_bytes=cache_bytes,
        listener=listener,
    )


def reopen_session(
    study: str | Path,
    *,
    torch_device: str | tuple[str, ...] = "auto",
    cache: Path | None = None,
    cache_bytes: int | None = None,
    listener: SearchListener | None = None,
    space: Space | None = None,
) -> Session:
    """The session of a study that is on disk.

    Args:
        study: Its name, or the path of its folder.
        torch_device: Where to train: "auto", "cpu" or "cuda"; or where each worker does.
        cache: Where features are kept; None is the user's cache folder.
        cache_bytes: Most bytes of features kept there; None is a fifth of the free disk.
        listener: Told what happens.
        space: It was searched with, instead of the one that it names.

    Raises:
        StudyError: There is no such study, or what it was searched with is gone.
    """
    folder = find_study(str(study))
    config = load_config(folder)
    inputs = reread_inputs(config, space=space)
    return Session(
        config,
        inputs,
        folder=folder,
        torch_device=torch_device,
        cache=cache,
        cache_bytes=cache_bytes,
        listener=listener,
    )


def _default_name(inputs: Inputs, root: Path) -> str:
    """Name from space, data and date that no study has yet."""
    stem = f"{inputs.space.name}-{inputs.data_set.name}-{date.today():%Y%m%d}"
    names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 10_000))
    return next(name for name in names if not (root / name).exists())
