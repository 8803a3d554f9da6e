"""A trained network as a file, and the file's own score."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nas_asc.compression import QuantisedNetwork, StepNoise, measure_noise, measure_saturation
from nas_asc.cost import Cost, cost_at_bits, cost_on_target, count_cost, forecast_parts
from nas_asc.data import DataSet
from nas_asc.errors import ExportError
from nas_asc.evaluation.golden import read_recordings
from nas_asc.evaluation.network import TrainedNetwork
from nas_asc.evaluation.prepared import PreparedData
from nas_asc.evaluation.quantised_state import has_quantised_weights, load_quantised_weights
from nas_asc.evaluation.quantised_training import calibration_batch, quantise
from nas_asc.evaluation.write_and_run import check_kind, count_bytes, is_c, predict_file, write_and_run
from nas_asc.export import CReport, measure_saturating_sums
from nas_asc.frontend import FrontEndCost, LogMel
from nas_asc.metrics import Scores, score_predictions
from nas_asc.models import LoweredNetwork, lower_network
from nas_asc.prediction import TFLITE, Metadata
from nas_asc.recipe import Recipe
from nas_asc.training import Run, default_epochs

_N_SUMMED = 4  # clips on which sums are emulated


@dataclass(frozen=True)
class Exported:
    """A model file and what was measured of it.

    Args:
        path: The ONNX or .tflite file, or the folder of C.
        bits: The bits of its weights.
        qat_epochs: Passes over the training clips in 8 bits.
        weight_bytes: Bytes of its constants: weights, biases, and the scales and zero points of integers.
        file_bytes: Bytes of the file, its metadata included, or of all files in the folder.
        cost: The cost of the network at these bits, from its description; with the RAM that a microcontroller
            needs, for one.
        front_end: What the front end takes on a microcontroller.
        forecast: Instructions of "clip", "frame" and "network" that are forecast of C of 8 bits, by core; empty for
            other bits, and where the C does not run them.
        scores: The scores of the file, run by onnxruntime or TensorFlow Lite Micro on the validation clips; by the
            latter on 2,000 of them at most. The latter also scores C, which gives the same values.
        network_scores: The scores of the network in float on the same clips.
        agreement: Share of these clips of which both say the same class.
        integer_share: Share of the file's multiply-accumulates that are computed in integers.
        noise: For 8 bits what each step alone costs, the worst first; else empty.
        saturated: Share of the values between steps, the input's included, of 64 validation clips that lie beyond
            their ranges; None for other bits.
        saturating_sums: Share of an ONNX file's integer sums, on 4 of them, that a processor without VNNI cuts off in a
            session that has not set `session.x64quantprecision`; None for other files.
        arena_bytes: The arena of a .tflite file, the whole memory that TensorFlow Lite Micro needs to run it;
            None for others.
        activation_bytes: Part of it that holds the values between steps. For these and the front end's stream,
            `cost["target_ram_bytes"]` is the count that `max_ram` limits.
        c: What a folder of C needs, and what was shown of it; None for a file.
        probabilities: (n, K) that the file gives the clips it was run on.
    """

    path: Path
    bits: int
    qat_epochs: int
    weight_bytes: int
    file_bytes: int
    cost: Mapping[str, Any]
    front_end: FrontEndCost
    forecast: Mapping[str, Mapping[str, int]]
    scores: Scores
    network_scores: Scores
    agreement: float
    integer_share: float
    noise: tuple[StepNoise, ...]
    saturated: float | None = None
    saturating_sums: float | None = None
    arena_bytes: int | None = None
    activation_bytes: int | None = None
    c: CReport | None = None
    probabilities: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32), compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without the probabilities."""
        values = asdict(self) | {"path": str(self.path)}
        del values["probabilities"]
        values["front_end"] = self.front_end.to_dict()
        return values | {"scores": self.scores.to_dict(), "network_scores": self.network_scores.to_dict()}


def export_network(
    path: Path,
    network: TrainedNetwork,
    prepared: PreparedData,
    *,
    recipe: Recipe,
    name: str,
    bits: int = 8,
    qat_epochs: int = 0,
    qat_run: Run | None = None,
    probabilities: NDArray[np.float32] | None = None,
    measures_noise: bool = True,
) -> Exported:
    """Write a trained network to a file, then load the file and score it on the validation clips.

    A file of 8 bits has the weights that the recipe's training in 8 bits gave, where the state holds such; files of 16
    and 32 bits have those of the network in float, before it.

    Args:
        path: The file, ending in ".onnx" or ".tflite"; its metadata is written beside it with the ending ".json". A
            folder of C where the name ends in "-c".
        network: What is written.
        prepared: Clips: 64 training clips calibrate, the validation clips score.
        recipe: The recipe that it was trained with.
        name: The name of the network, for people.
        bits: 8, 16 or 32.
        qat_epochs: Passes over the training clips in 8 bits before the file is written, of a network that was not
            trained so; 0 calibrates alone.
        qat_run: Seed, torch device and events of these; None is a plain run.
        probabilities: (n, K) that the network gives the validation clips; None computes them.
        measures_noise: Whether to find out what each step costs, which takes a pass over 64 clips for each, and how
            much saturates.

    Raises:
        ExportError: The network cannot be written, or was trained in 8 bits already.
        CompressionError: Its weights in 8 bits are of another network.
        TrainingError: Training in 8 bits diverged.
        DataError: Audio cannot be read.
    """
    finish = begin_export(
        path,
        network,
        prepared,
        recipe=recipe,
        name=name,
        bits=bits,
        qat_epochs=qat_epochs,
        qat_run=qat_run,
        probabilities=probabilities,
        measures_noise=measures_noise,
    )
    return finish(path)


