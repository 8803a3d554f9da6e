"""A space whose candidates have a precision of their own."""

from nas_asc.layers import Classifier, Conv
from nas_asc.recipe import AdamW, Recipe
from nas_asc.space import Space, choice
from tests.search import tiny

space = Space("bits", width=choice(4, 6, 8, 12, 16, 24), bits=choice(8, 16))


@space.network
def network(width):
    yield Conv(width, kernel_size=3, stride=2, norm="batch", activation="relu")
    yield Conv(width, kernel_size=3, padding="same", norm="batch", activation="relu")
    yield Classifier()


@space.features
def features():
    return tiny.features()


@space.recipe
def recipe(bits):
    return Recipe(epochs=2, batch_size=16, optimiser=AdamW(0.01), bits=bits)


space.guess(width=4, bits=16)
space.guess(width=8, bits=8)
