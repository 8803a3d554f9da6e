"""What prunings leave: the published counts, and sums by hand."""

from dataclasses import replace

import pytest

from nas_asc.cost import count_cost, count_nonzero, count_pruned_cost, kernel_groups, list_kernels
from nas_asc.errors import RecipeError
from nas_asc.layers import (
    Architecture,
    AvgPool,
    Classifier,
    Conv,
    Dense,
    Flatten,
    InvertedBottleneck,
    MaxPool,
    Norm,
    Residual,
    SharedResidual,
)
from nas_asc.recipe import MagnitudePruning, OneShotPruning, PolynomialPruning, StructuredPruning
from nas_asc.space import load_space
from tests.cost.systems import S1, S2, S3, S4


def build(space, name):
    system = load_space(space).systems[name]
    return load_space(space).build(system.candidate, system.task).architecture


def qti(n_classes):
    """Shared N=3 of QTI's submission to DCASE 2020 Task 1B."""
    stem = Conv(64, 5, 2, "same", norm="batch", activation="relu")
    wide = Residual(64, n_bands=2)
    tail = (Residual(128, (1, 1), n_bands=2), SharedResidual(3, n_bands=2))
    tail += (Residual(256, (1, 1), n_bands=2), SharedResidual(3, n_bands=2))
    body = (Residual(64, (3, 1), n_bands=2), MaxPool(2), wide, MaxPool(2), wide, wide, MaxPool(2))
    return Architecture((stem, *body, *tail, Classifier()), (2, 256, 431), n_classes)


@pytest.mark.parametrize(("name", "dense", "nonzero"), [
    ("NTU-VGG", 80_839, 17_115),
    ("NTU-Inception", 167_571, 34_183),  # published: 34,181
])  # fmt: skip
def test_ntu_networks_at_80_percent_have_their_published_counts(name, dense, nonzero):
    architecture = build("vgg_inception", name)
    assert count_cost(architecture).all_params == dense
    assert count_nonzero(architecture, PolynomialPruning(0.8)) == nonzero


def test_qti_network_at_60_percent_has_its_published_count():
    architecture = qti(3)
    assert count_cost(architecture).params == 601_862
    assert sum(kernel.size for kernel in list_kernels(architecture)) == 593_792
    assert count_nonzero(architecture, OneShotPruning(0.6), convention="TRAIN") == 245_587


def test_depthwise_kernels_are_spared_and_do_not_count_for_the_sparsity():
    layers = (Conv(8, kernel_size=3), InvertedBottleneck(8, expansion=2), Dense(10))
    architecture = Architecture((*layers[:2], Flatten(), layers[2]), (1, 6, 5), 10)
    kernels = list_kernels(architecture)
    assert [kernel.size for kernel in kernels if kernel.is_depthwise] == [16 * 9]
    (group,) = kernel_groups(architecture, OneShotPruning(0.5, spares_depthwise=True))
    assert group.kernels == tuple(kernel for kernel in kernels if not kernel.is_depthwise)
    n_masked = sum(kernel.size for kernel in group.kernels) // 2
    cost = count_cost(architecture)
    assert count_nonzero(architecture, OneShotPruning(0.5, spares_depthwise=True)) == cost.all_params - n_masked


@pytest.mark.parametrize(
    ("architecture", "nonzero"), [(S1, 64_690), (S2, 64_928), (S3, 64_625), (S4, 63_529)], ids=["S1", "S2", "S3", "S4"]
)
def test_cp_resnet_submissions_reach_their_published_targets(architecture, nonzero):
    assert count_nonzero(architecture, MagnitudePruning(nonzero)) == nonzero


SMALL = Architecture(
    (
        *(Conv(8, 3, norm="batch", bias=True), Conv(10, 5, groups=2), Residual(10, (3, 1)), Norm("batch")),
        *(AvgPool(2), Flatten(), Dense(20), Dense(10)),
    ),
    (1, 20, 20),
    10,
)
SIZES = [8 * 9, 10 * 4 * 25, 10 * 10 * 9, 10 * 10, 20 * 10 * 7 * 7, 10 * 20]
OTHERS = (8 + 4 * 8) + 2 * 4 * 10 + 4 * 10 + 20 + 10


