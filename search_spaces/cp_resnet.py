"""Frequency-damped CP-ResNet: wide, grouped, rolled; the receptive field is set by rho.

Source: Koutini, Schlüter, Widmer, "CPJKU submission to DCASE21: cross-device audio scene classification with wide
sparse frequency-damped CNNs", Table 1; the dense rows are from its comparison of widths.
"""

import math
from dataclasses import replace

from nas_asc.frontend import LogMel, Task
from nas_asc.layers import Classifier, Conv, MaxPool, Residual
from nas_asc.recipe import RECIPES, DomainAdaptation, MagnitudePruning, Recipe
from nas_asc.space import Space, choice, fraction, integer, optional, powers_of_two

space = Space(
    width=choice(16, 24, 32, 48, 64, 96, 128, 192, 256, 384, guess=32),
    groups=powers_of_two(1, 32, guess=2),
    roll=choice(True, False, when=lambda groups: groups > 1, guess=True),
    rho=integer(0, 10, guess=5),  # receptive field: how many convolutions after the first block are wide
    kernel_size=choice(3, 5, guess=3),  # of a wide convolution
    tail=choice("deep", "wide", guess="deep"),  # K blocks of 2 * width, or one block of 4 * width
    depth=integer(0, 4, when=lambda tail: tail == "deep", guess=0),  # K
    stem_kernel=choice(3, 5, 7, guess=5),
    stem_stride=choice((2, 2), (4, 2), (2, 4), guess=(2, 2)),
    bn_affine=choice(True, False, guess=True),
    damping=optional(choice(0.01, 0.1, 0.3, guess=0.1)),  # floor of the damped kernel rows
    sample_rate=choice(16_000, 22_050, 32_000, guess=22_050),
    win_length=powers_of_two(1_024, 2_048, guess=2_048),
    hop_length=fraction(1 / 4, 1 / 2, of="win_length", guess=1 / 4),
    n_mels=choice(40, 64, 96, 128, 192, 256, 280, guess=64),
    # values that may be other than zero after pruning during training, running means and variances included
    nonzero=optional(integer(16_000, 128_000, log=True, guess=64_000), guess=None),
)


@space.require
def groups_divide_width(width, groups):
    return width % groups == 0


@space.require
def rho_has_convolutions_to_widen(rho, depth):
    return rho <= 8 + 2 * (1 if depth is None else depth)


@space.require
def every_band_has_a_bin(sample_rate, win_length, n_mels):
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)  # mel
    lowest_band = 700 * (10 ** (2 * top / (n_mels + 1) / 2595) - 1)  # Hz
    return lowest_band > sample_rate / win_length


@space.network
def network(width, groups, roll, rho, kernel_size, tail, depth, stem_kernel, stem_stride, bn_affine, damping):
    def block(out_channels, i):
        kernels = (kernel_size if i <= rho else 1, kernel_size if i + 1 <= rho else 1)
        return Residual(out_channels, kernels, groups, roll is True, bn_affine, damping)

    yield Conv(width, stem_kernel, stem_stride, 1, norm="batch", activation="relu", damping=damping)
    yield Residual(width, (3, 1), groups, roll is True, bn_affine, damping)
    yield MaxPool(2)
    yield block(width, 1)
    yield MaxPool(2)
    yield block(width, 3)
    yield block(width, 5)
    yield MaxPool(2)
    yield block(2 * width, 7)
    if tail == "wide":
        yield block(4 * width, 9)
    else:
        for k in range(depth):
            yield block(2 * width, 9 + 2 * k)
    yield Classifier()


@space.features
def features(sample_rate, win_length, hop_length, n_mels):
    return LogMel(
        sample_rate=sample_rate, n_fft=win_length, win_length=win_length, hop_length=hop_length, n_mels=n_mels
    )


@space.recipe
def recipe(nonzero):
    return Recipe(pruning=None if nonzero is None else MagnitudePruning(nonzero))


# Small networks that fit 128k parameters and 30 MMACs, for clips of one second and of five --------------------------

space.guess()
space.guess(width=24, groups=1, stem_stride=(4, 2))
space.guess(width=16, groups=2, rho=4)
space.guess(width=64, groups=8, rho=6, stem_stride=(4, 2))

# The published systems ----------------------------------------------------------------------------------------------

SUBMISSION = dict(
    roll=True,
    kernel_size=3,
    tail="deep",
    stem_kernel=5,
    stem_stride=(2, 2),
    damping=0.1,
    sample_rate=22_050,
    win_length=2_048,
    hop_length=512,
)
RECIPE = replace(RECIPES["CP-JKU-2021"], pruning=None)  # what is pruned is an axis
CPJKU = dict(task=Task(10, 10.0), recipe=RECIPE, source="CP-JKU, DCASE 2021 Task 1A, Table 1")
ADAPTED = CPJKU | dict(recipe=replace(RECIPE, adaptation=DomainAdaptation()))
PRUNED = "pruned for submission; damping floor taken from related code of the authors"

space.system(
    "DampedR7NB", width=256, groups=16, depth=0, rho=7, bn_affine=False, n_mels=256, **SUBMISSION, **CPJKU,
    nonzero=64_690, published=dict(params=504_104, nonzero_params=64_690, receptive_field=135),
    convention="ALL", note=PRUNED,
)  # fmt: skip
space.system(
    "DampedR8", width=256, groups=16, depth=1, rho=8, bn_affine=True, n_mels=280, **SUBMISSION, **CPJKU,
    nonzero=64_928, published=dict(params=678_184, nonzero_params=64_928, receptive_field=167),
    convention="ALL", note=PRUNED,
)  # fmt: skip
space.system(
    "DampedR8NB", width=256, groups=16, depth=0, rho=8, bn_affine=False, n_mels=280, **SUBMISSION, **CPJKU,
    nonzero=64_625, published=dict(params=635_176, nonzero_params=64_625, receptive_field=167),
    convention="ALL", note=PRUNED,
)  # fmt: skip
space.system(
    "DampedR8DA", width=256, groups=16, depth=0, rho=8, bn_affine=True, n_mels=280, **SUBMISSION, **ADAPTED,
    nonzero=63_529, published=dict(params=641_320, nonzero_params=63_529, receptive_field=167),
    convention="ALL", note=f"{PRUNED}; the domain classifier is not counted",
)  # fmt: skip

DENSE = SUBMISSION | dict(nonzero=None, tail="wide", rho=7, bn_affine=True, n_mels=256)
KILOBYTES = "published as {} KB: 2 bytes a parameter, KB = 1,024"

space.system(
    "Dense-W128-G1", width=128, groups=1, **DENSE | dict(roll=None), **CPJKU,
    published=dict(params=1_981_332, receptive_field=135), convention="TRAIN", note=KILOBYTES.format(3869.79),
)  # fmt: skip
space.system(
    "Dense-W256-G8", width=256, groups=8, **DENSE, **CPJKU,
    published=dict(params=1_586_964, receptive_field=135), convention="TRAIN", note=KILOBYTES.format(3099.54),
)  # fmt: skip
space.system(
    "Dense-W384-G32", width=384, groups=32, **DENSE, **CPJKU,
    published=dict(params=2_027_156, receptive_field=135), convention="TRAIN", note=KILOBYTES.format(3959.29),
)  # fmt: skip
