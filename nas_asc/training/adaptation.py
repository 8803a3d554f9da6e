"""Adversarial adaptation to recording devices: a critic on the embedding, worked against by the network.

Conventions:
    A domain is a column of (B, 2) weights: the reference device's share of each clip, and that of all other devices. A
    clip whose device is unknown has zero in both, and does not count. Embeddings are (B, D).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from nas_asc.errors import TrainingError
from nas_asc.models import Network
from nas_asc.recipe import DomainAdaptation
from nas_asc.training.clips import Clips
from nas_asc.training.seed import seeded


class Adversary:
    """A critic of a network's embedding, with its own optimiser; none of it is in the network's state dict.

    `domains` (n, 2) are those of all clips before augmentation. Beside the targets' columns they are mixed as these.

    Args:
        model: What is trained: a network of two layers or more.
        clips: Its training clips, of the reference device and others.
        adaptation: How strongly, and what critic.
        seed: Fixes the critic's weights and its penalty's points.
        torch_device: Where to compute.

    Raises:
        TrainingError: The model has no embedding, or the clips' devices do not allow it.
    """

    def __init__(
        self, model: nn.Module, clips: Clips, *, adaptation: DomainAdaptation, seed: int, torch_device: torch.device
    ) -> None:
        self._last_layer = _last_layer(model)
        self.domains = to_domains(clips).to(torch_device)
        self._adaptation = adaptation
        self._torch_device = torch_device
        self._seed = seed
        self._generator = torch.Generator().manual_seed(seed)
        self._critic: nn.Module | None = None
        self._optimiser: torch.optim.Optimizer | None = None

    @contextmanager
    def watching(self) -> Iterator[list[Tensor]]:
        """A list that receives the embedding (B, D), float32, of each forward pass of the network meanwhile."""
        seen: list[Tensor] = []
        hook = self._last_layer.register_forward_pre_hook(lambda _, inputs: seen.append(to_embedding(inputs[0])))
        try:
            yield seen
        finally:
            hook.remove()

    def backward(self, loss: Tensor, embedding: Tensor, domains: Tensor) -> None:
        """Leave the gradients of the loss and the reversed ones of the critic in the network; train the critic.

        Where a batch is all of one domain, there is no distance, and the loss alone counts.

        Args:
            loss: The network's own, a scalar.
            embedding: (B, D) of the same forward pass.
            domains: (B, 2).
        """
        weights = domains.sum(0)
        if not bool((weights > 0).all()):
            loss.backward()
            return
        critic, optimiser = self._prepare(embedding.shape[1])
        for _ in range(self._adaptation.n_critic - 1):
            optimiser.zero_grad(set_to_none=True)
            self._critic_loss(critic, embedding.detach(), domains).backward()
            optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        reversed_ = reverse_gradient(embedding, weight=self._adaptation.weight)
        (loss + self._critic_loss(critic, reversed_, domains)).backward()
        optimiser.step()

    def state_dict(self) -> dict[str, Any]:
        """The critic, its optimiser and its random numbers; without a critic while there is none yet."""
        if self._critic is None or self._optimiser is None:
            return {"order": self._generator.get_state()}
        return {
            "order": self._generator.get_state(),
            "n_features": next(self._critic.parameters()).shape[1],
            "critic": self._critic.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take what `state_dict` gave."""
        self._generator.set_state(state["order"])
        if "critic" in state:
            critic, optimiser = self._prepare(state["n_features"])
            critic.load_state_dict(state["critic"])
            optimiser.load_state_dict(state["optimiser"])

    def _prepare(self, n_features: int) -> tuple[nn.Module, torch.optim.Optimizer]:
        """The critic and its optimiser, made when the embedding's size is first known."""
        if self._critic is None or self._optimiser is None:
            with seeded(self._seed):
                hidden = self._adaptation.hidden
                critic = nn.Sequential(nn.Linear(n_features, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1))
            self._critic = critic.to(self._torch_device)
            rate = self._adaptation.learning_rate
            self._optimiser = torch.optim.Adam(self._critic.parameters(), lr=rate, betas=(0.0, 0.9))  # Gulrajani et al.
        return self._critic, self._optimiser

    def _critic_loss(self, critic: nn.Module, embedding: Tensor, domains: Tensor) -> Tensor:
        distance = mean_difference(critic(embedding)[:, 0], domains)
        points = draw_between(embedding.detach(), domains, self._generator)
        return self._adaptation.penalty * gradient_penalty(critic, points) - distance


