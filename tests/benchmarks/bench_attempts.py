"""Ways to get more out of the seconds of a last training: learn from other networks, inherit weights, average seeds.

Run: python -m tests.benchmarks.bench_attempts --keep FILE [--data DATA] [--guess 1] [--seeds 2]
A guess of `asc`, its recipe tuned as a search tunes it, is trained for three times as long as in a search: as it is,
from the mean logits of three networks that a search would have, and as the mean of two and of three seeds that share
the epochs. What is grown from it in detail has weights of the same shapes: it is trained from scratch and from the
guess's weights, as long as a trial and three times as long. Scores are of the validation clips, in float. A training is
appended to FILE as soon as it is done, so that an interrupted run goes on; networks lie beside it, and one that is
there already adds no seconds to a row. Prints a table in Markdown with the date and the commit.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from nas_asc.evaluation import (
    PreparedData,
    Teacher,
    TrainedNetwork,
    evaluate_candidate,
    learn_from,
    write_teacher_logits,
)
from nas_asc.evaluation.network import build_network, to_state
from nas_asc.metrics import score_predictions
from nas_asc.propose.fill import grow
from nas_asc.space import Design
from nas_asc.training import Run, default_epochs, train_model
from tests.benchmarks.bench_tune import CHANGES, add_guess_options, find_guess
from tests.benchmarks.heading import machine, made_by

_LENGTH = 3  # of the last training, in trials
_TEACHER_LENGTH = 2  # as the race trains leaders


@dataclass(frozen=True)
class Bench:
    """What the ways are tried on.

    Args:
        prepared: Clips and their features.
        guess: A guess with a tuned recipe.
        grown: The same in more detail; its weights have the same shapes.
        usual: Epochs of a trial.
        folder: Where networks are kept.
    """

    prepared: PreparedData
    guess: Design
    grown: Design
    usual: int
    folder: Path

    def train(self, name: str, design: Design, *, epochs: int, seed: int) -> TrainedNetwork:
        """A network trained from scratch, or the one that was kept."""
        path = self.folder / f"{name}-{epochs}-{seed}.safetensors"
        if path.is_file():
            return TrainedNetwork.from_arrays(design.architecture, design.log_mel, load_file(path))
        design = replace(design, recipe=replace(design.recipe, epochs=epochs))
        network = evaluate_candidate(design, self.prepared, Run(seed)).network
        save_file(network.to_arrays(), path)
        return network

    def inherit(self, *, epochs: int, seed: int) -> TrainedNetwork:
        """The grown network, trained from the weights of the guess after its trial."""
        parent, _, _ = self.train("guess", self.guess, epochs=self.usual, seed=seed).load()
        model = build_network(self.grown.architecture, seed=seed)
        model.load_state_dict(parent.state_dict())
        clips = self.prepared.train_clips(self.grown.log_mel)
        recipe = replace(self.grown.recipe, epochs=epochs)
        train_model(model, clips, Run(seed), recipe=recipe, n_classes=self.prepared.task.n_classes)
        state = to_state(model, mean=clips.mean, std=clips.std)
        return TrainedNetwork(self.grown.architecture, self.grown.log_mel, state)

    def distil(self, *, epochs: int, seed: int, weight: float) -> TrainedNetwork:
        """The guess, learning from itself and from the grown network with two seeds, each trained twice as long."""
        length = _TEACHER_LENGTH * self.usual
        kinds = (("guess", self.guess, 10), ("grown", self.grown, 10), ("grown", self.grown, 11))
        teachers = [Teacher(name, self.train(name, design, epochs=length, seed=seed)) for name, design, seed in kinds]
        path = write_teacher_logits(teachers, self.prepared, self.folder, torch_device=Run().torch_device)
        student = replace(self.guess, recipe=learn_from(self.guess.recipe, path, weight=weight))
        return self.train(f"distilled-{weight}", student, epochs=epochs, seed=seed)

    def predict(self, network: TrainedNetwork) -> NDArray[np.float32]:
        """Class probabilities (n, K) of the validation clips."""
        return network.predict(self.prepared.validation_clips(network.log_mel).clips)

    def ways(self) -> Mapping[str, Callable[[int], NDArray[np.float32]]]:
        """Probabilities of the validation clips by way, given a seed."""
        short, long = self.usual, _LENGTH * self.usual

        def of_seeds(n: int) -> Callable[[int], NDArray[np.float32]]:
            return lambda seed: np.mean(
                [
                    self.predict(self.train("guess", self.guess, epochs=long // n, seed=100 * n + 10 * seed + each))
                    for each in range(n)
                ],
                axis=0,
            )

        def grown(epochs: int) -> Callable[[int], NDArray[np.float32]]:
            return lambda seed: self.predict(self.train("grown", self.grown, epochs=epochs, seed=seed))

        return {
            f"guess, {short} epochs": lambda seed: self.predict(
                self.train("guess", self.guess, epochs=short, seed=seed)
            ),
            f"guess, {long} epochs": lambda seed: self.predict(self.train("guess", self.guess, epochs=long, seed=seed)),
            f"distilled, {long} epochs, weight 0.5": lambda seed: self.predict(
                self.distil(epochs=long, seed=seed, weight=0.5)
            ),
            f"distilled, {long} epochs, weight 0.9": lambda seed: self.predict(
                self.distil(epochs=long, seed=seed, weight=0.9)
            ),
            f"mean of two seeds, {long // 2} epochs each": of_seeds(2),
            f"mean of three seeds, {long // 3} epochs each": of_seeds(3),
            f"grown, {short} epochs": grown(short),
            f"grown, weights of the guess, {short} epochs": lambda seed: self.predict(
                self.inherit(epochs=short, seed=seed)
            ),
            f"grown, {long} epochs": grown(long),
            f"grown, weights of the guess, {long} epochs": lambda seed: self.predict(
                self.inherit(epochs=long, seed=seed)
            ),
        }


def format_table(rows: list[dict[str, Any]]) -> str:
    """Scores of each way, means over seeds, in Markdown."""
    lines = [
        f"{made_by()}, {machine()}",
        "",
        "| way | seeds | log loss | accuracy | seconds |",
        "|---|---|---|---|---|",
    ]
    for way in dict.fromkeys(row["way"] for row in rows):
        found = [row for row in rows if row["way"] == way]
        log_loss, accuracy, seconds = (mean(row[key] for row in found) for key in ("log_loss", "accuracy", "seconds"))
        lines.append(f"| {way} | {len(found)} | {log_loss:.3f} | {100 * accuracy:.1f} % | {seconds:.0f} |")
    return "\n".join(lines)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_guess_options(parser)
    parser.add_argument("--change", default="both", choices=list(CHANGES), help="of the guess's recipe")
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    prepared, screen, as_it_is = find_guess(options)
    space = screen.space
    guess = space.candidate_from({**as_it_is.values, **CHANGES[options.change]})
    grown = grow(guess, screen, way="detail", share=0.5)
    assert grown is not None, "this guess uses half of the limit on MACs already"
    designs = [space.build(each, prepared.task) for each in (guess, grown)]
    options.keep.touch()
    folder = options.keep.with_suffix(".networks")
    folder.mkdir(exist_ok=True)
    bench = Bench(prepared, *designs, default_epochs(prepared.n_train), folder)
    for seed in range(options.seeds):
        for way, run in bench.ways().items():
            rows = [json.loads(line) for line in options.keep.read_text().splitlines()]
            if any(row["way"] == way and row["seed"] == seed for row in rows):
                continue
            started = time.perf_counter()
            scores = score_predictions(prepared.validation_clips(designs[0].log_mel).labels, run(seed))
            row = {"way": way, "seed": seed, "log_loss": scores.log_loss, "accuracy": scores.accuracy}
            row["seconds"] = time.perf_counter() - started
            with options.keep.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(row, flush=True)
    print(format_table([json.loads(line) for line in options.keep.read_text().splitlines()]))


if __name__ == "__main__":
    main()
