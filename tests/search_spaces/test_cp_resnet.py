"""CP-ResNet against its closed form and its published receptive fields."""

import pytest

from nas_asc.cost import count_cost, receptive_field
from nas_asc.frontend import Task
from nas_asc.space import load_space

SPACE = load_space("cp_resnet")
BASE = SPACE.systems["DampedR8"].candidate.values
RECEPTIVE_FIELDS = (23, 31, 39, 55, 71, 87, 103, 135, 167, 199, 231)


def published_count(width, groups, depth, rho, *, affine):
    """Parameters with running statistics: the closed form of the submissions, for rho 7 and 8."""
    kernel, share, a = {7: 1, 8: 3}[rho], width**2 // groups, 4 if affine else 2
    convolutions = 25 * width + 82 * share + 4 * kernel**2 * share + 2 * width**2 + 8 * depth * share + 20 * width
    return convolutions + a * (12 * width + 4 * depth * width) + 4 * (3 * width + 10)


@pytest.mark.parametrize("rho", range(11))
def test_receptive_field_grows_with_rho_as_published(rho):
    candidate = SPACE.candidate_from({**BASE, "depth": 1, "rho": rho, "width": 64, "groups": 2})
    field = receptive_field(SPACE.build(candidate, Task(10, 10.0)).architecture)
    assert field == (RECEPTIVE_FIELDS[rho], RECEPTIVE_FIELDS[rho])


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("rho", [7, 8])
@pytest.mark.parametrize(("width", "groups", "depth"), [(32, 1, 0), (48, 4, 2), (128, 16, 4)])
def test_counts_follow_the_closed_form(width, groups, depth, rho, affine):
    values = {**BASE, "width": width, "groups": groups, "depth": depth, "rho": rho, "bn_affine": affine}
    values.pop("roll")
    candidate = SPACE.candidate_from(values | ({"roll": True} if groups > 1 else {}))
    cost = count_cost(SPACE.architecture(candidate, Task(10, 10.0)))
    assert cost.all_params == published_count(width, groups, depth, rho, affine=affine)
