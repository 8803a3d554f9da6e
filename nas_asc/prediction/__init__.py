"""Classifying recordings with an exported model file, without torch: numpy, soundfile and onnxruntime are enough.

Conventions:
    A model file is ONNX with `Settings` in its metadata. Its input "log_mel" is float32 (B, C, F, T), each band already
    standardised; its output "logits" is float32 (B, K).
"""

from nas_asc.prediction.log_mel import compute_log_mel, resample
from nas_asc.prediction.model_file import ModelFile
from nas_asc.prediction.prediction import Prediction
from nas_asc.prediction.settings import METADATA_KEY, Settings

__all__ = [
    "METADATA_KEY",
    "ModelFile",
    "Prediction",
    "Settings",
    "compute_log_mel",
    "resample",
]
