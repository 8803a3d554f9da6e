"""One candidate from its design to its scores: stages over one run, the file they end in, and who does it.

Conventions:
    Validation clips are scored, never trained on; test clips are read by `score_test` and
    `score_test_file` alone.
    A job and its result are plain data; a state holds all that prediction needs: the network's weights, and the mean
    and deviation of each band.
"""

from nas_asc.evaluation.band_selection import select_bands, training_log_mel
from nas_asc.evaluation.checkpoint import StageCheckpoint
from nas_asc.evaluation.ensemble import Member, choose_members, join_networks
from nas_asc.evaluation.export_network import Exported, export_network, score_test_file
from nas_asc.evaluation.golden import read_recordings
from nas_asc.evaluation.job import Job, Result, TrainedOn, to_reason
from nas_asc.evaluation.life import Outcome, Trained, evaluate_candidate, score_test, train_design
from nas_asc.evaluation.network import TrainedNetwork, to_state
from nas_asc.evaluation.prepared import PreparedData
from nas_asc.evaluation.speed import Speed, choose_arithmetic, measure_features, measure_speed, repeat_steps
from nas_asc.evaluation.stage import Life, Stage, list_stages
from nas_asc.evaluation.teacher import Teacher, learn_from, write_teacher_logits
from nas_asc.evaluation.waveform_network import WaveformNetwork
from nas_asc.evaluation.worker import OnEpoch, Worker
from nas_asc.evaluation.write_and_run import predict_file

__all__ = [
    "Exported",
    "Job",
    "Life",
    "Member",
    "OnEpoch",
    "Outcome",
    "PreparedData",
    "Result",
    "Speed",
    "Stage",
    "StageCheckpoint",
    "Teacher",
    "Trained",
    "TrainedNetwork",
    "TrainedOn",
    "WaveformNetwork",
    "Worker",
    "choose_arithmetic",
    "choose_members",
    "evaluate_candidate",
    "export_network",
    "join_networks",
    "learn_from",
    "list_stages",
    "measure_features",
    "measure_speed",
    "predict_file",
    "read_recordings",
    "repeat_steps",
    "score_test",
    "score_test_file",
    "select_bands",
    "to_reason",
    "to_state",
    "train_design",
    "training_log_mel",
    "write_teacher_logits",
]
