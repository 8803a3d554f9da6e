"""FAU's chain as one run on the embedded scenes: 192 of 256 bands, channels pruned, training in 8 bits, the int8 file.

Run: python -m tests.benchmarks.bench_chain --epochs 12 --keep chain.pt
BC-ResNet-Mod-8 as FAU trained it (residual normalisation, a head with bias), each step from the weights of the step
before, except that the network is trained anew on the selected bands. Prints a table in Markdown with the date and the
commit; every step is kept in a file as soon as it is done, so that an interrupted run goes on.

Source: FAU, submission to DCASE 2022 Task 1, Table 2: at most 127.84k parameters and 17.4 M multiply-accumulates.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from nas_asc.cost import count_cost
from nas_asc.data import Split, load_data_set, split_data_set
from nas_asc.evaluation import (
    Life,
    PreparedData,
    Stage,
    TrainedNetwork,
    evaluate_candidate,
    export_network,
    list_stages,
)
from nas_asc.evaluation.quantised_state import load_quantised_weights
from nas_asc.evaluation.quantised_training import quantise
from nas_asc.evaluation.stage import TrainQuantised
from nas_asc.frontend import LogMel
from nas_asc.layers import format_architecture, parse_architecture
from nas_asc.metrics import Scores, score_predictions
from nas_asc.models import lower_network
from nas_asc.recipe import AdmmPruning, BandSelection, QuantisedTraining, Recipe
from nas_asc.space import Design, load_space
from nas_asc.training import CPU, Clips, EpochRow, Run, predict, prepare_process
from tests.benchmarks.heading import machine, made_by

MAX_PARAMS, MAX_MACS = 127_840, 17_400_000
PUBLISHED = {
    "192 bands": "51.52",
    "channels pruned": "50.76",
    "int8 file after it": "49.06",
}  # on TAU 2022 Mobile, in %


@dataclass(frozen=True, eq=False)
class Link:
    """What one step of the chain leaves.

    Args:
        network: As the step left it.
        scores: On the validation clips.
        n_bytes: At int8: weights and biases by the description, or the constants of the file, scales included.
        seconds: Of the step.
    """

    network: TrainedNetwork
    scores: Scores
    n_bytes: int
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Tensors and plain data, for torch.save."""
        network = self.network
        text, scores = format_architecture(network.architecture), self.scores.to_dict()
        plain = {"log_mel": asdict(network.log_mel), "n_bytes": self.n_bytes, "seconds": self.seconds}
        return {"architecture": text, "state": dict(network.state), "scores": scores, **plain}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Link":
        """Link of what `to_dict` gave."""
        architecture, log_mel = parse_architecture(values["architecture"]), LogMel(**values["log_mel"])
        network = TrainedNetwork(architecture, log_mel, values["state"])
        return cls(network, Scores.from_dict(values["scores"]), values["n_bytes"], values["seconds"])


