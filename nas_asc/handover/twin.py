"""The random twin of a study: feasible random search of the same space, data, budget and seed, at equal cost."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from nas_asc.clock import NO_LIMIT, TimeLimit
from nas_asc.errors import StudyError
from nas_asc.evaluation import PreparedData, Worker
from nas_asc.health import Comparison, compare_at_seconds, compare_at_trials, is_twin, twin_dir
from nas_asc.search import Executor, SearchListener, SearchResult, ask_again, run_search, validate_data
from nas_asc.space import Space
from nas_asc.study import StudyConfig, has_study, load_config, load_records


@dataclass(frozen=True)
class TwinResult:
    """A study beside its twin.

    Args:
        search: What the search of the twin ended with.
        at_trials: Both at the same number of trials.
        at_seconds: Both at the same seconds of trials.
    """

    search: SearchResult
    at_trials: Comparison
    at_seconds: Comparison


def ask_twin(folder: Path, space: Space, prepared: PreparedData) -> StudyConfig:
    """Config of a study's random twin: what the study was asked, but for name, sampler, warm start and trials.

    Args:
        folder: The folder of the study.
        space: Its search space, read again.
        prepared: Its data.

    Raises:
        StudyError: The study has no trials, or is a random search itself.
    """
    config, n_trials = load_config(folder), len(load_records(folder))
    if config.sampler == "random" or is_twin(config.name):
        raise StudyError(f"study {config.name!r} is a random search itself. Name one that is not.")
    if not n_trials:
        raise StudyError(f"study {config.name!r} has no trials yet. Go on with `nas-asc resume {config.name}`.")
    asked = ask_again(config, space, prepared)
    return replace(
        asked,
        name=twin_dir(folder).name,
        sampler="random",
        warm_start=False,
        n_trials=n_trials,
        timeout_s=None,
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
    )


def train_twin(
    folder: Path,
    space: Space,
    worker: Worker,
    *,
    executor: Executor | None = None,
    limit: TimeLimit = NO_LIMIT,
    listener: SearchListener | None = None,
) -> TwinResult:
    """The study beside its random twin, which is begun or gone on with in its own folder.

    The twin has as many trials as the study; both are also compared at equal seconds. No network of it is trained on
    all clips at the end.

    Args:
        folder: The folder of the study.
        space: Its search space.
        worker: Trains, on the study's clips.
        executor: Hands trainings to workers, on the same clips; None lets `worker` train one after the other.
        limit: When the twin is over.
        listener: Told what happens.

    Raises:
        StudyError: There is nothing to be the twin of, or space, data or versions are not those of the study.
        NothingFitsError: No random candidate fits.
    """
    stored, place = load_config(folder), twin_dir(folder)
    validate_data(stored, worker.prepared)
    config = ask_twin(folder, space, worker.prepared)
    if stored.space_digest != config.space_digest:
        raise StudyError(
            f"the space of study {stored.name!r} has changed, so a twin would be of something else."
            " Give it back its file."
        )
    if has_study(place):
        config = replace(config, created=load_config(place).created)
    result = run_search(
        config,
        space,
        worker,
        executor=executor,
        n_trials=config.n_trials,
        limit=limit,
        listener=listener,
        folder=place,
    )
    pair = (stored, load_records(folder), result.records)
    return TwinResult(result, compare_at_trials(*pair), compare_at_seconds(*pair))
