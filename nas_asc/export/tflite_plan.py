"""The plan of the memory as a .tflite file carries it, for a runtime that plans nothing better: fewer gaps, less RAM.

Conventions:
    The plan is in the file's metadata as TensorFlow Lite Micro reads it: version, subgraph, number of tensors, and the
    offset of each, -1 where the runtime is to choose.
"""

import numpy as np

PLAN_KEY = "OfflineMemoryAllocation"
_VERSION, _SUBGRAPH = 1, 0


def format_plan(offsets: dict[int, int], n_tensors: int) -> bytes:
    """Content of the metadata entry."""
    places = [offsets.get(tensor, -1) for tensor in range(n_tensors)]
    return np.array([_VERSION, _SUBGRAPH, n_tensors, *places], dtype="<i4").tobytes()
