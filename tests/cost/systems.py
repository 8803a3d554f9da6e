"""The published networks, written out as their reports do, with their published and independently counted numbers."""

from nas_asc.layers import (
    Architecture,
    Classifier,
    Conv,
    Dense,
    Dropout,
    Flatten,
    InvertedBottleneck,
    MaxPool,
    Residual,
)


def cp_resnet(width, groups, *, depth=0, rho=7, affine=True, dense=False, n_mels=256, n_frames=431):
    """CP-ResNet of the CP-JKU 2021 submission; `dense` has its three dense rows' tail of 4 widths."""
    kernels = iter([3] * rho + [1] * (22 - rho))

    def block(out_channels, first=None):
        pair = (first or next(kernels), 1 if first else next(kernels))
        return Residual(out_channels, kernels=pair, groups=groups, roll=True, bn_affine=affine)

    layers = [Conv(width, kernel_size=5, stride=2, padding=1, norm="batch", activation="relu")]
    layers += [block(width, first=3), MaxPool(2), block(width), MaxPool(2), block(width), block(width), MaxPool(2)]
    layers += [block(2 * width)]
    layers += [block(4 * width)] if dense else [block(2 * width) for _ in range(depth)]
    return Architecture((*layers, Classifier()), (1, n_mels, n_frames), 10)


def cp_mobile(*, n_mels=256, n_frames=65):
    """The DCASE 2024 and 2025 baseline."""
    stem = {"kernel_size": 3, "stride": 2, "padding": 1, "norm": "batch", "activation": "relu"}
    blocks = ((32, 1), (32, 1), (32, (1, 2)), (56, (2, 1)), (56, 1), (104, 1))
    body = (InvertedBottleneck(width, expansion=2.1, stride=stride) for width, stride in blocks)
    return Architecture((Conv(8, **stem), Conv(32, **stem), *body, Classifier()), (1, n_mels, n_frames), 10)


def dcase2022(*, in_shape=(1, 40, 51), stride=1):
    """The DCASE 2022 baseline; KT's walk starts from it with 80 mels and stride (2, 1)."""
    conv = {"kernel_size": 7, "padding": "same", "bias": True, "norm": "batch", "activation": "relu"}
    layers = (
        *(Conv(16, stride=stride, **conv), Conv(16, **conv), MaxPool(5), Dropout(0.3)),
        *(Conv(32, **conv), MaxPool((4, 10)), Dropout(0.3), Flatten()),
        *(Dense(100, activation="relu"), Dropout(0.3), Dense(10)),
    )
    return Architecture(layers, in_shape, 10)


S1 = cp_resnet(256, 16, affine=False)
S2 = cp_resnet(256, 16, depth=1, rho=8, n_mels=280)
S3 = cp_resnet(256, 16, rho=8, affine=False, n_mels=280)
S4 = cp_resnet(256, 16, rho=8, n_mels=280)
DENSE = tuple(cp_resnet(width, groups, dense=True) for width, groups in ((128, 1), (256, 8), (384, 32)))
