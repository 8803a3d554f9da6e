"""Looking before anything trains: recordings, plans, costs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas_asc.budget import Budget
from nas_asc.cost import Cost
from nas_asc.cost import count_cost as count_architecture
from nas_asc.data import DataSet, load_data_set
from nas_asc.layers import Architecture
from nas_asc.library.asked import ask, to_seconds
from nas_asc.plan import Forecast
from nas_asc.session import Course, begin_session, find_architecture
from nas_asc.space import Space, load_space
from nas_asc.survey import Survey


@dataclass(frozen=True)
class SearchPlan:
    """What a search would find and take.

    Args:
        survey: What of the space fits.
        forecast: Seconds, trial by trial; None where what fits is too rare to be measured.
    """

    survey: Survey
    forecast: Forecast | None


def open_data(source: str | Path | None = None, **reading: Any) -> DataSet:
    """The recordings behind a path, as `nas-asc data show` reads them.

    Args:
        source: A folder or CSV; None is the embedded synthetic scenes.
        reading: Further arguments of `nas_asc.data.load_data_set`, such as `clip_s`, `layout` or `columns`.

    Raises:
        DataError: There is nothing, its layout is not known, or files are missing.
    """
    return load_data_set(source, **reading)


def plan_search(
    space: str | Path | Space = "asc",
    data: str | Path | None = None,
    *,
    budget: Budget,
    timeout: str | float | None = None,
    n_trials: int | None = None,
    torch_device: str = "auto",
    cache: Path | None = None,
    **asked: Any,
) -> SearchPlan:
    """What fits a budget, and how long a search will take, as `nas-asc plan` has it.

    Args:
        space: A packaged name, the path of a space file, or a space.
        data: Path of the recordings; None is the embedded synthetic scenes.
        budget: Limits of the network.
        timeout: Wall time in all, such as "8m", or seconds.
        n_trials: Trials in all.
        torch_device: Where to train: "auto", "cpu" or "cuda".
        cache: Where features are kept; None is the user's cache folder.
        asked: Further arguments of `run_search`.

    Raises:
        NasAscError: A value is out of range, space or data cannot be read, or nothing fits.
    """
    course = Course.of(n_trials, to_seconds(timeout, "timeout"))
    config = ask(space, data, budget, course, "", asked)
    given = space if isinstance(space, Space) else None
    session = begin_session(config, torch_device=torch_device, cache=cache, space=given)
    survey = session.survey()
    survey.validate()
    return SearchPlan(survey, session.forecast(course))


def count_cost(network: str | Architecture, *, space: str | None = None) -> Cost:
    """What a network takes, as every rule counts it.

    Args:
        network: A published system, an architecture text file, study:TRIAL, or an architecture.
        space: Space file that declares the system or its layers.

    Raises:
        NasAscError: There is no such network, or its text is none.

    >>> count_cost("CP-Mobile-2024").params
    61148
    """
    if isinstance(network, Architecture):
        return count_architecture(network)
    return count_architecture(find_architecture(network, load_space(space) if space else None))