def test_kernels_are_counted_by_hand():
    assert [kernel.size for kernel in list_kernels(SMALL)] == SIZES
    assert count_nonzero(SMALL, None) == sum(SIZES) + OTHERS == count_cost(SMALL).all_params


def test_each_kernel_keeps_its_own_share():
    expected = OTHERS + sum(round(0.3 * size) for size in SIZES)
    assert count_nonzero(SMALL, PolynomialPruning(0.7)) == expected
    kept = OTHERS + SIZES[2] + SIZES[3] + sum(round(0.3 * size) for size in SIZES[:2] + SIZES[4:])
    assert count_nonzero(SMALL, PolynomialPruning(0.7, excluded=(2,))) == kept


def test_a_target_below_what_is_never_masked_leaves_just_that():
    (group,) = kernel_groups(SMALL, MagnitudePruning(1))
    assert group.n_others == OTHERS + SIZES[0] + SIZES[-1]
    least = [10, 9, 1, 98]  # one in a hundred, rounded up
    assert group.n_least(MagnitudePruning(1)) == tuple(least)
    assert count_nonzero(SMALL, MagnitudePruning(1)) == group.n_others + sum(least)


def test_a_target_above_the_network_leaves_it_whole():
    assert count_nonzero(SMALL, MagnitudePruning(10**9)) == count_cost(SMALL).all_params


def test_the_cost_after_a_pruning_has_fewer_nonzero_values_and_else_stays():
    cost = count_cost(SMALL)
    pruned = count_pruned_cost(SMALL, PolynomialPruning(0.7))
    assert pruned.nonzero_params == count_nonzero(SMALL, PolynomialPruning(0.7)) < cost.nonzero_params
    assert replace(pruned, nonzero_params=cost.nonzero_params) == cost
    assert count_pruned_cost(SMALL, None) == cost


def test_the_cost_after_structured_pruning_is_within_its_limits():
    pruned = count_pruned_cost(SMALL, StructuredPruning(max_params=1_000, max_macs=2_000))
    assert (pruned.params, pruned.macs, pruned.official_macs) == (1_000, 2_000, 2_000)
    assert count_pruned_cost(SMALL, StructuredPruning(10**9, 10**9)) == count_cost(SMALL)


def test_bytes_after_structured_pruning_are_those_of_the_values_left_and_of_all_biases():
    network = Architecture((Conv(8, 3, norm="batch"), Conv(16, 3, norm="batch"), Classifier()), (1, 9, 9), 10)
    weights, biases = 8 * 9 + 16 * 8 * 9 + 16 * 10, 8 + 16 + 10
    assert count_cost(network).int8_bytes == weights + 4 * biases
    assert count_pruned_cost(network, StructuredPruning(1_000, None)).int8_bytes == 1_000 + 4 * biases
    assert count_pruned_cost(network, StructuredPruning(1_000, None), bits=16).int8_bytes == 2 * (1_000 + biases)


def test_structured_pruning_leaves_at_most_its_limit_and_the_running_statistics():
    cost = count_cost(SMALL)
    pruning = StructuredPruning(max_params=1_000)
    assert count_nonzero(SMALL, pruning) == 1_000 + cost.all_params - cost.params
    assert count_nonzero(SMALL, pruning, convention="TRAIN") == 1_000


def test_a_network_of_spared_kernels_is_left_whole():
    small = Architecture((Conv(8, 3), Classifier()), (1, 9, 9), 10)
    assert count_nonzero(small, MagnitudePruning(1)) == count_cost(small).all_params


def test_an_excluded_layer_must_exist():
    with pytest.raises(RecipeError, match=r"`excluded` must name layers of the network, 0 to 7, but got \(8,\)"):
        count_nonzero(SMALL, OneShotPruning(excluded=(8,)))
