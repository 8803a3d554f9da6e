"""One design trained with several seeds, each kept on disk as soon as it is done."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from nas_asc.cost import cost_at_bits, count_cost
from nas_asc.errors import StudyError
from nas_asc.evaluation.candidate import Outcome, evaluate_candidate, score_test
from nas_asc.evaluation.prepared import PreparedData
from nas_asc.layers import format_architecture
from nas_asc.metrics import Scores
from nas_asc.space import Design
from nas_asc.study import load_training_card, write_training_files
from nas_asc.training import EpochRow, default_epochs

OnEpoch = Callable[[int, EpochRow, int], None]


@dataclass(frozen=True)
class SeedResult:
    """What one training gave.

    Args:
        seed: Of the training.
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
    prepared: PreparedData,
    *,
    seeds: Iterable[int],
    folder: Path,
    torch_device: torch.device,
    epochs: int | None = None,
    on_test: bool = False,
    on_epoch: OnEpoch | None = None,
) -> Iterator[SeedResult]:
    """Results seed after seed; one whose files are in the folder already is read, not trained again.

    Args:
        name: Of what is trained.
        design: Network, front end and recipe.
        prepared: Clips and their features.
        seeds: Of the trainings.
        folder: Where their files go, a folder a seed.
        torch_device: Where to compute.
        epochs: Passes over the clips instead of the recipe's.
        on_test: Whether the test clips are scored too.
        on_epoch: Told seed, epoch and number of epochs.

    Raises:
        StudyError: The folder holds a training of something else; says what differs.
        TrainingError: A training failed; what was done before is kept.
        DataError: Audio cannot be read.
    """
    n_epochs = epochs or design.recipe.epochs or default_epochs(prepared.n_train)
    identity, n_rows = _identity(name, design, prepared, n_epochs), design.recipe.n_curve_epochs(n_epochs)
    for seed in seeds:
        card = load_training_card(folder, seed)
        if card is not None:
            yield _read(card, identity, seed, folder=folder, on_test=on_test)
            continue
        notify = None if on_epoch is None else lambda row, seed=seed: on_epoch(seed, row, n_rows)
        outcome = evaluate_candidate(
            design, prepared, seed=seed, torch_device=torch_device, epochs=n_epochs, on_epoch=notify
        )
        test = _score_test(design, outcome, prepared, torch_device) if on_test else None
        _write(folder, seed, design, outcome, test=test, identity=identity, prepared=prepared)
        yield SeedResult(seed, outcome.scores, test, outcome.seconds, is_new=True)


def _identity(name: str, design: Design, prepared: PreparedData, n_epochs: int) -> dict[str, Any]:
    return {
        "name": name,
        "key": design.key,
        "epochs": n_epochs,
        "data_digest": prepared.data_set.digest,
        "split": prepared.split.digest,
    }


def _read(card: dict[str, Any], identity: dict[str, Any], seed: int, *, folder: Path, on_test: bool) -> SeedResult:
    changed = [key for key, value in identity.items() if card.get(key) != value]
    changed += ["test scores"] if on_test and card.get("test_scores") is None else []
    if changed:
        raise StudyError(
            f"{folder} holds a training with seed {seed} of something else (other {', '.join(changed)})."
            " Give another --out."
        )
    test = None if card["test_scores"] is None else Scores.from_dict(card["test_scores"])
    return SeedResult(seed, Scores.from_dict(card["validation_scores"]), test, card["seconds"], is_new=False)


def _score_test(design: Design, outcome: Outcome, prepared: PreparedData, torch_device: torch.device) -> Scores:
    return score_test(
        design,
        outcome.state,
        prepared,
        torch_device=torch_device,
        architecture=outcome.architecture,
        log_mel=outcome.log_mel,
    )


def _write(
    folder: Path,
    seed: int,
    design: Design,
    outcome: Outcome,
    *,
    test: Scores | None,
    identity: dict[str, Any],
    prepared: PreparedData,
) -> None:
    data_set = prepared.data_set
    cost = cost_at_bits(count_cost(outcome.architecture), outcome.architecture, design.recipe.bits)
    card = identity | {
        "seed": seed,
        "seconds": outcome.seconds,
        "data": data_set.name,
        "classes": list(data_set.classes),
        "clip_s": data_set.clip_s,
        "log_mel": asdict(outcome.log_mel),
        "recipe": design.recipe.to_dict(),
        "cost": replace(cost, nonzero_params=outcome.nonzero_params).to_dict(),
        "validation_scores": outcome.scores.to_dict(),
        "test_scores": None if test is None else test.to_dict(),
    }
    write_training_files(
        folder,
        seed,
        architecture=format_architecture(outcome.architecture),
        card=card,
        curve=outcome.curve,
        weights={key: value.numpy() for key, value in outcome.state.items()},
    )