def to_domains(clips: Clips) -> Tensor:
    """Domains (n, 2) of clips, on the CPU.

    Raises:
        TrainingError: No devices are known, or all clips are of one side.

    >>> clips = Clips(torch.zeros(3, 1, 2, 2), devices=torch.tensor([1, 0, 2]), device_names=("a", "b", ""))
    >>> to_domains(clips).tolist()
    [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
    """
    must = "`adaptation` needs training clips of the reference device and of another one"
    if clips.devices is None:
        raise TrainingError(f"{must}, but no devices are known. Set `adaptation` to None.")
    known = torch.tensor([name != "" for name in clips.device_names] or [True] * (int(clips.devices.max()) + 1))
    is_source = clips.devices == 0
    domains = torch.stack([is_source, ~is_source], dim=1) & known[clips.devices][:, None]
    if not bool(domains.any(0).all()):
        names = [repr(clips.device_names[index]) for index in clips.devices.unique().tolist() if clips.device_names]
        raise TrainingError(f"{must}, but all are of {', '.join(names) or 'one device'}. Set `adaptation` to None.")
    return domains.float()


def to_embedding(features: Tensor) -> Tensor:
    """What a layer takes as (B, D), float32: the mean over each channel's map."""
    return features.float().flatten(2).mean(2) if features.ndim > 2 else features.float()


def mean_difference(values: Tensor, domains: Tensor) -> Tensor:
    """Weighted mean of values (B,) over the first domain less that over the second, both of (B, 2) weights.

    Of a critic with gradients of norm one it is at most the Wasserstein distance between the domains; the best critic
    reaches it.

    >>> float(mean_difference(torch.tensor([3.0, 5.0, 1.0]), torch.tensor([[1.0, 0], [1, 0], [0, 1]])))
    3.0
    """
    means = (domains * values[:, None]).sum(0) / domains.sum(0)
    return means[0] - means[1]


def gradient_penalty(critic: nn.Module, points: Tensor) -> Tensor:
    """Mean square of how far the norm of the critic's gradient is from one, over points (B, D).

    Source:
        Gulrajani et al., "Improved training of Wasserstein GANs", NeurIPS 2017, Equation 3.
    """
    points = points.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    return (gradient.norm(dim=1) - 1).square().mean()


def draw_between(embedding: Tensor, domains: Tensor, generator: torch.Generator) -> Tensor:
    """Points (B, D), each at a random place on the line between embeddings of both domains.

    Args:
        embedding: (B, D).
        domains: (B, 2); a clip is drawn as often as it weighs.
        generator: Source of randomness, on the CPU.
    """
    n_clips = len(embedding)
    first, second = (
        embedding[torch.multinomial(column, n_clips, replacement=True, generator=generator).to(embedding.device)]
        for column in domains.T.cpu()
    )
    places = torch.rand(n_clips, 1, generator=generator).to(embedding.device)
    return torch.lerp(first, second, places)


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: float) -> Tensor:
        ctx.weight = weight
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.weight * gradients[0], None


def reverse_gradient(x: Tensor, *, weight: float) -> Tensor:
    """The tensor itself, whose gradient is multiplied by minus the weight on its way back.

    Source:
        Ganin and Lempitsky, "Unsupervised domain adaptation by backpropagation", ICML 2015.
    """
    found: Tensor = _Reversal.apply(x, weight)
    return found


def _last_layer(model: nn.Module) -> nn.Module:
    if not isinstance(model, Network):
        raise TrainingError(f"`adaptation` needs a Network, whose last layer is known, but got {type(model).__name__}.")
    if len(model) < 2:
        raise TrainingError(
            "`adaptation` needs a network of two layers or more, whose last one takes an embedding, but it has"
            f" {len(model)}. Set `adaptation` to None."
        )
    return model[-1]
