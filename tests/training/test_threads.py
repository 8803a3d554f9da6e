"""How cores share a batch, and that their number changes nothing where one thread computes it."""

import pytest
import torch
from torch import nn

from nas_asc.recipe import Recipe
from nas_asc.training import Clips, Trainer, threads
from nas_asc.training.threads import Way, choose_way, count_mean_output, one_thread

IN_SHAPE = (1, 6, 8)


@pytest.fixture(autouse=True)
def in_halves():
    """Here small networks are what they are."""


def make_model(channels=4):
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, channels, 3), nn.BatchNorm2d(channels), nn.Flatten(), nn.LazyLinear(3))


@pytest.fixture
def model():
    found = make_model()
    found(torch.zeros(1, *IN_SHAPE))
    return found


def make_trainer(model, *, n_clips=16):
    features = torch.randn(n_clips, *IN_SHAPE, generator=torch.Generator().manual_seed(1))
    clips, recipe = Clips(features, torch.arange(n_clips) % 3), Recipe(batch_size=8)
    device = torch.device("cpu")
    return Trainer(model, clips, recipe=recipe, n_classes=3, n_epochs=1, seed=0, torch_device=device)


def test_mean_output_is_that_of_the_operations_and_the_model_is_left_as_it_is(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert count_mean_output(model, IN_SHAPE) == (3 * 4 * 4 * 6 + 3) / 4
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_way_goes_by_the_values_of_the_whole_batch(model, monkeypatch):
    size = count_mean_output(model, IN_SHAPE)
    monkeypatch.setattr(threads, "_LIGHT", 33 * size)
    monkeypatch.setattr(threads, "_HEAVY", 35 * size)
    ways = {batch_size: choose_way(model, IN_SHAPE, batch_size=batch_size) for batch_size in (32, 33, 34, 35)}
    assert ways == {32: Way.ALONE, 33: Way.TOGETHER, 34: Way.TOGETHER, 35: Way.HALVES}


def test_halves_have_sixteen_clips_at_least_and_no_dropout(model, monkeypatch):
    monkeypatch.setattr(threads, "_LIGHT", 0)
    monkeypatch.setattr(threads, "_HEAVY", 0)
    assert choose_way(model, IN_SHAPE, batch_size=31) is Way.TOGETHER
    assert choose_way(model, IN_SHAPE, batch_size=32) is Way.HALVES
    assert choose_way(nn.Sequential(model, nn.Dropout(0.1)), IN_SHAPE, batch_size=32) is Way.TOGETHER


@pytest.mark.parametrize(("n_clips", "sizes"), [(16, [8, 8]), (15, [15]), (27, [9, 9, 9]), (5, [5])])
def test_batches_hold_at_least_what_was_asked_where_there_is_enough(model, n_clips, sizes):
    trainer = make_trainer(model, n_clips=n_clips)
    with trainer.epoch() as batches:
        assert [len(rows) for rows in batches] == sizes
    assert sorted(torch.cat(batches).tolist()) == list(range(n_clips))


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
            for rows in batches:
                trainer.step(*trainer.draw_batch(rows))
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
