"""ONNX models run as `nas-asc predict` runs them, and how far results lie apart."""

import numpy as np
import onnxruntime


def open_session(model, path=None):
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.x64quantprecision", "1")
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    if path is not None:
        options.optimized_model_filepath = str(path)
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def run(model, clips):
    return open_session(model).run(None, {"log_mel": clips.numpy()})[0]


def difference(found, expected):
    """Largest difference, as a share of the largest value."""
    return np.abs(found - expected.numpy()).max() / max(expected.abs().max().item(), 1e-9)
