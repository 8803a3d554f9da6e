"""How the cores of a CPU share a batch.

Where operations are small, threads cost more than they bring: the two halves of a batch wait for one another around
every operation, since only one at a time runs Python, and so do torch's own threads. Where operations are large, two
halves wait once a step and each finds its data in its core's cache; but one thread of torch has slow kernels for fewer
than 16 clips. The borders are those that tests/benchmarks/bench_threads.py found on two cores.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum

import torch
from torch import Tensor, nn

from nas_asc.cores import bound_to_cores
from nas_asc.training.split_batch import N_PARTS

# Values that an operation puts out for a batch, on average: below the first, one thread; from the second on, halves.
LIGHT, HEAVY = 150_000, 400_000
_FEWEST_IN_A_PART = 16


class Way(Enum):
    """How a batch is computed: by one thread, by all threads at each operation in turn, or in two halves at once."""

    ALONE = "one thread"
    TOGETHER = "all threads"
    HALVES = "two halves"


def choose_way(model: nn.Module, in_shape: Sequence[int], *, batch_size: int) -> Way:
    """The fastest way as a rule; depends on the model and the sizes, not on the machine.

    Args:
        model: Maps (B, *in_shape) to logits.
        in_shape: (C, F, T).
        batch_size: B.
    """
    n_values = batch_size * count_mean_output(model, in_shape)
    if n_values < LIGHT:
        return Way.ALONE
    is_heavy = n_values >= HEAVY and batch_size >= N_PARTS * _FEWEST_IN_A_PART
    return Way.HALVES if is_heavy else Way.TOGETHER


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
    with _threads(1):
        yield


@contextmanager
def some_cores(n_cores: int) -> Iterator[None]:
    """What is trained meanwhile has so many cores, as in a process whose share they are.

    Args:
        n_cores: Physical cores.
    """
    with bound_to_cores(n_cores), _threads(n_cores):
        yield


@contextmanager
def _threads(n: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)
