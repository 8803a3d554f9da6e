"""A candidate stopped at a rung and gone on with against one that went through, whatever is pruned or selected."""

from dataclasses import is_dataclass, replace

import numpy as np
import pytest
import torch

from nas_asc import recipe as recipe_room
from nas_asc.clock import TimeLimit
from nas_asc.cost import count_cost
from nas_asc.errors import TrainingError
from nas_asc.evaluation import StageCheckpoint, evaluate_candidate, list_stages, train_design
from nas_asc.layers import Classifier, format_architecture
from nas_asc.recipe import (
    AdmmPruning,
    BandSelection,
    DropoutRates,
    Ema,
    MagnitudePruning,
    Mixup,
    OneShotPruning,
    PolynomialPruning,
    Pruning,
    QuantisedTraining,
    StructuredPruning,
    Swa,
)
from nas_asc.training import Run, pack_state
from tests.clocks import StepClock
from tests.evaluation.brief import with_epochs

pytest_plugins = ["tests.evaluation.tones"]
EPOCHS = 6
SEEDED = Run(seed=1)
RECIPES = {
    "mixup": {"augmentation": (Mixup(),)},
    "dropout and averages": {"dropout": DropoutRates(0.1, 0.1), "averaging": Ema(0.9)},
    "masks": {"pruning": MagnitudePruning(400)},
    "masks at one stroke": {"pruning": OneShotPruning(0.5)},
    "masks of averages": {"pruning": PolynomialPruning(0.7), "averaging": Swa(3)},
    "channels": {"pruning": StructuredPruning(700, None, 0.5)},
    "channels at once": {"pruning": StructuredPruning(700, None, 1.0)},
    "channels at the end": {"pruning": StructuredPruning(700, None, 0.0)},
    "channels driven to zero": {"pruning": AdmmPruning(700, None, 0.5), "averaging": Ema(0.9)},
    "8 bits": {"quantisation": QuantisedTraining(0.3)},
    "8 bits after channels": {"quantisation": QuantisedTraining(0.3), "pruning": StructuredPruning(700, None, 0.5)},
}


def evaluate(design, prepared, run=SEEDED, *, checkpoint=None):
    return evaluate_candidate(with_epochs(design, EPOCHS), prepared, run, checkpoint=checkpoint)


def evaluate_up_to(stop, design, prepared):
    return evaluate(design, prepared, replace(SEEDED, stop_after=stop))


def assert_same(outcome, whole):
    state = whole.network.state
    assert outcome.network.state.keys() == state.keys()
    assert all(torch.equal(value, state[name]) for name, value in outcome.network.state.items())
    np.testing.assert_array_equal(outcome.probabilities, whole.probabilities)
    assert outcome.network.architecture == whole.network.architecture
    assert outcome.network.log_mel == whole.network.log_mel
    assert [(row.epoch, row.loss) for row in outcome.curve] == [(row.epoch, row.loss) for row in whole.curve]


def evaluate_in_stops(design, prepared, stops):
    checkpoint, rows = None, []
    run = replace(SEEDED, on_epoch=rows.append)
    for stop in stops:
        outcome = evaluate(design, prepared, replace(run, stop_after=stop), checkpoint=checkpoint)
        assert len(outcome.curve) == stop
        assert outcome.scores.n_clips == prepared.n_validation
        checkpoint = StageCheckpoint.from_bytes(outcome.checkpoint.to_bytes())
    outcome = evaluate(design, prepared, run, checkpoint=checkpoint)
    n_rows = design.recipe.n_curve_epochs(EPOCHS)
    assert [row.epoch for row in rows] == list(range(1, n_rows + 1)), "an epoch was trained twice, or never"
    assert outcome.checkpoint is None
    return outcome


@pytest.mark.parametrize("stops", [(1, 4), (3,), (EPOCHS,)], ids=str)
@pytest.mark.parametrize("name", RECIPES)
def test_a_candidate_stopped_at_rungs_is_one_that_went_through(name, stops, prepared, make_design):
    design = make_design(**RECIPES[name])
    assert_same(evaluate_in_stops(design, prepared, stops), evaluate(design, prepared))


