"""Real trainings of candidates of `asc`: what the benchmark of search strategies is built on.

Run: python -m tests.benchmarks.strategies.trainings --n 200
Each training is appended to a file as soon as it is done, so that an interrupted run goes on; without that file it goes
on from the table that lies beside this module, which --commit writes. The first candidates are
the space's guesses and random ones that fit; the later half descends from the front of those trained by then, or is
far from all of them in cost, so that the table is dense where searches go. Every tenth is trained with three seeds.
"""

import argparse
import gzip
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import log10
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
from nas_asc.propose.evolution import propose_child
from nas_asc.propose.history import History, front_rows
from nas_asc.propose.random_search import propose_apart, propose_random
from nas_asc.propose.warm_start import warm_start
from nas_asc.space import Candidate, Space, load_space
from nas_asc.training import Run, prepare_process

SPACE = Path(__file__).with_name("asc_of_table.py")  # as it was when the table was made
BUDGET = Budget(max_params=128_000, max_macs=30_000_000)
EPOCHS = 18
RUNGS = (1, 2, 4, 6, 9, 12, 18)
COMMITTED = Path(__file__).with_name("trainings.jsonl.gz")
_SHARE_RANDOM = 0.5
_EVERY, _SEEDS = 10, 3
_MOST_MACS, _MOST_RAM = 60_000_000, 80_000  # of what is trained: beyond, a training takes minutes
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
        curve: Validation log loss and accuracy of the network as it stands after each epoch of `RUNGS`.
        seconds: Of the training, scores at rungs included.
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
    """The gate of the table: also the network that is trained, before channels are removed, must be of a size.

    Args:
        space: The table's.
        task: The table's.
    """

    def __init__(self, space: Space, task: Task) -> None:
        super().__init__(space, task, budget=BUDGET)

    def cost(self, candidate: Candidate) -> Cost | None:
        """What a candidate takes; None where it cannot be built, or is too large to be trained."""
        cost = super().cost(candidate)
        if cost is None:
            return None
        trained = count_cost(self.space.architecture(candidate, self.task))
        return cost if trained.official_macs <= _MOST_MACS and trained.peak_ram_bytes <= _MOST_RAM else None


def prepare() -> PreparedData:
    """The scenes, of whose training clips every second one trains."""
    data_set = load_synthetic()
    split = split_data_set(data_set, seed=0)
    return PreparedData(data_set, replace(split, train=split.train[::2]))


def train(proposal: Proposal, prepared: PreparedData, *, index: int, seed: int) -> Training:
    """One training, scored at each rung."""
    design = replace(proposal.design, recipe=replace(proposal.design.recipe, epochs=EPOCHS))
    clips = prepared.train_clips(design.log_mel)
    curve: list[tuple[float, float]] = []
    checkpoint: StageCheckpoint | None = None
    started, reason = time.perf_counter(), None
    try:
        for rung in RUNGS:
            run = Run(seed, stop_after=rung if rung < EPOCHS else None)
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
        seconds=time.perf_counter() - started,
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


def write_trainings(trainings: list[Training], path: Path = COMMITTED) -> None:
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
    history = _read_history(done, screen.space)
    rng = np.random.default_rng([2026, index])
    strategies = [propose_random] if index < _SHARE_RANDOM * n else [propose_child, propose_child, propose_apart]
    proposal = strategies[index % len(strategies)](screen, history, rng) or propose_random(screen, history, rng)
    assert proposal is not None
    return proposal


def _read_history(done: list[Training], space: Space) -> History:
    complete = [training for training in done if training.reason is None and training.seed == 0]
    candidates = [candidate_of(training, space) for training in complete]
    screen = Screen(space, load_synthetic().task, budget=BUDGET)
    costs = tuple(screen.cost(candidate) for candidate in candidates)
    values = np.array([[one.curve[-1][0], log10(one.macs), log10(one.int8_bytes)] for one in complete]).reshape(-1, 3)
    keys = frozenset(space.build(candidate_of(one, space), screen.task).key for one in done)
    front = np.array(front_rows(values), np.int64)
    return History(tuple(candidates), values, costs, keys, front)


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
    parser.add_argument("--n", type=int, default=200, help="candidates")
    parser.add_argument("--keep", type=Path, default=Path("trainings.jsonl"), help="file of what is done")
    parser.add_argument("--part", default="0/1", help="K/N: the K-th of N processes that share a file")
    parser.add_argument("--commit", action="store_true", help="write what is done beside this file, and train nothing")
    options = parser.parse_args()
    done = next((read_trainings(path) for path in (options.keep, COMMITTED) if path.is_file()), [])
    if not options.keep.is_file():
        options.keep.write_text("".join(map(format_training, done)))
    if options.commit:
        write_trainings(done)
        return
    prepare_process()
    prepared = prepare()
    screen = TableScreen(load_space(SPACE), prepared.task)
    part, n_parts = map(int, options.part.split("/"))
    for index, seed in _jobs(options.n):
        if index % n_parts != part:
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
        done.append(train(proposal, prepared, index=index, seed=seed))
        with options.keep.open("a") as file:
            file.write(format_training(done[-1]))
        last = done[-1].curve[-1] if done[-1].curve else ("-", "-")
        print(f"{index} seed {seed}: {last}, {done[-1].macs:,} MACs, {done[-1].seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
