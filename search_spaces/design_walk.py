"""A design walk from a small residual network to a ConvNeXt-like one: every choice of the walk is an axis.

The walk goes from basic residual blocks over grouped bottlenecks (ResNeXt) to inverted ones, then through kernel size,
activation and its places, norm, pooling and downsampling. Its start and the rows of its kernel sizes are here as exact
systems; of the other rows the report gives no widths in its text, so they are points to search, not systems.

Source: KT, submission to DCASE 2022 Task 1; Martín-Morató et al., baseline of DCASE 2022 Task 1; after Liu et al.,
"A ConvNet for the 2020s", 2022.
"""

import math

from nas_asc.frontend import LogMel
from nas_asc.layers import (
    AttentivePool,
    BasicBlock,
    Bottleneck,
    Conv,
    Dense,
    Downsampling,
    Dropout,
    Flatten,
    GlobalPool,
    MaxPool,
    Norm,
)
from nas_asc.recipe import RECIPES
from nas_asc.space import Space, choice, integer, optional


def is_walk(block):
    return block != "baseline"


def is_baseline(block):
    return block == "baseline"


def is_resnext(block):
    return block == "resnext"


def is_inverted(block):
    return block == "inverted"


def is_bottleneck(block):
    return block in ("resnext", "inverted")


def is_attentive(pool):
    return pool in ("attentive", "grouped", "channel")


def has_stage_2(depth_2):
    return depth_2 is not None and depth_2 > 0


def has_stage_3(depth_3):
    return depth_3 is not None and depth_3 > 0


STRIDES = ((1, 1), (1, 2), (2, 1), (2, 2))  # (frequency, time)

space = Space(
    sample_rate=choice(16_000, 22_050, 32_000, 44_100, guess=22_050),
    window_ms=choice(40, 64, 96, guess=40),
    hop_ms=choice(10, 20, 30, prior=(1, 2, 2), guess=20),
    n_mels=choice(32, 40, 64, 80, 128, prior=(2, 3, 3, 3, 1), guess=80),
    block=choice("baseline", "basic", "resnext", "inverted", prior=(1, 3, 5, 7), guess="inverted"),
    input_norm=optional(choice("residual", "frequency_instance", when=is_walk, guess="residual"), guess=None),
    # stem: a convolution, then a depthwise one that widens
    stem_width=choice(4, 6, 8, 10, 11, 12, 14, 16, 20, 24, when=is_walk, guess=8),
    stem_kernel=choice(3, 5, when=is_walk, guess=5),
    stem_stride=choice(*STRIDES, (2, 4), prior=(1, 3, 4, 8, 4), when=is_walk, guess=(2, 2)),
    widening=choice(1, 2, 3, 4, when=is_walk, guess=3),
    entry_stride=choice(*STRIDES, prior=(2, 3, 3, 5), when=is_walk, guess=(1, 2)),
    # blocks
    kernel_size=choice(3, 5, 7, when=is_walk, guess=5),
    expansion=choice(1.5, 2.0, 2.5, 3.0, 4.0, when=is_inverted, guess=2.0),
    reduction=choice(0.5, 0.75, 1.0, when=is_resnext, guess=0.5),
    activation=choice("relu", "prelu", "gelu", "silu", when=is_walk, guess="relu"),
    first_activation=choice(True, False, prior=(2, 1), when=is_walk, guess=True),
    middle_activation=choice(True, False, prior=(4, 1), when=is_bottleneck, guess=True),
    last_activation=choice(True, False, prior=(2, 1), when=is_walk, guess=True),
    norm=choice("batch", "layer", "residual", "frequency_instance", prior=(4, 1, 2, 1), when=is_walk, guess="batch"),
    # stages; the first keeps the map, the others have a stride, in their first block or in a layer before it
    depth_1=integer(1, 4, when=is_walk, guess=2),
    depth_2=integer(0, 3, when=is_walk, guess=2),
    depth_3=integer(0, 2, when=has_stage_2, guess=0),
    groups_1=choice(2, 4, 8, 16, when=is_resnext, guess=4),
    groups_2=choice(2, 4, 8, 16, when=lambda block, depth_2: is_resnext(block) and has_stage_2(depth_2), guess=4),
    groups_3=choice(2, 4, 8, 16, when=lambda block, depth_3: is_resnext(block) and has_stage_3(depth_3), guess=4),
    growth_2=choice(1.0, 1.25, 1.5, 2.0, when=has_stage_2, guess=1.5),  # of the width of the stage before
    growth_3=choice(1.0, 1.25, 1.5, 2.0, when=has_stage_3, guess=1.5),
    stride_2=choice(*STRIDES, when=has_stage_2, guess=(2, 2)),
    stride_3=choice(*STRIDES, when=has_stage_3, guess=(2, 1)),
    downsampling=choice("block", "layer", when=has_stage_2, guess="block"),
    # head
    pool=choice("mean", "attentive", "grouped", "channel", when=is_walk, guess="mean"),  # what shares its weights
    pool_groups=choice(2, 3, 4, 6, 8, when=lambda pool: pool == "grouped", guess=4),
    pool_over=choice("map", "time", when=is_attentive, guess="map"),
    pool_hidden=optional(choice(8, 16, 32, 64, when=is_attentive, guess=16), guess=None),
    hidden=optional(choice(25, 50, 100, guess=50)),
    dropout=choice(0.0, 0.3, guess=0.0),
    # the baseline
    cnn_width=choice(4, 8, 12, 16, 24, when=is_baseline),
    cnn_kernel=choice(3, 5, 7, when=is_baseline),
    cnn_stride=choice((1, 1), (2, 1), when=is_baseline),
)


