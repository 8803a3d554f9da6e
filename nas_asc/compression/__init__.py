"""Networks made smaller: weights masked during training, channels removed after it, mel bands chosen before it.

Conventions:
    A masked weight is a real zero in the state dict, after each step and at the end. Removed channels are gone: what
    is left is an `Architecture` of its own, counted, built and stored like any other.
"""

from nas_asc.compression.admm import AdmmPenalty
from nas_asc.compression.bands import BandGates, BandPenalty
from nas_asc.compression.calibration import fit_ranges, measure_saturation, quantise_network
from nas_asc.compression.least import can_prune, count_least, validate_pruning
from nas_asc.compression.noise import StepNoise, measure_noise
from nas_asc.compression.nonzero import count_state_nonzero
from nas_asc.compression.quantised import QuantisedNetwork, Range
from nas_asc.compression.structured import ChannelPruner, find_threshold, prune_channels
from nas_asc.compression.weight_pruner import WeightPruner

__all__ = [
    "AdmmPenalty",
    "BandGates",
    "BandPenalty",
    "ChannelPruner",
    "QuantisedNetwork",
    "Range",
    "StepNoise",
    "WeightPruner",
    "can_prune",
    "count_least",
    "count_state_nonzero",
    "find_threshold",
    "fit_ranges",
    "measure_noise",
    "measure_saturation",
    "prune_channels",
    "quantise_network",
    "validate_pruning",
]
