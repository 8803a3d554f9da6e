"""A space whose networks are pruned in three ways, and trained in 8 bits after it or not."""

from nas_asc.frontend import LogMel
from nas_asc.layers import Classifier, Conv
from nas_asc.recipe import AdamW, OneShotPruning, QuantisedTraining, Recipe, StructuredPruning
from nas_asc.space import Space, choice

space = Space(pruning=choice("none", "channels", "weights"), qat=choice(0.0, 0.5))


@space.network
def network():
    yield Conv(16, kernel_size=3, stride=2, norm="batch", activation="relu")
    yield Conv(16, kernel_size=3, stride=2, norm="batch", activation="relu")
    yield Classifier()


@space.features
def features():
    return LogMel(sample_rate=8_000, n_fft=256, win_length=256, hop_length=128, n_mels=16)


@space.recipe
def recipe(pruning, qat):
    prunings = {"none": None, "channels": StructuredPruning(1_000), "weights": OneShotPruning(0.5)}
    return Recipe(
        epochs=2,
        batch_size=16,
        optimiser=AdamW(0.02),
        pruning=prunings[pruning],
        quantisation=QuantisedTraining(qat) if qat else None,
    )