@space.require
def every_band_has_a_bin(sample_rate, window_ms, n_mels):
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)  # mel
    lowest_band = 700 * (10 ** (2 * top / (n_mels + 1) / 2595) - 1)  # Hz
    return lowest_band > sample_rate / fft_size(sample_rate, window_ms)


@space.require
def blocks_are_not_linear(block, first_activation, middle_activation, last_activation):
    return block == "baseline" or bool(first_activation or middle_activation or last_activation)


@space.require
def groups_share_the_last_width(stem_width, widening, growth_2, growth_3, pool_groups):
    return pool_groups is None or stage_widths(stem_width * widening, growth_2, growth_3)[-1] % pool_groups == 0


def fft_size(sample_rate, window_ms):
    return 2 ** math.ceil(math.log2(sample_rate * window_ms / 1000))


def stage_widths(width, *growths):
    widths = [width]
    for growth in growths:
        widths.append(widths[-1] if growth is None else round(widths[-1] * growth))
    return widths


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
    block, input_norm, stem_width, stem_kernel, stem_stride, widening, entry_stride, kernel_size, expansion, reduction,
    activation, first_activation, middle_activation, last_activation, norm, depth_1, depth_2, depth_3,
    groups_1, groups_2, groups_3, growth_2, growth_3, stride_2, stride_3, downsampling,
    pool, pool_groups, pool_over, pool_hidden, hidden, dropout, cnn_width, cnn_kernel, cnn_stride, n_classes, in_shape,
):  # fmt: skip
    def build_block(out_channels, stride, groups):
        choices = dict(norm=norm, activation=activation)
        places = dict(first_activation=first_activation, last_activation=last_activation)
        if block == "basic":
            return BasicBlock(out_channels, kernel_size, stride, **choices, **places)
        multiple = expansion if block == "inverted" else reduction
        places["middle_activation"] = middle_activation
        return Bottleneck(out_channels, multiple, kernel_size, stride, groups, **choices, **places)

    if block == "baseline":
        yield from baseline(in_shape, cnn_width, cnn_kernel, cnn_stride, dropout)
        yield from head(hidden, dropout, "relu", n_classes)
        return
    if input_norm is not None:
        yield Norm(input_norm)
    wide = stem_width * widening
    yield Conv(stem_width, stem_kernel, stem_stride, "same", bias=True, norm=norm, activation=activation)
    yield Conv(wide, kernel_size, entry_stride, "same", groups=stem_width, norm=norm, activation=activation)
    widths = stage_widths(wide, growth_2, growth_3)
    stages = ((depth_1, (1, 1), groups_1), (depth_2, stride_2, groups_2), (depth_3, stride_3, groups_3))
    for stage, (depth, stride, groups) in enumerate(stages):
        for i in range(depth or 0):
            apart = downsampling == "layer" and stage > 0
            if i == 0 and apart:
                yield Downsampling(widths[stage], stride, norm)
            yield build_block(widths[stage], stride if i == 0 and not apart else 1, groups)
    yield pooling(pool, widths[-1], pool_groups, pool_over, pool_hidden, activation)
    yield from head(hidden, dropout, activation, n_classes)


