"""BC-ResNet and a linear model of moments, alone or in tandem: two-dimensional in frequency, one-dimensional in time.

The report's final network was pruned to widths that were never published, so it is no system here. The last guess goes
its way: the dense tandem on 192 bands, pruned to 127.84k parameters and 17.383 M MACs.

Source: FAU, submission to DCASE 2022 Task 1; BC-ResNet-Mod of Kim et al., submission to DCASE 2021 Task 1A.
"""

import math
from dataclasses import replace
from itertools import combinations

from nas_asc.frontend import LogMel
from nas_asc.layers import MOMENTS, BroadcastResidual, Classifier, Conv, Dense, Ensemble, MaxPool, Moments, Norm
from nas_asc.recipe import RECIPES, AdmmPruning, BandSelection, OneShotPruning, Recipe
from nas_asc.space import Space, choice, integer, optional


def has_network(family):
    return family != "linear"


def has_moments(family):
    return family != "network"


def leaves_bands_out(kept_bands):
    return kept_bands < 1


SUBSETS = tuple(kinds for n in range(1, 6) for kinds in combinations(MOMENTS, n))

space = Space(
    sample_rate=choice(16_000, 22_050, 32_000, guess=16_000),
    window_ms=choice(40, 64, 96, 130, guess=130),
    hop_ms=choice(15, 20, 30, guess=30),
    n_mels=choice(64, 128, 192, 256, guess=256),
    kept_bands=choice(1.0, 0.75, 0.5, prior=(2, 1, 1), guess=0.75),  # share of the mel bands that are computed
    band_choice=choice("even", "admm", prior=(3, 1), when=leaves_bands_out, guess="even"),  # which ones these are
    family=choice("network", "tandem", "linear", prior=(3, 3, 1), guess="network"),
    base=choice(16, 24, 32, 40, 48, 56, 64, 80, when=has_network, guess=40),
    width_step=choice(0.25, 0.5, 0.75, when=has_network, guess=0.5),  # growth of each stage, of the base
    stem_kernel=choice(3, 5, when=has_network, guess=5),
    stem_stride=choice((2, 1), (2, 2), (4, 2), when=has_network, guess=(2, 2)),
    kernel_size=choice(3, 5, when=has_network, guess=3),
    n_bands=choice(1, 2, 4, when=has_network, guess=4),  # sub-bands of the norms
    blocks_1=integer(1, 3, when=has_network, guess=2),
    blocks_2=integer(1, 3, when=has_network, guess=2),
    blocks_3=integer(1, 3, when=has_network, guess=2),
    blocks_4=integer(0, 4, when=has_network, guess=2),
    dropout=choice(0.0, 0.1, when=has_network, guess=0.0),
    residual_norm=optional(choice(0.1, 0.3, when=has_network, guess=0.1)),  # lambda, at the input and after each stage
    head_bias=choice(True, False, when=has_network, guess=True),
    # channels removed until so much is left, then fine-tuning
    pruned_params=optional(integer(16_000, 128_000, log=True, when=has_network, guess=64_000), guess=None),
    pruned_macs=integer(
        2_000_000, 30_000_000, log=True, when=lambda pruned_params: pruned_params is not None, guess=15_000_000
    ),
    moments=choice(*SUBSETS, when=has_moments, guess=MOMENTS),
    sparsity=choice(0.0, 0.5, 0.8, when=lambda family: family == "linear", guess=0.0),  # of the linear model
)


@space.require
def sub_bands_divide_the_smallest_map(n_mels, kept_bands, stem_stride, n_bands):
    return n_bands is None or round(n_mels * kept_bands) // stem_stride[0] // 4 % n_bands == 0


@space.require
def every_band_has_a_bin(sample_rate, window_ms, n_mels):
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)  # mel
    lowest_band = 700 * (10 ** (2 * top / (n_mels + 1) / 2595) - 1)  # Hz
    return lowest_band > sample_rate / fft_size(sample_rate, window_ms)


def fft_size(sample_rate, window_ms):
    return 2 ** math.ceil(math.log2(sample_rate * window_ms / 1000))