def begin_export(
    kind: Path,
    network: TrainedNetwork,
    prepared: PreparedData,
    *,
    recipe: Recipe,
    name: str,
    bits: int = 8,
    qat_epochs: int = 0,
    qat_run: Run | None = None,
    probabilities: NDArray[np.float32] | None = None,
    measures_noise: bool = True,
) -> Callable[[Path], Exported]:
    """Make a trained network ready for a file; what comes back writes it there, and scores it on the validation clips.

    What is left reads no clips anew, draws no random number and needs no GPU: any thread may do it.

    Args:
        kind: A name that ends as the file's does.
        network: As the others of `export_network`.
        prepared: As there.
        recipe: As there.
        name: As there.
        bits: As there.
        qat_epochs: As there.
        qat_run: As there.
        probabilities: As there.
        measures_noise: As there.

    Raises:
        NasAscError: As `export_network`.
    """
    check_kind(kind, bits)
    model, mean, std = network.load()
    metadata = build_metadata(name, prepared.data_set, network.log_mel, mean, std)
    lowered, n_done = lower_network(model), 0
    measured: dict[str, Any] = {"noise": (), "forecast": _forecast(network, metadata.clip_s, bits)}
    validation = prepared.validation_clips(network.log_mel)
    if bits == 8:
        n_done = _load_quantised(lowered, network.state, recipe, n_train=prepared.n_train)
        if n_done and qat_epochs:
            raise ExportError(
                f"its recipe trained the network in 8 bits already, {n_done} epochs. Leave `qat_epochs` out."
            )
        clips = replace(prepared.train_clips(network.log_mel), mean=mean, std=std)
        lowered = quantised = quantise(lowered, clips, qat_run, recipe=recipe, qat_epochs=qat_epochs)
        if measures_noise:
            heard = calibration_batch(replace(validation.clips, mean=mean, std=std))
            measured |= {
                "noise": measure_noise(quantised, calibration_batch(clips)),
                "saturated": measure_saturation(quantised, [heard]),
                "saturating_sums": _measure_sums(kind, quantised, heard),
            }
    recordings = read_recordings(prepared, network.log_mel) if is_c(kind) else ()
    known = network.predict(validation.clips) if probabilities is None else probabilities

    def finish(path: Path) -> Exported:
        written = write_and_run(path, lowered, metadata, validation.clips, bits=bits, recordings=recordings)
        arena = None if written.c is not None else written.arena
        found, expected = written.probabilities, known[written.rows]
        labels = validation.labels[written.rows]
        devices = None if validation.devices is None else validation.devices[written.rows]
        return Exported(
            path=path,
            bits=bits,
            qat_epochs=n_done or qat_epochs,
            weight_bytes=written.weight_bytes,
            file_bytes=count_bytes(path),
            cost=_count_cost(network, path, bits).to_dict(),
            front_end=network.log_mel.count(metadata.clip_s),
            scores=score_predictions(labels, found, devices),
            network_scores=score_predictions(labels, expected, devices),
            agreement=float((found.argmax(axis=1) == expected.argmax(axis=1)).mean()),
            integer_share=written.integer_share,
            **measured,
            arena_bytes=None if arena is None else arena.total,
            activation_bytes=None if arena is None else arena.activations,
            c=written.c,
            probabilities=found,
        )

    return finish


def _forecast(network: TrainedNetwork, clip_s: float, bits: int) -> dict[str, dict[str, int]]:
    return forecast_parts(network.architecture, network.log_mel, clip_s) if bits == 8 else {}


def _count_cost(network: TrainedNetwork, path: Path, bits: int) -> Cost:
    target = "c" if is_c(path) else "tflite-micro" if path.suffix == ".tflite" else None
    cost = cost_at_bits(count_cost(network.architecture), network.architecture, bits)
    return cost_on_target(cost, network.architecture, network.log_mel, target)


def build_metadata(name: str, data_set: DataSet, log_mel: LogMel, mean: Tensor, std: Tensor) -> Metadata:
    """What stands in a network's file beside the network.

    Args:
        name: The name of the network, for people.
        data_set: Gives classes, clip length and sample rate.
        log_mel: Front end.
        mean: (F,) of each band.
        std: (F,) of each band.
    """
    return Metadata(
        name=name,
        classes=data_set.classes,
        clip_s=data_set.clip_s,
        sample_rate=data_set.sample_rate,
        log_mel=log_mel,
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
    )


def _measure_sums(path: Path, quantised: QuantisedNetwork, clips: Tensor) -> float | None:
    if path.suffix == TFLITE or is_c(path):
        return None
    return measure_saturating_sums(quantised, clips[:: -(-len(clips) // _N_SUMMED)].split(1))


def _load_quantised(lowered: LoweredNetwork, state: Mapping[str, Tensor], recipe: Recipe, *, n_train: int) -> int:
    """Put the weights of the recipe's training in 8 bits in place; epochs of that training, 0 where there was none."""
    if not has_quantised_weights(state):
        return 0
    load_quantised_weights(lowered, state)
    n_epochs = recipe.epochs or default_epochs(n_train)
    return recipe.n_curve_epochs(n_epochs) - n_epochs


def score_test_file(path: Path, prepared: PreparedData, *, log_mel: LogMel) -> Scores:
    """Scores of a model file on the test clips, which no search may read.

    Args:
        path: What `export_network` wrote.
        prepared: Clips and their features.
        log_mel: Front end of what the network takes.

    Raises:
        DataError: There are no labelled test clips, or audio cannot be read.
    """
    test = prepared.test_clips(log_mel)
    found = predict_file(path, test.clips)
    return score_predictions(test.labels, found, test.devices)
