"""Training one network and reading its predictions.

Conventions:
    Log-mels are (n, C, F, T) as the front end made them; they are standardised per band, batch by batch, on the
    compute device. One step is one batch. Losses are in nats, times in seconds of wall clock.
"""

from nas_asc.training.averaging import EmaAverager, SwaAverager
from nas_asc.training.checkpoint import Checkpoint, pack_state, unpack_state
from nas_asc.training.clips import Clips
from nas_asc.training.companion import Companion, Stoppable, Training
from nas_asc.training.companions import build_companions
from nas_asc.training.compute import (
    count_cores,
    describe_device,
    free_bytes,
    has_mps,
    peak_bytes,
    prepare_process,
    release_memory,
    resolve_device,
)
from nas_asc.training.curve import EpochRow
from nas_asc.training.precision import (
    Arithmetic,
    choose_precision,
    fastest_arithmetic,
    keep_arithmetic,
    list_arithmetics,
)
from nas_asc.training.predict import predict, predict_logits
from nas_asc.training.result import DeadlineError, TrainingResult
from nas_asc.training.run import CPU, Run, ignore_epoch
from nas_asc.training.schedule import SMALLEST_BATCH, default_batch_size, default_epochs, learning_rate_at
from nas_asc.training.seed import seeded
from nas_asc.training.statistics import StatisticsUpdate, update_statistics
from nas_asc.training.step_graph import N_WARM, CudaRecorder, Recorder
from nas_asc.training.table import DeviceTables, count_bytes, upload
from nas_asc.training.teacher import average_logits, load_logits, save_logits
from nas_asc.training.threads import Way, some_cores
from nas_asc.training.train import train_model
from nas_asc.training.trainer import Trainer

__all__ = [
    "CPU",
    "N_WARM",
    "SMALLEST_BATCH",
    "Arithmetic",
    "Checkpoint",
    "Clips",
    "Companion",
    "CudaRecorder",
    "DeadlineError",
    "DeviceTables",
    "EmaAverager",
    "EpochRow",
    "Recorder",
    "Run",
    "StatisticsUpdate",
    "Stoppable",
    "SwaAverager",
    "Trainer",
    "Training",
    "TrainingResult",
    "Way",
    "average_logits",
    "build_companions",
    "choose_precision",
    "count_bytes",
    "count_cores",
    "default_batch_size",
    "default_epochs",
    "describe_device",
    "fastest_arithmetic",
    "free_bytes",
    "has_mps",
    "ignore_epoch",
    "keep_arithmetic",
    "learning_rate_at",
    "list_arithmetics",
    "load_logits",
    "pack_state",
    "peak_bytes",
    "predict",
    "predict_logits",
    "prepare_process",
    "release_memory",
    "resolve_device",
    "save_logits",
    "seeded",
    "some_cores",
    "train_model",
    "unpack_state",
    "update_statistics",
    "upload",
]
