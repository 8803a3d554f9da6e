"""A user's own space: one layer class of the user's own, every form of axis."""

from nas_asc.frontend import LogMel
from nas_asc.layers import Addition, Classifier, Conv, Convolution, Layer
from nas_asc.recipe import AdamW, Mixup, Recipe, TimeRoll
from nas_asc.space import Space, choice, fraction, integer, optional, powers_of_two, real


class Separated(Layer):
    """A convolution over frequency and one over time, added: (C, F, T) to (out_channels, F, T)."""

    out_channels: int
    reach: int = 3

    def expand(self, tape, x):
        """Both convolutions, their sum, a norm and a ReLU."""
        side = self.reach // 2
        over_frequency = tape.apply(Convolution(self.out_channels, (self.reach, 1), padding=(side, 0)), x)
        over_time = tape.apply(Convolution(self.out_channels, (1, self.reach), padding=(0, side)), x)
        y = tape.normalise(tape.apply(Addition(), over_frequency, over_time), "batch")
        return tape.activate(y, "relu")


space = Space(
    width=powers_of_two(8, 64, guess=16),
    neck=fraction(1 / 4, 1 / 2, 1, of="width", multiple_of=4, guess=1 / 2),
    reach=choice(3, 5, 7, prior=(2, 1, 1), guess=3),
    depth=integer(0, 3, guess=1),
    inner=choice(1, 2, when=lambda depth: depth > 1),
    hop_length=integer(256, 512, step=64, guess=512),
    mixup=optional(real(0.1, 1.0, guess=0.3)),
    learning_rate=real(1e-4, 1e-2, log=True, guess=1e-3),
)


@space.require
def far_reach_needs_depth(reach, depth):
    return reach < 7 or depth > 0


@space.network
def network(width, neck, reach, depth, inner):
    yield Conv(width, 3, 2, 1, norm="batch", activation="relu")
    for _ in range(depth):
        yield Separated(neck, reach)
        for _ in range(inner or 0):
            yield Separated(neck)
    yield Classifier()


@space.features
def features(hop_length):
    return LogMel(sample_rate=16_000, n_fft=1_024, win_length=1_024, hop_length=hop_length, n_mels=64)


@space.recipe
def recipe(mixup, learning_rate):
    return Recipe(augmentation=(TimeRoll(), Mixup(mixup) if mixup else None), optimiser=AdamW(learning_rate))


space.guess()
space.guess(width=64, mixup=None)
space.system("Example", published={"accuracy": 0.5}, width=64, neck=32, reach=5, depth=0, hop_length=512,
             mixup=None, learning_rate=1e-3)  # fmt: skip
