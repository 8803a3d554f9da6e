"""What TensorFlow Lite Micro can run of the layers that tests try, and whether it is here to run it."""

import pytest

from nas_asc.layers import format_layer
from tests.models.cases import CASES

UNABLE = ("gelu", "Fork")  # no operator, and a primitive of one's own
ABLE = [case[:2] for case in CASES if not any(word in format_layer(case[0]) for word in UNABLE)]


def needs_runtime():
    """Skip the test where the runtime is not installed."""
    pytest.importorskip("tflite_micro", reason="needs pip install 'nas-asc[tflite]'")
