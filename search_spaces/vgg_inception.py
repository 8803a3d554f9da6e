"""Small VGG and Inception networks on long, coarse log-mels, alone or as an ensemble, pruned kernel by kernel.

Source: NTU, submission to DCASE 2020 Task 1B (3 classes, 10 s).
"""

import math
from dataclasses import replace

from nas_asc.frontend import LogMel, Task
from nas_asc.layers import AvgPool, Conv, Dense, Dropout, Ensemble, Flatten, Inception, MaxPool, Norm
from nas_asc.recipe import RECIPES, PolynomialPruning, Recipe
from nas_asc.space import Slip, Space, choice, fraction, integer, powers_of_two


def is_vgg(family):
    return family != "inception"


def is_inception(family):
    return family != "vgg"


def is_ensemble(family):
    return family == "ensemble"


space = Space(
    sample_rate=choice(16_000, 22_050, 32_000, 48_000, guess=22_050),
    win_length=powers_of_two(1_024, 2_048, guess=1_024),
    hop_length=fraction(1 / 4, 1 / 2, 1, of="win_length", guess=1 / 2),
    n_mels=choice(32, 40, 48, 64, 96, guess=48),
    center=choice(True, False, guess=True),
    family=choice("vgg", "inception", "ensemble", prior=(2, 2, 1), guess="vgg"),
    n_vgg=integer(1, 5, when=is_ensemble, guess=1),
    n_inception=integer(1, 3, when=is_ensemble, guess=1),
    # VGG: four stages of 3x3 convolutions, each ended by a pooling, then a 1x1 convolution
    filters_1=choice(4, 8, 12, 16, 24, when=is_vgg, guess=8),
    filters_2=choice(8, 12, 16, 24, 32, when=is_vgg, guess=16),
    filters_3=choice(12, 16, 20, 32, 48, when=is_vgg, guess=20),
    filters_4=choice(16, 24, 32, 48, 64, when=is_vgg, guess=24),
    repeats_1=integer(1, 3, when=is_vgg, guess=2),
    repeats_2=integer(1, 3, when=is_vgg, guess=2),
    repeats_3=integer(1, 4, when=is_vgg, guess=2),
    repeats_4=integer(1, 4, when=is_vgg, guess=2),
    head_filters=choice(14, 28, 56, when=is_vgg, guess=28),
    # Inception: a stem, then modules of one width and of twice that width, with poolings between
    stem_filters=choice(8, 16, 24, when=is_inception, guess=8),
    stem_kernel=choice(3, 5, 7, when=is_inception, guess=7),
    module_width=choice(4, 8, 12, 16, 24, when=is_inception, guess=8),
    narrow_modules=integer(0, 3, when=is_inception, guess=2),
    wide_modules=integer(1, 4, when=is_inception, guess=2),
    hidden=choice(10, 20, 40, 80, guess=20),
    dropout=choice(0.0, 0.25, 0.5, guess=0.25),
    sparsity=choice(0.0, 0.5, 0.8, prior=(4, 1, 1), guess=0.0),  # of every kernel at the end
)


@space.require
def every_band_has_a_bin(sample_rate, win_length, n_mels):
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)  # mel
    lowest_band = 700 * (10 ** (2 * top / (n_mels + 1) / 2595) - 1)  # Hz
    return lowest_band > sample_rate / win_length


@space.features
def features(sample_rate, win_length, hop_length, n_mels, center):
    return LogMel(
        sample_rate=sample_rate, n_fft=win_length, win_length=win_length, hop_length=hop_length, n_mels=n_mels,
        center=center,
    )  # fmt: skip


@space.network
def network(
    family, n_vgg, n_inception, filters_1, filters_2, filters_3, filters_4, repeats_1, repeats_2, repeats_3, repeats_4,
    head_filters, stem_filters, stem_kernel, module_width, narrow_modules, wide_modules, hidden, dropout, n_classes,
):  # fmt: skip
    stages = ((filters_1, repeats_1), (filters_2, repeats_2), (filters_3, repeats_3), (filters_4, repeats_4))
    members = []
    if is_vgg(family):
        member = (*vgg(stages, head_filters), *head(hidden, "batch", dropout, n_classes))
        members += [member] * (n_vgg or 1)
    if is_inception(family):
        modules = inception(stem_filters, stem_kernel, module_width, narrow_modules, wide_modules)
        members += [(*modules, *head(hidden, None, dropout, n_classes))] * (n_inception or 1)
    if len(members) > 1:
        yield Ensemble(tuple(members))
    else:
        yield from members[0]


