"""Whether a device trains faster in bfloat16, by what it can do and what it then shows."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path

import torch
from torch import nn

from nas_asc.clock import THREAD_CLOCK, WALL_CLOCK, Clock
from nas_asc.training.compute import describe_device
from nas_asc.training.run import CPU
from nas_asc.training.seed import seeded
from nas_asc.training.threads import one_thread

_CPU_FLAGS = ("avx512_bf16", "amx_bf16")
# bfloat16 must win clearly, so that noise does not change the arithmetic between two runs.
_LEAST_GAIN = 1.2
_N_ROUNDS = 8
_CPU_BATCH, _GPU_BATCH = 16, 256


@cache
def choose_precision(torch_device: torch.device) -> torch.dtype:
    """torch.bfloat16 where the device computes in it and a short measurement shows it faster, else torch.float32.

    A device without bfloat16 units emulates it several times slower, so only one that has them is measured: a few steps
    of a small convolutional block in both by turns, once a process. On a CPU one thread computes them and its own time
    counts, so that other processes do not change the choice.

    Args:
        torch_device: Where the training will run.
    """
    if not has_bfloat16_units(torch_device):
        return torch.float32
    return faster_precision(measure_precisions(torch_device))


def faster_precision(seconds: Mapping[torch.dtype, float]) -> torch.dtype:
    """torch.bfloat16 where it is faster by a fifth, else torch.float32.

    Args:
        seconds: The seconds of the same work in each.
    """
    return torch.bfloat16 if seconds[torch.float32] > _LEAST_GAIN * seconds[torch.bfloat16] else torch.float32


def keep_precision(torch_device: torch.device, *, device_name: str | None, precision: str | None) -> torch.dtype:
    """The precision of earlier trainings on such a device, so that later ones are like them; else the one to choose.

    Args:
        torch_device: Where the next training will run.
        device_name: What the earlier ones ran on, as `describe_device` calls it; None where that is not known.
        precision: Theirs, such as "float32".

    >>> keep_precision(CPU, device_name="cpu", precision="float32")
    torch.float32
    """
    is_like = precision is not None and device_name == describe_device(torch_device)
    if not is_like or (precision == "bfloat16" and not has_bfloat16_units(torch_device)):
        return choose_precision(torch_device)
    found: torch.dtype = getattr(torch, str(precision))
    return found


def autocast(torch_device: torch.device, precision: torch.dtype) -> AbstractContextManager[object]:
    """Context in which torch computes in a precision; nothing changes for float32."""
    if precision is torch.float32:
        return nullcontext()
    return torch.autocast(torch_device.type, precision)


def has_bfloat16_units(torch_device: torch.device) -> bool:
    """Whether a device computes in bfloat16 itself, so that this may be faster than float32.

    Args:
        torch_device: The CPU, or a GPU, which need not be the current one.
    """
    if torch_device.type == "cuda":
        with torch.cuda.device(torch_device):
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return any(flag in flags for flag in _CPU_FLAGS)


def measure_precisions(
    torch_device: torch.device = CPU, *, n_rounds: int = _N_ROUNDS, clock: Clock | None = None
) -> dict[torch.dtype, float]:
    """Seconds of one thread for a training step of a small convolutional block on a device, in each precision.

    Args:
        torch_device: Where; a GPU is given a larger batch, and waited for.
        n_rounds: Steps in each, by turns, of which the shortest counts.
        clock: Tells the time; None is that of the thread for a CPU, and the wall's for a GPU.
    """
    is_gpu = torch_device.type == "cuda"
    clock = clock or (WALL_CLOCK if is_gpu else THREAD_CLOCK)
    with seeded(0):
        block = nn.Sequential(
            nn.Conv2d(32, 64, 1), nn.BatchNorm2d(64), nn.ReLU(), nn.Conv2d(64, 64, 3, groups=64), nn.BatchNorm2d(64)
        )
        batch = torch.randn(_GPU_BATCH if is_gpu else _CPU_BATCH, 32, 32, 32)
    block = block.to(torch_device).to(memory_format=torch.channels_last)
    batch = batch.to(torch_device).contiguous(memory_format=torch.channels_last)
    shortest = dict.fromkeys((torch.float32, torch.bfloat16), float("inf"))
    with one_thread():
        for _ in range(n_rounds):
            for dtype, seconds in shortest.items():
                started = clock.now()
                with autocast(torch_device, dtype):
                    loss = block(batch).square().mean()
                loss.backward()
                if is_gpu:
                    torch.cuda.synchronize(torch_device)
                shortest[dtype] = min(seconds, clock.now() - started)
    return shortest
