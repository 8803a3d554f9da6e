"""The compute device and the process: which device, how many threads, how memory is kept, how exact a float is.

Conventions:
    Everything here changes the process once, before the first training, and is safe to call again.
"""

import ctypes
import gc
import os
import resource
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

import torch

from nas_asc.cores import count_cores
from nas_asc.errors import TrainingError

# Parameters of mallopt, from glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8


def resolve_device(name: str) -> torch.device:
    """Compute device of a name.

    Args:
        name: "auto" (a GPU when there is one), "cpu", "cuda" or "cuda:1".

    Raises:
        TrainingError: No such device here.

    >>> resolve_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda") or (index and not index.isdigit()):
        raise TrainingError(f"`torch_device` must be auto, cpu, cuda or cuda:N, but got {name!r}.")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise TrainingError(
            f"`torch_device` is {name!r}, but this machine has {torch.cuda.device_count()} GPUs. Use cpu."
        )
    return torch.device(name)


def describe_device(torch_device: torch.device) -> str:
    """What a study remembers a device by: "cpu", or the GPU's name, such as "NVIDIA H200".

    >>> describe_device(torch.device("cpu"))
    'cpu'
    """
    return torch.cuda.get_device_name(torch_device) if torch_device.type == "cuda" else torch_device.type


def free_bytes(torch_device: torch.device) -> int:
    """Bytes that new tensors find on a GPU: what its driver has left, and what torch keeps of freed ones.

    Args:
        torch_device: The GPU.
    """
    kept = torch.cuda.memory_reserved(torch_device) - torch.cuda.memory_allocated(torch_device)
    return int(torch.cuda.mem_get_info(torch_device)[0]) + kept


def peak_bytes(torch_device: torch.device) -> int:
    """Most memory so far: a GPU's, by tensors, or this process's.

    Args:
        torch_device: Whose.
    """
    if torch_device.type == "cuda":
        return torch.cuda.max_memory_allocated(torch_device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def has_mps(*, proc: Path = Path("/proc")) -> bool:
    """Whether NVIDIA's MPS daemon runs, with which processes compute on a GPU at once, not by turns.

    It is seen as a process; where it runs outside of a container, by its pipe in the folder that
    $CUDA_MPS_PIPE_DIRECTORY names.

    Args:
        proc: Where the system tells of its processes.
    """
    named = os.environ.get("CUDA_MPS_PIPE_DIRECTORY")
    if named and (Path(named) / "control").exists():
        return True
    for path in proc.glob("[0-9]*/comm"):
        with suppress(OSError):
            if path.read_text().startswith("nvidia-cuda-mps"):
                return True
    return False


def release_memory(torch_device: torch.device) -> None:
    """Give back what a GPU's freed tensors took; after an error that leaves the GPU useless, nothing.

    Args:
        torch_device: Where nothing is needed any more.
    """
    if torch_device.type != "cuda":
        return
    gc.collect()
    with suppress(RuntimeError):
        torch.cuda.empty_cache()


@cache
def prepare_process() -> None:
    """Set threads, memory and arithmetic, once: no more threads than cores, freed memory kept, float32 not rounded.

    A GPU's convolutions would round float32 to TF32, three digits, also in what scores a network.

    Every step frees and asks again for the same tensors of megabytes. glibc gives such memory back to the system and
    the next step pays for each page again; keeping it makes a step on a CPU about a tenth shorter. Only the first of
    glibc's arenas keeps what is large, so threads share that one.
    """
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    torch.set_num_threads(min(torch.get_num_threads(), count_cores()))
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_MMAP_THRESHOLD, 2**30)
        libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(_ARENA_MAX, 1)
