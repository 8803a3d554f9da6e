"""Networks whose operations are so small that threads cost more than they bring.

Two threads that work on half a batch each wait for one another around every operation, since only one at a time runs
Python. On two cores one thread alone was 1.2 to 1.7 times as fast where an operation put out fewer than 150,000 values
for the batch, and slower where it put out more than 200,000 (tests/benchmarks/bench_light.py).
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

_LIGHT = 150_000  # values that an operation puts out for a batch, on average


def is_light(model: nn.Module, in_shape: Sequence[int], *, batch_size: int) -> bool:
    """Whether a batch is computed sooner by one thread alone; depends on the model and the sizes, not on the machine.

    Args:
        model: Maps (B, *in_shape) to logits.
        in_shape: (C, F, T).
        batch_size: B.
    """
    return batch_size * count_mean_output(model, in_shape) < _LIGHT


def count_mean_output(model: nn.Module, in_shape: Sequence[int]) -> float:
    """Values that one of a model's operations puts out for a clip, on average; the model is left as it is.

    Args:
        model: Maps (B, *in_shape) to logits.
        in_shape: (C, F, T).
    """
    sizes: list[int] = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...], output: object) -> None:
        if isinstance(output, Tensor):
            sizes.append(output.numel())

    observed = copy.deepcopy(model).eval()
    for module in observed.modules():
        if not any(True for _ in module.children()):
            module.register_forward_hook(note)
    device = next(observed.parameters()).device
    with torch.no_grad():
        observed(torch.zeros(1, *in_shape, device=device))
    return sum(sizes) / max(len(sizes), 1)


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch computes on this thread alone."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