@space.recipe
def recipe(sparsity):
    return Recipe(pruning=PolynomialPruning(sparsity) if sparsity else None)


def head(hidden, norm, dropout, n_classes):
    yield Flatten()
    yield Dropout(dropout)
    yield Dense(hidden, norm=norm, activation="relu")
    yield Dropout(dropout)
    yield Dense(n_classes)


def vgg(stages, head_filters):
    convolution = dict(padding="same", bias=True, norm="batch", activation="relu")
    for filters, repeats in stages:
        for _ in range(repeats):
            yield Conv(filters, 3, **convolution)
        yield MaxPool(2)
    yield Conv(head_filters, 1, **convolution)


def inception(filters, kernel_size, width, narrow_modules, wide_modules):
    yield Conv(filters, kernel_size, 2, "same", bias=True, activation="relu")
    yield MaxPool(3, 2, 1)
    yield Norm("batch")
    yield Conv(filters, 1, bias=True, activation="relu")
    yield Conv(filters, 3, padding="same", bias=True, activation="relu")
    yield Norm("batch")
    yield MaxPool(3, 2, 1)
    for _ in range(narrow_modules):
        yield Inception(width)
    yield Inception(2 * width)
    yield MaxPool(3, 2, 1)
    for _ in range(wide_modules):
        yield Inception(2 * width)
    yield MaxPool(3, 2, 1)
    yield AvgPool(3, 2, 1)


# Networks that fit 128k parameters and 30 MMACs, for clips of one second and of five --------------------------------

space.guess()
space.guess(filters_1=4, filters_2=8, filters_3=12, filters_4=16, head_filters=14)
space.guess(filters_1=4, filters_2=8, filters_3=16, filters_4=32, head_filters=14, hidden=10)
space.guess(
    filters_1=4, filters_2=8, filters_3=12, filters_4=16, repeats_1=1, repeats_2=1, repeats_3=1, repeats_4=1,
    head_filters=14, hidden=10,
)  # fmt: skip
space.guess(family="inception")
space.guess(family="inception", module_width=4, hidden=10)
space.guess(family="ensemble", filters_1=4, filters_2=8, filters_3=12, filters_4=16, head_filters=14, module_width=4)

# The published systems ----------------------------------------------------------------------------------------------

NTU = dict(
    task=Task(3, 10.0), recipe=replace(RECIPES["NTU-2020"], pruning=None), source="NTU, DCASE 2020 Task 1B",
    convention="ALL",
    sample_rate=48_000, win_length=2_048, hop_length=1_024, n_mels=48, center=False, hidden=20, dropout=0.5,
)  # fmt: skip

VGG = dict(
    filters_1=12, filters_2=16, filters_3=20, filters_4=24, repeats_1=2, repeats_2=2, repeats_3=3, repeats_4=3,
    head_filters=28,
)  # fmt: skip
INCEPTION = dict(stem_filters=16, stem_kernel=7, module_width=16, narrow_modules=2, wide_modules=2)

space.system(
    "NTU-VGG", published=dict(params=80_839), family="vgg", sparsity=0.0, **VGG, **NTU,
    note="before pruning; published as 315.8 KB: 4 bytes a value, KB = 1,024",
)  # fmt: skip
space.system(
    "NTU-Inception", published=dict(params=167_571), family="inception", sparsity=0.0, **INCEPTION, **NTU,
    note="before pruning; published as 654.6 KB: 4 bytes a value, KB = 1,024",
)  # fmt: skip
space.system(
    "NTU-VGG-pruned", published=dict(nonzero_params=17_115), family="vgg", sparsity=0.8, **VGG, **NTU,
    note="biases and norms stay whole",
)  # fmt: skip
space.system(
    "NTU-Inception-pruned", published=dict(nonzero_params=34_183), family="inception", sparsity=0.8, **INCEPTION, **NTU,
    slips=dict(nonzero_params=Slip(34_181, "5 x 17,115 + 34,183 is the published sum of the ensemble")),
    note="biases stay whole",
)  # fmt: skip
space.system(
    "NTU-Ensemble", published=dict(nonzero_params=119_758), family="ensemble", n_vgg=5, n_inception=1, sparsity=0.8,
    **VGG, **INCEPTION, **NTU,
    note="published as 467.8 KB; its members were trained apart, here they are trained together",
)  # fmt: skip
