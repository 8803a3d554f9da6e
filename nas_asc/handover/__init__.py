"""What a study hands over: repeats, the refit, files, scores on the test clips, ensembles, the random twin."""

from nas_asc.handover.ensemble import EnsembleResult, ensemble_study
from nas_asc.handover.export import ExportResult, export_study
from nas_asc.handover.race import race_leaders
from nas_asc.handover.refit import refit_recommended
from nas_asc.handover.repeat import RepeatRun, RepeatsResult, choose_repeated, train_repeats
from nas_asc.handover.stored import StoredNetwork, find_network, read_network
from nas_asc.handover.test_clips import TestResult, evaluate_study
from nas_asc.handover.twin import TwinResult, ask_twin, train_twin

__all__ = [
    "EnsembleResult",
    "ExportResult",
    "RepeatRun",
    "RepeatsResult",
    "StoredNetwork",
    "TestResult",
    "TwinResult",
    "ask_twin",
    "choose_repeated",
    "ensemble_study",
    "evaluate_study",
    "export_study",
    "find_network",
    "race_leaders",
    "read_network",
    "refit_recommended",
    "train_repeats",
    "train_twin",
]
