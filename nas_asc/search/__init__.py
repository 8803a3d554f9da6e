"""The search over a space within a budget: proposals, trials, the study's database, resume, and the last training.

Conventions:
    Internally every objective is minimised. This room prints nothing; a `SearchListener` hears what happens.
"""

from nas_asc.search.ask import ask_again, ask_study
from nas_asc.search.change import CHANGES, installed_versions
from nas_asc.search.ensemble import EnsembleResult, ensemble_study
from nas_asc.search.evaluate import TestResult, evaluate_study
from nas_asc.search.export import ExportResult, export_study
from nas_asc.search.final import design_of, forecast_refit_s, has_final, recommend, refit_recommended
from nas_asc.search.finalists import FinalistsResult, choose_finalists, train_finalists
from nas_asc.search.further import further_seed
from nas_asc.search.importance import axis_importance
from nas_asc.search.listener import SearchListener, SilentListener
from nas_asc.search.proposer import Proposer, build_proposer
from nas_asc.search.screen import Proposal, Screen
from nas_asc.search.search import SearchResult, run_search
from nas_asc.search.stored import StoredNetwork, find_network
from nas_asc.search.twin import TwinResult, ask_twin, train_twin
from nas_asc.study import load_records

__all__ = [
    "CHANGES",
    "EnsembleResult",
    "ExportResult",
    "FinalistsResult",
    "Proposal",
    "Proposer",
    "Screen",
    "SearchListener",
    "SearchResult",
    "SilentListener",
    "StoredNetwork",
    "TestResult",
    "TwinResult",
    "ask_again",
    "ask_study",
    "ask_twin",
    "axis_importance",
    "build_proposer",
    "choose_finalists",
    "design_of",
    "ensemble_study",
    "evaluate_study",
    "export_study",
    "find_network",
    "forecast_refit_s",
    "further_seed",
    "has_final",
    "installed_versions",
    "load_records",
    "recommend",
    "refit_recommended",
    "run_search",
    "train_finalists",
    "train_twin",
]
