"""Classifying recordings with an exported model file, without torch: numpy, soundfile and onnxruntime are enough.

Conventions:
    A model file is ONNX or TensorFlow Lite, with its `Metadata`. The input of ONNX, "log_mel", is float32 (B, C, F, T),
    each band already standardised; its output "logits" is float32 (B, K). Those of a .tflite file are int8 (1, F, T, C)
    and (1, K); the room is the only door to the runtime of such files.
"""

from nas_asc.prediction.challenge import CHALLENGES, ChallengeTable
from nas_asc.prediction.log_mel import compute_log_mel, mel_filters, resample
from nas_asc.prediction.metadata import METADATA_KEY, Metadata
from nas_asc.prediction.micro import Arena, MicroFile, check_tflite, import_schema, read_tflite_metadata
from nas_asc.prediction.model_file import TFLITE, ModelFile, load_model
from nas_asc.prediction.prediction import Prediction
from nas_asc.prediction.session import EXACT_SUMS, SILENT, run_session
from nas_asc.prediction.time_line import Event, Window, find_events, smooth

__all__ = [
    "CHALLENGES",
    "EXACT_SUMS",
    "METADATA_KEY",
    "SILENT",
    "TFLITE",
    "Arena",
    "ChallengeTable",
    "Event",
    "Metadata",
    "MicroFile",
    "ModelFile",
    "Prediction",
    "Window",
    "check_tflite",
    "compute_log_mel",
    "find_events",
    "import_schema",
    "load_model",
    "mel_filters",
    "read_tflite_metadata",
    "resample",
    "run_session",
    "smooth",
]
