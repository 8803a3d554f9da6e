"""Batch norms and branches folded into the convolutions and dense layers that they belong to."""

import copy

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from nas_asc.cost import absorbing_operation
from nas_asc.layers import expand_architecture
from nas_asc.models.branched import BranchedConv2d
from nas_asc.models.network import Network


def fold_branches(network: Network) -> Network:
    """A copy in eval mode with one convolution in the place of each branched one: what is deployed, and counted.

    Outputs are the same up to float rounding.

    >>> from nas_asc.layers import Architecture, Conv
    >>> from nas_asc.models import build_model
    >>> layer = Conv(8, kernel_size=3, padding="same", norm="batch", branches=1)
    >>> list(fold_branches(build_model(Architecture((layer,), (1, 64, 51), 10))).state_dict())
    ['0.conv.weight', '0.conv.bias']
    """
    folded = copy.deepcopy(network).eval()
    for layer in folded:
        for name, module in list(layer.named_children()):
            if isinstance(module, BranchedConv2d):
                setattr(layer, name, module.fold())
    return folded


def fold_norms(network: Network) -> Network:
    """A copy for prediction, in eval mode, with branches folded and an identity in the place of each norm that folds.

    Outputs are the same up to float rounding. The same norms fold as are counted as folded in `Cost.int8_bytes`.

    >>> from nas_asc.layers import Architecture, Classifier, Conv
    >>> from nas_asc.models import build_model
    >>> architecture = Architecture((Conv(8, kernel_size=3, norm="batch"), Classifier()), (1, 64, 51), 10)
    >>> list(fold_norms(build_model(architecture)).state_dict())[:2]
    ['0.conv.weight', '0.conv.bias']
    """
    folded = fold_branches(network)
    for layer, expansion in zip(folded, expand_architecture(network.architecture), strict=True):
        for operation in expansion.operations:
            host = absorbing_operation(expansion, operation)
            norm = getattr(layer, operation.name, None)
            if host is None or not isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
                continue
            fuse = fuse_linear_bn_eval if isinstance(norm, nn.BatchNorm1d) else fuse_conv_bn_eval
            setattr(layer, host.name, fuse(getattr(layer, host.name), norm))
            setattr(layer, operation.name, nn.Identity())
    return folded
