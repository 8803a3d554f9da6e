"""The union of the published designs, for who has no favourite yet: block families, front ends, recipes, compression.

Three stages of blocks of one family between a stem and a head. The families are inverted bottlenecks (CP-Mobile, KT),
grouped and rolled residual blocks whose receptive field is set by rho (CP-ResNet), some of them shared (QTI),
broadcast residual blocks (BC-ResNet), and time and frequency convolved apart (in the style of TF-SepNet).
Up to four networks of one such kind may stand side by side, each trained by itself, their probabilities averaged.

Source: the reports of cp_resnet, shared_resnet, vgg_inception, bc_resnet, design_walk and cp_mobile.
"""

import math

from nas_asc.frontend import LogMel
from nas_asc.layers import (
    AttentivePool,
    BroadcastResidual,
    Classifier,
    Conv,
    Dense,
    Ensemble,
    InvertedBottleneck,
    MaxPool,
    Norm,
    Residual,
    SharedResidual,
    TimeFrequencySeparable,
    make_divisible,
)
from nas_asc.recipe import (
    AdamW,
    CrossEntropy,
    CutMix,
    DeviceResponse,
    Ema,
    FreqMask,
    FreqMix,
    FreqMixStyle,
    Gain,
    Mixup,
    OneShotPruning,
    PitchShift,
    QuantisedTraining,
    Recipe,
    StructuredPruning,
    Swa,
    TimeMask,
    TimeRoll,
)
from nas_asc.space import Space, choice, integer, optional, powers_of_two


def is_mobile(family):
    return family == "mobile"


def is_residual(family):
    return family == "residual"


def has_sub_bands(family):
    return family in ("residual", "broadcast")


def is_mixed(mixing):
    return mixing != "none"


def is_masked(compression):
    return compression == "masked"


def is_narrowed(compression):
    return compression == "narrowed"


def has_stage_3(depth_3):
    return depth_3 > 0


STRIDES = ((1, 1), (1, 2), (2, 1), (2, 2))  # (frequency, time)

