"""Forward and backward of a batch in two halves at once, each on its own thread.

One small convolution keeps two cores busy badly: they wait for each other after every operation, and for long when
another process takes one of them away. Two halves of a batch wait once a step. On two idle cores a step of 32 clips of
the 61k-parameter CP-Mobile is about a tenth shorter, beside one busy process less than half as long.

Conventions:
    There are always two halves, however many cores, so that the weights do not depend on the machine's cores.
    Batch norms see one half each: their statistics are of half a batch.
    What is done between the halves is left to one half's share of the cores: the helpers that torch wakes for it would
    go on spinning for a while, at the cost of the halves.
"""

import copy
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import torch
from torch import Tensor, nn

N_PARTS = 2

ComputeLoss = Callable[[nn.Module, Tensor, Tensor], Tensor]


def can_split(model: nn.Module) -> bool:
    """Whether a model draws no random numbers, which two threads would take in an order that changes."""
    dropouts = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)
    return not any(isinstance(module, dropouts) and module.p > 0 for module in model.modules())


class SplitBatch:
    """A model and a copy that shares its parameters, each working on half a batch.

    Args:
        model: What is trained; its own buffers follow the first half until `merge_buffers`.
        compute_loss: Mean loss of a part, from model, features and targets.
    """

    def __init__(self, model: nn.Module, *, compute_loss: ComputeLoss) -> None:
        twin = copy.deepcopy(model)
        for copied, parameter in zip(twin.parameters(), model.parameters(), strict=True):
            copied.data = parameter.data
        self._models = (model, twin)
        self._compute_loss = compute_loss
        self._n_threads = max(1, torch.get_num_threads() // N_PARTS)
        self._pool = ThreadPoolExecutor(N_PARTS, initializer=torch.set_num_threads, initargs=(self._n_threads,))

    def backward(self, features: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of a batch, detached; its gradients are left in the model's parameters.

        Args:
            features: (B, C, F, T), B at least four.
            targets: (B, K), or as wide as the loss takes them.
        """
        parts = zip(self._models, features.tensor_split(N_PARTS), targets.tensor_split(N_PARTS), strict=True)
        pending = [self._pool.submit(self._backward_part, *part, n_clips=len(features)) for part in parts]
        losses = [part.result() for part in pending]
        model, twin = self._models
        for parameter, copied in zip(model.parameters(), twin.parameters(), strict=True):
            if parameter.grad is not None and copied.grad is not None:
                parameter.grad += copied.grad
        twin.zero_grad(set_to_none=True)
        return sum(losses[1:], start=losses[0])

    def merge_buffers(self) -> None:
        """Give both models the mean of their running statistics; to be called before the model is used elsewhere."""
        model, twin = self._models
        merged = self.merged_buffers()
        for (name, mine), theirs in zip(model.named_buffers(), twin.buffers(), strict=True):
            mine.copy_(merged.get(name, mine))
            theirs.copy_(mine)

    def merged_buffers(self) -> dict[str, Tensor]:
        """Means of both models' float buffers, as new tensors by their names; both models stay as they are."""
        model, twin = self._models
        pairs = zip(model.named_buffers(), twin.buffers(), strict=True)
        return {name: mine.lerp(theirs, 0.5) for (name, mine), theirs in pairs if mine.is_floating_point()}

    def copy_buffers(self) -> None:
        """Give the copy the model's buffers, after the model was given others between two epochs."""
        model, twin = self._models
        for mine, theirs in zip(model.buffers(), twin.buffers(), strict=True):
            theirs.copy_(mine)

    @contextmanager
    def epoch(self) -> Iterator[None]:
        """Both models in training mode and this thread with a half's cores; at the end the statistics are merged."""
        n_threads = torch.get_num_threads()
        torch.set_num_threads(self._n_threads)
        for model in self._models:
            model.train()
        try:
            yield
        finally:
            torch.set_num_threads(n_threads)
            self.merge_buffers()

    def _backward_part(self, model: nn.Module, features: Tensor, targets: Tensor, *, n_clips: int) -> Tensor:
        loss = self._compute_loss(model, features, targets) * (len(features) / n_clips)
        loss.backward()
        return loss.detach()
