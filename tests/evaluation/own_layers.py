"""Layers of a user's own: one that takes its time by a clock of the tests, and one that fails when it is used."""

from dataclasses import dataclass
from typing import ClassVar
from weakref import WeakSet

from torch import nn

from nas_asc.layers import Layer, Primitive
from tests.clocks import ManualClock

CLOCK = ManualClock()
CLIP_S = 0.25


class Waiter(nn.Module):
    """Gives what it is given, when the clock has gone on by `CLIP_S` a clip."""

    def forward(self, x):
        CLOCK.seconds += CLIP_S * len(x)
        return x


@dataclass(frozen=True)
class Waiting(Primitive):
    """Has no nodes, so that a network with it cannot be exported."""

    word = "wait"

    def out_shape(self, *in_shapes):
        return in_shapes[0]

    def build_module(self, *in_shapes):
        return Waiter()


class Slow(Layer):
    """A layer that takes its time."""

    def expand(self, tape, x):
        return tape.apply(Waiting(), x)


class Breaker(nn.Module):
    """Fails as a mistake in a user's code does."""

    alive: ClassVar[WeakSet[nn.Module]] = WeakSet()

    def __init__(self):
        super().__init__()
        self.alive.add(self)

    def forward(self, x):
        return {}["weight"]


@dataclass(frozen=True)
class Breaking(Waiting):
    """Fails when it is used."""

    word = "break"

    def build_module(self, *in_shapes):
        return Breaker()


class Rotten(Layer):
    """A layer that cannot be trained."""

    def expand(self, tape, x):
        return tape.apply(Breaking(), x)
