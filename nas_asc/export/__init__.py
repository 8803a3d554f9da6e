"""Trained networks as files for other runtimes: the only door to onnx, and one to onnxruntime.

Conventions:
    An ONNX file takes standardised log-mels "log_mel" (B, C, F, T) and gives "logits" (B, K), both float32. A .tflite
    file takes them as (1, F, T, C) and gives (1, K), both int8. A folder of C takes 16-bit samples.
"""

from nas_asc.export.c import CORES, CReport, build_c, build_copy, can_emulate, can_run_here, write_c, write_proved_c
from nas_asc.export.c_header import format_c_header
from nas_asc.export.graph import Graph
from nas_asc.export.integer import measure_integer_share
from nas_asc.export.onnx_file import BITS, build_onnx, count_weight_bytes, write_onnx
from nas_asc.export.saturation import measure_saturating_sums
from nas_asc.export.tflite_file import TfliteNetwork, build_tflite, write_tflite

__all__ = [
    "BITS",
    "CORES",
    "CReport",
    "Graph",
    "TfliteNetwork",
    "build_c",
    "build_copy",
    "build_onnx",
    "build_tflite",
    "can_emulate",
    "can_run_here",
    "count_weight_bytes",
    "format_c_header",
    "measure_integer_share",
    "measure_saturating_sums",
    "write_c",
    "write_onnx",
    "write_proved_c",
    "write_tflite",
]
