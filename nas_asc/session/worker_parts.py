"""The workers of a session: in this process, and what another process needs to make the same."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from nas_asc.clock import Clock
from nas_asc.data import DataSet, Split
from nas_asc.errors import LayerError, SpaceError, StudyError
from nas_asc.evaluation import PreparedData, Worker, choose_arithmetic
from nas_asc.search import (
    Beside,
    Executor,
    InProcess,
    OnFeatures,
    Processes,
    RayActors,
    RayOptions,
    SearchListener,
)
from nas_asc.space import Design, Space, list_spaces, load_space
from nas_asc.study import ExecutorKind, StudyConfig, validate_executor
from nas_asc.training import Arithmetic, has_mps, keep_arithmetic, prepare_process, resolve_device

_N_GUESSES = 3


def list_guesses(config: StudyConfig, space: Space, prepared: PreparedData) -> list[Design]:
    """Designs such as a search trains: the first guesses of a space that can be built.

    Args:
        config: The config of the study, for its target.
        space: Search space.
        prepared: Gives the task.
    """
    task, found = replace(prepared.task, target=config.target), []
    for candidate in space.guesses:
        with suppress(LayerError, SpaceError):
            found.append(space.build(candidate, task))
    return found[:_N_GUESSES]


def build_worker(
    config: StudyConfig, space: Space, prepared: PreparedData, *, torch_device: torch.device, clock: Clock
) -> Worker:
    """The worker of this process, which computes as the study does, or as a few steps of the guesses are fastest.

    Args:
        config: The config of the study.
        space: Search space.
        prepared: Clips and their features.
        torch_device: Where to train.
        clock: Tells the time.
    """
    prepare_process()
    arithmetic = keep_arithmetic(
        torch_device,
        device_name=config.torch_device,
        precision=config.precision,
        memory_format=config.memory_format,
        graphs=bool(config.graphs),
    )
    if arithmetic is None:
        guesses = list_guesses(config, space, prepared)
        arithmetic = choose_arithmetic(guesses, prepared, torch_device=torch_device, clock=clock)
    how = vars(arithmetic)
    return Worker(prepared, torch_device=torch_device, layer_types=space.layer_types, clock=clock, **how)


@dataclass(frozen=True)
class SpaceFile:
    """A search space as other processes load it.

    Args:
        source: Packaged name, or path of the file.
        text: The text of the file, for a machine that lacks it; empty of a packaged one.
        digest: The digest of the space's content.
    """

    source: str
    text: str
    digest: str

    @classmethod
    def of(cls, space: Space, source: str) -> "SpaceFile | None":
        """File of a space; None where a program declared it, and others need none of it.

        Args:
            space: Search space.
            source: Its packaged name or the path of its file, or neither.

        Raises:
            StudyError: A program declared it, with layer classes of its own.
        """
        if source in list_spaces():
            return cls(source, "", space.as_declared.digest)
        if Path(source).is_file():
            return cls(source, Path(source).read_text(encoding="utf-8"), space.as_declared.digest)
        if space.layer_types:
            raise StudyError(
                f"space {space.name!r} was declared in a program, with layers of its own, which reach other workers by"
                " a space file alone. Write it into a .py file and give its path, or train with one worker."
            )
        return None

    def load(self) -> Space:
        """The space, from its file, which is written where it is not there.

        Raises:
            StudyError: The space file is another one by now.
        """
        with TemporaryDirectory() as folder:
            place = self.source
            if self.text and not Path(place).is_file():
                place = str(Path(folder) / Path(place).name)
                Path(place).write_text(self.text, encoding="utf-8")
            space = load_space(place)
            digest = space.digest
        if digest != self.digest:
            raise StudyError(f"{self.source} was changed while it is searched. Give it back its content, then resume.")
        return space


@dataclass(frozen=True, eq=False)
class WorkerParts:
    """Plain data from which any process makes the same worker.

    Args:
        data_set: The recordings, as they were listed.
        split: Rows of training, validation and test.
        space: File of the search space; None where no layer classes are its own.
        cache: Where features are kept; None is the user's cache folder.
        torch_device: Where to train: "auto", "cpu" or "cuda".
        cache_bytes: Most bytes of features kept there; None is a fifth of the free disk.
        arithmetic: How trainings are computed; None as the device is fastest by a small block.
        is_alone: Whether no other worker trains on its GPU: then this may make features itself, of recordings that
            stay there.
    """

    data_set: DataSet
    split: Split
    space: SpaceFile | None
    cache: Path | None
    torch_device: str
    cache_bytes: int | None = None
    arithmetic: Arithmetic | None = None
    is_alone: bool = True

    def build(self, on_features: OnFeatures) -> Worker:
        """A worker on these recordings; it maps features from the cache, so that all processes share their pages.

        Args:
            on_features: Told how the computing of features goes.

        Raises:
            StudyError: The space file is another one by now.
        """
        types = () if self.space is None else self.space.load().layer_types
        prepared = PreparedData(
            self.data_set,
            self.split,
            cache_dir=self.cache,
            cache_bytes=self.cache_bytes,
            on_progress=on_features,
            memory_limit_bytes=0,
            making_kinds=("cuda",) if self.is_alone else (),
        )
        device = resolve_device(self.torch_device)
        how = {} if self.arithmetic is None else vars(self.arithmetic)
        return Worker(prepared, torch_device=device, layer_types=types, **how)


def turns_note(torch_devices: Sequence[str]) -> str | None:
    """What is told where trainings share a GPU that computes them by turns; None where none do.

    Args:
        torch_devices: Where each training of a search runs.
    """
    gpus = [name for name in torch_devices if name != "cpu"]
    if len(set(gpus)) == len(gpus) or has_mps():
        return None
    return "NVIDIA's MPS daemon does not run, so trainings on one GPU take turns: start it, nvidia-cuda-mps-control -d"


def build_executor(
    worker: Worker,
    parts: Callable[[], WorkerParts],
    *,
    n_workers: int,
    kind: ExecutorKind,
    ray: RayOptions,
    listener: SearchListener,
    torch_devices: Sequence[str] = (),
) -> Executor:
    """Who hands out trainings: this process where one worker suffices, or processes, or actors of Ray.

    Args:
        worker: The worker of this process.
        parts: Makes the parts of the same worker elsewhere.
        n_workers: Trainings at the same time.
        kind: Where the workers are.
        ray: Which cluster, and what a worker has of it.
        listener: Told how features go, and what the cluster lacks.
        torch_devices: Where each process trains; where they are not as many as workers, all train where the parts say.

    Raises:
        StudyError: Ray is not installed, there is no such cluster, or no node has room for a worker; or the space does
            not reach other processes.
    """
    validate_executor(kind)
    if kind == "processes" and n_workers == 1:
        return (InProcess if worker.torch_device.type == "cpu" else Beside)(worker)
    found = parts()
    options: dict[str, Any] = {"layer_types": worker.layer_types, "on_features": listener.on_features}
    if kind == "processes":
        names = [*torch_devices] if len(torch_devices) == n_workers else [found.torch_device] * n_workers
        note = None if worker.torch_device.type == "cpu" else turns_note(names)
        if note is not None:
            listener.on_note(note)
        builds = [replace(found, torch_device=name, is_alone=names.count(name) == 1).build for name in names]
        return Processes(builds, n_workers=n_workers, **options)
    ray = replace(ray, n_gpus=0.0) if found.torch_device == "cpu" else ray
    found = replace(found, is_alone=ray.n_gpus is not None and ray.n_gpus >= 1)
    return RayActors(found.build, n_workers=n_workers, options=ray, on_note=listener.on_note, **options)
