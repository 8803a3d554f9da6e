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
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nas_asc.cost import count_cost
from nas_asc.data import Split, load_data_set, split_data_set
from nas_asc.evaluation import Outcome, PreparedData, evaluate_candidate, export_network, load_network, to_state
from nas_asc.evaluation.pruned import train_and_prune
from nas_asc.evaluation.quantised_state import load_quantised_weights, quantised_weights
from nas_asc.evaluation.quantised_training import quantise, train_quantised
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture, format_architecture, parse_architecture
from nas_asc.metrics import Scores, score_predictions
from nas_asc.models import lower_network
from nas_asc.recipe import AdmmPruning, BandSelection, QuantisedTraining, Recipe
from nas_asc.space import Design, load_space
from nas_asc.training import Clips, EpochRow, predict, prepare_process
from tests.benchmarks.heading import machine, made_by

CPU = torch.device("cpu")
MAX_PARAMS, MAX_MACS = 127_840, 17_400_000
PUBLISHED = {
    "192 bands": "51.52",
    "channels pruned": "50.76",
    "int8 file after it": "49.06",
}  # on TAU 2022 Mobile, in %


@dataclass(frozen=True, eq=False)
class Stage:
    """What one step of the chain leaves.

    Args:
        architecture: Of the network.
        log_mel: Front end of what it takes.
        state: Weights, buffers and standardisation.
        scores: On the validation clips.
        n_bytes: At int8: weights and biases by the description, or the constants of the file, scales included.
        seconds: Of the step.
    """

    architecture: Architecture
    log_mel: LogMel
    state: Mapping[str, Tensor]
    scores: Scores
    n_bytes: int
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Tensors and plain data, for torch.save."""
        text, scores = format_architecture(self.architecture), self.scores.to_dict()
        plain = {"log_mel": asdict(self.log_mel), "n_bytes": self.n_bytes, "seconds": self.seconds}
        return {"architecture": text, "state": dict(self.state), "scores": scores, **plain}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Stage":
        """Stage of what `to_dict` gave."""
        made = {"architecture": parse_architecture(values["architecture"]), "log_mel": LogMel(**values["log_mel"])}
        return cls(**{**values, **made, "scores": Scores.from_dict(values["scores"])})


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
        self.steps: dict[str, Callable[[Stage | None], Stage]] = {
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

    def train(self, system: str, selection: BandSelection | None) -> Stage:
        """A network trained from random weights, its bands selected first where that is asked for."""
        design = self.design(system, selection)
        design = replace(design, recipe=replace(design.recipe, pruning=None, quantisation=None))
        found: Outcome = evaluate_candidate(design, self.prepared, seed=self.seed, torch_device=CPU, on_epoch=_tell)
        n_bytes = count_cost(found.architecture).int8_bytes
        return Stage(found.architecture, found.log_mel, found.state, found.scores, n_bytes)

    def prune(self, stage: Stage | None) -> Stage:
        """Channels driven towards zero from the trained weights, removed until the network fits, then fine-tuning."""
        assert stage is not None
        network, mean, std = load_network(stage.architecture, stage.state)
        smaller, _ = train_and_prune(
            network, self.train_clips(stage), recipe=self.recipe, seed=self.seed, torch_device=CPU, on_epoch=_tell
        )
        state = to_state(smaller, mean=mean, std=std)
        scores = self.score(smaller, stage.log_mel, mean, std)
        n_bytes = count_cost(smaller.architecture).int8_bytes
        return Stage(smaller.architecture, stage.log_mel, state, scores, n_bytes)

    def train_in_8_bits(self, stage: Stage | None) -> Stage:
        """The pruned network trained on in 8 bits; scored in float arithmetic that rounds to 8 bits."""
        assert stage is not None
        assert self.recipe.quantisation is not None
        network, mean, std = load_network(stage.architecture, stage.state)
        lowered, clips = lower_network(network), self.train_clips(stage)
        epochs = self.recipe.quantisation.n_epochs(self.epochs)
        train_quantised(
            lowered, clips, recipe=self.recipe, epochs=epochs, seed=self.seed, torch_device=CPU, on_epoch=_tell
        )
        state = {**stage.state, **quantised_weights(lowered)}
        simulated = lower_network(network)
        load_quantised_weights(simulated, state)
        scores = self.score(quantise(simulated, clips, recipe=self.recipe), stage.log_mel, mean, std)
        n_bytes = count_cost(stage.architecture).int8_bytes
        return replace(stage, state=state, scores=scores, n_bytes=n_bytes)

    def export(self, stage: Stage | None) -> Stage:
        """The int8 file, run by onnxruntime."""
        assert stage is not None
        with tempfile.TemporaryDirectory() as folder:
            exported = export_network(
                Path(folder) / "chain.onnx",
                stage.architecture,
                stage.state,
                self.prepared,
                log_mel=stage.log_mel,
                recipe=self.recipe,
                name="FAU's chain",
                measures_noise=False,
            )
        return replace(stage, scores=exported.scores, n_bytes=exported.weight_bytes)

    def train_clips(self, stage: Stage) -> Clips:
        """Training clips, standardised as the network takes them."""
        _, mean, std = load_network(stage.architecture, stage.state)
        return replace(self.prepared.train_clips(stage.log_mel), mean=mean, std=std)

    def score(self, network: torch.nn.Module, log_mel: LogMel, mean: Tensor, std: Tensor) -> Scores:
        """Validation scores of a network or of its simulation."""
        validation = self.prepared.validation_clips(log_mel)
        probabilities = predict(network, replace(validation.clips, mean=mean, std=std), torch_device=CPU)
        return score_predictions(validation.labels, probabilities, validation.devices)


def _tell(row: EpochRow) -> None:
    print(f"  epoch {row.epoch}: loss {row.loss:.3f}, {row.clips_per_s:.1f} clips/s", flush=True)


def run(chain: Chain, keep: Path, asked: Mapping[str, Any]) -> tuple[dict[str, Stage], str]:
    """All steps, and when and with what commit they began; those in the file are not done again.

    Args:
        chain: The steps.
        keep: The file.
        asked: Of the run; a file of another run is refused.
    """
    kept = torch.load(keep, weights_only=True) if keep.is_file() else _begin(asked)
    if kept["asked"] != asked:
        raise SystemExit(f"{keep} holds a run with {kept['asked']}. Give another --keep.")
    stage: Stage | None = None
    done = {}
    for name, step in chain.steps.items():
        if name not in kept["steps"]:
            print(f"{name} ...", flush=True)
            started = time.perf_counter()
            kept["steps"][name] = replace(step(stage), seconds=time.perf_counter() - started).to_dict()
            partial = keep.with_name(f"{keep.name}.part")
            torch.save(kept, partial)
            os.replace(partial, keep)
        stage = done[name] = Stage.from_dict(kept["steps"][name])
    return done, kept["made"]


def _begin(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {"made": made_by(), "asked": dict(asked), "steps": {}}


def format_table(done: Mapping[str, Stage], made: str, asked: Mapping[str, Any]) -> str:
    """Markdown table of the steps, under the date and the commit with which the run began."""
    words = ", ".join(f"{name} {value}" for name, value in asked.items())
    lines = [
        f"{made}, {machine()}; synthetic scenes, {words}",
        "",
        "| step | accuracy | log loss | parameters | pure MACs | int8 bytes | minutes | FAU on TAU 2022 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, stage in done.items():
        cost, scores = count_cost(stage.architecture), stage.scores
        published = f"{PUBLISHED[name]} %" if name in PUBLISHED else "-"
        lines.append(
            f"| {name} | {100 * scores.accuracy:.2f} % | {scores.log_loss:.3f} | {cost.params:,} | {cost.macs:,} |"
            f" {stage.n_bytes:,} | {stage.seconds / 60:.1f} | {published} |"
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