def pooling(pool, width, groups, over, hidden, activation):
    if pool == "mean":
        return GlobalPool("mean")
    n_groups = {"attentive": 1, "grouped": groups, "channel": width}[pool]
    return AttentivePool(n_groups, hidden, "relu" if hidden is None else activation, over)


def head(hidden, dropout, activation, n_classes):
    yield Dropout(dropout)
    if hidden is not None:
        yield Dense(hidden, activation=activation)
        yield Dropout(dropout)
    yield Dense(n_classes)


def baseline(in_shape, width, kernel_size, stride, dropout):
    convolution = dict(padding="same", bias=True, norm="batch", activation="relu")
    yield Conv(width, kernel_size, stride, **convolution)
    yield Conv(width, kernel_size, **convolution)
    yield MaxPool(5)
    yield Dropout(dropout)
    yield Conv(2 * width, kernel_size, **convolution)
    n_bands, n_frames = (-(-size // step) // 5 for size, step in zip(in_shape[1:], stride, strict=True))
    yield MaxPool((min(4, n_bands), min(10, n_frames)))  # a map smaller than the window is pooled whole
    yield Flatten()


# Networks that fit 128k parameters and 30 MMACs, for clips of one second and of five --------------------------------

FEWER = dict(first_activation=False, last_activation=False)  # activations, as the walk ends
SHORT = dict(stem_stride=(2, 4), entry_stride=(2, 2))  # maps, for long clips

space.guess()
space.guess(input_norm="residual", activation="silu", norm="residual", pool="grouped", pool_hidden=16, **FEWER)
space.guess(block="resnext", reduction=1.0, stem_width=11, stem_stride=(2, 2), growth_2=2.0, depth_2=3)
space.guess(block="basic", stem_width=6, kernel_size=3, stem_stride=(2, 2), downsampling="layer", hidden=None)
space.guess(stem_width=4, depth_1=1, depth_2=1, hidden=None, pool="channel", **SHORT)
space.guess(stem_width=14, depth_1=3, depth_2=2, activation="gelu", **SHORT)
space.guess(stem_width=10, growth_2=2.0, depth_2=3, depth_3=1, downsampling="layer", pool="attentive", **SHORT)
space.guess(input_norm="residual", stem_width=12, growth_2=2.0, depth_2=2, pool="grouped", pool_over="time",
            pool_hidden=32, activation="silu", **FEWER, **SHORT)  # fmt: skip

# The published systems ----------------------------------------------------------------------------------------------

KT = dict(
    sample_rate=22_050, window_ms=40, hop_ms=20, n_mels=80, hidden=100, recipe=RECIPES["KT-2022"],
    source="KT, DCASE 2022 Task 1",
)  # fmt: skip
KERNEL = KT | dict(
    block="inverted", input_norm=None, stem_kernel=5, stem_stride=(2, 1), widening=3, entry_stride=(1, 2),
    expansion=2.0, activation="relu", first_activation=True, middle_activation=True, last_activation=True,
    norm="batch", depth_1=4, depth_2=0, pool="mean", dropout=0.0,
)  # fmt: skip
WIDTHS = "width derived from the published parameters; {} MMACs published, counted with more than is stated"

space.system(
    "KT-baseline", published=dict(params=46_118, official_macs=29_271_638, accuracy=0.44, log_loss=1.52),
    block="baseline", cnn_width=16, cnn_kernel=7, cnn_stride=(2, 1), dropout=0.3, **KT,
    note="the baseline of DCASE 2022 with 80 mel bands and its first convolution at stride (2, 1)",
)  # fmt: skip
space.system(
    "KT-kernel-3", published=dict(params=30_210), stem_width=12, kernel_size=3, **KERNEL, note=WIDTHS.format(26.391),
)  # fmt: skip
space.system(
    "KT-kernel-5", published=dict(params=30_953), stem_width=11, kernel_size=5, **KERNEL, note=WIDTHS.format(27.151),
)  # fmt: skip
space.system(
    "KT-kernel-7", published=dict(params=33_280), stem_width=10, kernel_size=7, **KERNEL, note=WIDTHS.format(29.466),
)  # fmt: skip