space = Space(
    # front end
    sample_rate=choice(8_000, 16_000, 22_050, 32_000, prior=(1, 2, 2, 2), guess=22_050),
    window_ms=choice(40, 64, 96, 130, guess=64),
    hop_ms=choice(10, 15.625, 20, 30, prior=(1, 2, 3, 2), guess=20),
    n_mels=choice(40, 64, 96, 128, 192, 256, prior=(2, 3, 2, 3, 1, 1), guess=64),
    input_norm=optional(choice(0.1, 0.3, guess=0.1), guess=None),  # lambda of residual normalisation
    # network
    family=choice("mobile", "residual", "broadcast", "separable", prior=(3, 2, 2, 2), guess="mobile"),
    width=choice(8, 12, 16, 24, 32, 40, 48, 64, prior=(2, 3, 4, 4, 3, 2, 1, 1), guess=24),
    growth=choice(1.0, 1.25, 1.5, 1.8, 2.0, guess=1.5),  # of the width, a stage
    depth_1=integer(1, 4, guess=2),
    depth_2=integer(1, 3, guess=2),
    depth_3=integer(0, 3, guess=1),
    stem_kernel=choice(3, 5, guess=3),
    stem_stride=choice((2, 1), (2, 2), (4, 2), (2, 4), (4, 4), prior=(1, 4, 4, 3, 3), guess=(2, 2)),
    entry_stride=choice(*STRIDES, prior=(1, 2, 2, 4), guess=(2, 2)),  # after the stem
    stride_2=choice(*STRIDES, guess=(1, 2)),  # before the second stage
    stride_3=choice(*STRIDES, when=has_stage_3, guess=(2, 1)),
    activation=choice("relu", "prelu", "gelu", "silu", "hardswish", prior=(4, 1, 1, 2, 2), guess="relu"),
    norm=choice("batch", "layer", "residual", prior=(6, 1, 1), when=is_mobile, guess="batch"),
    expansion=choice(1.5, 2.1, 3.0, 4.0, when=is_mobile, guess=2.1),
    kernel_size=choice(3, 5, 7, prior=(3, 2, 1), guess=3),
    groups=powers_of_two(1, 8, when=is_residual, guess=2),
    rho=integer(0, 12, when=is_residual, guess=5),  # how many convolutions, in order, are wider than 1
    sharing=choice(True, False, when=is_residual, guess=False),  # whether a stage's further blocks are one, run again
    damping=optional(choice(0.01, 0.1, 0.3, when=is_residual, guess=0.1), guess=None),
    n_bands=choice(1, 2, 4, when=has_sub_bands, guess=1),  # sub-bands of the norms
    dropout=choice(0.0, 0.1, prior=(3, 1), when=lambda family: family in ("broadcast", "separable"), guess=0.0),
    pool=choice("mean", "attentive", prior=(3, 1), guess="mean"),
    n_members=choice(1, 2, 3, 4, prior=(6, 1, 1, 1), guess=1),  # such networks, whose probabilities are averaged
    # recipe
    learning_rate=choice(1e-3, 2e-3, 5e-3, 1e-2, guess=5e-3),
    weight_decay=choice(1e-4, 1e-3, 1e-2, guess=1e-3),
    label_smoothing=choice(0.0, 0.1, guess=0.0),
    mixing=choice("mixup", "freq_mix", "cutmix", "none", prior=(3, 1, 1, 1), guess="mixup"),
    mixing_alpha=choice(0.1, 0.3, 1.0, when=is_mixed, guess=0.3),
    style=choice(0.0, 0.4, 0.8, prior=(2, 1, 1), guess=0.0),  # how often styles of frequencies are mixed
    freq_mask=choice(0.0, 0.1, 0.2, 0.3, guess=0.2),
    time_mask=choice(0.0, 0.1, prior=(2, 1), guess=0.0),
    averaging=choice("none", "ema", "swa", prior=(2, 1, 1), guess="none"),
    time_roll=choice(0.0, 0.1, 1.0, guess=1.0),
    pitch_hz=choice(0, 2_000, 6_000, guess=6_000),  # width of the range that the upper edge of the bands moves in
    gain_db=choice(0, 6, guess=6),  # most by which a clip is made louder or softer
    response=choice(0.0, 0.5, guess=0.5),  # how often a clip sounds as if another device had recorded it
    # compression: single weights masked (a saving under rules that count non-zero values), or channels removed
    compression=choice("none", "masked", "narrowed", prior=(8, 1, 1), guess="none"),
    sparsity=choice(0.5, 0.7, 0.8, 0.9, when=is_masked, guess=0.7),
    kept_params=integer(8_000, 128_000, log=True, when=is_narrowed, guess=32_000),
    kept_macs=integer(1_000_000, 30_000_000, log=True, when=is_narrowed, guess=8_000_000),
    qat=choice(0.0, 0.2, prior=(4, 1), guess=0.0),  # epochs in 8 bits after the others, as a share of these
)


@space.require
def every_band_has_a_bin(sample_rate, window_ms, n_mels):
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)  # mel
    lowest_band = 700 * (10 ** (2 * top / (n_mels + 1) / 2595) - 1)  # Hz
    return lowest_band > sample_rate / fft_size(sample_rate, window_ms)


@space.require
def sub_bands_divide_every_map(n_mels, stem_stride, entry_stride, stride_2, stride_3, n_bands):
    n_bins = math.ceil(n_mels / stem_stride[0]) // entry_stride[0]
    for stride in (None, stride_2, stride_3):
        n_bins = n_bins if stride is None else n_bins // stride[0]
        if n_bins % (n_bands or 1):
            return False
    return True


@space.require
def rho_has_convolutions_to_widen(family, rho, depth_1, depth_2, depth_3):
    return rho is None or rho <= 2 * (depth_1 + depth_2 + depth_3)


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


space.features_on("tflite-micro", "c", center=choice(True, False, guess=True))  # a stream has no ends to mirror


