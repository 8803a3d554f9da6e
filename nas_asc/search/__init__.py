"""The search over a space within a budget: jobs, trials, promotion, the study's database, resume.

Conventions:
    Internally every objective is minimised. This room prints nothing; a `SearchListener` hears what happens.
"""

from nas_asc.search.ask import ask_again, ask_study
from nas_asc.search.change import (
    CHANGES,
    device_note,
    installed_versions,
    split_again,
    split_note,
    validate_data,
    with_split,
)
from nas_asc.search.clock import SearchClock
from nas_asc.search.executor import Beside, BuildWorker, Done, Event, Executor, InProcess, Late, Lost, OnFeatures
from nas_asc.search.interrupt import delayed_interrupt
from nas_asc.search.jobs import Jobs, repeat_seed, trial_seed
from nas_asc.search.listener import SearchListener, SilentListener, Stage
from nas_asc.search.loop import SearchResult, StoppedBy, run_search
from nas_asc.search.processes import Processes
from nas_asc.search.ray_actors import RayActors
from nas_asc.search.ray_share import RayOptions

__all__ = [
    "CHANGES",
    "Beside",
    "BuildWorker",
    "Done",
    "Event",
    "Executor",
    "InProcess",
    "Jobs",
    "Late",
    "Lost",
    "OnFeatures",
    "Processes",
    "RayActors",
    "RayOptions",
    "SearchClock",
    "SearchListener",
    "SearchResult",
    "SilentListener",
    "Stage",
    "StoppedBy",
    "ask_again",
    "ask_study",
    "delayed_interrupt",
    "device_note",
    "installed_versions",
    "repeat_seed",
    "run_search",
    "split_again",
    "split_note",
    "trial_seed",
    "validate_data",
    "with_split",
]
