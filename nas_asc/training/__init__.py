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
    peak_bytes,
    prepare_process,
    release_memory,
    resolve_device,
)
from nas_asc.training.curve import EpochRow
from nas_asc.training.precision import choose_precision, faster_precision, has_bfloat16_units, keep_precision
from nas_asc.training.predict import predict, predict_logits
from nas_asc.training.result import DeadlineError, TrainingResult
from nas_asc.training.run import CPU, Run, ignore_epoch
from nas_asc.training.schedule import SMALLEST_BATCH, default_batch_size, default_epochs, learning_rate_at
from nas_asc.training.seed import seeded
from nas_asc.training.statistics import StatisticsUpdate, update_statistics
from nas_asc.training.table import DeviceTables, upload
from nas_asc.training.teacher import average_logits, load_logits, save_logits
from nas_asc.training.threads import Way, some_cores
from nas_asc.training.train import train_model
from nas_asc.training.trainer import Trainer

__all__ = [
    "CPU",
    "SMALLEST_BATCH",
    "Checkpoint",
    "Clips",
    "Companion",
    "DeadlineError",
    "DeviceTables",
    "EmaAverager",
    "EpochRow",
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
    "count_cores",
    "default_batch_size",
    "default_epochs",
    "describe_device",
    "faster_precision",
    "free_bytes",
    "has_bfloat16_units",
    "ignore_epoch",
    "keep_precision",
    "learning_rate_at",
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
