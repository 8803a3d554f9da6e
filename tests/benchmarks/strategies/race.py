"""What is recommended after a search: rules compared on the table of real trainings, at equal time.

Run: python -m tests.benchmarks.strategies.race --seeds 30
A search of the table trains trials of a third of the table's epochs. Then the same further time is spent as a rule
says: "race" trains leaders for longer and recommends by what was trained alike, as `nas-asc search` does; "repeats"
trains each contender thrice at the trials' length and adds the mean luck of these to the score of what was trained
once; "best score" goes on with the search and takes the best single score. A training's score has the noise of its
seed, as the table has it, and that of the clips that validate, which is the same in all trainings of a network. What is
recommended is judged by its log loss at the table's full length without noise. Prints a table in Markdown.
"""

import argparse
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean, stdev

import numpy as np

from nas_asc.handover.race import next_leg
from nas_asc.handover.repeat import list_contenders
from nas_asc.propose import Proposal
from nas_asc.study import Repeat, StudyConfig, TrialRecord, rank_by_evidence, rank_trials
from tests.benchmarks.heading import machine, made_by
from tests.benchmarks.strategies.compare import build_world
from tests.benchmarks.strategies.contestants import OurSearch, our_config
from tests.benchmarks.strategies.trainings import COMMITTED, EPOCHS, RUNGS
from tests.benchmarks.strategies.world import World, to_scores

TRIAL = EPOCHS // 3  # epochs of a trial
SIZES = (8, 12, 24)  # trials of a search
SHARES = (1 / 4, 1 / 2)  # of the trials' time, for what follows
RULES = ("best of all, were it known", "race", "repeats", "best score")
CLIP_NOISE = 0.07  # relative, of a mean over 400 clips beside that of another network on them: assumed, to be measured
_N_REPEATS = 3


@dataclass
class Track:
    """Trainings of a search's networks, each with its own noise, and the time that they take.

    Args:
        world: Of the search.
        config: Of the study.
        proposals: By the keys of their designs.
        clip_noise: Relative.
    """

    world: World
    config: StudyConfig
    clip_noise: float
    proposals: dict[str, Proposal] = field(default_factory=dict)

    def truth(self, record: TrialRecord) -> float:
        """Log loss without noise at the table's full length."""
        return self._curve(record, EPOCHS)

    def train(self, record: TrialRecord, epochs: int, *, index: int) -> Repeat:
        """A further training."""
        seed = hash_of(f"{self.world.seed} {index}")
        noise = np.interp(epochs, RUNGS, self.world.surrogate.draw_noise(record.key, seed))
        log_loss = self._curve(record, epochs) * float(noise) * self.clips(record)
        repeat = Repeat.of(record, index)
        return replace(repeat, scores=to_scores(log_loss), recipe=replace(record.recipe, epochs=epochs), seed=seed)

    def clips(self, record: TrialRecord) -> float:
        """Factor by which the clips that validate are harder for a network than others, in all of its trainings."""
        random = np.random.default_rng(hash_of(f"{self.world.seed} {record.key} clips"))
        return float(np.exp(self.clip_noise * random.normal()))

    def seconds(self, record: TrialRecord, epochs: int) -> float:
        """Of a training."""
        return record.seconds * epochs / TRIAL

    def _curve(self, record: TrialRecord, epochs: int) -> float:
        """Log loss without noise, between the rungs by the logarithm of epochs, beyond the last as at the last."""
        proposal = self.proposals[record.key]
        curve = self.world.curve(proposal)
        return float(np.exp(np.interp(np.log(epochs), np.log(RUNGS), np.log(curve))))


