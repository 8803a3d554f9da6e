"""A network that a user names, trained with its own recipe outside any study."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nas_asc.data import split_data_set
from nas_asc.evaluation import PreparedData, Worker, choose_arithmetic, learn_from, write_teacher_logits
from nas_asc.search import RayOptions, SearchListener, SilentListener
from nas_asc.session.inputs import ClipsAsked, load_asked, load_studied_space
from nas_asc.session.named_network import find_design, find_teachers
from nas_asc.session.train_seeds import OnSeedEpoch, SeedResult, train_seeds
from nas_asc.session.worker_parts import SpaceFile, WorkerParts, build_executor
from nas_asc.space import Design, load_space
from nas_asc.study import ExecutorKind, find_study, load_config
from nas_asc.training import prepare_process, resolve_device

_TRAINED = Path("trained")


@dataclass(eq=False)
class NetworkTraining:
    """A named network and the clips that it will be trained on.

    Args:
        name: As the user named it.
        design: Network, front end and recipe.
        worker: Trains, on the clips.
        folder: Where the files go.
        parts: Makes the parts of the same worker in another process.
        notes: What was changed because of the clips, a line each.
    """

    name: str
    design: Design
    worker: Worker
    folder: Path
    parts: Callable[[], WorkerParts]
    notes: tuple[str, ...] = ()

    @property
    def prepared(self) -> PreparedData:
        """The clips."""
        return self.worker.prepared

    def teach(self, words: Sequence[str]) -> tuple[str, ...]:
        """Let the network learn from others; their names.

        Args:
            words: Study:TRIAL, or folders that `nas-asc train` wrote.

        Raises:
            StudyError: There is no such network, or it was trained with other data or another split.
            TrainingError: One is for other classes or clips; names it.
        """
        teachers = [teacher for word in words for teacher in find_teachers(word, self.prepared)]
        logits = write_teacher_logits(teachers, self.prepared, self.folder, torch_device=self.worker.torch_device)
        self.design = replace(self.design, recipe=learn_from(self.design.recipe, logits))
        return tuple(teacher.name for teacher in teachers)

    def train(
        self,
        seeds: Sequence[int],
        *,
        epochs: int | None = None,
        on_test: bool = False,
        on_epoch: OnSeedEpoch | None = None,
        n_workers: int = 1,
        executor: ExecutorKind = "processes",
        ray: RayOptions | None = None,
        listener: SearchListener | None = None,
    ) -> Iterator[SeedResult]:
        """Results as they are done; see `train_seeds`.

        Args:
            seeds: The seeds of the trainings.
            epochs: Passes over the clips instead of the recipe's.
            on_test: Whether the test clips are scored too.
            on_epoch: Told seed, epoch and number of epochs.
            n_workers: Trainings at the same time.
            executor: Where the workers are.
            ray: Which cluster, and what a worker has of it.
            listener: Told how features go elsewhere, and where a worker died.
        """
        listener = listener or SilentListener()
        workers: dict[str, Any] = {"n_workers": n_workers, "kind": executor, "ray": ray or RayOptions()}
        with closing(build_executor(self.worker, self.parts, listener=listener, **workers)) as found:
            yield from train_seeds(
                self.name,
                self.design,
                self.worker,
                executor=found,
                seeds=seeds,
                folder=self.folder,
                epochs=epochs,
                on_test=on_test,
                on_epoch=on_epoch,
                on_note=listener.on_note,
            )


def open_training(
    network: str,
    clips: ClipsAsked,
    *,
    space: str | None = None,
    out: Path | None = None,
    is_taught: bool = False,
    torch_device: str = "auto",
    on_features: Callable[[int, int], None] | None = None,
) -> NetworkTraining:
    """A named network, ready to be trained.

    Args:
        network: A system, or study:TRIAL.
        clips: What to train on.
        space: Space file that declares the system.
        out: Folder of the results; None is trained/<network>-<data>.
        is_taught: Whether it will learn from others, which gives its folder another name.
        torch_device: Where to train: "auto", "cpu" or "cuda".
        on_features: Told how the computing of features goes.

    Raises:
        NasAscError: There is no such network, or it cannot take the clips, or these cannot be read.
    """
    prepare_process()
    data_set = load_asked(clips)
    split = split_data_set(data_set, seed=clips.seed, test_fold=clips.test_fold)
    prepared = PreparedData(
        data_set, split, cache_dir=clips.cache, cache_bytes=clips.cache_bytes, on_progress=on_features
    )
    design, types = find_design(network, prepared, load_space(space) if space else None)
    notes: tuple[str, ...] = ()
    if design.recipe.adaptation is not None and not data_set.has_devices:
        design = replace(design, recipe=replace(design.recipe, adaptation=None))
        notes = ("no recording devices are known, so nothing is adapted to them",)
    folder = out or _TRAINED / f"{network.replace(':', '-')}-{data_set.name}{'-taught' if is_taught else ''}"
    device = resolve_device(torch_device)
    arithmetic = choose_arithmetic([design], prepared, torch_device=device)
    worker = Worker(prepared, torch_device=device, layer_types=types, **vars(arithmetic))

    def parts() -> WorkerParts:
        file = _find_space_file(network, space)
        cache: dict[str, Any] = {"cache": clips.cache, "cache_bytes": clips.cache_bytes}
        return WorkerParts(data_set, split, file, torch_device=torch_device, arithmetic=arithmetic, **cache)

    return NetworkTraining(network, design, worker, folder, parts, notes)


def _find_space_file(network: str, space: str | None) -> SpaceFile | None:
    """File of the space that has the network's layers; None of a packaged system, whose layers are known."""
    if ":" in network:
        config = load_config(find_study(network.rpartition(":")[0]))
        return SpaceFile.of(load_studied_space(config), config.space)
    return SpaceFile.of(load_space(space), space) if space else None
