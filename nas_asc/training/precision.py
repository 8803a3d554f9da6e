"""Whether a device trains faster in bfloat16, by what it can do and what it then shows."""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path

import torch
from torch import nn

from nas_asc.clock import THREAD_CLOCK, Clock
from nas_asc.training.threads import one_thread

_CPU_FLAGS = ("avx512_bf16", "amx_bf16")
# bfloat16 must win clearly, so that noise does not change the arithmetic between two runs.
_LEAST_GAIN = 1.2
_N_ROUNDS = 8


@cache
def choose_precision(torch_device: torch.device) -> torch.dtype:
    """torch.bfloat16 where the device computes in it and a short measurement shows it faster, else torch.float32.

    A CPU without bfloat16 units emulates it several times slower, so only one that has them is measured: a few steps
    of a small convolutional block in both by turns, once a process. One thread computes them and its own time counts,
    so that other processes do not change the choice. A GPU with bfloat16 takes it.

    Args:
        torch_device: Where the training will run.
    """
    if torch_device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if not _has_bfloat16_units():
        return torch.float32
    seconds = measure_precisions()
    return torch.bfloat16 if seconds[torch.float32] > _LEAST_GAIN * seconds[torch.bfloat16] else torch.float32


def autocast(torch_device: torch.device, precision: torch.dtype) -> AbstractContextManager[object]:
    """Context in which torch computes in a precision; nothing changes for float32."""
    if precision is torch.float32:
        return nullcontext()
    return torch.autocast(torch_device.type, precision)


def _has_bfloat16_units() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return any(flag in flags for flag in _CPU_FLAGS)


def measure_precisions(*, n_rounds: int = _N_ROUNDS, clock: Clock = THREAD_CLOCK) -> dict[torch.dtype, float]:
    """Seconds of one thread for a training step of a small convolutional block on the CPU, in each precision.

    Args:
        n_rounds: Steps in each, by turns, of which the shortest counts.
        clock: Tells the time.
    """
    with torch.random.fork_rng(devices=[]):
        block = nn.Sequential(
            nn.Conv2d(32, 64, 1), nn.BatchNorm2d(64), nn.ReLU(), nn.Conv2d(64, 64, 3, groups=64), nn.BatchNorm2d(64)
        ).to(memory_format=torch.channels_last)
        batch = torch.randn(16, 32, 32, 32).contiguous(memory_format=torch.channels_last)
    shortest = dict.fromkeys((torch.float32, torch.bfloat16), float("inf"))
    with one_thread():
        for _ in range(n_rounds):
            for dtype, seconds in shortest.items():
                started = clock.now()
                with autocast(torch.device("cpu"), dtype):
                    loss = block(batch).square().mean()
                loss.backward()
                shortest[dtype] = min(seconds, clock.now() - started)
    return shortest
