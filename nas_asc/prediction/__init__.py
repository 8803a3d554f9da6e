"""Classifying recordings with an exported model file, without torch: numpy, soundfile and onnxruntime are enough.

Conventions:
    A model file is ONNX with its `Metadata`. Its input "log_mel" is float32 (B, C, F, T), each band already
    standardised; its output "logits" is float32 (B, K).
"""

from nas_asc.prediction.log_mel import compute_log_mel, mel_filters, resample
from nas_asc.prediction.metadata import METADATA_KEY, Metadata
from nas_asc.prediction.model_file import ModelFile
from nas_asc.prediction.prediction import Prediction
from nas_asc.prediction.time_line import Event, Window, find_events, smooth

__all__ = [
    "METADATA_KEY",
    "Event",
    "Metadata",
    "ModelFile",
    "Prediction",
    "Window",
    "compute_log_mel",
    "find_events",
    "mel_filters",
    "resample",
    "smooth",
]
