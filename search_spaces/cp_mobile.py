"""CP-Mobile, inverted bottlenecks in three stages, with the small CNN of DCASE 2022 as the other family.

Source: Schmid et al., baseline of DCASE 2024 and 2025 Task 1 (simplified CP-Mobile); Martín-Morató et al., baseline of
DCASE 2022 Task 1.
"""

import math

from nas_asc.frontend import LogMel
from nas_asc.layers import Classifier, Conv, Dense, Dropout, Flatten, InvertedBottleneck, MaxPool, make_divisible
from nas_asc.recipe import RECIPES
from nas_asc.space import Space, choice, fraction, integer, optional


def is_mobile(family):
    return family == "cp_mobile"


def is_cnn(family):
    return family == "cnn"


STRIDES = ((1, 1), (1, 2), (2, 1), (2, 2))  # (frequency, time)

space = Space(
    sample_rate=choice(16_000, 22_050, 32_000, 44_100, guess=22_050),
    window_ms=choice(40, 64, 96, guess=40),
    hop_ms=choice(10, 15.625, 20, 30, guess=20),
    n_mels=choice(32, 40, 64, 96, 128, 192, 256, guess=64),
    family=choice("cp_mobile", "cnn", prior=(19, 1), guess="cp_mobile"),
    activation=choice("relu", "prelu", "gelu", "silu", when=is_mobile, guess="relu"),
    norm=choice("batch", "layer", prior=(4, 1), when=is_mobile, guess="batch"),
    width=choice(8, 16, 24, 32, 40, 48, 64, when=is_mobile, guess=32),
    multiplier=choice(1.0, 1.25, 1.5, 1.8, 2.1, 2.4, when=is_mobile, guess=1.8),  # of the width, a stage
    expansion=choice(1.5, 2.1, 3.0, 4.0, when=is_mobile, guess=2.1),
    kernel_size=choice(3, 5, when=is_mobile, guess=3),
    # the depthwise convolution trained as so many side by side, which fold into one when deployed
    branches=optional(choice(1, 3, when=lambda norm: norm == "batch", guess=1), guess=None),
    stem_width=fraction(1 / 4, 1 / 2, 1, of="width", when=is_mobile, guess=1 / 4),
    stem_stride=choice((2, 1), (2, 2), (2, 4), when=is_mobile, guess=(2, 2)),
    blocks_1=integer(1, 4, when=is_mobile, guess=3),
    blocks_2=integer(1, 3, when=is_mobile, guess=2),
    blocks_3=integer(0, 3, when=is_mobile, guess=1),
    stride_1=choice(*STRIDES, when=is_mobile, guess=(1, 2)),  # of the first stage's last block
    stride_2=choice(*STRIDES, when=is_mobile, guess=(2, 1)),  # of the second stage's first block
    stride_3=choice(*STRIDES, when=lambda blocks_3: blocks_3 is not None and blocks_3 > 0, guess=(1, 1)),
    cnn_width=choice(4, 8, 12, 16, 24, when=is_cnn),
    cnn_kernel=choice(3, 5, 7, when=is_cnn),
    cnn_hidden=choice(25, 50, 100, when=is_cnn),
)


@space.require
def every_band_has_a_bin(sample_rate, window_ms, n_mels):
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)  # mel
    lowest_band = 700 * (10 ** (2 * top / (n_mels + 1) / 2595) - 1)  # Hz
    return lowest_band > sample_rate / fft_size(sample_rate, window_ms)


def fft_size(sample_rate, window_ms):
    return 2 ** math.ceil(math.log2(sample_rate * window_ms / 1000))


@space.features
def features(sample_rate, window_ms, hop_ms, n_mels):
    return LogMel(
        sample_rate=sample_rate,
        n_fft=fft_size(sample_rate, window_ms),
        win_length=round(sample_rate * window_ms / 1000),
        hop_length=round(sample_rate * hop_ms / 1000),
        n_mels=n_mels,
    )


@space.network
def network(
    family, width, multiplier, expansion, kernel_size, branches, activation, norm, stem_width, stem_stride,
    blocks_1, blocks_2, blocks_3, stride_1, stride_2, stride_3, cnn_width, cnn_kernel, cnn_hidden, n_classes,
):  # fmt: skip
    if family == "cnn":
        yield from small_cnn(cnn_width, cnn_kernel, cnn_hidden, n_classes)
        return
    yield Conv(stem_width, 3, stem_stride, 1, norm=norm, activation=activation)
    yield Conv(width, 3, 2, 1, norm=norm, activation=activation)
    middle = make_divisible(width * multiplier)
    last = make_divisible(width * multiplier**2)
    for i in range(blocks_1):
        stride = stride_1 if i == blocks_1 - 1 else 1
        yield InvertedBottleneck(width, expansion, kernel_size, stride, norm, activation, branches=branches)
    for i in range(blocks_2):
        stride = 1 if i else stride_2
        yield InvertedBottleneck(middle, expansion, kernel_size, stride, norm, activation, branches=branches)
    for i in range(blocks_3):
        stride = 1 if i else stride_3
        yield InvertedBottleneck(last, expansion, kernel_size, stride, norm, activation, branches=branches)
    yield Classifier(norm=norm)


def small_cnn(width, kernel_size, hidden, n_classes):
    convolution = dict(padding="same", bias=True, norm="batch", activation="relu")
    yield Conv(width, kernel_size, **convolution)
    yield Conv(width, kernel_size, **convolution)
    yield MaxPool(5)
    yield Dropout(0.3)
    yield Conv(2 * width, kernel_size, **convolution)
    yield MaxPool((4, 10))
    yield Dropout(0.3)
    yield Flatten()
    yield Dense(hidden, activation="relu")
    yield Dropout(0.3)
    yield Dense(n_classes)


# Networks that fit 128k parameters and 30 MMACs; the first also for clips of five seconds ---------------------------

space.guess()
space.guess(multiplier=1.5)
space.guess(width=16, multiplier=1.8, blocks_1=2)
space.guess(width=24, multiplier=1.5, blocks_1=2)
space.guess(width=8, multiplier=1.8)
space.guess(n_mels=128, hop_ms=15.625)

# The published systems ----------------------------------------------------------------------------------------------

space.system(
    "CP-Mobile-2024", published=dict(params=61_148, official_macs=29_419_156), convention="TRAIN",
    sample_rate=32_000, window_ms=96, hop_ms=15.625, n_mels=256, family="cp_mobile",
    width=32, multiplier=1.8, expansion=2.1, kernel_size=3, branches=None, activation="relu", norm="batch",
    stem_width=8, stem_stride=(2, 2), blocks_1=3, blocks_2=2, blocks_3=1,
    stride_1=(1, 2), stride_2=(2, 1), stride_3=(1, 1),
    recipe=RECIPES["DCASE-2024"], source="DCASE 2024 and 2025 Task 1 baseline",
    note="simplified CP-Mobile; input 1x256x65",
)  # fmt: skip
space.system(
    "Baseline-2022", published=dict(params=46_118, official_macs=29_271_638), convention="TRAIN",
    sample_rate=44_100, window_ms=40, hop_ms=20, n_mels=40, family="cnn", cnn_width=16, cnn_kernel=7, cnn_hidden=100,
    recipe=RECIPES["DCASE-2022"], source="DCASE 2022 Task 1 baseline", note="input 1x40x51",
)  # fmt: skip
