"""Shares from a symmetric Beta distribution."""

import numpy as np
import torch
from torch import Tensor


def draw_beta(n: int, *, alpha: float, generator: torch.Generator) -> Tensor:
    """Shares (n,) from Beta(alpha, alpha), float32.

    Args:
        n: How many.
        alpha: Above zero; one is uniform, near zero all shares are near 0 or 1.
        generator: Source of randomness.
    """
    seed = int(torch.randint(2**62, (1,), generator=generator))
    return torch.from_numpy(np.random.default_rng(seed).beta(alpha, alpha, n).astype(np.float32))
