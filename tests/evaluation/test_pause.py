"""A candidate stopped at a rung and gone on with against one that went through, whatever is pruned or selected."""

from dataclasses import is_dataclass, replace

import numpy as np
import pytest
import torch

from nas_asc import recipe as recipe_room
from nas_asc.cost import count_cost
from nas_asc.errors import TrainingError
from nas_asc.evaluation import Pause, evaluate_candidate, load_network
from nas_asc.layers import Classifier
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
    StructuredPruning,
    Swa,
)
from nas_asc.training import predict

pytest_plugins = ["tests.evaluation.tones"]
CPU = torch.device("cpu")
EPOCHS = 6
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
}


def evaluate(design, prepared, **options):
    return evaluate_candidate(design, prepared, seed=1, torch_device=CPU, epochs=EPOCHS, **options)


def assert_same(outcome, whole):
    assert outcome.state.keys() == whole.state.keys()
    assert all(torch.equal(value, whole.state[name]) for name, value in outcome.state.items())
    np.testing.assert_array_equal(outcome.probabilities, whole.probabilities)
    assert outcome.architecture == whole.architecture
    assert outcome.log_mel == whole.log_mel
    assert [(row.epoch, row.loss) for row in outcome.curve] == [(row.epoch, row.loss) for row in whole.curve]


def evaluate_in_stops(design, prepared, stops):
    pause, rows = None, []
    for stop in stops:
        outcome = evaluate(design, prepared, stop_after=stop, pause=pause, on_epoch=rows.append)
        assert len(outcome.curve) == stop
        assert outcome.scores.n_clips == prepared.n_validation
        pause = Pause.from_bytes(outcome.pause.to_bytes())
    outcome = evaluate(design, prepared, pause=pause, on_epoch=rows.append)
    assert [row.epoch for row in rows] == list(range(1, EPOCHS + 1)), "an epoch was trained twice, or never"
    assert outcome.pause is None
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
    whole, stopped = evaluate(design, prepared), evaluate(design, prepared, stop_after=2)
    assert stopped.pause.log_mel == whole.log_mel != design.log_mel
    assert_same(evaluate_in_stops(design, prepared, (2, 4)), whole)


def test_scores_at_a_rung_are_those_of_the_weights_as_they_are(prepared, make_design):
    design = make_design(averaging=Ema(0.9))
    stopped = evaluate(design, prepared, stop_after=2)
    weights = stopped.pause.training.trainer["model"]
    model, mean, std = load_network(design.architecture, stopped.state)
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    scored = prepared.validation_clips(design.log_mel)
    clips = replace(scored.clips, mean=mean, std=std)
    np.testing.assert_array_equal(predict(model, clips, torch_device=CPU), stopped.probabilities)


def test_the_network_at_a_rung_after_its_channels_went_is_the_smaller_one(prepared, make_design):
    design = make_design(pruning=StructuredPruning(700, None, 0.5))
    before, after = (evaluate(design, prepared, stop_after=stop) for stop in (2, 4))
    assert before.architecture == design.architecture
    assert count_cost(after.architecture).params <= 700


def test_a_checkpoint_is_a_few_times_the_weights(prepared, make_design):
    design = make_design()
    n_bytes = len(evaluate(design, prepared, stop_after=1).pause.to_bytes())
    assert 3 * 4 * count_cost(design.architecture).params < n_bytes < 60_000


def test_a_damaged_pause_is_named():
    with pytest.raises(TrainingError, match="a checkpoint cannot be read"):
        Pause.from_bytes(b"PK")
