"""Random numbers that a seed fixes, while those of others go on as they would have."""

import pytest
import torch

from nas_asc.evaluation import measure_speed
from nas_asc.evaluation.network import build_network
from nas_asc.layers import Architecture, Classifier, Conv, Dropout
from nas_asc.models import build_model
from nas_asc.recipe import DomainAdaptation, Recipe
from nas_asc.training import CPU, Clips, Run, seeded, train_model

pytest_plugins = ["tests.evaluation.tones"]
DROPPED = Architecture((Conv(4, kernel_size=3), Dropout(0.2), Classifier()), (1, 8, 6), 2)


@pytest.fixture
def no_gpu_is_seeded(monkeypatch):
    """Torch's way of seeding all GPUs, by which a dropout there would drop the same values again."""

    def fail(seed):
        raise AssertionError("every GPU was seeded")

    monkeypatch.setattr(torch.cuda, "manual_seed_all", fail)
    with pytest.raises(AssertionError, match="every GPU"):
        torch.manual_seed(0)


def test_draws_are_those_of_the_seed_and_afterwards_go_on_as_before():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(1)
    torch.rand(1)
    after = torch.get_rng_state()
    with seeded(7):
        assert torch.equal(torch.rand(3), expected)
    assert torch.equal(torch.get_rng_state(), after)


@pytest.mark.usefixtures("no_gpu_is_seeded")
def test_training_and_building_seed_no_gpu_but_their_own():
    rows = torch.arange(12)
    clips = Clips(torch.randn(12, 1, 8, 6), rows % 2, devices=rows % 2, device_names=("a", "b"))
    recipe = Recipe(epochs=2, batch_size=6, adaptation=DomainAdaptation(), augmentation=())
    train_model(build_model(DROPPED), clips, Run(seed=3), recipe=recipe, n_classes=2)
    build_network(DROPPED, seed=0)


@pytest.mark.usefixtures("no_gpu_is_seeded")
def test_measuring_seeds_no_gpu_but_its_own(prepared, make_design):
    measure_speed(make_design(), prepared, torch_device=CPU, n_steps=1)