def hash_of(text: str) -> int:
    """A seed of a text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def race(track: Track, records: Sequence[TrialRecord], n_seconds: float) -> TrialRecord:
    """Leaders trained for longer, as long as there is time."""
    repeats: list[Repeat] = []
    while (leg := next_leg(track.config, records, repeats, n_seeds=_N_REPEATS)) is not None:
        record, epochs = leg
        n_seconds -= track.seconds(record, epochs)
        if n_seconds < 0:
            break
        repeats.append(track.train(record, epochs, index=1 + len(repeats)))
    return rank_by_evidence(records, repeats=repeats)[0].record


def repeat_alike(track: Track, records: Sequence[TrialRecord], n_seconds: float) -> TrialRecord:
    """Contenders, the best first, trained twice more each; what has no repeats is worse by their mean luck."""
    found: dict[int, list[float]] = {}
    for record in list_contenders(records, track.config):
        n_seconds -= (_N_REPEATS - 1) * track.seconds(record, TRIAL)
        if n_seconds < 0:
            break
        further = [track.train(record, TRIAL, index=index).scores for index in range(1, _N_REPEATS)]
        found[record.number] = [_loss(record), *(scores.log_loss for scores in further if scores is not None)]
    luck = max(0.0, mean([mean(scores[1:]) - scores[0] for scores in found.values()])) if found else 0.0
    return min(
        rank_trials(records),
        key=lambda one: mean(found[one.number]) if one.number in found else _loss(one) + luck,
    )


def _loss(record: TrialRecord) -> float:
    assert record.scores is not None
    return record.scores.log_loss


def run(seed: int, *, n_trials: int, clip_noise: float, table: Path) -> dict[float, list[float]]:
    """Log loss of what each of `RULES` recommends, by the share of time that follows the trials."""
    world, config = build_world(table, n_seconds=float("inf"), seed=seed), our_config("gp", seed)
    track = Track(world, config, clip_noise)
    search = TrackedSearch(track, config, epochs=TRIAL)
    search.run(n_trials)
    records = list(search.records)
    spent_s = world.spent_s
    found = {}
    for share in SHARES:
        extra_s = share * spent_s
        while world.spent_s < (1 + share) * spent_s:
            search.run(len(search.records) + 1)
        within = [
            one for one in search.records if one.number < n_trials or search.ended_s[one.number] <= spent_s + extra_s
        ]
        picks = [
            min(records, key=track.truth),
            race(track, records, extra_s),
            repeat_alike(track, records, extra_s),
            rank_trials(within)[0],
        ]
        found[share] = [track.truth(record) for record in picks]
    return found


class TrackedSearch(OurSearch):
    """A search whose scores have the noise of the clips too, and that keeps when each trial ended.

    Args:
        track: Its trainings.
        config: Of the study.
        epochs: Of a trial.
    """

    def __init__(self, track: Track, config: StudyConfig, *, epochs: int) -> None:
        super().__init__(track.world, config, epochs=epochs)
        self._track = track
        self.ended_s: dict[int, float] = {}

    def _go_on(self, proposal: Proposal, record: TrialRecord) -> TrialRecord:
        self._track.proposals[proposal.design.key] = proposal
        made = super()._go_on(proposal, record)
        self.ended_s[made.number] = self._track.world.spent_s
        assert made.scores is not None
        scores = to_scores(made.scores.log_loss * self._track.clips(made))
        return replace(made, scores=scores, recipe=replace(made.recipe, epochs=TRIAL))


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=30, help="of each size")
    parser.add_argument("--clip-noise", type=float, default=CLIP_NOISE)
    parser.add_argument("--table", type=Path, default=COMMITTED)
    options = parser.parse_args()
    print(f"{made_by()}, {machine()}; {options.seeds} searches of each size\n")
    print(f"| trials | time that follows | {' | '.join(RULES)} | repeats less race | best score less race |")
    print("|" + "---|" * (4 + len(RULES)))
    for n_trials in SIZES:
        rows = [
            run(seed, n_trials=n_trials, clip_noise=options.clip_noise, table=options.table)
            for seed in range(options.seeds)
        ]
        for share in SHARES:
            found = np.array([row[share] for row in rows])
            cells = " | ".join(f"{value:.3f}" for value in found.mean(axis=0))
            gains = " | ".join(_gain(found[:, column] - found[:, 1]) for column in (2, 3))
            print(f"| {n_trials} | {share:.0%} | {cells} | {gains} |", flush=True)


def _gain(differences: np.ndarray) -> str:
    error = stdev(differences.tolist()) / len(differences) ** 0.5 if len(differences) > 1 else float("nan")
    return f"{differences.mean():+.3f} ± {error:.3f}"


if __name__ == "__main__":
    main()
