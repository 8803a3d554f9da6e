"""Losses as plain data; the room `training` computes them."""

from dataclasses import dataclass

from nas_asc.recipe.part import Part


class Loss(Part):
    """Base of all losses; each has a `label_smoothing`."""

    label_smoothing: float


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Cross-entropy with soft labels.

    Args:
        label_smoothing: Share of the label mass spread over all classes.

    Source:
        Szegedy et al., "Rethinking the inception architecture for computer vision", CVPR 2016, for the smoothing.
    """

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        self.check_share("label_smoothing")


@dataclass(frozen=True)
class FocalLoss(Loss):
    """Class-balanced focal loss: clips that are right already count less, and classes of few clips more.

    Of a target t it is the sum over classes c of -t_c w_c (1 - p_c)^gamma log p_c. The weight w_c is inverse to the
    effective number of the class's n_c training clips, (1 - beta^n_c) / (1 - beta), and its mean over classes is one.

    Args:
        gamma: How much less a clip counts that is right already; zero is the cross-entropy.
        beta: From 0, where all classes weigh the same, to below 1, near which they weigh by the inverse of their clips.
        label_smoothing: Share of the label mass spread over all classes.

    Source:
        Lin et al., "Focal loss for dense object detection", ICCV 2017; Cui et al., "Class-balanced loss based on
        effective number of samples", CVPR 2019; used by QTI, DCASE 2020 Task 1B.
    """

    gamma: float = 2.0
    beta: float = 0.999
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        self.check_number("gamma")
        self.check_share("beta", "label_smoothing")
        if self.beta == 1:
            raise self.fault("beta", "below 1")

    def class_weights(self, counts: tuple[int, ...]) -> tuple[float, ...]:
        """Weight of each class, with a mean of one over the classes that have clips; of the others it is one.

        Args:
            counts: Training clips of each class.

        >>> [round(weight, 3) for weight in FocalLoss(beta=0.5).class_weights((1, 2, 100))]
        [1.385, 0.923, 0.692]
        """
        inverse = [(1 - self.beta) / (1 - self.beta**count) if count else None for count in counts]
        present = [value for value in inverse if value is not None]
        mean = sum(present) / max(len(present), 1)
        return tuple(1.0 if value is None else value / mean for value in inverse)


@dataclass(frozen=True)
class Distillation(Loss):
    """Between the labels' cross-entropy and a teacher's softened probabilities.

    The loss is (1 - weight) times the cross-entropy plus weight times temperature^2 times the Kullback-Leibler
    divergence from the student's to the teacher's probabilities, both softened: of logits divided by the temperature.
    The teacher has seen each clip as it is. Where an augmentation mixes clips, the teacher's probabilities are mixed
    as the labels are; of any other augmentation it knows nothing.

    Args:
        teacher: Path of a file of logits of the training clips, or a tuple of paths, whose logits are averaged; None
            where the clips bring logits with them.
        temperature: Above one it shows more of what the teacher thinks of the wrong classes.
        weight: The weight of the teacher, from 0, the labels alone, to 1, the teacher alone.
        label_smoothing: Share of the label mass spread over all classes; the teacher's probabilities stay.

    Source:
        Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network", 2015; Schmid et al., "Knowledge
        distillation from transformers for low-complexity acoustic scene classification", DCASE Workshop 2022.
    """

    teacher: str | tuple[str, ...] | None = None
    temperature: float = 2.0
    weight: float = 0.9
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        if self.teacher is not None and not (self.paths and all(isinstance(path, str) for path in self.paths)):
            raise self.fault("teacher", "a path or a tuple of paths, or None")
        self.check_number("temperature", above=True)
        self.check_share("weight", "label_smoothing")

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths of `teacher`."""
        if isinstance(self.teacher, tuple):
            return self.teacher
        return () if self.teacher is None else (self.teacher,)
