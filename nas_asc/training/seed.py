"""Torch's own random numbers under a seed, those of other devices left alone."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from nas_asc.training.run import CPU


@contextmanager
def seeded(seed: int, *, torch_device: torch.device = CPU) -> Iterator[None]:
    """Torch's random numbers on the CPU and on one device begin with a seed; afterwards they go on as before.

    `torch.manual_seed` would seed every GPU: a dropout there would drop the same values once more.

    Args:
        seed: The seed of both.
        torch_device: The other device, where it is not the CPU.
    """
    is_gpu = torch_device.type == "cuda"
    with torch.random.fork_rng(devices=[torch_device] if is_gpu else []):
        torch.default_generator.manual_seed(seed)
        if is_gpu:
            with torch.cuda.device(torch_device):
                torch.cuda.manual_seed(seed)
        yield
