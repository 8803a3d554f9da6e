"""How a device computes a training fastest, by what it can do and what it then shows: precision and memory format."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from itertools import product, starmap
from pathlib import Path
from typing import Any

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
# Another memory format and recorded steps change no number by more than rounding.
_LEAST_OTHER_GAIN = 1.05
_N_ROUNDS = 8
_CPU_BATCH, _GPU_BATCH = 16, 256

FORMATS = ("channels_last", "contiguous_format")


@dataclass(frozen=True)
class Arithmetic:
    """How trainings are computed, which a study keeps.

    Args:
        precision: Type of forward passes.
        memory_format: Order of a batch's values in memory, in torch's words.
        graphs: Whether a GPU records steps and replays them.
    """

    precision: torch.dtype = torch.float32
    memory_format: str = FORMATS[0]
    graphs: bool = False


def to_format(memory_format: str) -> Any:
    """The memory format of a name in torch's words.

    >>> to_format("channels_last")
    torch.channels_last
    """
    return getattr(torch, memory_format)


def list_arithmetics(torch_device: torch.device) -> tuple[Arithmetic, ...]:
    """Which a device is to be measured in, first the one that is taken unless another is faster.

    A CPU computes channels-last convolutions fastest, which was measured.

    Args:
        torch_device: Where the trainings will run.
    """
    formats = FORMATS if torch_device.type == "cuda" else FORMATS[:1]
    precisions = (torch.float32, torch.bfloat16) if has_bfloat16_units(torch_device) else (torch.float32,)
    graphs = (False, True) if torch_device.type == "cuda" else (False,)
    return tuple(starmap(Arithmetic, product(precisions, formats, graphs)))


def fastest_arithmetic(seconds: Mapping[Arithmetic, float]) -> Arithmetic:
    """The arithmetic that is clearly faster: bfloat16 by a fifth, another memory format or graphs by a twentieth each.

    Args:
        seconds: The seconds of the same work in each.

    >>> plain, rounded, other = Arithmetic(), Arithmetic(torch.bfloat16), Arithmetic(memory_format="contiguous_format")
    >>> fastest_arithmetic({plain: 1.1, rounded: 1.0, other: 1.0}) == other
    True
    """

    def fastest_of(precision: torch.dtype) -> Arithmetic:
        return min(
            (each for each in seconds if each.precision is precision),
            key=lambda each: seconds[each] * _LEAST_OTHER_GAIN ** ((each.memory_format != FORMATS[0]) + each.graphs),
        )

    best = {precision: fastest_of(precision) for precision in dict.fromkeys(each.precision for each in seconds)}
    if len(best) == 1:
        return next(iter(best.values()))
    return best[faster_precision({precision: seconds[each] for precision, each in best.items()})]


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


def keep_arithmetic(
    torch_device: torch.device,
    *,
    device_name: str | None,
    precision: str | None,
    memory_format: str | None = None,
    graphs: bool = False,
) -> Arithmetic | None:
    """The arithmetic of earlier trainings on such a device, so that later ones are like them; None where it is another.

    Args:
        torch_device: Where the next training will run.
        device_name: What the earlier ones ran on, as `describe_device` calls it; None where that is not known.
        precision: Theirs, such as "float32".
        memory_format: Theirs; None of studies that do not say, whose batches were channels-last.
        graphs: Whether their steps were recorded.

    >>> keep_arithmetic(CPU, device_name="cpu", precision="float32") == Arithmetic()
    True
    """
    is_like = precision is not None and device_name == describe_device(torch_device)
    if not is_like or (precision == "bfloat16" and not has_bfloat16_units(torch_device)):
        return None
    return Arithmetic(getattr(torch, str(precision)), memory_format or FORMATS[0], graphs)


def autocast(
    torch_device: torch.device, precision: torch.dtype, *, keeps_weights: bool = True
) -> AbstractContextManager[object]:
    """Context in which torch computes in a precision; nothing changes for float32.

    Args:
        torch_device: Where it computes.
        precision: The precision.
        keeps_weights: Whether weights are rounded once, not each time that they are used.
    """
    if precision is torch.float32:
        return nullcontext()
    return torch.autocast(torch_device.type, precision, cache_enabled=keeps_weights)


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
