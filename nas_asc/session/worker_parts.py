"""What another process needs to train for a session: the recordings, the space file, where features are kept."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from nas_asc.data import DataSet, Split
from nas_asc.errors import LayerError, SpaceError, StudyError
from nas_asc.evaluation import PreparedData, Worker
from nas_asc.frontend import Task
from nas_asc.search import OnFeatures, Processes
from nas_asc.space import Design, Space, load_space
from nas_asc.training import resolve_device

_N_GUESSES = 3


def list_guesses(space: Space, task: Task) -> list[Design]:
    """Designs such as a search trains: the first guesses of a space that can be built.

    Args:
        space: Search space.
        task: What they are built for.
    """
    found = []
    for candidate in space.guesses:
        with suppress(LayerError, SpaceError):
            found.append(space.build(candidate, task))
    return found[:_N_GUESSES]


@dataclass(frozen=True, eq=False)
class WorkerParts:
    """Plain data from which any process makes the same worker.

    Args:
        data_set: The recordings, as they were listed.
        split: Rows of training, validation and test.
        space: Name or path of the search space.
        space_digest: Of the space's content.
        cache: Where features are kept; None is the user's cache folder.
        torch_device: Where to train: "auto", "cpu" or "cuda".
        cache_bytes: Most bytes of features kept there; None is a fifth of the free disk.
        precision: Type of forward passes in training; None asks `choose_precision`.
    """

    data_set: DataSet
    split: Split
    space: str
    space_digest: str
    cache: Path | None
    torch_device: str
    cache_bytes: int | None = None
    precision: torch.dtype | None = None

    def executor(
        self, torch_devices: Sequence[str], layer_types: tuple[type, ...], on_features: OnFeatures
    ) -> Processes:
        """Processes with such workers, one for each torch device that is named.

        Args:
            torch_devices: Where each trains.
            layer_types: Layer classes of the space's own.
            on_features: Told how the computing of features goes.
        """
        builds = [replace(self, torch_device=name).build for name in torch_devices]
        return Processes(builds, n_workers=len(builds), layer_types=layer_types, on_features=on_features)

    def build(self, on_features: OnFeatures) -> Worker:
        """A worker on these recordings; it maps features from the cache, so that all processes share their pages.

        Args:
            on_features: Told how the computing of features goes.

        Raises:
            StudyError: The space file is another one by now.
        """
        space = load_space(self.space)
        if space.digest != self.space_digest:
            raise StudyError(f"{self.space} was changed while it is searched. Give it back its content, then resume.")
        prepared = PreparedData(
            self.data_set,
            self.split,
            cache_dir=self.cache,
            cache_bytes=self.cache_bytes,
            on_progress=on_features,
            memory_limit_bytes=0,
        )
        device, types = resolve_device(self.torch_device), space.layer_types
        return Worker(prepared, torch_device=device, layer_types=types, precision=self.precision)
