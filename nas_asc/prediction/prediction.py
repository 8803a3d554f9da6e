"""What a network hears in one recording."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Prediction:
    """What a network hears in one recording.

    Args:
        path: The recording.
        probabilities: The probabilities of every class, by name in the network's order; they sum to 1.
        n_clips: Clips the recording was cut into, over which the probabilities are averaged.
    """

    path: Path
    probabilities: dict[str, float]
    n_clips: int

    @property
    def class_name(self) -> str:
        """The most probable class."""
        return max(self.probabilities, key=self.probabilities.__getitem__)

    @property
    def probability(self) -> float:
        """Of the most probable class."""
        return self.probabilities[self.class_name]

    def best(self, n: int | None = None) -> dict[str, float]:
        """The n most probable classes, most probable first; None gives all."""
        ranked = sorted(self.probabilities.items(), key=lambda item: -item[1])
        return dict(ranked[:n])
