"""A candidate with pruning: real zeros, or a smaller network, and its scores from the state alone."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from nas_asc.compression import count_state_nonzero
from nas_asc.cost import count_cost, count_nonzero, list_kernels
from nas_asc.errors import TrainingError
from nas_asc.evaluation import evaluate_candidate, list_stages, score_test, train_design
from nas_asc.layers import Classifier, Conv, format_architecture, parse_architecture
from nas_asc.recipe import AdmmPruning, MagnitudePruning, OneShotPruning, PolynomialPruning, StructuredPruning
from nas_asc.training import CPU, Run
from tests.evaluation.brief import with_epochs

pytest_plugins = ["tests.evaluation.tones"]
SEEDED = Run(seed=1)


@pytest.mark.parametrize("pruning", [MagnitudePruning(400), PolynomialPruning(0.7), OneShotPruning(0.5)], ids=str)
def test_masked_weights_are_zero_in_the_state(pruning, prepared, make_design):
    design = make_design(pruning=pruning)
    outcome = evaluate_candidate(design, prepared, SEEDED)
    network, kernels = outcome.network, list_kernels(design.architecture)
    weights = [network.state[f"{kernel.layer}.{kernel.operation}.weight"] for kernel in kernels]
    n_zero = sum(int((weight == 0).sum()) for weight in weights)
    n_left = count_nonzero(design.architecture, pruning)
    assert n_zero == count_cost(design.architecture).all_params - n_left > 0
    assert network.architecture == design.architecture
    assert network.nonzero_params <= n_left
    assert network.nonzero_params == count_state_nonzero(network.load()[0].state_dict())
    assert outcome.scores.accuracy > 0.8


@pytest.mark.parametrize("kind", [StructuredPruning, AdmmPruning])
def test_channels_are_removed_and_the_smaller_network_is_scored(kind, prepared, make_design):
    dense = count_cost(make_design().architecture)
    limits = {"max_params": dense.params * 3 // 5, "max_macs": dense.official_macs * 4 // 5}
    design, rows = make_design(pruning=kind(**limits, fine_tuning=0.25)), []
    outcome = evaluate_candidate(design, prepared, replace(SEEDED, on_epoch=rows.append))
    cost = count_cost(outcome.network.architecture)
    assert cost.params <= limits["max_params"]
    assert cost.official_macs <= limits["max_macs"]
    assert [row.epoch for row in rows] == [row.epoch for row in outcome.curve] == list(range(1, 9))
    assert rows[6].learning_rate < rows[3].learning_rate
    assert outcome.network.nonzero_params <= cost.all_params
    again = parse_architecture(format_architecture(outcome.network.architecture))
    test = score_test(replace(outcome.network, architecture=again), prepared)
    assert min(outcome.scores.accuracy, test.accuracy) > 0.8


@pytest.mark.parametrize("fine_tuning", [0.0, 1.0])
def test_channels_may_go_at_either_end_of_the_training(fine_tuning, prepared, make_design):
    dense = count_cost(make_design().architecture)
    design = make_design(pruning=StructuredPruning(dense.params // 2, None, fine_tuning))
    trained = train_design(with_epochs(design, 2), prepared.development_clips(design.log_mel), SEEDED)
    assert len(trained.curve) == 2
    assert count_cost(trained.network.architecture).params <= dense.params // 2


@pytest.mark.parametrize("kind", [StructuredPruning, AdmmPruning])
def test_a_network_that_cannot_be_pruned_so_far_is_a_training_error_before_it_is_trained(kind, prepared, make_design):
    design, rows = make_design(pruning=kind(10)), []
    with pytest.raises(TrainingError, match="`max_params` and `max_macs` must leave room"):
        evaluate_candidate(design, prepared, replace(SEEDED, on_epoch=rows.append))
    assert rows == []


@pytest.mark.parametrize("activation", ["relu", "silu"])
def test_masks_leave_a_network_that_predicts_as_it_was_trained(activation, prepared, make_design):
    """Most channels are constant then; the lag of their means, magnified by norm after norm, would drown the rest."""
    conv = Conv(8, kernel_size=1, norm="batch", activation=activation)
    layers = (Conv(8, kernel_size=3, stride=4, norm="batch", activation=activation), *[conv] * 6, Classifier())
    pruning = OneShotPruning(0.8, max_sparsity=0.9)
    design = make_design(layers=layers, pruning=pruning, epochs=20, augmentation=())
    outcome = evaluate_candidate(design, prepared, SEEDED)
    model, mean, std = outcome.network.load()
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    assert 10 < sum(int((norm.running_var == 1).sum()) for norm in norms) < 8 * len(norms)
    clips = replace(prepared.train_clips(design.log_mel), mean=mean, std=std)
    batch = clips.batch(torch.arange(len(clips)), torch_device=CPU)
    with torch.no_grad():
        in_prediction = nn.functional.cross_entropy(model(batch), clips.labels)
        in_training = nn.functional.cross_entropy(model.train()(batch), clips.labels)
    assert float(in_prediction) == pytest.approx(float(in_training), abs=0.2)


@pytest.mark.parametrize(
    ("pruning", "stages"),
    [
        (None, ["train"] * 4),
        (OneShotPruning(0.5), ["train"] * 4),
        (StructuredPruning(500, None), ["train", "train", "tune", "tune"]),
        (AdmmPruning(500, None), ["train", "train", "tune", "tune"]),
    ],
    ids=str,
)
def test_every_epoch_is_of_a_stage_and_the_smaller_network_is_that_of_the_last_one(
    pruning, stages, prepared, make_design
):
    design = make_design(pruning=pruning, epochs=4)
    clips = prepared.train_clips(design.log_mel)
    stopped = [train_design(design, clips, Run(stop_after=stop)) for stop in (1, 2, 3, 4)]
    assert [trained.checkpoint.stage for trained in stopped] == stages
    assert [len(trained.curve) for trained in stopped] == [1, 2, 3, 4]
    sizes = [sum(weight.numel() for weight in trained.network.load()[0].parameters()) for trained in stopped]
    assert sizes == [count_cost(trained.network.architecture).params for trained in stopped]
    assert (sizes[-1] < sizes[0]) == isinstance(pruning, StructuredPruning)
    assert sizes[0] == sizes[1] == count_cost(design.architecture).params
    assert sizes[2] == sizes[3]
    assert [stage.name for stage in list_stages(design.recipe) if stage.name != "prune"] == list(dict.fromkeys(stages))
