"""How cores share a batch, and that their number changes nothing where one thread computes it."""

import math

import pytest
import torch
from torch import nn

from nas_asc.recipe import Recipe
from nas_asc.training import CPU, Clips, Trainer, Way
from nas_asc.training.threads import HEAVY, LIGHT, choose_way, count_mean_output, one_thread

IN_SHAPE = (1, 6, 8)


def make_model(channels=4):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, channels, 3), nn.BatchNorm2d(channels), nn.Flatten(), nn.LazyLinear(3))


@pytest.fixture
def model():
    found = make_model()
    found(torch.zeros(1, *IN_SHAPE))
    return found


def make_trainer(model, *, n_clips=16, way=None):
    features = torch.randn(n_clips, *IN_SHAPE, generator=torch.Generator().manual_seed(1))
    clips, recipe = Clips(features, torch.arange(n_clips) % 3), Recipe(batch_size=8)
    return Trainer(model, clips, recipe=recipe, n_classes=3, n_epochs=1, seed=0, torch_device=CPU, way=way)


def test_mean_output_is_that_of_the_operations_and_the_model_is_left_as_it_is(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert count_mean_output(model, IN_SHAPE) == (3 * 4 * 4 * 6 + 3) / 4
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_way_goes_by_the_values_of_the_whole_batch(model):
    size = count_mean_output(model, IN_SHAPE)
    light, heavy = math.ceil(LIGHT / size), math.ceil(HEAVY / size)  # the first batches that are no longer, or already
    ways = [choose_way(model, IN_SHAPE, batch_size=n) for n in (light - 1, light, heavy - 1, heavy)]
    assert ways == [Way.ALONE, Way.TOGETHER, Way.TOGETHER, Way.HALVES]


def make_heavy_trainer(batch_size, *others):
    """Of a network that is heavy already for 31 clips."""
    model = nn.Sequential(nn.Conv2d(1, 8, 1), *others, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))
    shape = (1, 200, 200)
    assert count_mean_output(model, shape) * 31 > HEAVY
    clips, recipe = Clips(torch.zeros(batch_size, *shape), torch.arange(batch_size) % 3), Recipe(batch_size=batch_size)
    return Trainer(model, clips, recipe=recipe, n_classes=3, n_epochs=1, seed=0, torch_device=CPU)


def test_halves_have_sixteen_clips_at_least_and_no_dropout():
    assert make_heavy_trainer(31)._split is None
    assert make_heavy_trainer(32)._split is not None
    assert make_heavy_trainer(32, nn.Dropout(0.1))._split is None


@pytest.mark.parametrize("way", Way)
def test_a_way_that_is_asked_for_is_gone(model, way):
    trainer, n_threads = make_trainer(model, way=way), torch.get_num_threads()
    assert (trainer._split is not None) == (way is Way.HALVES)
    with trainer.epoch():
        n_here = torch.get_num_threads()
    assert n_here == {Way.ALONE: 1, Way.TOGETHER: n_threads, Way.HALVES: max(1, n_threads // 2)}[way]


@pytest.mark.parametrize(("n_clips", "sizes"), [(16, [8, 8]), (15, [15]), (27, [9, 9, 9]), (5, [5])])
def test_batches_hold_at_least_what_was_asked_where_there_is_enough(model, n_clips, sizes):
    trainer = make_trainer(model, n_clips=n_clips)
    with trainer.epoch() as batches:
        assert [len(batch) for batch in batches] == sizes
    assert sorted(torch.cat([batch.rows for batch in batches]).tolist()) == list(range(n_clips))


def test_light_model_is_trained_on_one_thread_to_the_same_weights_however_many_there_are(model):
    states = []
    n_before = torch.get_num_threads()
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        trained = make_model()
        trained.load_state_dict(model.state_dict())
        trainer = make_trainer(trained)
        with trainer.epoch() as batches:
            assert torch.get_num_threads() == 1
            for batch in batches:
                trainer.step(*trainer.build_batch(batch))
        assert torch.get_num_threads() == n_threads
        states.append(trained.state_dict())
    torch.set_num_threads(n_before)
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert trained[1].num_batches_tracked - model[1].num_batches_tracked == 2  # each batch seen whole


def test_one_thread_gives_the_threads_back_after_an_error():
    n_threads = torch.get_num_threads()
    with pytest.raises(KeyError), one_thread():
        raise KeyError
    assert torch.get_num_threads() == n_threads
