"""A space whose networks lose channels, or weights, while they are trained."""

from nas_asc.frontend import LogMel
from nas_asc.layers import Classifier, Conv
from nas_asc.recipe import OneShotPruning, Recipe, StructuredPruning
from nas_asc.space import Space, choice

space = Space(pruning=choice("channels", "too many channels", "weights"))


@space.network
def network():
    yield Conv(16, kernel_size=3, stride=2, norm="batch", activation="relu")
    yield Conv(16, kernel_size=3, stride=2, norm="batch", activation="relu")
    yield Classifier()


@space.features
def features():
    return LogMel(sample_rate=8_000, n_fft=256, win_length=256, hop_length=128, n_mels=16)


@space.recipe
def recipe(pruning):
    prunings = {"channels": StructuredPruning(1_000), "too many channels": StructuredPruning(10)}
    return Recipe(epochs=2, batch_size=16, pruning=prunings.get(pruning, OneShotPruning(0.5)))
