"""Networks as torch modules, built from their description, and their costs measured.

Conventions:
    Modules take (B, C, F, T) and give (B, K) logits.
"""

from nas_asc.models.folding import fold_branches, fold_norms
from nas_asc.models.initialisation import initialise
from nas_asc.models.lowered import Lowered, LoweredNetwork, Step
from nas_asc.models.lowering import lower_network
from nas_asc.models.measure import ModuleCount, count_module
from nas_asc.models.module import GroupScale
from nas_asc.models.network import LayerModule, Network, build_model
from nas_asc.models.thop_count import ThopCount, count_thop, explain_thop

__all__ = [
    "GroupScale",
    "LayerModule",
    "Lowered",
    "LoweredNetwork",
    "ModuleCount",
    "Network",
    "Step",
    "ThopCount",
    "build_model",
    "count_module",
    "count_thop",
    "explain_thop",
    "fold_branches",
    "fold_norms",
    "initialise",
    "lower_network",
]
