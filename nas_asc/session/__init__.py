"""The whole job in one call: survey, trials, repeats of the front, refit and report, with one clock.

Conventions:
    This room prints nothing; a `SearchListener` hears what happens. Features stay in memory from the search to the
    refit.
"""

from nas_asc.search import CHANGES, RayOptions, SearchListener, SearchResult, SilentListener, Stage
from nas_asc.session.course import DEFAULT_SEEDS, DEFAULT_TIMEOUT_S, DEFAULT_TRIALS, Course, SessionResult
from nas_asc.session.inputs import ClipsAsked, Inputs, load_studied_space, read_inputs, reread_inputs, to_source
from nas_asc.session.named_network import find_architecture, find_design, find_front_end, find_teachers
from nas_asc.session.open import begin_session, reopen_session
from nas_asc.session.report import find_importance, read_evidence, write_study_report
from nas_asc.session.session import Session
from nas_asc.session.train_seeds import SeedResult, train_seeds
from nas_asc.session.training import NetworkTraining, open_training
from nas_asc.training import EpochRow

__all__ = [
    "CHANGES",
    "DEFAULT_SEEDS",
    "DEFAULT_TIMEOUT_S",
    "DEFAULT_TRIALS",
    "ClipsAsked",
    "Course",
    "EpochRow",
    "Inputs",
    "NetworkTraining",
    "RayOptions",
    "SearchListener",
    "SearchResult",
    "SeedResult",
    "Session",
    "SessionResult",
    "SilentListener",
    "Stage",
    "begin_session",
    "find_architecture",
    "find_design",
    "find_front_end",
    "find_importance",
    "find_teachers",
    "load_studied_space",
    "open_training",
    "read_evidence",
    "read_inputs",
    "reopen_session",
    "reread_inputs",
    "to_source",
    "train_seeds",
    "write_study_report",
]
