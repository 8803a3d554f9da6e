"""What a network takes on a microcontroller: the memory of its runtime, and that of the front end."""

from dataclasses import replace
from math import prod

from nas_asc.cost.cost import Cost
from nas_asc.cost.runtime_memory import count_arena_of
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture


def cost_on_target(cost: Cost, architecture: Architecture, log_mel: LogMel, target: str | None) -> Cost:
    """A network's cost with the RAM that a microcontroller needs for it and for the front end of a stream.

    Args:
        cost: The cost of the network.
        architecture: The network.
        log_mel: Its front end.
        target: One of `nas_asc.frontend.MICROCONTROLLERS`; None leaves the cost as it is.

    Raises:
        LayerError: A layer cannot take its input; gives the reason alone.

    >>> from nas_asc.cost.cost import count_cost
    >>> from nas_asc.layers import Conv
    >>> log_mel = LogMel(sample_rate=16000, n_fft=512, win_length=512, hop_length=320, n_mels=40)
    >>> network = Architecture((Conv(8, kernel_size=3),), log_mel.shape(1.0), 10)
    >>> cost = cost_on_target(count_cost(network), network, log_mel, "c")
    >>> cost.peak_ram_bytes, cost.ram_bytes
    (16936, 22064)
    """
    if target is None:
        return cost
    columns = prod(architecture.in_shape)
    arena = count_arena_of(architecture, target) * (cost.bits or 8) // 8
    return replace(cost, ram_target=target, target_ram_bytes=arena + log_mel.buffer_bytes + columns)
