"""Inverted bottlenecks after CP-Mobile, and the small CNN of DCASE 2022 as the other family.

Source: DCASE 2024 Task 1 baseline (Schmid et al.); DCASE 2022 Task 1 baseline.
"""

from nas_asc.frontend import LogMel
from nas_asc.layers import Classifier, Conv, Dense, Dropout, Flatten, InvertedBottleneck, MaxPool, make_divisible
from nas_asc.space import Space, choice, integer

space = Space(
    width=choice(8, 16, 24, 32, 40, 48),
    depth=integer(1, 3),
    activation=choice("relu", "prelu", "gelu", "silu", when=lambda depth: depth > 1),
)


@space.network
def network(width, depth, activation):
    yield Conv(8, 3, stride=2, padding=1, norm="batch", activation="relu")
    for _ in range(depth):
        yield InvertedBottleneck(width, 2.0, activation=activation)
    yield Classifier()


@space.features
def features():
    return LogMel()
