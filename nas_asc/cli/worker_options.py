"""Options of how many trainings run at the same time, and where, as one group."""

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_asc.cli import words
from nas_asc.errors import StudyError

if TYPE_CHECKING:
    from nas_asc.session import RayOptions, Session

_workers = partial(typer.Option, rich_help_panel="Workers")
Workers = Annotated[
    int | None,
    _workers(
        "--workers",
        help="Trainings at the same time, each in a process with its share of the cores. Default: as many as the study"
        " had; for a new study as many as are fastest here, by a few steps of its first networks.",
        min=1,
    ),
]


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """How many train at the same time, and where."""

    workers: Workers = None
    executor: Annotated[
        str | None,
        _workers(
            "--executor",
            help="Where they train: processes of this machine, or ray, a cluster (needs nas-asc\\[ray]). Default: as"
            " the study had it, processes at first.",
        ),
    ] = None
    ray_address: Annotated[
        str | None,
        _workers(
            "--ray-address",
            help="Of a running Ray cluster: host:port, or auto for the one of this machine. Default: RAY_ADDRESS, or"
            " else a small one on this machine alone.",
        ),
    ] = None
    ray_cpus: Annotated[
        float | None, _workers("--ray-cpus", help="CPUs of a worker, such as 0.5. Default: its share of the cluster's.")
    ] = None
    ray_gpus: Annotated[
        float | None,
        _workers("--ray-gpus", help="GPUs of a worker, such as 0.25. Default: its share of the cluster's, at most 1."),
    ] = None

    def ray_of(self, kind: str) -> "RayOptions":
        """Which cluster, and what a worker has of it.

        Args:
            kind: The executor.

        Raises:
            StudyError: Something of it is given, but the executor is another; or is out of range.
        """
        from nas_asc.session import RayOptions

        if kind != "ray":
            given = {"--ray-address": self.ray_address, "--ray-cpus": self.ray_cpus, "--ray-gpus": self.ray_gpus}
            for option in (name for name, value in given.items() if value is not None):
                raise StudyError(f"`{option}` must come with --executor ray, but the executor is {kind}.")
        return RayOptions(self.ray_address, self.ray_cpus, self.ray_gpus)

    def apply(self, session: "Session") -> None:
        """Let a session train so.

        Args:
            session: Begun or reopened.
        """
        config = session.config
        kind: Any = self.executor or config.executor  # checked where the config is made
        session.config = replace(config, n_workers=self.workers or config.n_workers, executor=kind)
        session.ray = self.ray_of(kind)


@dataclass(frozen=True, kw_only=True)
class DeviceOptions(WorkerOptions):
    """The same, and on which GPUs of this machine."""

    gpus: Annotated[
        str | None,
        _workers("--gpus", help="GPUs to train on at the same time, such as 0,1, each in processes of its own."),
    ] = None
    per_gpu: Annotated[int, _workers("--per-gpu", help="With --gpus: trainings at the same time on each.", min=1)] = 1

    def torch_devices(self, torch_device: str) -> str | tuple[str, ...]:
        """Where to train, or where each worker does.

        Args:
            torch_device: As `--torch-device` says.

        Raises:
            UnitError: A GPU is no number, or comes twice, or another option says something else.
        """
        options: dict[str, Any] = {"per_gpu": self.per_gpu, "workers": self.workers, "torch_device": torch_device}
        return words.parse_gpus(self.gpus, **options) or torch_device

    @property
    def is_open(self) -> bool:
        """Whether nothing says how many train at the same time, so that what is fastest here is to be measured."""
        return self.workers is None and self.gpus is None and self.executor != "ray"

    def apply(self, session: "Session") -> None:
        """Let a session train so.

        Args:
            session: Begun or reopened with these torch devices.

        Raises:
            StudyError: GPUs are named, but the executor is Ray, be it the study's own.
        """
        super().apply(session)
        if self.gpus is not None:
            if session.config.executor == "ray":
                raise StudyError("`--gpus` names GPUs of this machine. With --executor ray give --ray-gpus instead.")
            session.config = replace(session.config, n_workers=len(session.torch_devices))
