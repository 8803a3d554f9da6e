"""Real trainings of candidates of `asc`: what the benchmark of search strategies is built on.

Run: taskset -c 0 python -m tests.benchmarks.strategies.trainings --part 0/2
Each training is appended to a file as soon as it is done, so that an interrupted run goes on; without that file it goes
on from the table that lies beside this module, which --commit writes. The first candidates are the space's guesses,
then random ones that fit; most change one or two axes of a good one trained by then, or grow it into the limits, so
that the table is dense where searches go. Every tenth is trained with three seeds.
"""

import argparse
import gzip
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nas_asc.budget import Budget
from nas_asc.cost import Cost, count_cost
from nas_asc.data import load_synthetic, split_data_set
from nas_asc.errors import TrainingError
from nas_asc.evaluation import PreparedData, StageCheckpoint, TrainedNetwork, train_design
from nas_asc.frontend import Task
from nas_asc.metrics import score_predictions
from nas_asc.propose import Proposal, Screen
from nas_asc.propose.fill import grow
from nas_asc.propose.warm_start import warm_start
from nas_asc.space import Candidate, Space, load_space
from nas_asc.training import Run, prepare_process

BUDGET = Budget(max_params=128_000, max_macs=30_000_000)


@dataclass(frozen=True)
class Table:
    """Which trainings a table is of.

    Args:
        space: Name or file of the space: a copy where `asc` has changed since.
        epochs: Of a training.
        rungs: Epochs after which it is scored.
        every: One in so many training clips of the scenes trains.
        most_macs: Of what is trained, before channels are removed: beyond, a training takes minutes.
        most_ram: Bytes of activations, likewise.
        file: Where the trainings lie.
    """

    space: str | Path
    epochs: int
    rungs: tuple[int, ...]
    every: int
    most_macs: int
    most_ram: int
    file: Path


_HERE = Path(__file__).parent
SHORT = Table(
    space=_HERE / "asc_of_table.py",
    epochs=18,
    rungs=(1, 2, 4, 6, 9, 12, 18),
    every=2,
    most_macs=60_000_000,
    most_ram=80_000,
    file=_HERE / "trainings.jsonl.gz",
)
LONG = Table(  # not whole yet
    space="asc",
    epochs=33,
    rungs=(3, 6, 11, 17, 33),
    every=1,
    most_macs=40_000_000,
    most_ram=160_000,
    file=_HERE / "long_trainings.jsonl.gz",
)
TABLE = SHORT  # what strategies are compared on
SPACE, EPOCHS, RUNGS, COMMITTED = TABLE.space, TABLE.epochs, TABLE.rungs, TABLE.file
_EVERY, _SEEDS = 10, 3
_SHARE_RANDOM = 0.2  # after the guesses
_N_GOOD, _MOST_CHANGES = 8, 2
_PENALTY = 100.0  # nats: what cannot be scored at a rung


@dataclass(frozen=True)
class Training:
    """One training of the table.

    Args:
        index: Of the candidate.
        seed: Of the training; 0 for each candidate, 1 and 2 for every tenth.
        origin: What proposed the candidate.
        values: Of its active axes.
        params: TRAIN parameters.
        macs: Official MACs of a clip.
        int8_bytes: Of the network.
        curve: Validation log loss and accuracy of the network as it stands after each rung.
        seconds: Of the training, scores at rungs included; of the processor in the long table, so of one core.
        reason: Why it failed; None where it did not.
    """

    index: int
    seed: int
    origin: str
    values: Mapping[str, Any]
    params: int
    macs: int
    int8_bytes: int
    curve: tuple[tuple[float, float], ...]
    seconds: float
    reason: str | None = None


class TableScreen(Screen):
    """The gate of a table: also the network that is trained, before channels are removed, must be of a size.

    Args:
        space: The table's.
        task: The table's.
        table: Which one.
    """

    def __init__(self, space: Space, task: Task, table: Table = TABLE) -> None:
        super().__init__(space, task, budget=BUDGET)
        self._table = table

    def cost(self, candidate: Candidate) -> Cost | None:
        """What a candidate takes; None where it cannot be built, or is too large to be trained."""
        cost = super().cost(candidate)
        if cost is None:
            return None
        trained = count_cost(self.space.architecture(candidate, self.task))
        is_small = trained.official_macs <= self._table.most_macs and trained.peak_ram_bytes <= self._table.most_ram
        return cost if is_small else None


def prepare(table: Table) -> PreparedData:
    """The scenes, as many of whose training clips train as the table says."""
    data_set = load_synthetic()
    split = split_data_set(data_set, seed=0)
    return PreparedData(data_set, replace(split, train=split.train[:: table.every]))


def train(proposal: Proposal, prepared: PreparedData, table: Table, *, index: int, seed: int) -> Training:
    """One training, scored at each rung."""
    design = replace(proposal.design, recipe=replace(proposal.design.recipe, epochs=table.epochs))
    clips = prepared.train_clips(design.log_mel)
    curve: list[tuple[float, float]] = []
    checkpoint: StageCheckpoint | None = None
    started, reason = time.process_time(), None
    try:
        for rung in table.rungs:
            run = Run(seed, stop_after=rung if rung < table.epochs else None)
            found = train_design(design, clips, run, checkpoint=checkpoint)
            checkpoint = found.checkpoint
            curve.append(_score(found.network, prepared))
    except TrainingError as error:
        reason = str(error)
    cost = proposal.cost
    return Training(
        index=index,
        seed=seed,
        origin=proposal.origin,
        values=dict(proposal.candidate.values),
        params=cost.params,
        macs=cost.official_macs,
        int8_bytes=cost.int8_bytes,
        curve=tuple(curve),
        seconds=time.process_time() - started,
        reason=reason,
    )


