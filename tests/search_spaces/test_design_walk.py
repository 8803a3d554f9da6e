"""The design walk: its kernel rows against their closed form, and its random networks against what is built."""

import numpy as np
import pytest
import torch

from nas_asc.cost import count_cost
from nas_asc.errors import LayerError
from nas_asc.frontend import Task
from nas_asc.models import build_model, count_module
from nas_asc.space import load_space

SPACE = load_space("design_walk")
KERNEL_5 = SPACE.systems["KT-kernel-5"].candidate.values


@pytest.mark.parametrize("kernel", [3, 5, 7])
@pytest.mark.parametrize("width", [4, 10, 11, 12, 20])
def test_counts_of_the_kernel_rows_follow_their_closed_form(width, kernel):
    candidate = SPACE.candidate_from({**KERNEL_5, "stem_width": width, "kernel_size": kernel})
    cost = count_cost(SPACE.architecture(candidate, Task(10, 1.0)))
    assert cost.params == 144 * width**2 + 27 * kernel**2 * width + 454 * width + 1110
    positions = 40 * 26  # behind the stem, whose first convolution has 40 x 51 outputs
    stem = 40 * 51 * 25 * width + positions * 3 * kernel**2 * width
    blocks = positions * 4 * (2 * 18 * width**2 + 6 * kernel**2 * width)
    assert cost.macs == stem + blocks + 3 * width * 100 + 100 * 10


@pytest.mark.parametrize("name", list(SPACE.systems))
def test_systems_see_80_bands_and_51_frames(name):
    assert SPACE.build(SPACE.systems[name].candidate, Task(10, 1.0)).architecture.in_shape == (1, 80, 51)


def buildable(n):
    for candidate in SPACE.draw_many(np.random.default_rng(5), n):
        try:
            yield SPACE.build(candidate, Task(10, 1.0)).architecture
        except LayerError:
            continue


def test_random_networks_measure_as_counted():
    for architecture in buildable(30):
        with torch.device("meta"):
            model = build_model(architecture)
        cost, measured = count_cost(architecture), count_module(model, architecture.in_shape)
        assert (cost.params, cost.all_params) == (measured.params, measured.all_params)
        assert (cost.macs, cost.official_macs) == (measured.macs, measured.official_macs)
        assert measured.unknown_operations == ()


def test_freshly_drawn_networks_neither_explode_nor_ignore_their_clip():
    torch.manual_seed(0)
    for architecture in buildable(12):
        model = build_model(architecture).train()
        logits = model(torch.randn(4, *architecture.in_shape))
        assert torch.isfinite(logits).all()
        assert logits.abs().max() < 1000
        assert logits.std(dim=0).max() > 1e-4
