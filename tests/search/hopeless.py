"""A space whose every training diverges, and whose network cannot be described at one width."""

from nas_asc.layers import Classifier, Conv, Layer, Primitive
from nas_asc.recipe import AdamW, Recipe
from nas_asc.space import Space, integer
from tests.search import tiny

space = Space("hopeless", width=integer(1, 40))


@space.network
def network(width):
    if width == 7:
        raise ZeroDivisionError("seven")
    yield Conv(width, kernel_size=3, norm="batch", activation="relu")
    yield Classifier()


class Rot(Primitive):
    def out_shape(self, *in_shapes):
        return in_shapes[0]

    def build_module(self, *in_shapes):
        return {}["module"]


class Rotten(Layer):
    """A layer of one's own that can be counted and not be built."""

    def expand(self, tape, x):
        return tape.apply(Rot(), x)


space.features(tiny.features)


@space.recipe
def recipe():
    return Recipe(epochs=2, batch_size=16, optimiser=AdamW(1e30))
