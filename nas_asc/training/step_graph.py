"""Steps of a training that a GPU records once and then replays, at one launch a step instead of hundreds.

Conventions:
    A recorded step reads its batch where it was when it was recorded, so each batch is copied there. The first steps of
    a shape are computed as ever: kernels are chosen and an optimiser's moments made before anything is recorded.
"""

from collections import Counter
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

N_WARM = 3
_MOST_SHAPES = 4

Compute = Callable[[Tensor, Tensor], Tensor]
Replay = Callable[[], None]


class Recorder(Protocol):
    """What records work on a device."""

    def warm(self, compute: Callable[[], Tensor]) -> Tensor:
        """What the work gives, computed now, where it will be recorded."""

    def record(self, compute: Callable[[], Tensor]) -> tuple[Tensor, Replay]:
        """Where the work's value will be after each replay, and what replays it; nothing is computed now."""


class CudaRecorder:
    """Records CUDA graphs, on a stream of its own.

    Args:
        torch_device: The GPU.
    """

    def __init__(self, torch_device: torch.device) -> None:
        self._device = torch_device
        self._stream = torch.cuda.Stream(torch_device)

    def warm(self, compute: Callable[[], Tensor]) -> Tensor:
        """What the work gives, computed now."""
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            found = compute()
        current.wait_stream(self._stream)
        return found

    def record(self, compute: Callable[[], Tensor]) -> tuple[Tensor, Replay]:
        """Where the work's value will be after each replay, and what replays it."""
        graph = torch.cuda.CUDAGraph()
        # another thread, which scores a file, may use the device meanwhile
        with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
            found = compute()
        return found, graph.replay


class GraphedStep:
    """A step that is recorded for each shape of batch and replayed; computed as ever where that fails.

    Args:
        recorder: Records it.
        forget: Called where recording fails: lets go of what the recorded work made.

    Attributes:
        fault: Why nothing is recorded any more; None while it is.
    """

    def __init__(self, recorder: Recorder, *, forget: Callable[[], None]) -> None:
        self._recorder, self._forget = recorder, forget
        self._n_seen: Counter[object] = Counter()
        self._recorded: dict[object, tuple[Tensor, Tensor, Tensor, Replay]] = {}
        self.fault: str | None = None

    def take(self, compute: Compute, features: Tensor, targets: Tensor) -> Tensor:
        """The loss of a batch, by which the model was changed.

        Args:
            compute: Changes the model by a batch, and gives the loss; always by the same work on the device, whatever
                the CPU holds. It is not kept.
            features: (B, C, F, T).
            targets: (B, K) or (B, 2K).
        """
        shape = features.shape, features.stride(), targets.shape
        self._n_seen[shape] += 1
        if shape not in self._recorded:
            is_asked = self.fault is None and len(self._recorded) < _MOST_SHAPES
            if not is_asked or self._n_seen[shape] <= N_WARM or not self._record(shape, compute, features, targets):
                return self._recorder.warm(lambda: compute(features, targets))
        its_features, its_targets, loss, replay = self._recorded[shape]
        its_features.copy_(features)
        its_targets.copy_(targets)
        replay()
        return loss.clone()

    def _record(self, shape: object, compute: Compute, features: Tensor, targets: Tensor) -> bool:
        mine = features.clone(), targets.clone()
        try:
            loss, replay = self._recorder.record(lambda: compute(*mine))
        except RuntimeError as error:  # what cannot be recorded, such as a value that the CPU reads
            self.fault = " ".join(str(error).split())[:200]
            self._forget()
            return False
        self._recorded[shape] = *mine, loss, replay
        return True


def use_rates(optimiser: torch.optim.Optimizer, torch_device: torch.device | None) -> None:
    """Keep an optimiser's learning rates on a device, where a recorded step reads them, or as numbers.

    Args:
        optimiser: The optimiser, new or with a state that was just loaded.
        torch_device: None for numbers.
    """
    for group in optimiser.param_groups:
        rate = float(group["lr"])
        group["lr"] = rate if torch_device is None else torch.tensor(rate, device=torch_device)
        if "capturable" in group:
            group["capturable"] = torch_device is not None


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set all learning rates, wherever they are kept.

    Args:
        optimiser: The optimiser.
        rate: The learning rate.
    """
    for group in optimiser.param_groups:
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate
