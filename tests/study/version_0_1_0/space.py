"""The search space of the study beside it: tiny networks, one of which diverges."""

from nas_asc.frontend import LogMel
from nas_asc.layers import Classifier, Conv
from nas_asc.recipe import AdamW, Recipe
from nas_asc.space import Space, choice, integer

DIVERGES = 1e30

space = Space(
    "tiny",
    width=choice(2, 3, 4, 6, 8, 12),
    depth=integer(0, 3),
    kernel_size=choice(1, 3, 5),
    activation=choice("relu", "silu"),
    learning_rate=choice(0.003, 0.01, DIVERGES),
)


@space.require
def only_the_deepest_diverges(learning_rate, depth, width, kernel_size, activation):
    return learning_rate < DIVERGES or (depth, width, kernel_size, activation) == (3, 2, 1, "silu")


@space.network
def network(width, depth, kernel_size, activation):
    yield Conv(width, kernel_size=3, stride=2, norm="batch", activation=activation)
    for _ in range(depth):
        yield Conv(width, kernel_size=kernel_size, padding="same", norm="batch", activation=activation)
    yield Classifier()


@space.features
def features():
    return LogMel(sample_rate=4_000, n_fft=256, win_length=256, hop_length=64, n_mels=16)


@space.recipe
def recipe(learning_rate):
    return Recipe(epochs=6, batch_size=8, optimiser=AdamW(learning_rate))


space.guess(width=4, depth=1, kernel_size=3, activation="relu", learning_rate=0.01)
space.guess(width=2, depth=3, kernel_size=1, activation="silu", learning_rate=DIVERGES)
