"""CP-ResNet with shared blocks: convolutions used several times, each run with norms of its own, on stereo input.

Source: QTI, submission to DCASE 2020 Task 1B (Shared N=3; CP-ResNet with 64 channels), before and after pruning.
"""

import math
from dataclasses import replace

from nas_asc.frontend import LogMel, Task
from nas_asc.layers import Classifier, Conv, MaxPool, Residual, SharedResidual
from nas_asc.recipe import RECIPES, OneShotPruning, Recipe
from nas_asc.space import Slip, Space, choice, fraction, integer, powers_of_two

space = Space(
    width=choice(8, 12, 16, 24, 32, 48, 64, 96, guess=16),
    sharing=choice("shared", "deep", guess="shared"),  # one block run several times, or several blocks
    n_runs=integer(1, 4, guess=3),  # of a shared block; blocks in its place where they are deep
    rho=integer(0, 10, guess=5),  # receptive field: how many convolutions after the first block are wide
    kernel_size=choice(3, 5, guess=3),  # of a wide convolution
    n_bands=choice(1, 2, 4, guess=2),  # sub-bands of each block's second norm
    stem_kernel=choice(3, 5, 7, guess=5),
    stem_stride=choice((2, 2), (4, 2), (2, 4), guess=(4, 2)),
    n_channels=choice(1, 2, prior=(3, 1), guess=1),  # mono or stereo
    sample_rate=choice(16_000, 22_050, 32_000, 48_000, guess=22_050),
    win_length=powers_of_two(1_024, 2_048, guess=2_048),
    hop_length=fraction(1 / 4, 1 / 2, of="win_length", guess=1 / 4),
    n_mels=choice(64, 96, 128, 192, 256, guess=64),
    sparsity=choice(0.0, 0.4, 0.6, 0.8, prior=(6, 1, 1, 1), guess=0.0),  # of all kernels, in one shot
)


@space.require
def rho_has_convolutions_to_widen(rho, n_runs, sharing):
    return rho <= (8 if sharing == "shared" else 6 + 4 * n_runs)


@space.require
def sub_bands_divide_the_smallest_map(n_mels, stem_stride, n_bands):
    return n_mels // stem_stride[0] // 8 % n_bands == 0


@space.require
def every_band_has_a_bin(sample_rate, win_length, n_mels):
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)  # mel
    lowest_band = 700 * (10 ** (2 * top / (n_mels + 1) / 2595) - 1)  # Hz
    return lowest_band > sample_rate / win_length


@space.features
def features(n_channels, sample_rate, win_length, hop_length, n_mels):
    return LogMel(
        sample_rate=sample_rate, n_fft=win_length, win_length=win_length, hop_length=hop_length, n_mels=n_mels,
        n_channels=n_channels,
    )  # fmt: skip


@space.network
def network(width, sharing, n_runs, rho, kernel_size, n_bands, stem_kernel, stem_stride):
    def kernels(i):
        return kernel_size if i <= rho else 1, kernel_size if i + 1 <= rho else 1

    def block(out_channels, i):
        return Residual(out_channels, kernels(i), n_bands=n_bands)

    yield Conv(width, stem_kernel, stem_stride, "same", norm="batch", activation="relu")
    yield Residual(width, (3, 1), n_bands=n_bands)
    yield MaxPool(2)
    yield block(width, 1)
    yield MaxPool(2)
    yield block(width, 3)
    yield block(width, 5)
    yield MaxPool(2)
    i = 7
    for out_channels in (2 * width, 4 * width):
        yield block(out_channels, i)
        i += 2
        if sharing == "shared":
            yield SharedResidual(n_runs, kernels(i), n_bands)
            i += 2
        else:
            for _ in range(n_runs):
                yield block(out_channels, i)
                i += 2
    yield Classifier()


@space.recipe
def recipe(sparsity):
    return Recipe(pruning=OneShotPruning(sparsity) if sparsity else None)


# Networks that fit 128k parameters and 30 MMACs, for clips of one second and of five --------------------------------

space.guess()
space.guess(width=24, rho=4)
space.guess(width=8, n_mels=128)
space.guess(width=12, n_runs=2, sharing="deep")
space.guess(width=16, n_mels=128, stem_stride=(2, 2), hop_length=1_024)

# The published systems ----------------------------------------------------------------------------------------------

QTI = dict(
    source="QTI, DCASE 2020 Task 1B", convention="TRAIN", width=64, n_runs=3, kernel_size=3, stem_kernel=5,
    stem_stride=(2, 2), n_channels=2, sample_rate=22_050, win_length=2_048, hop_length=512, n_mels=256,
)  # fmt: skip
RECIPE = replace(RECIPES["QTI-2020"], pruning=None)
SHARED = dict(sharing="shared", rho=6, n_bands=2, recipe=RECIPE, **QTI)
DEEP = dict(sharing="deep", rho=5, n_bands=1, recipe=RECIPE, **QTI)

TEN, THREE = Task(10, 10.0), Task(3, 10.0)

space.system("Shared-N3-10", task=TEN, published=dict(params=603_668), sparsity=0.0, **SHARED, note="published as 604K")
space.system(
    "Shared-N3-3", task=THREE, published=dict(params=601_862), sparsity=0.0, **SHARED,
    note="published as 2,404 KB: 4 bytes a value, KB = 1,000",
    slips=dict(params=Slip(601_000, "601K cuts off 601,862 where the other counts are rounded")),
)  # fmt: skip
space.system(
    "Shared-N3-3-pruned", task=THREE, published=dict(nonzero_params=245_587), sparsity=0.6, **SHARED,
    note="published as 246K and 491 KB: 2 bytes a value, KB = 1,000",
)  # fmt: skip
space.system(
    "CP-ResNet-ch64-10", task=TEN, published=dict(params=898_580), sparsity=0.0, **DEEP, note="published as 899K"
)
space.system(
    "CP-ResNet-ch64-3", task=THREE, published=dict(params=896_774), sparsity=0.0, **DEEP,
    note="published as 3,588 KB: 4 bytes a value, KB = 1,000",
    slips=dict(params=Slip(887_000, "887K contradicts 3,588 KB, which are 897K values of 4 bytes")),
)  # fmt: skip
