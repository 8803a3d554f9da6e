"""The steps of one training: batches in, weights changed."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from nas_asc.augmentation import Draw, apply_augmentation, draw_augmentation, place
from nas_asc.errors import TrainingError
from nas_asc.recipe import Recipe
from nas_asc.training.adaptation import Adversary
from nas_asc.training.checkpoint import to_device
from nas_asc.training.clips import Clips
from nas_asc.training.companion import Companion, Stoppable
from nas_asc.training.dropout import apply_dropout, dropped_modules
from nas_asc.training.loss import build_loss
from nas_asc.training.members import has_members, join_losses, watch_members
from nas_asc.training.optimiser import build_optimiser
from nas_asc.training.precision import FORMATS, autocast, to_format
from nas_asc.training.run import CPU
from nas_asc.training.schedule import default_batch_size, learning_rate_at
from nas_asc.training.split_batch import N_PARTS, SplitBatch, can_split
from nas_asc.training.step_graph import GraphedStep, Recorder, set_rate, use_rates
from nas_asc.training.target import build_targets
from nas_asc.training.threads import Way, choose_way, one_thread


@dataclass(frozen=True, eq=False)
class DrawnBatch:
    """A batch before it is computed.

    Args:
        rows: (B,) row numbers of its clips, on the CPU.
        placed_rows: The same on the trainer's device.
        augmentation: What was drawn for it, on that device.
    """

    rows: Tensor
    placed_rows: Tensor
    augmentation: tuple[Draw, ...]

    def __len__(self) -> int:
        return len(self.rows)


class Trainer:
    """A model under training: draws batches in a seeded order and takes optimiser steps.

    Inside `epoch` come `build_batch` and `step` for each of its batches, which hold at least the recipe's batch size
    where there are so many clips: what is left over is shared out. All that an epoch draws is drawn on the CPU before
    its first step and goes to the device at once: no step waits for a copy. On a CPU small networks are computed by one
    thread, and large batches in two halves at once (`choose_way`); no batch is halved where the model or the recipe has
    a dropout, or the recipe an adaptation.

    Args:
        model: Maps (B, C, F, T) to (B, K) logits; moved to the device and changed in place.
        clips: Training clips with labels, at least two.
        recipe: How to train.
        n_classes: K.
        n_epochs: Passes over the clips.
        seed: Fixes the order of clips and their augmentation.
        torch_device: Where to compute.
        precision: Type of the forward pass; weights stay float32.
        companions: Told after each step, each epoch, and at the end.
        way: How the cores of a CPU share a batch; None chooses.
        memory_format: Order of a batch's values in memory, in torch's words.
        recorder: Records steps, to replay them; None computes each anew, as an adaptation always does.

    Raises:
        TrainingError: Fewer than two clips, or a part of the recipe does not belong to the model or the clips.
    """

    def __init__(
        self,
        model: nn.Module,
        clips: Clips,
        *,
        recipe: Recipe,
        n_classes: int,
        n_epochs: int,
        seed: int,
        torch_device: torch.device,
        precision: torch.dtype = torch.float32,
        companions: Sequence[Companion] = (),
        way: Way | None = None,
        memory_format: str = FORMATS[0],
        recorder: Recorder | None = None,
    ) -> None:
        if clips.labels is None or len(clips) < 2:
            raise TrainingError(f"`clips` must be 2 or more with labels to train on, but got {len(clips)}.")
        self.model = model.to(torch_device).to(memory_format=to_format(memory_format))
        self.memory_format = memory_format
        self._known = clips
        self.clips = clips.to_device(torch_device)
        self._growth_rank = _rank_in_class(clips.labels, seed=seed)
        self._targets = build_targets(clips, recipe.loss, n_classes=n_classes).to(torch_device)
        self._loss = build_loss(recipe.loss, clips.labels, n_classes=n_classes, torch_device=torch_device)
        self._member_weight = recipe.member_weight if has_members(model) else 0.0
        self.recipe = recipe
        self.torch_device = torch_device
        self.precision = precision
        batch_size = recipe.batch_size or default_batch_size(len(clips))
        self.n_batches = max(1, len(clips) // batch_size)
        self.n_epochs = n_epochs
        self.n_steps = n_epochs * self.n_batches
        self._schedule_epochs, self._schedule_steps = n_epochs, self.n_steps
        self._planned, self._passed, self._pace = 0, 0.0, 1.0  # steps at the last plan, and of the schedule, by then
        self.n_done = 0
        self.n_epochs_done = 0
        self._n_done_in_epoch, self._n_in_epoch = 0, self.n_batches
        self.companions = tuple(companions)
        self.optimiser = build_optimiser(self.model, recipe)
        self._generator = torch.Generator().manual_seed(seed)
        self._adversary = None
        if recipe.adaptation is not None:
            self._adversary = Adversary(
                model, clips, adaptation=recipe.adaptation, seed=seed, torch_device=torch_device
            )
        self._dropped = dropped_modules(self.model, recipe.dropout)
        if torch_device.type != "cpu":
            way = Way.TOGETHER
        elif way is None:
            way = choose_way(self.model, clips.features.shape[1:], batch_size=len(clips) // self.n_batches)
        self._is_alone = way is Way.ALONE
        splits = way is Way.HALVES and can_split(self.model) and self._adversary is None and not self._dropped
        self._split = SplitBatch(self.model, compute_loss=self._compute_loss) if splits else None
        self._graphed = None
        if recorder is not None and self._adversary is None and self._split is None:
            self._graphed = GraphedStep(recorder, forget=self.optimiser.zero_grad)
            use_rates(self.optimiser, torch_device)

    @property
    def graph_fault(self) -> str | None:
        """Why steps that were to be recorded are computed anew; None where they are recorded, or were not to be."""
        return None if self._graphed is None else self._graphed.fault

    @property
    def learning_rate(self) -> float:
        """Of the coming step; of the last one when the training is over."""
        step = self._schedule_step(min(self._position, self.n_steps - 1))
        return learning_rate_at(step, self._schedule_steps, recipe=self.recipe, n_epochs=self._schedule_epochs)

    def plan(self, n_epochs: int) -> None:
        """So many epochs in all: what is left of the schedule of the learning rate is spread over what is left of them.

        Args:
            n_epochs: More than are done, unless it is as it was.

        Raises:
            ValueError: Not more than are done.
        """
        if n_epochs == self.n_epochs:
            return
        if n_epochs <= self.n_epochs_done:
            raise ValueError(
                f"`n_epochs` must be more than the {self.n_epochs_done} that are done, but got {n_epochs}."
            )
        position = self._position
        self._planned, self._passed = position, self._schedule_step(position)
        self.n_epochs, self.n_steps = n_epochs, n_epochs * self.n_batches
        self._pace = (self._schedule_steps - self._passed) / (self.n_steps - position)

    def _schedule_step(self, position: int) -> float:
        return self._passed + (position - self._planned) * self._pace

    @property
    def _position(self) -> int:
        """Steps done, as if every epoch had all clips: what the learning rate goes by."""
        return self.n_epochs_done * self.n_batches + self._n_done_in_epoch * self.n_batches // self._n_in_epoch

    def float_buffers(self) -> dict[str, Tensor]:
        """The model's float buffers by name, as its last steps left them; copies while a batch is in two halves."""
        if self._split is not None:
            return self._split.merged_buffers()
        return {name: buffer for name, buffer in self.model.named_buffers() if buffer.is_floating_point()}

    def draw(self, batches: Sequence[Tensor]) -> tuple[DrawnBatch, ...]:
        """Batches of some clips with their augmentation, drawn in the order given; nothing is computed yet.

        Args:
            batches: (B,) row numbers of the clips of each, on the CPU.
        """
        parts = self.recipe.augmentation
        drawn = tuple(draw_augmentation(parts, self._known.facts(rows), self._generator) for rows in batches)
        placed_rows, placed = place((tuple(batches), drawn), self.torch_device)
        return tuple(map(DrawnBatch, batches, placed_rows, placed))

    def build_batch(self, batch: DrawnBatch) -> tuple[Tensor, ...]:
        """Standardised, augmented log-mels (B, C, F, T), soft targets, and for an adaptation domains (B, 2).

        Targets are (B, K) or (B, 2K); see `build_targets`.

        Args:
            batch: A batch of `epoch` or `draw`.
        """
        rows = batch.placed_rows
        known = batch.rows if self.clips.home == CPU else rows
        features = self.clips.batch(known, torch_device=self.torch_device, memory_format=self.memory_format)
        targets = self._targets[rows]
        if self._adversary is None:
            return apply_augmentation(features, targets, batch.augmentation)
        joined = torch.cat([targets, self._adversary.domains[rows]], dim=1)
        features, joined = apply_augmentation(features, joined, batch.augmentation)
        return features, joined[:, :-2], joined[:, -2:]

    def step(self, features: Tensor, targets: Tensor, domains: Tensor | None = None) -> Tensor:
        """Loss of a batch before the optimiser's step that it causes; a detached scalar on the device.

        Args:
            features: (B, C, F, T) of `build_batch`.
            targets: As `build_batch` gives them.
            domains: As `build_batch` gives them.
        """
        set_rate(self.optimiser, self.learning_rate)
        if self._graphed is not None:
            loss = self._graphed.take(self._update, features, targets)
        else:
            loss = self._update(features, targets, domains)
        self.n_done += 1
        self._n_done_in_epoch += 1
        for companion in self.companions:
            companion.after_step(self)
        return loss

    def _update(self, features: Tensor, targets: Tensor, domains: Tensor | None = None) -> Tensor:
        self.optimiser.zero_grad(set_to_none=True)
        if self._adversary is not None and domains is not None:
            with self._adversary.watching() as embeddings:
                loss = self._compute_loss(self.model, features, targets)
            self._adversary.backward(loss, embeddings[0], domains)
        elif self._split is not None and len(features) >= 2 * N_PARTS:
            loss = self._split.backward(features, targets)
        else:
            loss = self._compute_loss(self.model, features, targets)
            loss.backward()
        self.optimiser.step()
        return loss.detach()

    @contextmanager
    def epoch(self) -> Iterator[tuple[DrawnBatch, ...]]:
        """The batches of a new epoch; afterwards the model's statistics are those of all that it saw."""
        self.model.train()
        with self._threads(), apply_dropout(self._dropped):
            batches = self.draw(self._draw_order())
            self._n_done_in_epoch, self._n_in_epoch = 0, len(batches)
            yield batches
        self.n_epochs_done += 1
        self._n_done_in_epoch = 0
        for companion in self.companions:
            companion.after_epoch(self, self.n_epochs_done)

    def finish(self) -> None:
        """Tell the companions that the last epoch is over."""
        for companion in self.companions:
            companion.finish(self)

    def state_dict(self) -> dict[str, Any]:
        """All that the coming epochs depend on, between two epochs; torch's own random numbers aside.

        Raises:
            TrainingError: A companion keeps no state.
        """
        return {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "companions": [companion.state_dict() for companion in self._stoppable()],
            "adversary": None if self._adversary is None else self._adversary.state_dict(),
            "order": self._generator.get_state(),
            "n_done": self.n_done,
            "n_epochs_done": self.n_epochs_done,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take what `state_dict` of a trainer of the same model, clips and recipe gave.

        Raises:
            TrainingError: A companion keeps no state.
        """
        self.model.load_state_dict(state["model"])
        if self._split is not None:
            self._split.copy_buffers()
        self.optimiser.load_state_dict(state["optimiser"])
        use_rates(self.optimiser, None if self._graphed is None else self.torch_device)
        for companion, kept in zip(self._stoppable(), state["companions"], strict=True):
            companion.load_state_dict(to_device(kept, self.torch_device))
        if self._adversary is not None:
            self._adversary.load_state_dict(state["adversary"])
        self._generator.set_state(state["order"])
        self.n_done, self.n_epochs_done = state["n_done"], state["n_epochs_done"]

    def _stoppable(self) -> list[Stoppable]:
        found: list[Stoppable] = []
        for companion in self.companions:
            if not isinstance(companion, Stoppable):
                name = type(companion).__name__
                raise TrainingError(f"a training with {name} cannot be stopped and gone on with: it keeps no state.")
            found.append(companion)
        return found

    def _threads(self) -> AbstractContextManager[None]:
        if self._split is not None:
            return self._split.epoch()
        return one_thread() if self._is_alone else nullcontext()

    def _draw_order(self) -> tuple[Tensor, ...]:
        """Every clip of the epoch once; sizes differ by one at most, so that no batch is a lone clip."""
        order = torch.randperm(len(self.clips), generator=self._generator)
        growth = self.recipe.growth
        share = 1.0 if growth is None else growth.share_at(self.n_epochs_done + 1)
        if share < 1:
            order = order[self._growth_rank[order] < share]
        return order.tensor_split(max(1, self.n_batches * len(order) // len(self.clips)))

    def _compute_loss(self, model: nn.Module, features: Tensor, targets: Tensor) -> Tensor:
        def loss(logits: Tensor) -> Tensor:
            return self._loss(logits.float(), targets)

        if not self._member_weight:
            with self._autocast():
                logits = model(features)
            return loss(logits)
        with watch_members(model) as members, self._autocast():
            merged = model(features)
        return join_losses(merged, members, loss=loss, weight=self._member_weight)

    def _autocast(self) -> AbstractContextManager[object]:
        """Weights that a recorded step rounds are rounded in each replay: none of an earlier step is kept."""
        return autocast(self.torch_device, self.precision, keeps_weights=self._graphed is None)


def _rank_in_class(labels: Tensor, *, seed: int) -> Tensor:
    """(n,) place in [0, 1) of each clip among those of its class, drawn by the seed; two clips are at 0 at least."""
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    rank = torch.zeros(len(labels))
    for label in labels.unique():
        rows = order[labels[order] == label]
        rank[rows] = torch.arange(len(rows)) / len(rows)
    rank[order[:2]] = 0.0
    return rank