def _score(network: TrainedNetwork, prepared: PreparedData) -> tuple[float, float]:
    """Log loss and accuracy of a network as it is."""
    validation = prepared.validation_clips(network.log_mel)
    probabilities = network.predict(validation.clips)
    if not np.isfinite(probabilities).all():
        return _PENALTY, 0.0
    scores = score_predictions(validation.labels, probabilities)
    return scores.log_loss, scores.accuracy


def read_trainings(path: Path = COMMITTED) -> list[Training]:
    """All trainings of a file, in the order in which they were made."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt") as file:
        rows = [json.loads(line) for line in file]
    return [
        Training(
            **{
                **row,
                "values": {name: _freeze(value) for name, value in row["values"].items()},
                "curve": tuple(map(tuple, row["curve"])),
            }
        )
        for row in rows
    ]


def write_trainings(trainings: list[Training], path: Path) -> None:
    """Write all trainings, compressed; the same trainings give the same bytes."""
    path.write_bytes(gzip.compress("".join(map(format_training, trainings)).encode(), mtime=0))


def format_training(training: Training) -> str:
    """Line of a file of trainings."""
    return json.dumps(vars(training)) + "\n"


def propose(index: int, n: int, done: list[Training], screen: Screen) -> Proposal:
    """Candidate `index` of `n`, given those trained."""
    starts = warm_start(screen, seed=0)
    if index < len(starts):
        return starts[index]
    rng = np.random.default_rng([2026, index])
    seen = {screen.space.build(candidate_of(one, screen.space), screen.task).key for one in done}
    is_random = index < len(starts) + _SHARE_RANDOM * n
    while True:
        candidate, origin = (screen.space.draw_many(rng, 1)[0], "random") if is_random else _near(done, screen, rng)
        proposal = screen.admit(candidate, origin=origin, seen=seen)
        if proposal is not None:
            return proposal


def _near(done: list[Training], screen: Screen, rng: np.random.Generator) -> tuple[Candidate, str]:
    """One of the best, grown in one of four, else with one or two axes changed."""
    complete = sorted((one for one in done if one.reason is None and one.seed == 0), key=lambda one: one.curve[-1][0])
    parent = candidate_of(complete[int(rng.integers(min(_N_GOOD, len(complete))))], screen.space)
    if rng.random() < 1 / 4:
        way, share = ("detail", "size")[int(rng.integers(2))], (0.5, 0.9)[int(rng.integers(2))]
        grown = grow(parent, screen, way=way, share=share)
        if grown is not None:
            return grown, f"fill, {way}"
    while True:
        child = screen.space.mutate(parent, rng)
        if sum(one != other for one, other in zip(parent.code, child.code, strict=True)) <= _MOST_CHANGES:
            return child, "mutation"


def candidate_of(training: Training, space: Space) -> Candidate:
    """The candidate that was trained."""
    return space.candidate_from(training.values)


def _freeze(value: Any) -> Any:
    return tuple(_freeze(item) for item in value) if isinstance(value, list) else value


def _jobs(n: int) -> Iterator[tuple[int, int]]:
    for index in range(n):
        yield from ((index, seed) for seed in range(_SEEDS if index % _EVERY == 0 else 1))


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=120, help="candidates")
    parser.add_argument("--keep", type=Path, default=Path("trainings.jsonl"), help="file of what is done")
    parser.add_argument("--part", default="0/1", help="K/N: the K-th of N processes that share a file")
    parser.add_argument("--commit", action="store_true", help="write what is done beside this file, and train nothing")
    options = parser.parse_args()
    table = LONG
    done = next((read_trainings(path) for path in (options.keep, table.file) if path.is_file()), [])
    if not options.keep.is_file():
        options.keep.write_text("".join(map(format_training, done)))
    if options.commit:
        write_trainings(done, table.file)
        return
    prepare_process()
    prepared = prepare(table)
    screen = TableScreen(load_space(table.space), prepared.task, table)
    part, n_parts = map(int, options.part.split("/"))
    for index, seed in _jobs(options.n):
        if (index + index // _EVERY) % n_parts != part:  # so that each part has its share of further seeds
            continue
        done = read_trainings(options.keep)  # other parts write to it too
        if (index, seed) in {(training.index, training.seed) for training in done}:
            continue
        same = [training for training in done if training.index == index]
        if same:
            proposal = screen.admit(candidate_of(same[0], screen.space), origin=same[0].origin)
        else:
            proposal = propose(index, options.n, done, screen)
        assert proposal is not None
        found = train(proposal, prepared, table, index=index, seed=seed)
        with options.keep.open("a") as file:
            file.write(format_training(found))
        last = found.curve[-1] if found.curve else ("-", "-")
        print(f"{index} seed {seed}: {last}, {found.macs:,} MACs, {found.seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
