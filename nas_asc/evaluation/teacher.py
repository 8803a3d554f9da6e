"""What trained networks say of the training clips, for another network to learn from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from nas_asc.errors import TrainingError
from nas_asc.evaluation.network import TrainedNetwork
from nas_asc.evaluation.prepared import PreparedData
from nas_asc.recipe import CrossEntropy, Distillation, Recipe
from nas_asc.training import average_logits, save_logits


@dataclass(frozen=True, eq=False)
class Teacher:
    """A trained network that another one learns from.

    Args:
        name: For messages.
        network: The network.
    """

    name: str
    network: TrainedNetwork


def write_teacher_logits(
    teachers: Sequence[Teacher], prepared: PreparedData, folder: Path, *, torch_device: torch.device
) -> Path:
    """File of the mean logits that several networks, each with its own front end, give the training clips.

    The file's name tells logits apart, so that a training with other teachers is another training.

    Args:
        teachers: One or more, for the classes and the clip length of the data.
        prepared: Clips and their features.
        folder: Where the file goes; made where it is missing.
        torch_device: Where to compute.

    Raises:
        TrainingError: There is no teacher, or one is for other classes or clips; names it.
        DataError: Audio cannot be read.
    """
    if not teachers:
        raise TrainingError("`teachers` must be one or more networks, but got none.")
    found = []
    for teacher in teachers:
        _validate(teacher, prepared)
        model, mean, std = teacher.network.load()
        clips = prepared.train_clips(teacher.network.log_mel, torch_device=torch_device)
        clips = replace(clips, mean=mean, std=std)
        found.append(average_logits([model], clips, torch_device=torch_device))
    logits = torch.stack(found).mean(dim=0)
    digest = hashlib.sha256(logits.numpy().tobytes()).hexdigest()[:12]
    path = folder / f"teacher-{digest}.safetensors"
    save_logits(path, logits, clips)
    return path


def learn_from(recipe: Recipe, teacher: Path, *, temperature: float = 2.0, weight: float = 0.9) -> Recipe:
    """The recipe with a distillation for its loss; label smoothing stays where the loss has any.

    Args:
        recipe: The recipe of the student.
        teacher: What `write_teacher_logits` gave.
        temperature: The temperature of the softened probabilities.
        weight: The weight of the teacher.
    """
    smoothing = recipe.loss.label_smoothing if isinstance(recipe.loss, CrossEntropy) else 0.0
    loss = Distillation(str(teacher), temperature=temperature, weight=weight, label_smoothing=smoothing)
    return replace(recipe, loss=loss)


def _validate(teacher: Teacher, prepared: PreparedData) -> None:
    task, architecture = prepared.task, teacher.network.architecture
    if (architecture.n_classes, architecture.in_shape) != (task.n_classes, teacher.network.log_mel.shape(task.clip_s)):
        raise TrainingError(
            f"teacher {teacher.name} was made for {architecture.n_classes} classes and log-mels of"
            f" {architecture.in_shape}, but the data have {task.n_classes} classes and clips of {task.clip_s:g} s."
        )
