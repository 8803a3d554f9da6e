"""A trained network as a file, and the file's own score."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nas_asc.compression import StepNoise, measure_noise
from nas_asc.cost import count_cost
from nas_asc.evaluation.network import load_network
from nas_asc.evaluation.prepared import PreparedData
from nas_asc.evaluation.quantised_training import calibration_batch, quantise
from nas_asc.export import build_onnx, count_weight_bytes, measure_integer_share, write_onnx
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture
from nas_asc.metrics import Scores, score_predictions
from nas_asc.models import lower_network
from nas_asc.prediction import ModelFile, Settings
from nas_asc.recipe import Recipe
from nas_asc.training import Clips, EpochRow, predict

_BATCH = 64  # clips a pass


@dataclass(frozen=True)
class Exported:
    """A model file and what was measured of it.

    Args:
        path: The ONNX file.
        bits: Of its weights.
        qat_epochs: Passes over the training clips in 8 bits.
        weight_bytes: Bytes of its constants: weights, biases, and the scales and zero points of integers.
        file_bytes: Bytes of the file, its settings included.
        cost: Of the network, from its description.
        scores: Of the file, run by onnxruntime on the validation clips.
        network_scores: Of the network in float on the same clips.
        agreement: Share of these clips of which both say the same class.
        integer_share: Share of the file's multiply-accumulates that onnxruntime computes in integers.
        noise: For 8 bits what each step alone costs, the worst first; else empty.
    """

    path: Path
    bits: int
    qat_epochs: int
    weight_bytes: int
    file_bytes: int
    cost: Mapping[str, int]
    scores: Scores
    network_scores: Scores
    agreement: float
    integer_share: float
    noise: tuple[StepNoise, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        values = asdict(self) | {"path": str(self.path)}
        return values | {"scores": self.scores.to_dict(), "network_scores": self.network_scores.to_dict()}


def export_network(
    path: Path,
    architecture: Architecture,
    state: Mapping[str, Tensor],
    prepared: PreparedData,
    *,
    log_mel: LogMel,
    recipe: Recipe,
    name: str,
    bits: int = 8,
    qat_epochs: int = 0,
    seed: int = 0,
    torch_device: torch.device | None = None,
    on_epoch: Callable[[EpochRow], None] | None = None,
    probabilities: NDArray[np.float32] | None = None,
    measures_noise: bool = True,
) -> Exported:
    """Write a trained network to an ONNX file, then load the file and score it on the validation clips.

    Args:
        path: The file; its settings are written beside it with the ending ".json".
        architecture: What the state belongs to.
        state: Of a `TrainedNetwork`.
        prepared: Clips: 64 training clips calibrate, the validation clips score.
        log_mel: Front end of what the network takes.
        recipe: That it was trained with.
        name: Of the network, for people.
        bits: 8, 16 or 32.
        qat_epochs: Passes over the training clips in 8 bits before the file is written; 0 calibrates alone.
        seed: Fixes the order of clips and augmentation in these.
        torch_device: Where to train; None is the CPU.
        on_epoch: Called after every such epoch.
        probabilities: (n, K) that the network gives the validation clips; None computes them.
        measures_noise: Whether to find out what each step costs, which takes a pass over 64 clips for each.

    Raises:
        ExportError: The network cannot be written.
        TrainingError: Training in 8 bits diverged.
        DataError: Audio cannot be read.
    """
    model, mean, std = load_network(architecture, state)
    data_set = prepared.data_set
    settings = Settings(
        name=name,
        classes=data_set.classes,
        clip_s=data_set.clip_s,
        sample_rate=data_set.sample_rate,
        log_mel=log_mel,
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
    )
    lowered, noise = lower_network(model), None
    if bits == 8:
        clips = replace(prepared.train_clips(log_mel), mean=mean, std=std)
        lowered = quantised = quantise(
            lowered,
            clips,
            recipe=recipe,
            qat_epochs=qat_epochs,
            seed=seed,
            torch_device=torch_device,
            on_epoch=on_epoch,
        )
        noise = measure_noise(quantised, calibration_batch(clips)) if measures_noise else None
    onnx_model = build_onnx(lowered, bits=bits)
    write_onnx(path, onnx_model, settings)
    validation = prepared.validation_clips(log_mel)
    found = _predict_file(path, validation.clips)
    expected = probabilities
    if expected is None:
        scored = replace(validation.clips, mean=mean, std=std)
        expected = predict(model, scored, torch_device=torch.device("cpu"))
    labels, devices = validation.labels, validation.devices
    return Exported(
        path=path,
        bits=bits,
        qat_epochs=qat_epochs,
        weight_bytes=count_weight_bytes(onnx_model),
        file_bytes=path.stat().st_size,
        cost=count_cost(architecture).to_dict(),
        scores=score_predictions(labels, found, devices),
        network_scores=score_predictions(labels, expected, devices),
        agreement=float((found.argmax(axis=1) == expected.argmax(axis=1)).mean()),
        integer_share=measure_integer_share(path, lowered),
        noise=noise or (),
    )


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
    found = _predict_file(path, test.clips)
    return score_predictions(test.labels, found, test.devices)


def predict_file(path: Path, prepared: PreparedData, *, log_mel: LogMel) -> NDArray[np.float64]:
    """Probabilities (n, K) that a model file gives the validation clips.

    Args:
        path: What `export_network` wrote.
        prepared: Clips and their features.
        log_mel: Front end of what the network takes.
    """
    return _predict_file(path, prepared.validation_clips(log_mel).clips)


def _predict_file(path: Path, clips: Clips) -> NDArray[np.float64]:
    """Probabilities (n, K) that a file gives clips whose log-mels are not standardised, few of them at once."""
    file = ModelFile(path, n_threads=torch.get_num_threads())
    starts = range(0, len(clips), _BATCH)
    return np.concatenate(
        [file.probabilities(np.asarray(clips.features[start : start + _BATCH], dtype=np.float32)) for start in starts]
    )
