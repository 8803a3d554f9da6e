"""Values of a trained network that are other than zero."""

from collections.abc import Mapping

import torch
from torch import Tensor


def count_state_nonzero(state: Mapping[str, Tensor]) -> int:
    """Floating-point values of a state dict other than zero: weights, biases, running means and variances.

    At most `count_nonzero` of nas_asc.cost; less where training made a value zero, such as the running mean of a
    channel all of whose weights are masked.

    >>> count_state_nonzero({"0.conv.weight": torch.tensor([0.5, 0.0]), "0.norm.num_batches_tracked": torch.tensor(3)})
    1
    """
    return sum(int(torch.count_nonzero(value)) for value in state.values() if value.is_floating_point())
