"""One candidate: scores, refit, test, repetition, and every way to fail."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nas_asc import recipe as recipe_room
from nas_asc.clock import TimeLimit
from nas_asc.errors import TrainingError
from nas_asc.evaluation import PreparedData, evaluate_candidate, measure_speed, score_test, train_design
from nas_asc.layers import Classifier, Conv
from nas_asc.metrics import score_predictions
from nas_asc.recipe import AdamW, AugmentationPart, DomainAdaptation, Swa
from nas_asc.training import CPU, DeadlineError, Run
from tests.clocks import StepClock
from tests.evaluation.brief import with_epochs

pytest_plugins = ["tests.evaluation.tones"]


@pytest.fixture(scope="module")
def outcome(prepared, make_design):
    return evaluate_candidate(make_design(), prepared, Run(seed=1))


def test_tones_are_told_apart_on_validation_and_test(outcome, prepared):
    assert outcome.scores.accuracy > 0.9
    assert outcome.scores.n_clips == prepared.n_validation
    assert score_test(outcome.network, prepared).accuracy > 0.9
    assert len(outcome.curve) == 8
    assert outcome.training.n_clips == prepared.n_train


def test_seconds_and_clips_a_second_are_by_the_clock(prepared, make_design):
    """Without an end it is read twice an epoch, and once before the first and after the last."""
    limit = TimeLimit(clock=StepClock(0.5))
    training = evaluate_candidate(make_design(epochs=2), prepared, Run(limit=limit)).training
    assert training.seconds == 0.5 * (2 * 2 + 1)
    assert training.clips_per_s == 2 * prepared.n_train / training.seconds


def test_scores_are_those_of_the_probabilities(outcome, prepared, make_design):
    labels = prepared.validation_clips(make_design().log_mel).labels
    assert outcome.scores == score_predictions(labels, outcome.probabilities)


def test_state_alone_gives_the_probabilities_again(outcome, prepared, make_design):
    design = make_design()
    model, mean, std = outcome.network.load()
    clips = prepared.validation_clips(design.log_mel).clips
    features = (torch.from_numpy(np.array(clips.features)).float() - mean.view(-1, 1)) / std.view(-1, 1)
    with torch.no_grad():
        probabilities = model(features).softmax(dim=1).numpy()
    np.testing.assert_allclose(probabilities, outcome.probabilities, atol=1e-5)


def test_same_seed_gives_the_same_outcome_and_another_seed_another(outcome, prepared, make_design):
    again, other = (evaluate_candidate(make_design(), prepared, Run(seed)) for seed in (1, 2))
    assert all(torch.equal(again.network.state[name], value) for name, value in outcome.network.state.items())
    np.testing.assert_array_equal(again.probabilities, outcome.probabilities)
    assert not np.array_equal(other.probabilities, outcome.probabilities)


def test_refit_trains_on_training_and_validation_clips(outcome, prepared, make_design):
    design = make_design()
    clips = prepared.development_clips(design.log_mel)
    trained = train_design(with_epochs(design, 3), clips, Run(seed=1))
    assert len(trained.curve) == 3
    assert trained.n_clips == prepared.n_train + prepared.n_validation
    state, mean = trained.network.state, clips.band_statistics[0]
    assert state.keys() == outcome.network.state.keys()
    assert torch.equal(state["standardiser.mean"], mean)
    assert not torch.equal(state["standardiser.mean"], outcome.network.state["standardiser.mean"])


def test_epochs_and_callback_are_honoured(prepared, make_design):
    rows = []
    evaluate_candidate(make_design(epochs=2), prepared, Run(on_epoch=rows.append))
    assert [row.epoch for row in rows] == [1, 2]


def test_diverging_candidate_is_a_training_error(prepared, make_design):
    layers = (Conv(4, kernel_size=3), Conv(4, kernel_size=3), Classifier(norm=None))
    with pytest.raises(TrainingError, match="diverged"):
        evaluate_candidate(make_design(layers=layers, optimiser=AdamW(1e20)), prepared, Run())


def test_whatever_torch_raises_is_a_training_error_of_one_line(prepared, make_design):
    design = make_design(n_classes=2)
    with pytest.raises(TrainingError, match=r"^training failed: RuntimeError: .+") as caught:
        evaluate_candidate(design, prepared, Run())
    assert "\n" not in str(caught.value)


def test_lack_of_memory_is_a_training_error_that_says_so(prepared, make_design):
    layers = (Conv(10**13, kernel_size=1), Classifier())
    with pytest.raises(TrainingError, match=r"out of memory.*Try a smaller `batch_size`"):
        evaluate_candidate(make_design(layers=layers), prepared, Run())


def test_interrupt_passes_through(prepared, make_design):
    def interrupt(row):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate_candidate(make_design(), prepared, Run(on_epoch=interrupt))


def test_deadline_passes_through_as_itself(prepared, make_design):
    with pytest.raises(DeadlineError):
        evaluate_candidate(make_design(), prepared, Run(limit=TimeLimit.after(0.0)))


def test_every_augmentation_trains_and_is_timed(prepared, make_design):
    every = tuple(
        part()
        for part in vars(recipe_room).values()
        if isinstance(part, type) and issubclass(part, AugmentationPart) and part is not AugmentationPart
    )
    design = make_design(augmentation=every, epochs=2)
    assert measure_speed(design, prepared, torch_device=CPU, n_steps=1).epoch_s > 0
    outcome = evaluate_candidate(design, prepared, Run())
    assert len(outcome.curve) == 2


def test_adaptation_is_timed_and_trains_where_devices_are_known(prepared, make_design, tmp_path):
    design = make_design(adaptation=DomainAdaptation(), averaging=Swa(1), epochs=2)
    assert measure_speed(design, prepared, torch_device=CPU, n_steps=1).epoch_s > 0
    with pytest.raises(TrainingError, match="no devices are known"):
        evaluate_candidate(design, prepared, Run())
    data_set = prepared.data_set
    devices = np.array(["a", "b"])[np.arange(len(data_set)) % 2]
    known = PreparedData(replace(data_set, devices=devices), prepared.split, cache_dir=tmp_path)
    assert len(evaluate_candidate(design, known, Run()).curve) == 2
