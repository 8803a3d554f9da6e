"""What a network takes, from its description alone."""

from dataclasses import asdict, dataclass
from functools import cache, lru_cache, partial
from typing import Any

from nas_asc.cost.formula import Count, Found, derive_formula
from nas_asc.cost.layer_cost import LayerCost, count_expansion
from nas_asc.cost.members import count_members
from nas_asc.errors import LayerError
from nas_asc.layers import Architecture, Ensemble, Layer, Shape, expand_architecture, expand_layer

_ON_TARGET = ("ram_target", "target_ram_bytes")
_N_COUNTERS = 2**18  # remembered; then all are forgotten, since keeping an order would cost more


@dataclass(frozen=True)
class Cost:
    """What one network takes for one clip.

    Args:
        params: Trainable values, zeros too (TRAIN; DCASE since 2022).
        all_params: `params` and the running means and variances of batch norms (ALL).
        nonzero_params: Values of `all_params` that may be other than zero; all of them until a network is pruned.
        macs: Multiply-accumulates of convolutions and matrix products, without biases (pure).
        official_macs: By torchinfo's rule: convolutions (weights + biases) x output positions, any other module its
            parameters once (DCASE since 2022).
        int8_bytes: Weights 1 byte, biases 4 bytes an output channel, batch norms folded; a convolution or dense
            layer that absorbs a norm has a bias. Where `bits` is 16 or 32, all values 2 or 4 bytes.
        peak_ram_bytes: Most bytes of int8 activations live at once, batch 1, in order; see `peak_ram`. Where `bits` is
            16 or 32, 2 or 4 times as many.
        norm_params: Part of `all_params` that lies in batch norms, which DCASE 2020 left out.
        bits: The bits of each value where the candidate has a precision of its own; None leaves it to the budget.
        ram_target: Microcontroller runtime whose memory was counted; None where none was.
        target_ram_bytes: RAM there: between the network's steps, and of the front end; see `cost_on_target`.
    """

    params: int
    all_params: int
    nonzero_params: int
    macs: int
    official_macs: int
    int8_bytes: int
    peak_ram_bytes: int
    norm_params: int
    bits: int | None = None
    ram_target: str | None = None
    target_ram_bytes: int | None = None

    @property
    def ram_bytes(self) -> int:
        """RAM that a limit is on: what the target takes where that was counted, else `peak_ram_bytes`."""
        return self.peak_ram_bytes if self.target_ram_bytes is None else self.target_ram_bytes

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; without a target where none was counted."""
        values = asdict(self)
        return values if self.ram_target else {k: v for k, v in values.items() if k not in _ON_TARGET}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Cost":
        """Cost of `to_dict`."""
        return cls(**values)


def count_cost(architecture: Architecture) -> Cost:
    """What a network takes for one clip; microseconds, since layers are remembered.

    Raises:
        LayerError: A layer cannot take its input; names the layer and the shape.

    Source:
        DCASE 2024 Task 1 baseline: 61,148 parameters, 29,419,156 official MACs (tests/cost/test_published.py).

    >>> from nas_asc.layers import Conv
    >>> count_cost(Architecture((Conv(8, kernel_size=3),), (1, 34, 34), 10)).macs
    73728
    """
    shape, n_classes = architecture.in_shape, architecture.n_classes
    macs = official_macs = ram = 0
    fixed = []
    try:
        for layer in architecture.layers:
            shape, row, layer_macs, layer_official_macs, layer_ram = _counter(layer, shape[0], len(shape), n_classes)(
                shape
            )
            fixed.append(row)
            macs += layer_macs
            official_macs += layer_official_macs
            if layer_ram > ram:
                ram = layer_ram
    except LayerError:
        expand_architecture(architecture)  # names the layer's place
        raise
    params, buffers, other_official_macs, int8_bytes, norm_params = map(sum, zip(*fixed, strict=True))
    total = params + buffers
    return Cost(params, total, total, macs, official_macs + other_official_macs, int8_bytes, ram, norm_params)


def count_layer(layer: Layer, in_shape: Shape, n_classes: int) -> LayerCost:
    """What one layer takes on one input.

    Raises:
        LayerError: The layer cannot take the input; gives the reason alone.
    """
    shape, fixed, macs, official_macs, ram = _counter(layer, in_shape[0], len(in_shape), n_classes)(in_shape)
    params, buffers, other_official_macs, int8_bytes, norm_params = fixed
    counts = (params, buffers, macs, official_macs + other_official_macs, int8_bytes, norm_params)
    return LayerCost(shape, counts, ram)


@cache
def _counter(layer: Layer, channels: int, n_dimensions: int, n_classes: int) -> Count:
    """Function that counts a layer on any input of so many channels: by formula where there is one, else exactly.

    An ensemble is counted by the layers of its members.
    """
    if _counter.cache_info().currsize >= _N_COUNTERS:
        _counter.cache_clear()
    exactly = partial(_count_exactly, layer, n_classes)
    if type(layer) is Ensemble:  # a layer class made of it may expand otherwise
        return partial(_count_ensemble, layer, n_classes)
    if n_dimensions != 3 or not getattr(layer, "reads_channels_only", False):
        return exactly
    formula = derive_formula(layer, channels, n_classes)
    return exactly if formula is None else formula.to_function(exactly)


@lru_cache(maxsize=2**14)
def _count_ensemble(ensemble: Ensemble, n_classes: int, in_shape: Shape) -> Found:
    try:
        found = count_members(ensemble, in_shape, n_classes, _counter)
    except LayerError:
        found = None
    return _count_exactly(ensemble, n_classes, in_shape) if found is None else found


@lru_cache(maxsize=2**14)
def _count_exactly(layer: Layer, n_classes: int, in_shape: Shape) -> Found:
    cost = count_expansion(expand_layer(layer, in_shape, n_classes))
    params, buffers, macs, official_macs, int8_bytes, norm_params = cost.counts
    return cost.out_shape, (params, buffers, 0, int8_bytes, norm_params), macs, official_macs, cost.ram_bytes
