"""The stages of a candidate's training, in order: choose bands, train, prune, tune, train in 8 bits.

Conventions:
    A stage changes the life that it is given. Only a stage with epochs of its own can be stopped and gone on with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

from nas_asc.compression import AdmmPenalty, WeightPruner, prune_channels
from nas_asc.evaluation.band_selection import choose_bands, keep_bands
from nas_asc.evaluation.network import TrainedNetwork, build_network, to_state
from nas_asc.evaluation.quantised_state import quantised_weights
from nas_asc.evaluation.quantised_training import train_quantised
from nas_asc.frontend import LogMel
from nas_asc.models import Network, lower_network
from nas_asc.recipe import AdmmPruning, Recipe, StructuredPruning, WeightPruning
from nas_asc.space import Design
from nas_asc.training import Checkpoint, Clips, Companion, EpochRow, Run, TrainingResult, train_model


@dataclass(eq=False)
class Life:
    """What a candidate has come to.

    Args:
        design: Network, front end and recipe, which names its epochs.
        clips: Training clips; of all bands until these are chosen.
        log_mel: Front end of what the network takes.
        network: As its last stage left it.
        curve: One row an epoch of all stages.
        seconds: Wall clock of these epochs.
        trained: The network as one value with all that its stages gave; None while they change it.
    """

    design: Design
    clips: Clips
    log_mel: LogMel
    network: Network
    curve: tuple[EpochRow, ...] = ()
    seconds: float = 0.0
    trained: TrainedNetwork | None = None

    def add(self, result: TrainingResult) -> None:
        """Count a stage's epochs on."""
        whole = TrainingResult(self.curve, self.seconds).then(result)
        self.curve, self.seconds = whole.curve, whole.seconds

    def to_trained(self) -> TrainedNetwork:
        """The network as it now is."""
        if self.trained is not None:
            return self.trained
        mean, std = self.clips.band_statistics
        return TrainedNetwork(self.network.architecture, self.log_mel, to_state(self.network, mean=mean, std=std))


class Stage(Protocol):
    """One part of a candidate's life."""

    name: ClassVar[str]

    def live(self, life: Life, run: Run, checkpoint: Checkpoint | None) -> Checkpoint | None:
        """Change the life; what to go on with where the stage was stopped, or None.

        Args:
            life: What the stages before it gave.
            run: Seed, device, time, events, and where to stop.
            checkpoint: The checkpoint of this stage, stopped earlier; None begins it.
        """


@dataclass(frozen=True)
class ChooseBands:
    """Mel bands are chosen by a training of their own; its time is none of the curve's."""

    name: ClassVar[str] = "choose bands"

    def live(self, life: Life, run: Run, checkpoint: Checkpoint | None) -> None:
        """Take the bands that the recipe's selection finds."""
        life.log_mel = choose_bands(life.design, life.clips, run)
        life.clips = keep_bands(life.clips, life.log_mel)


@dataclass(frozen=True)
class Train:
    """The network is trained; weights are masked, or driven to zero, on the way.

    Args:
        recipe: With the epochs of this stage.
    """

    recipe: Recipe
    name: ClassVar[str] = "train"

    def live(self, life: Life, run: Run, checkpoint: Checkpoint | None) -> Checkpoint | None:
        """Train the network in place."""
        return _train(life, run, self.recipe, checkpoint, self._companions(life.network))

    def _companions(self, network: Network) -> list[Companion]:
        pruning = self.recipe.pruning
        if isinstance(pruning, WeightPruning):
            return [WeightPruner(network, pruning, n_epochs=self.recipe.epochs or 0)]
        return [AdmmPenalty(network, pruning)] if isinstance(pruning, AdmmPruning) else []


@dataclass(frozen=True)
class Prune:
    """Channels are removed.

    Args:
        pruning: How many.
    """

    pruning: StructuredPruning
    name: ClassVar[str] = "prune"

    def live(self, life: Life, run: Run, checkpoint: Checkpoint | None) -> None:
        """Put the smaller network in the place of the trained one."""
        architecture, state = prune_channels(
            life.network.cpu(),
            max_params=self.pruning.max_params,
            max_macs=self.pruning.max_macs,
            is_exact=self.pruning.is_exact,
            balance=self.pruning.balance,
        )
        life.network = build_network(architecture, seed=run.seed)
        life.network.load_state_dict(state)


@dataclass(frozen=True)
class Tune:
    """What pruning left is trained on, with a schedule of its own.

    Args:
        recipe: With the epochs and the learning rate of this stage.
    """

    recipe: Recipe
    name: ClassVar[str] = "tune"

    def live(self, life: Life, run: Run, checkpoint: Checkpoint | None) -> Checkpoint | None:
        """Train the network in place."""
        return _train(life, run, self.recipe, checkpoint, ())


@dataclass(frozen=True)
class TrainQuantised:
    """The network is trained on in 8 bits; that in float stays as it was.

    Args:
        recipe: The recipe of the training before, with its epochs.
        n_epochs: In 8 bits.
    """

    recipe: Recipe
    n_epochs: int
    name: ClassVar[str] = "train in 8 bits"

    def live(self, life: Life, run: Run, checkpoint: Checkpoint | None) -> None:
        """Keep the weights in 8 bits beside those in float."""
        trained = life.to_trained()
        lowered = lower_network(trained.load()[0])
        run = replace(run.after(len(life.curve), n_epochs=self.n_epochs), stop_after=None)
        life.add(train_quantised(lowered, life.clips, run, recipe=self.recipe, epochs=self.n_epochs))
        life.trained = replace(trained, state={**trained.state, **quantised_weights(lowered)})


def list_stages(recipe: Recipe) -> tuple[Stage, ...]:
    """The stages that a recipe asks for.

    Args:
        recipe: With its epochs.
    """
    n_epochs, pruning = recipe.epochs or 0, recipe.pruning
    stages: list[Stage] = [] if recipe.band_selection is None else [ChooseBands()]
    if isinstance(pruning, StructuredPruning):
        stages += _shrinking_stages(recipe, pruning, n_epochs)
    else:
        stages.append(Train(recipe))
    if recipe.quantisation is not None:
        stages.append(TrainQuantised(recipe, recipe.quantisation.n_epochs(n_epochs)))
    return tuple(stages)


def _shrinking_stages(recipe: Recipe, pruning: StructuredPruning, n_epochs: int) -> list[Stage]:
    n_after = round(pruning.fine_tuning * n_epochs)
    n_before = n_epochs - n_after
    stages: list[Stage] = [Train(replace(recipe, epochs=n_before))] if n_before else []
    stages.append(Prune(pruning))
    if n_after:
        rate = pruning.fine_tuning_rate * recipe.optimiser.learning_rate
        optimiser = replace(recipe.optimiser, learning_rate=rate)  # type: ignore[type-var]
        growth = None if recipe.growth is None else recipe.growth.after(n_before)
        stages.append(Tune(replace(recipe, epochs=n_after, growth=growth, optimiser=optimiser)))
    return stages


def _train(
    life: Life, run: Run, recipe: Recipe, checkpoint: Checkpoint | None, companions: Sequence[Companion]
) -> Checkpoint | None:
    result = train_model(
        life.network,
        life.clips,
        run.after(len(life.curve), n_epochs=recipe.epochs or 0),
        recipe=recipe,
        n_classes=life.network.architecture.n_classes,
        companions=companions,
        checkpoint=checkpoint,
    )
    life.add(result)
    return result.checkpoint
