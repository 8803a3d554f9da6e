"""Costs of a network from its description alone: parameters, MACs, bytes, memory, receptive field.

Conventions:
    Counts are exact integers for one clip; no torch is needed.
"""

from nas_asc.cost.arena import Lifetime, count_arena, plan_memory
from nas_asc.cost.broadcast import find_strides, merge_axes, to_axes
from nas_asc.cost.cost import Cost, count_cost
from nas_asc.cost.folding import absorbing_operation
from nas_asc.cost.instructions import (
    FORECAST_CORES,
    SMALLEST_FFT,
    count_front_end_work,
    forecast_front_end,
    forecast_on_cores,
    price_work,
)
from nas_asc.cost.kernel_work import KernelCall, Work, count_call
from nas_asc.cost.memory import peak_ram
from nas_asc.cost.network_work import count_network_work, forecast_network, forecast_parts
from nas_asc.cost.on_target import cost_on_target
from nas_asc.cost.precision import cost_at_bits
from nas_asc.cost.pruning import Kernel, KernelGroup, count_nonzero, count_pruned_cost, kernel_groups, list_kernels
from nas_asc.cost.receptive_field import receptive_field
from nas_asc.cost.row import CostRow, count_rows
from nas_asc.cost.runtime_graph import moves_nothing
from nas_asc.cost.runtime_memory import count_arena_of
from nas_asc.cost.target import list_obstacles
from nas_asc.cost.training_work import count_training_work
from nas_asc.cost.window_padding import WindowPadding, find_padding

__all__ = [
    "FORECAST_CORES",
    "SMALLEST_FFT",
    "Cost",
    "CostRow",
    "Kernel",
    "KernelCall",
    "KernelGroup",
    "Lifetime",
    "WindowPadding",
    "Work",
    "absorbing_operation",
    "cost_at_bits",
    "cost_on_target",
    "count_arena",
    "count_arena_of",
    "count_call",
    "count_cost",
    "count_front_end_work",
    "count_network_work",
    "count_nonzero",
    "count_pruned_cost",
    "count_rows",
    "count_training_work",
    "find_padding",
    "find_strides",
    "forecast_front_end",
    "forecast_network",
    "forecast_on_cores",
    "forecast_parts",
    "kernel_groups",
    "list_kernels",
    "list_obstacles",
    "merge_axes",
    "moves_nothing",
    "peak_ram",
    "plan_memory",
    "price_work",
    "receptive_field",
    "to_axes",
]