@space.features
def features(sample_rate, window_ms, hop_ms, n_mels, kept_bands):
    n_kept = round(n_mels * kept_bands)
    return LogMel(
        sample_rate=sample_rate,
        n_fft=fft_size(sample_rate, window_ms),
        win_length=round(sample_rate * window_ms / 1000),
        hop_length=round(sample_rate * hop_ms / 1000),
        n_mels=n_mels,
        kept_bands=tuple(i * n_mels // n_kept for i in range(n_kept)),  # as even as can be; a selection takes as many
    )


@space.network
def network(
    family, base, width_step, stem_kernel, stem_stride, kernel_size, n_bands, blocks_1, blocks_2, blocks_3, blocks_4,
    dropout, residual_norm, head_bias, moments, n_classes,
):  # fmt: skip
    linear = (Moments(moments), Dense(n_classes)) if moments else ()
    if family == "linear":
        yield from linear
        return
    stages = (blocks_1, blocks_2, blocks_3, blocks_4)
    shape = dict(kernel_size=kernel_size, n_bands=n_bands, dropout=dropout)
    branch = tuple(broadcast_resnet(base, width_step, stem_kernel, stem_stride, stages, shape, residual_norm))
    # Nothing normalises its logits: from random weights the first loss is three times that of a guess.
    branch += (Classifier(norm=None, bias=head_bias, starts_at_zero=True),)
    if family == "tandem":
        yield Ensemble((linear, branch), merge="logits")
    else:
        yield from branch


def broadcast_resnet(base, width_step, stem_kernel, stem_stride, stages, shape, residual_norm):
    if residual_norm:
        yield Norm("residual", residual=residual_norm)
    yield Conv(2 * base, stem_kernel, stem_stride, "same", norm="batch", activation="relu")
    for stage, blocks in enumerate(stages):
        for _ in range(blocks):
            yield BroadcastResidual(round(base * (1 + width_step * stage)), **shape)
        if residual_norm:
            yield Norm("residual", residual=residual_norm)
        if stage < 2:
            yield MaxPool(2)


@space.recipe
def recipe(band_choice, pruned_params, pruned_macs, sparsity):
    pruning = OneShotPruning(sparsity) if sparsity else None
    if pruned_params is not None:
        pruning = AdmmPruning(pruned_params, pruned_macs, is_exact=False)
    return Recipe(band_selection=BandSelection() if band_choice == "admm" else None, pruning=pruning)


# Networks that fit 128k parameters and 30 MMACs, for clips of one second and of five --------------------------------

space.guess()
space.guess(base=24, family="tandem")
space.guess(base=16, n_mels=128)
space.guess(base=48, n_mels=128, kept_bands=1.0, stem_stride=(4, 2))
space.guess(base=32, n_mels=128, kept_bands=1.0, blocks_4=3)
space.guess(family="linear")
space.guess(
    base=80, family="tandem", blocks_4=3, band_choice="admm", pruned_params=127_840, pruned_macs=17_383_000
)  # as the report ends

# The published systems ----------------------------------------------------------------------------------------------

FAU = dict(convention="TRAIN", sample_rate=16_000, window_ms=130, hop_ms=30, n_mels=256)
MOD = dict(
    family="network", base=80, width_step=0.5, stem_kernel=5, stem_stride=(2, 2), kernel_size=3, n_bands=4, blocks_1=2,
    blocks_2=2, blocks_3=2, blocks_4=3, dropout=0.1, pruned_params=None,
)  # fmt: skip
RECIPE = replace(RECIPES["FAU-2022"], pruning=None)

space.system(
    "FAU-Linear", published=dict(params=12_810, official_macs=12_810), kept_bands=1.0, family="linear",
    moments=MOMENTS, sparsity=0.0, **FAU, recipe=RECIPE, source="FAU, DCASE 2022 Task 1",
    note="published as 12.81k MACs, which count the bias",
)  # fmt: skip
space.system(
    "BC-ResNet-Mod-8", published=dict(params=314_960), kept_bands=1.0, residual_norm=None, head_bias=False, **MOD,
    **FAU, source="Kim et al., DCASE 2021 Task 1A", note="published as 315k",
)  # fmt: skip
space.system(
    "FAU-Mod-8", published=dict(params=314_970, macs=51_205_760), kept_bands=1.0, residual_norm=0.1, head_bias=True,
    **MOD, **FAU, recipe=RECIPE, source="FAU, DCASE 2022 Task 1",
    note="before the choice of bands and pruning; input 1x256x34",
)  # fmt: skip
space.system(
    "FAU-Mod-8-192", published=dict(params=314_970, macs=38_693_760), kept_bands=0.75, band_choice="admm",
    residual_norm=0.1, head_bias=True, **MOD, **FAU, recipe=replace(RECIPE, band_selection=BandSelection()),
    source="FAU, DCASE 2022 Task 1", note="192 of 256 bands kept, selected by ADMM; input 1x192x34",
)  # fmt: skip
