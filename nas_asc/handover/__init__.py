"""What a study hands over: repeats, the refit, files, scores on the test clips, ensembles, the random twin."""

from nas_asc.handover.ensemble import EnsembleResult, ensemble_study
from nas_asc.handover.export import ExportResult, export_study
from nas_asc.handover.further import further_seed
from nas_asc.handover.refit import forecast_refit_s, refit_recommended
from nas_asc.handover.repeat import FinalistsResult, choose_finalists, train_finalists
from nas_asc.handover.stored import StoredNetwork, find_network
from nas_asc.handover.test_clips import TestResult, evaluate_study
from nas_asc.handover.twin import TwinResult, ask_twin, train_twin

__all__ = [
    "EnsembleResult",
    "ExportResult",
    "FinalistsResult",
    "StoredNetwork",
    "TestResult",
    "TwinResult",
    "ask_twin",
    "choose_finalists",
    "ensemble_study",
    "evaluate_study",
    "export_study",
    "find_network",
    "forecast_refit_s",
    "further_seed",
    "refit_recommended",
    "train_finalists",
    "train_twin",
]