def test_every_kind_of_pruning_is_stopped_above():
    kinds = {kind for kind in vars(recipe_room).values() if isinstance(kind, type) and issubclass(kind, Pruning)}
    assert {kind for kind in kinds if is_dataclass(kind)} == {
        type(options["pruning"]) for options in RECIPES.values() if "pruning" in options
    }


def test_bands_are_selected_once(prepared, make_design):
    design = make_design(band_selection=BandSelection(epochs=2))
    log_mel = replace(design.log_mel, kept_bands=tuple(range(24)))
    architecture = replace(design.architecture, in_shape=log_mel.shape(0.5))
    design = replace(design, architecture=architecture, log_mel=log_mel)
    design = replace(design, architecture=replace(architecture, layers=(*architecture.layers[:2], Classifier())))
    whole, stopped = evaluate(design, prepared), evaluate_up_to(2, design, prepared)
    assert stopped.checkpoint.log_mel == whole.network.log_mel != design.log_mel
    assert_same(evaluate_in_stops(design, prepared, (2, 4)), whole)


def test_scores_at_a_rung_are_those_of_the_weights_as_they_are(prepared, make_design):
    design = make_design(averaging=Ema(0.9))
    stopped = evaluate_up_to(2, design, prepared)
    weights = stopped.checkpoint.training.trainer["model"]
    model, _, _ = stopped.network.load()
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    clips = prepared.validation_clips(design.log_mel).clips
    np.testing.assert_array_equal(stopped.network.predict(clips), stopped.probabilities)


def test_the_network_at_a_rung_after_its_channels_went_is_the_smaller_one(prepared, make_design):
    design = make_design(pruning=StructuredPruning(700, None, 0.5))
    before, after = (evaluate_up_to(stop, design, prepared) for stop in (2, 4))
    assert before.network.architecture == design.architecture
    assert count_cost(after.network.architecture).params <= 700
    assert [outcome.checkpoint.stage for outcome in (before, after)] == ["train", "tune"]
    texts = [format_architecture(outcome.network.architecture) for outcome in (before, after)]
    assert [outcome.checkpoint.architecture for outcome in (before, after)] == texts


def test_seconds_of_all_parts_are_counted_whatever_passes_between_them(prepared, make_design):
    """Every part reads its clock twice an epoch and once at its end; the clock of the second one begins anew."""
    design = with_epochs(make_design(**RECIPES["8 bits after channels"]), EPOCHS)
    clips = prepared.train_clips(design.log_mel)
    runs = [replace(SEEDED, limit=TimeLimit(clock=StepClock(0.5)), stop_after=stop) for stop in (4, None)]
    stopped = train_design(design, clips, runs[0])
    whole = train_design(design, clips, runs[1], checkpoint=stopped.checkpoint)
    assert stopped.seconds == 0.5 * (2 * 4 + 2)
    assert whole.seconds == stopped.seconds + 0.5 * (2 * 4 + 2)
    assert [stage.name for stage in list_stages(design.recipe)] == ["train", "prune", "tune", "train in 8 bits"]


def test_a_checkpoint_is_a_few_times_the_weights(prepared, make_design):
    design = make_design()
    n_bytes = len(evaluate_up_to(1, design, prepared).checkpoint.to_bytes())
    assert 3 * 4 * count_cost(design.architecture).params < n_bytes < 60_000


@pytest.mark.parametrize("content", [b"PK", b"", pack_state({"dense": {"weight": torch.ones(2)}})])
def test_a_checkpoint_that_is_damaged_or_keeps_something_else_is_named(content):
    with pytest.raises(TrainingError, match="a checkpoint cannot be read"):
        StageCheckpoint.from_bytes(content)


@pytest.mark.parametrize("stop", [EPOCHS + 1, 100])
def test_a_stop_beyond_the_recipes_epochs_is_none(stop, prepared, make_design):
    design = make_design(**RECIPES["8 bits"])
    assert_same(evaluate_up_to(stop, design, prepared), evaluate(design, prepared))
