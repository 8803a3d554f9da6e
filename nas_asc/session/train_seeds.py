"""One design trained with several seeds outside any study, each kept on disk as soon as it is done."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nas_asc.cost import cost_at_bits, count_cost
from nas_asc.errors import StudyError, TrainingError
from nas_asc.evaluation import Job, PreparedData, Result, Worker, score_test
from nas_asc.layers import format_architecture
from nas_asc.metrics import Scores
from nas_asc.search import Done, Executor, InProcess, Lost
from nas_asc.space import Design
from nas_asc.study import TrainingRecord, load_training_card, write_training_files
from nas_asc.training import EpochRow, default_epochs

OnSeedEpoch = Callable[[int, EpochRow, int], None]


@dataclass(frozen=True)
class SeedResult:
    """What one training gave.

    Args:
        seed: The seed of the training.
        validation: Scores on the validation clips.
        test: Scores on the test clips; None where they were not asked for.
        seconds: Wall clock of the training.
        is_new: Whether it was trained now, not found on disk.
    """

    seed: int
    validation: Scores
    test: Scores | None
    seconds: float
    is_new: bool


def train_seeds(
    name: str,
    design: Design,
    worker: Worker,
    *,
    executor: Executor | None = None,
    seeds: Iterable[int],
    folder: Path,
    epochs: int | None = None,
    on_test: bool = False,
    on_epoch: OnSeedEpoch | None = None,
    on_note: Callable[[str], None] | None = None,
) -> Iterator[SeedResult]:
    """Results as they are done; one whose files are in the folder already is read, not trained again.

    Args:
        name: The name of what is trained.
        design: Network, front end and recipe.
        worker: Trains, on the clips, and scores the test clips.
        executor: Hands trainings to workers, on the same clips; None lets `worker` train seed after seed.
        seeds: The seeds of the trainings.
        folder: Where their files go, a folder a seed.
        epochs: Passes over the clips instead of the recipe's.
        on_test: Whether the test clips are scored too.
        on_epoch: Told seed, epoch and number of epochs.
        on_note: Told in a line where a worker died.

    Raises:
        StudyError: The folder holds a training of something else; says what differs.
        TrainingError: A training failed; what was done before is kept.
        DataError: Audio cannot be read.
    """
    record = _record(design, epochs or design.recipe.epochs or default_epochs(worker.prepared.n_train))
    identity = _identity(name, record, worker.prepared)
    executor = executor or InProcess(worker)
    waiting, n_running = deque(seeds), 0
    while waiting or n_running:
        while waiting and n_running < executor.n_slots:
            seed = waiting.popleft()
            card = load_training_card(folder, seed)
            if card is not None:
                yield _read(card, identity, seed, folder=folder, on_test=on_test)
                continue
            executor.submit(Job(record=replace(record, seed=seed), name=name, writes=False))
            n_running += 1
        if n_running:
            event = executor.next_event(_tell(on_epoch))
            if isinstance(event, Lost) and on_note is not None:
                on_note(f"the worker of seed {event.job.record.seed} ended {event.reason}; it is trained once more")
            if isinstance(event, Done):
                n_running -= 1
                yield _keep(event.result, worker, folder=folder, on_test=on_test, identity=identity)


def _tell(on_epoch: OnSeedEpoch | None) -> Callable[[Job[Any], EpochRow, int], None]:
    def tell(job: Job[Any], row: EpochRow, n_epochs: int) -> None:
        if on_epoch is not None:
            on_epoch(job.record.seed, row, n_epochs)

    return tell


def _keep(
    result: Result[TrainingRecord], worker: Worker, *, folder: Path, on_test: bool, identity: dict[str, Any]
) -> SeedResult:
    record, network = result.record, result.network
    if network is None or record.scores is None:
        raise TrainingError(record.reason)
    test = score_test(network, worker.prepared, torch_device=worker.torch_device) if on_test else None
    _write(folder, result, test=test, identity=identity, prepared=worker.prepared)
    return SeedResult(record.seed, record.scores, test, record.seconds, is_new=True)


def _record(design: Design, n_epochs: int) -> TrainingRecord:
    return TrainingRecord(
        state="failed",  # until its training says otherwise
        key=design.key,
        architecture=format_architecture(design.architecture),
        log_mel=design.log_mel,
        recipe=replace(design.recipe, epochs=n_epochs),
        cost=cost_at_bits(count_cost(design.architecture), design.architecture, design.recipe.bits),
    )


def _identity(name: str, record: TrainingRecord, prepared: PreparedData) -> dict[str, Any]:
    return {
        "name": name,
        "key": record.key,
        "epochs": record.epochs,
        "data_digest": prepared.data_set.digest,
        "split": prepared.split.digest,
    }


def _read(card: dict[str, Any], identity: dict[str, Any], seed: int, *, folder: Path, on_test: bool) -> SeedResult:
    changed = [key for key, value in identity.items() if card.get(key) != value]
    changed += ["test scores"] if on_test and card.get("test_scores") is None else []
    if changed:
        raise StudyError(
            f"{folder} holds a training with seed {seed} of something else (other {', '.join(changed)})."
            " Give another `out`."
        )
    test = None if card["test_scores"] is None else Scores.from_dict(card["test_scores"])
    return SeedResult(seed, Scores.from_dict(card["validation_scores"]), test, card["seconds"], is_new=False)


def _write(
    folder: Path,
    result: Result[TrainingRecord],
    *,
    test: Scores | None,
    identity: dict[str, Any],
    prepared: PreparedData,
) -> None:
    record, network, data_set = result.record, result.network, prepared.data_set
    assert network is not None
    cost = replace(record.cost, nonzero_params=network.nonzero_params)
    values = replace(record, cost=cost).to_dict()
    card = (
        values
        | identity
        | {
            "data": data_set.name,
            "classes": list(data_set.classes),
            "clip_s": data_set.clip_s,
            "validation_scores": values["scores"],
            "test_scores": None if test is None else test.to_dict(),
        }
    )
    write_training_files(
        folder,
        record.seed,
        card,
        architecture=format_architecture(network.architecture),
        curve=result.curve,
        weights=network.to_arrays(),
    )
