"""Statistics of norms, measured anew on the training clips."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from nas_asc.training.companion import Training

_CONSTANT = 1e-9  # variance: far below the 1e-5 that norms add to it


class StatisticsUpdate:
    """Measures the statistics of all norms at the end of a training, on its clips without augmentation.

    To be told of the end after all companions that change weights.
    """

    def after_step(self, trainer: Training) -> None:
        """Nothing."""

    def after_epoch(self, trainer: Training, epoch: int) -> None:
        """Nothing."""

    def finish(self, trainer: Training) -> None:
        """Measure them, in batches of the training's size and in an order that always is the same."""
        order = torch.randperm(len(trainer.clips), generator=torch.Generator().manual_seed(0))
        rows = order.to(trainer.clips.home).tensor_split(trainer.n_batches)
        batches = (trainer.clips.batch(part, torch_device=trainer.torch_device) for part in rows)
        n_threads = torch.get_num_threads()
        torch.set_num_threads(1)  # small batches: threads would wait for each other, for long on a busy machine
        try:
            update_statistics(trainer.model, batches)
        finally:
            torch.set_num_threads(n_threads)

    def state_dict(self) -> dict[str, Any]:
        """Nothing: it measures at the end alone."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing."""


@torch.no_grad()
def update_statistics(model: nn.Module, batches: Iterable[Tensor]) -> None:
    """Set the running mean and variance of each norm to those of its input over all batches together.

    Each batch passes once; dropout is off. A norm before another one normalises each batch by the batch's own
    statistics, as in training: what follows is therefore exact for the first norm, or where there is one batch.

    A channel that is constant within each batch gets a variance of one, while it is measured too. Training should have
    seen the norm's bias there and nothing else; without a variance a norm magnifies the rounding of the constant three
    hundred times, the next norm again, and of a network with many such channels, as masks leave them, nothing would be
    left but that. How a constant is rounded differs between processors.

    Args:
        model: Maps (B, C, F, T) to (B, K); its norms are modules with `running_mean`, `running_var` and `momentum`. It
            is left in eval mode.
        batches: (B, C, F, T) each, on the model's device.
    """
    norms = [module for module in model.modules() if isinstance(getattr(module, "running_mean", None), Tensor)]
    if not norms:
        return
    model.eval()
    moments = [_Moments(norm) for norm in norms]
    with _showing_each_batch(norms, moments):
        for batch in batches:
            model(batch)
    for one in moments:
        one.write()


class _Moments:
    """Sums over all batches of a norm's input, gathered by being called after each of its forward passes."""

    def __init__(self, norm: Any) -> None:
        self._norm = norm
        self._n = 0
        self._sum = torch.zeros_like(norm.running_mean, dtype=torch.float64)
        self._squares = torch.zeros_like(self._sum)
        self._within = torch.zeros_like(self._sum)

    def __call__(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        n = inputs[0].numel() // self._sum.numel()
        mean, variance = self._norm.running_mean.double(), self._norm.running_var.double()
        self._n += n
        self._sum += n * mean
        self._squares += (n - 1) * variance + n * mean.square()
        self._within += (n - 1) * variance
        is_constant = variance < _CONSTANT
        return self._spare(is_constant, inputs) if is_constant.any() else output

    def _spare(self, is_constant: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        """The norm's output by the batch's statistics, with a variance of one where the batch has next to none."""
        self._norm.running_var[is_constant] = 1.0
        self._norm.eval()
        output: Tensor = self._norm.forward(*inputs)
        self._norm.train()
        return output

    def write(self) -> None:
        """Give the norm the mean, and the variance with Bessel's correction, as torch keeps it; one of a constant."""
        mean = self._sum / self._n
        variance = (self._squares - self._n * mean.square()).clamp_min(0) / max(1, self._n - 1)
        is_constant = self._within < _CONSTANT * self._n
        self._norm.running_mean.copy_(mean)
        self._norm.running_var.copy_(torch.where(is_constant, 1.0, variance))


@contextmanager
def _showing_each_batch(norms: list[Any], moments: list[_Moments]) -> Iterator[None]:
    """Norms whose running statistics are those of the last batch, and which are read after each."""
    momenta = [norm.momentum for norm in norms]
    hooks = [norm.register_forward_hook(one) for norm, one in zip(norms, moments, strict=True)]
    for norm in norms:
        norm.train()
        norm.momentum = 1.0
    try:
        yield
    finally:
        for norm, momentum, hook in zip(norms, momenta, hooks, strict=True):
            norm.eval()
            norm.momentum = momentum
            hook.remove()