@space.network
def network(
    input_norm, family, width, growth, depth_1, depth_2, depth_3, stem_kernel, stem_stride, entry_stride, stride_2,
    stride_3, activation, norm, expansion, kernel_size, groups, rho, sharing, damping, n_bands, dropout, pool,
    n_members, n_classes,
):  # fmt: skip
    def member():
        stem_norm = norm or "batch"
        yield Conv(make_divisible(width / 2), stem_kernel, stem_stride, "same", norm=stem_norm, activation=activation)
        stages = ((depth_1, entry_stride), (depth_2, stride_2), (depth_3, stride_3))
        i = 1  # of the coming convolution
        for stage, (depth, stride) in enumerate(stages):
            if not depth:
                continue
            width_here = make_divisible(width * growth**stage)
            if family == "mobile":
                for k in range(depth):
                    step = stride if k == 0 else 1
                    yield InvertedBottleneck(width_here, expansion, kernel_size, step, norm, activation)
                continue
            if stride != (1, 1):
                yield MaxPool(stride)
            if family == "broadcast":
                for _ in range(depth):
                    yield BroadcastResidual(width_here, kernel_size, n_bands, activation, dropout)
            elif family == "separable":
                for _ in range(depth):
                    yield TimeFrequencySeparable(width_here, kernel_size, "batch", activation, dropout)
            else:
                shape = (width_here, depth, i, kernel_size, groups, rho, sharing, damping, n_bands, activation)
                yield from residual(*shape)
                i += 2 * depth
        if pool == "attentive":
            yield AttentivePool()
            yield Dense(n_classes)
        else:
            yield Classifier(norm="batch")

    if input_norm is not None:
        yield Norm("residual", residual=input_norm)
    if n_members == 1:
        yield from member()
    else:
        yield Ensemble((tuple(member()),) * n_members)


def residual(out_channels, depth, i, kernel_size, groups, rho, sharing, damping, n_bands, activation):
    def kernels(i):
        return kernel_size if i <= rho else 1, kernel_size if i + 1 <= rho else 1

    shape = dict(groups=groups, roll=groups > 1, damping=damping, activation=activation, n_bands=n_bands)
    yield Residual(out_channels, kernels(i), **shape)
    if sharing and depth > 1:
        yield SharedResidual(depth - 1, kernels(i + 2), n_bands, activation)
        return
    for k in range(1, depth):
        yield Residual(out_channels, kernels(i + 2 * k), **shape)


@space.recipe
def recipe(
    learning_rate, weight_decay, label_smoothing, mixing, mixing_alpha, style, freq_mask, time_mask, time_roll,
    pitch_hz, gain_db, response, averaging, compression, sparsity, kept_params, kept_macs, qat,
):  # fmt: skip
    mixings = {"mixup": Mixup, "freq_mix": FreqMix, "cutmix": CutMix}
    augmentation = (
        TimeRoll(time_roll) if time_roll else None,
        PitchShift(pitch_hz) if pitch_hz else None,
        Gain(gain_db) if gain_db else None,
        DeviceResponse(response) if response else None,
        FreqMixStyle(p=style) if style else None,
        mixings[mixing](mixing_alpha) if mixing in mixings else None,
        FreqMask(freq_mask) if freq_mask else None,
        TimeMask(time_mask) if time_mask else None,
    )
    pruning = None
    if compression == "masked":
        # by magnitude alone, small networks would lose their stems and whole channels
        pruning = OneShotPruning(sparsity, max_sparsity=(1 + sparsity) / 2, spares_depthwise=True)
    elif compression == "narrowed":
        pruning = StructuredPruning(kept_params, kept_macs, is_exact=False)
    return Recipe(
        optimiser=AdamW(learning_rate, weight_decay),
        loss=CrossEntropy(label_smoothing),
        augmentation=augmentation,
        averaging={"none": None, "ema": Ema(0.99), "swa": Swa(5)}[averaging],
        pruning=pruning,
        quantisation=QuantisedTraining(qat) if qat else None,
    )


# Networks that fit 128k parameters and 30 MMACs, for clips of one second and of five --------------------------------

space.guess()
space.guess(n_members=3, stem_stride=(2, 4))
space.guess(width=32, growth=1.8, depth_1=3)
space.guess(width=8, activation="silu")
space.guess(width=40, expansion=3.0, kernel_size=5, stem_stride=(4, 2))
space.guess(family="broadcast", width=32, n_mels=128, n_bands=4, activation="silu", input_norm=0.1)
space.guess(family="residual", width=32, depth_1=1, stem_stride=(4, 2))
space.guess(family="residual", width=24, sharing=True, depth_2=3, depth_3=3, rho=4, groups=1, stem_stride=(4, 4))
space.guess(width=16, growth=2.0, n_mels=128, activation="hardswish", pool="attentive")
space.guess(family="separable", width=48, depth_1=2, depth_2=2, depth_3=2, activation="silu", n_mels=128)
space.guess(n_members=4, stem_stride=(4, 4))