class Chain:
    """The steps, each from what the one before left.

    Args:
        prepared: Clips.
        epochs: Of each training; half as many select the bands, a fifth train in 8 bits.
        seed: Of all trainings.
        system: Of the space `bc_resnet`, with all bands; with `-192` after it, on the selected ones.
    """

    def __init__(self, prepared: PreparedData, *, epochs: int, seed: int, system: str = "FAU-Mod-8") -> None:
        self.prepared, self.epochs, self.seed, self.system = prepared, epochs, seed, system
        self.steps: dict[str, Callable[[Link | None], Link]] = {
            "256 bands": lambda _: self.train(self.system, None),
            "192 bands": lambda _: self.train(f"{self.system}-192", BandSelection(max(1, self.epochs // 2))),
            "channels pruned": self.prune,
            "int8 file without training": self.export,
            "trained in 8 bits": self.train_in_8_bits,
            "int8 file after it": self.export,
        }

    def design(self, system: str, selection: BandSelection | None) -> Design:
        """Design of a system, trained as long as was asked for."""
        space = load_space("bc_resnet")
        made = space.systems[system]
        design = space.build(made.candidate, self.prepared.task)
        return replace(design, recipe=replace(self.recipe, band_selection=selection))

    @property
    def recipe(self) -> Recipe:
        """FAU's, as far as it is known, in one: pruning, fine-tuning and training in 8 bits included."""
        space = load_space("bc_resnet")
        recipe = space.systems[self.system].recipe or Recipe()
        pruning = AdmmPruning(MAX_PARAMS, MAX_MACS, is_exact=False)
        return replace(recipe, epochs=self.epochs, pruning=pruning, quantisation=QuantisedTraining())

    @property
    def run(self) -> Run:
        """Of every training."""
        return Run(self.seed, on_epoch=_tell)

    def train(self, system: str, selection: BandSelection | None) -> Link:
        """A network trained from random weights, its bands selected first where that is asked for."""
        design = self.design(system, selection)
        design = replace(design, recipe=replace(design.recipe, pruning=None, quantisation=None))
        found = evaluate_candidate(design, self.prepared, self.run)
        return Link(found.network, found.scores, count_cost(found.network.architecture).int8_bytes)

    def prune(self, link: Link | None) -> Link:
        """Channels driven towards zero from the trained weights, removed until the network fits, then fine-tuning."""
        assert link is not None
        network = self.live(link.network, list_stages(replace(self.recipe, quantisation=None, band_selection=None)))
        return Link(network, self.score(network.load()[0], network), count_cost(network.architecture).int8_bytes)

    def train_in_8_bits(self, link: Link | None) -> Link:
        """The pruned network trained on in 8 bits; scored in float arithmetic that rounds to 8 bits."""
        assert link is not None
        assert self.recipe.quantisation is not None
        stage = TrainQuantised(self.recipe, self.recipe.quantisation.n_epochs(self.epochs))
        network = self.live(link.network, [stage])
        simulated = lower_network(network.load()[0])
        load_quantised_weights(simulated, network.state)
        quantised = quantise(simulated, self.train_clips(network), recipe=self.recipe)
        return Link(network, self.score(quantised, network), count_cost(network.architecture).int8_bytes)

    def export(self, link: Link | None) -> Link:
        """The int8 file, run by onnxruntime."""
        assert link is not None
        with tempfile.TemporaryDirectory() as folder:
            exported = export_network(
                Path(folder) / "chain.onnx",
                link.network,
                self.prepared,
                recipe=self.recipe,
                name="FAU's chain",
                measures_noise=False,
            )
        return replace(link, scores=exported.scores, n_bytes=exported.weight_bytes)

    def live(self, network: TrainedNetwork, stages: Sequence[Stage]) -> TrainedNetwork:
        """The network after some stages that begin with its weights."""
        design = Design(network.architecture, network.log_mel, self.recipe)
        life = Life(design, self.train_clips(network), network.log_mel, network.load()[0])
        for stage in stages:
            stage.live(life, self.run, None)
        return life.to_trained()

    def train_clips(self, network: TrainedNetwork) -> Clips:
        """Training clips, standardised as the network takes them."""
        _, mean, std = network.load()
        return replace(self.prepared.train_clips(network.log_mel), mean=mean, std=std)

    def score(self, model: nn.Module, network: TrainedNetwork) -> Scores:
        """Validation scores of a network, or of its simulation, that takes what the network takes."""
        _, mean, std = network.load()
        validation = self.prepared.validation_clips(network.log_mel)
        probabilities = predict(model, replace(validation.clips, mean=mean, std=std), torch_device=CPU)
        return score_predictions(validation.labels, probabilities, validation.devices)


def _tell(row: EpochRow) -> None:
    print(f"  epoch {row.epoch}: loss {row.loss:.3f}, {row.clips_per_s:.1f} clips/s", flush=True)


def run(chain: Chain, keep: Path, asked: Mapping[str, Any]) -> tuple[dict[str, Link], str]:
    """All steps, and when and with what commit they began; those in the file are not done again.

    Args:
        chain: The steps.
        keep: The file.
        asked: Of the run; a file of another run is refused.
    """
    kept = torch.load(keep, weights_only=True) if keep.is_file() else _begin(asked)
    if kept["asked"] != asked:
        raise SystemExit(f"{keep} holds a run with {kept['asked']}. Give another --keep.")
    link: Link | None = None
    done = {}
    for name, step in chain.steps.items():
        if name not in kept["steps"]:
            print(f"{name} ...", flush=True)
            started = time.perf_counter()
            kept["steps"][name] = replace(step(link), seconds=time.perf_counter() - started).to_dict()
            partial = keep.with_name(f"{keep.name}.part")
            torch.save(kept, partial)
            os.replace(partial, keep)
        link = done[name] = Link.from_dict(kept["steps"][name])
    return done, kept["made"]


def _begin(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {"made": made_by(), "asked": dict(asked), "steps": {}}


def format_table(done: Mapping[str, Link], made: str, asked: Mapping[str, Any]) -> str:
    """Markdown table of the steps, under the date and the commit with which the run began."""
    words = ", ".join(f"{name} {value}" for name, value in asked.items())
    lines = [
        f"{made}, {machine()}; synthetic scenes, {words}",
        "",
        "| step | accuracy | log loss | parameters | pure MACs | int8 bytes | minutes | FAU on TAU 2022 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, link in done.items():
        cost, scores = count_cost(link.network.architecture), link.scores
        published = f"{PUBLISHED[name]} %" if name in PUBLISHED else "-"
        lines.append(
            f"| {name} | {100 * scores.accuracy:.2f} % | {scores.log_loss:.3f} | {cost.params:,} | {cost.macs:,} |"
            f" {link.n_bytes:,} | {link.seconds / 60:.1f} | {published} |"
        )
    return "\n".join(lines)


def prepare(*, clips: int | None, seed: int, cache: Path | None) -> PreparedData:
    """The synthetic scenes with all their training clips, or so many drawn from them."""
    data_set = load_data_set()
    split = split_data_set(data_set, seed=seed)
    rows = np.random.default_rng(seed).permutation(split.train)[: clips or len(split.train)]
    chosen = Split(train=np.sort(rows), validation=split.validation, test=split.test, note=split.note)
    return PreparedData(data_set, chosen, cache_dir=cache)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=12, help="of each training")
    parser.add_argument("--clips", type=int, help="training clips; all 1,400 where it is not given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("chain.pt"), help="file of what is done")
    parser.add_argument("--cache", type=Path, help="folder of features; the user's where it is not given")
    options = parser.parse_args()
    prepare_process()
    prepared = prepare(clips=options.clips, seed=options.seed, cache=options.cache)
    asked = {"epochs": options.epochs, "clips": prepared.n_train, "seed": options.seed}
    done, made = run(Chain(prepared, epochs=options.epochs, seed=options.seed), options.keep, asked)
    print(format_table(done, made, asked))


if __name__ == "__main__":
    main()
