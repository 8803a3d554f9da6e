"""How many trainings one GPU is worth at the same time, by its memory and by steps of so many at once.

Conventions:
    One, two, four and eight trainings of the same design are measured, each in a process of its own, as a search's are.
    Twice as many are taken where they gain a tenth and fit three quarters of the free memory, with their tables.
"""

import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any

import torch

from nas_asc.errors import NasAscError, TrainingError
from nas_asc.evaluation import Worker, repeat_steps
from nas_asc.frontend import LogMel
from nas_asc.layers import format_architecture, parse_architecture
from nas_asc.recipe import Recipe
from nas_asc.space import Design
from nas_asc.training import free_bytes, has_mps, peak_bytes

COUNTS = (1, 2, 4, 8)
_LEAST_GAIN = 1.1
_CONTEXT_BYTES = 2**29  # that CUDA takes in each process
_MEASURED_S = 2.0
_N_WARM = 5
_CONTEXT = multiprocessing.get_context("spawn")

BuildWorker = Callable[[Callable[[int, int], None]], Worker]


@dataclass(frozen=True)
class PerGpu:
    """How many trainings a GPU is worth.

    Args:
        n: Trainings at the same time; None where nothing was measured.
        clips_per_s: Clips a second of all together, by the number of trainings.
        reason: Why no more were taken, or why nothing was measured.
        has_mps: Whether NVIDIA's MPS daemon ran.
    """

    n: int | None
    clips_per_s: Mapping[int, float] = field(default_factory=dict)
    reason: str = ""
    has_mps: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self) | {"clips_per_s": dict(self.clips_per_s)}


def choose_per_gpu(measure: Callable[[int], float], *, fits: Callable[[int], bool]) -> PerGpu:
    """The number of trainings beyond which twice as many gain less than a tenth, or do not fit.

    Args:
        measure: Clips a second of so many trainings together.
        fits: Whether the memory holds so many; asked after one was measured.

    Raises:
        TrainingError: One training alone fails.

    >>> choose_per_gpu({1: 100.0, 2: 180.0, 4: 190.0}.get, fits=lambda n: True).n
    2
    """
    found = {COUNTS[0]: measure(COUNTS[0])}
    for fewer, n in pairwise(COUNTS):
        if not fits(n):
            return PerGpu(fewer, found, f"{n} would take more than three quarters of the free memory")
        try:
            found[n] = measure(n)
        except TrainingError as error:
            return PerGpu(fewer, found, f"{n} failed: {error}")
        if found[n] < _LEAST_GAIN * found[fewer]:
            return PerGpu(fewer, found, f"{n} gain less than a tenth")
    return PerGpu(COUNTS[-1], found, "more were not measured")


def plan_per_gpu(worker: Worker, make: Callable[[], BuildWorker], designs: Sequence[Design]) -> PerGpu:
    """How many trainings of the first design a worker's GPU is worth, or why that was not measured.

    Args:
        worker: Knows the device and the clips.
        make: Gives what makes the same worker in another process.
        designs: Such as will be trained.
    """
    if worker.torch_device.type != "cuda":
        return PerGpu(None, reason="trainings share a GPU, and none is used here")
    if not designs:
        return PerGpu(None, reason="the space has no first guess that could be measured")
    try:
        return measure_per_gpu(worker, make(), designs[0])
    except NasAscError as error:
        return PerGpu(None, reason=str(error))


def measure_per_gpu(worker: Worker, build: BuildWorker, design: Design, *, seconds: float = _MEASURED_S) -> PerGpu:
    """How many trainings of a design its worker's device is worth.

    Args:
        worker: Knows the device and the clips.
        build: Makes the same worker in another process; pickled.
        design: What each trains.
        seconds: That each number of trainings is measured for.

    Raises:
        TrainingError: One training alone fails.
    """
    device = worker.torch_device
    table_bytes = worker.prepared.room.n_bytes(design.log_mel)
    most_bytes = free_bytes(device) * 3 // 4 if device.type == "cuda" else None
    with Crowd(build, design) as crowd:

        def fits(n: int) -> bool:
            return most_bytes is None or n * (crowd.peak_bytes + _CONTEXT_BYTES + table_bytes) <= most_bytes

        chosen = choose_per_gpu(lambda n: crowd.measure(n, seconds=seconds), fits=fits)
    return PerGpu(chosen.n, chosen.clips_per_s, chosen.reason, has_mps())


class Crowd:
    """Processes that train the same design on one device; a context, at whose end they end.

    Args:
        build: Makes the worker of each; pickled.
        design: What each trains, on random clips.
    """

    def __init__(self, build: BuildWorker, design: Design) -> None:
        self._given = build, format_architecture(design.architecture), design.log_mel, design.recipe
        self._members: list[tuple[BaseProcess, Connection]] = []
        self.peak_bytes = 0

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process, connection in self._members:
            connection.close()  # which it takes as its end
            process.join(timeout=5.0)
            process.kill()
            process.join()

    def measure(self, n: int, *, seconds: float) -> float:
        """Clips a second of so many processes together, those that are missing being started before.

        Args:
            n: The number of processes.
            seconds: How long they train.

        Raises:
            TrainingError: A process has ended.
        """
        new = [self._start() for _ in range(n - len(self._members))]
        self.peak_bytes = max(self.peak_bytes, *(int(_hear(connection)) for connection in new), 0)
        connections = [connection for _, connection in self._members[:n]]
        for connection in connections:
            with suppress(OSError):  # one that has ended is not heard of any more
                connection.send(seconds)
        return sum(_hear(connection) for connection in connections)

    def _start(self) -> Connection:
        here, there = _CONTEXT.Pipe()
        process = _CONTEXT.Process(target=_train, args=(there, *self._given), daemon=True)
        process.start()
        there.close()
        self._members.append((process, here))
        return here


def _hear(connection: Connection) -> float:
    try:
        said: float | str = connection.recv()
    except (EOFError, OSError):
        raise TrainingError("its process ended.") from None
    if isinstance(said, str):
        raise TrainingError(said)
    return said


def _train(connection: Connection, build: BuildWorker, architecture: str, log_mel: LogMel, recipe: Recipe) -> None:
    """Train for as long as is asked, again and again; say how many clips a second, or what failed."""
    try:
        worker = build(_ignore)
        device = worker.torch_device
        design = Design(parse_architecture(architecture, worker.layer_types), log_mel, recipe)
        steps = repeat_steps(design, worker.prepared, torch_device=device, arithmetic=worker.arithmetic)
        for _ in range(_N_WARM):
            next(steps)
        _wait(device)
        connection.send(float(peak_bytes(device)))
        while True:
            seconds, started, n_clips = connection.recv(), time.perf_counter(), 0
            while time.perf_counter() - started < seconds:
                n_clips += next(steps)
            _wait(device)
            connection.send(n_clips / (time.perf_counter() - started))
    except (EOFError, KeyboardInterrupt, BrokenPipeError):
        return
    except Exception as error:  # a layer of the user's own may fail in any way
        connection.send(" ".join(f"{type(error).__name__}: {error}".split()))


def _wait(torch_device: torch.device) -> None:
    if torch_device.type == "cuda":
        torch.cuda.synchronize(torch_device)


def _ignore(done: int, total: int) -> None:
    """Nobody is told of features; none are made."""
