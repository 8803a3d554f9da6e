"""Layers as plain data: descriptions, their shapes, and their expansion into primitive operations.

Conventions:
    Shapes are (C, F, T) or (K,), without the batch; kernels, strides and paddings are (frequency, time).
    A layer is a frozen dataclass with `expand`; everything else follows from its expansion.
"""

from nas_asc.layers.architecture import (
    Architecture,
    Expansion,
    expand_architecture,
    expand_layer,
    validate_architecture,
)
from nas_asc.layers.attention import AttentivePooling
from nas_asc.layers.block import BasicBlock, Bottleneck
from nas_asc.layers.branched import BranchedConvolution
from nas_asc.layers.broadcast_residual import BroadcastResidual
from nas_asc.layers.check import ACTIVATIONS, NORMS
from nas_asc.layers.classifier import Classifier
from nas_asc.layers.convolution import Conv
from nas_asc.layers.dense import Dense, Dropout, Flatten
from nas_asc.layers.downsampling import Downsampling
from nas_asc.layers.ensemble import Ensemble, Moments
from nas_asc.layers.global_pool import AttentivePool, GlobalPool
from nas_asc.layers.graph import PRIMITIVE_TYPES, Graph, Step
from nas_asc.layers.inception import Inception
from nas_asc.layers.instance_norm import FrequencyInstanceNorm
from nas_asc.layers.inverted_bottleneck import InvertedBottleneck
from nas_asc.layers.layer import Layer, format_layer
from nas_asc.layers.norm import Norm
from nas_asc.layers.operation import (
    Activation,
    Addition,
    BatchNorm,
    ChannelNorm,
    ChannelRoll,
    ChannelSlice,
    Concatenation,
    Convolution,
    Flattening,
    GlobalPooling,
    Pooling,
    Projection,
    RandomZeroing,
    SubSpectralNorm,
)
from nas_asc.layers.pooling import AvgPool, MaxPool
from nas_asc.layers.primitive import Counts, Primitive
from nas_asc.layers.reduction import MOMENTS, AxisMean, LogitSum, ProbabilityMean, TimeMoments
from nas_asc.layers.residual import Residual, SharedResidual
from nas_asc.layers.separable import TimeFrequencySeparable
from nas_asc.layers.shape import Pair, Shape, Size, make_divisible, to_pair
from nas_asc.layers.tape import Operation, Tape, Value
from nas_asc.layers.text import LAYER_TYPES, format_architecture, parse_architecture

__all__ = [
    "ACTIVATIONS",
    "LAYER_TYPES",
    "MOMENTS",
    "NORMS",
    "PRIMITIVE_TYPES",
    "Activation",
    "Addition",
    "Architecture",
    "AttentivePool",
    "AttentivePooling",
    "AvgPool",
    "AxisMean",
    "BasicBlock",
    "BatchNorm",
    "Bottleneck",
    "BranchedConvolution",
    "BroadcastResidual",
    "ChannelNorm",
    "ChannelRoll",
    "ChannelSlice",
    "Classifier",
    "Concatenation",
    "Conv",
    "Convolution",
    "Counts",
    "Dense",
    "Downsampling",
    "Dropout",
    "Ensemble",
    "Expansion",
    "Flatten",
    "Flattening",
    "FrequencyInstanceNorm",
    "GlobalPool",
    "GlobalPooling",
    "Graph",
    "Inception",
    "InvertedBottleneck",
    "Layer",
    "LogitSum",
    "MaxPool",
    "Moments",
    "Norm",
    "Operation",
    "Pair",
    "Pooling",
    "Primitive",
    "ProbabilityMean",
    "Projection",
    "RandomZeroing",
    "Residual",
    "Shape",
    "SharedResidual",
    "Size",
    "Step",
    "SubSpectralNorm",
    "Tape",
    "TimeFrequencySeparable",
    "TimeMoments",
    "Value",
    "expand_architecture",
    "expand_layer",
    "format_architecture",
    "format_layer",
    "make_divisible",
    "parse_architecture",
    "to_pair",
    "validate_architecture",
]
