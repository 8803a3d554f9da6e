"""Static counts against published systems and closed forms."""

import pytest

from nas_asc.cost import count_cost, receptive_field
from tests.cost.systems import DENSE, S1, S2, S3, S4, cp_mobile, cp_resnet, dcase2022


@pytest.mark.parametrize(
    ("architecture", "params", "official_macs", "macs"),
    [
        (cp_mobile(), 61_148, 29_419_156, 29_416_448),
        (dcase2022(), 46_118, 29_271_638, 29_203_560),
        (dcase2022(in_shape=(1, 80, 51), stride=(2, 1)), 46_118, 29_271_638, 29_203_560),
    ],
    ids=["cp_mobile", "dcase2022", "kt_start"],
)
def test_baselines_have_their_published_counts(architecture, params, official_macs, macs):
    cost = count_cost(architecture)
    assert (cost.params, cost.official_macs, cost.macs) == (params, official_macs, macs)


@pytest.mark.parametrize(
    ("architecture", "all_params", "macs"),
    [
        (S1, 504_104, 2_120_694_016),
        (S2, 678_184, 2_397_846_784),
        (S3, 635_176, 2_383_363_328),
        (S4, 641_320, 2_383_363_328),
    ],
    ids=["S1", "S2", "S3", "S4"],
)
def test_cp_resnet_submissions_have_their_published_counts(architecture, all_params, macs):
    cost = count_cost(architecture)
    assert (cost.all_params, cost.macs) == (all_params, macs)


@pytest.mark.parametrize(
    ("architecture", "params", "kilobytes", "macs"),
    [
        (DENSE[0], 1_981_332, 3869.79, 7_877_933_184),
        (DENSE[1], 1_586_964, 3099.54, 4_296_667_392),
        (DENSE[2], 2_027_156, 3959.29, 3_015_758_208),
    ],
)
def test_cp_resnet_dense_rows_have_their_published_counts(architecture, params, kilobytes, macs):
    cost = count_cost(architecture)
    assert (cost.params, cost.macs) == (params, macs)
    assert cost.params * 2 / 1024 == pytest.approx(kilobytes, abs=0.005)


@pytest.mark.parametrize("width", [32, 64, 192])
@pytest.mark.parametrize("groups", [1, 4, 16])
@pytest.mark.parametrize("depth", [0, 2])
@pytest.mark.parametrize("affine", [True, False])
def test_cp_resnet_counts_follow_the_closed_form(width, groups, depth, affine):
    for rho, side in ((7, 1), (8, 3)):
        cost = count_cost(cp_resnet(width, groups, depth=depth, rho=rho, affine=affine))
        grouped = width**2 // groups
        values = 4 if affine else 2
        expected = 25 * width + 64 * grouped + (18 + 4 * side**2) * grouped + 2 * width**2 + 8 * depth * grouped
        expected += 20 * width + values * (12 * width + 4 * depth * width) + 4 * (3 * width + 10)
        assert cost.all_params == expected


@pytest.mark.parametrize(
    ("rho", "bins"), list(enumerate([23, 31, 39, 55, 71, 87, 103, 135, 167, 199, 231])), ids=lambda value: str(value)
)
def test_cp_resnet_receptive_field_is_the_published_one(rho, bins):
    assert receptive_field(cp_resnet(32, 4, depth=7, rho=rho)) == (bins, bins)


def test_int8_bytes_of_the_2022_baseline_are_those_of_its_tflite_file():
    assert count_cost(dcase2022()).int8_bytes == 46_512


def test_2021_counts_the_batch_norms_of_the_2022_baseline_and_2020_does_not():
    cost = count_cost(dcase2022())
    assert cost.norm_params == 4 * (16 + 16 + 32)
    assert cost.nonzero_params == 46_246
    assert cost.nonzero_params - cost.norm_params == 45_990
