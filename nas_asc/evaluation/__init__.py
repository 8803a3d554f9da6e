"""One candidate from its design to its scores: features, network, training, validation.

Conventions:
    Validation clips are scored, never trained on; test clips are read by `score_test` and
    `score_test_file` alone.
    A state holds all that prediction needs: the network's weights, and the mean and deviation of each band.
"""

from nas_asc.evaluation.band_selection import select_bands, training_log_mel
from nas_asc.evaluation.candidate import Outcome, TrainedNetwork, evaluate_candidate, refit, score_test
from nas_asc.evaluation.ensemble import Member, choose_members, join_networks
from nas_asc.evaluation.exported import Exported, export_network, score_test_file
from nas_asc.evaluation.network import load_network, to_state
from nas_asc.evaluation.pause import Pause
from nas_asc.evaluation.prepared import PreparedData
from nas_asc.evaluation.repeat import SeedResult, train_seeds
from nas_asc.evaluation.speed import measure_speed
from nas_asc.evaluation.teacher import Teacher, learn_from, write_teacher_logits
from nas_asc.evaluation.written import predict_file

__all__ = [
    "Exported",
    "Member",
    "Outcome",
    "Pause",
    "PreparedData",
    "SeedResult",
    "Teacher",
    "TrainedNetwork",
    "choose_members",
    "evaluate_candidate",
    "export_network",
    "join_networks",
    "learn_from",
    "load_network",
    "measure_speed",
    "predict_file",
    "refit",
    "score_test",
    "score_test_file",
    "select_bands",
    "to_state",
    "train_seeds",
    "training_log_mel",
    "write_teacher_logits",
]
