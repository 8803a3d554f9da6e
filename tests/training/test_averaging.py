"""Averages of weights against stored weights, and statistics of norms against those of all clips."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from nas_asc.models.norm import SubSpectralNorm
from nas_asc.recipe import AdamW, CosineDecay, Ema, Mixup, Recipe, Swa, TimeRoll
from nas_asc.training import CPU, Clips, Trainer, Way, learning_rate_at, predict, train_model, update_statistics
from tests.training.halves import IN_HALVES

RECIPE = Recipe(epochs=5, batch_size=16, optimiser=AdamW(0.02), augmentation=(TimeRoll(), Mixup()))
AVERAGES = [Swa(3), Swa(3, learning_rate=0.01), Ema(0.9)]


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def make_clips(n_clips=60):
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(n_clips) % 3
    features = torch.randn(n_clips, 1, 12, 10, generator=generator)
    return Clips(features + labels.view(-1, 1, 1, 1), labels)


def make_model(*, dropout=0.0):
    """A network of both norms; without dropout its batches are computed in two halves."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(1, 6, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(6),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Conv2d(6, 4, 3, padding=1),
            SubSpectralNorm(4, 2),
            nn.Flatten(),
            nn.Linear(4 * 6 * 5, 3),
        )


class Album:
    """A companion that keeps copies of weights, and of the float buffers of the model and its twin."""

    def __init__(self):
        self.epochs, self.steps = [], []

    def after_step(self, trainer):
        buffers = [twin.named_buffers() for twin in (trainer._split._models if trainer._split else [trainer.model])]
        kept = [{name: value.clone() for name, value in each if value.is_floating_point()} for each in buffers]
        merged = {name: sum(each[name] for each in kept) / len(kept) for name in kept[0]}
        self.steps.append(weights_of(trainer.model) | merged)

    def after_epoch(self, trainer, epoch):
        self.epochs.append(weights_of(trainer.model))

    def finish(self, trainer):
        pass


def weights_of(model):
    return {name: value.detach().clone() for name, value in model.named_parameters()}


def train(averaging, *, dropout=0.0, companions=(), **changes):
    model = make_model(dropout=dropout)
    recipe = replace(RECIPE, averaging=averaging, **changes)
    run = replace(IN_HALVES, seed=1)
    result = train_model(model, make_clips(), run, recipe=recipe, n_classes=3, companions=companions)
    return model, result


@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.parametrize("n_epochs", [1, 3, 5, 9])
def test_swa_is_the_mean_of_the_weights_after_each_of_the_last_epochs(n_epochs, dropout):
    album = Album()
    model, _ = train(Swa(n_epochs), dropout=dropout, companions=(album,))
    kept = album.epochs[-n_epochs:]
    for name, found in model.named_parameters():
        torch.testing.assert_close(found.data, torch.stack([each[name] for each in kept]).mean(0))


@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.parametrize("decay", [0.0, 0.5, 0.99])
def test_ema_is_the_sum_over_all_steps_weighted_by_powers_of_the_decay(decay, dropout):
    album = Album()
    model, _ = train(Ema(decay), dropout=dropout, companions=(album,))
    powers = [decay**age for age in reversed(range(len(album.steps)))]
    values = dict(model.named_parameters()) | dict(model.named_buffers())
    assert set(album.steps[0]) == {name for name, value in values.items() if value.is_floating_point()}
    for name in album.steps[0]:
        weighted = [power * each[name].double() for power, each in zip(powers, album.steps, strict=True)]
        torch.testing.assert_close(values[name].data.double(), sum(weighted) / sum(powers), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("batch_size", [7, 60])
def test_updated_statistics_of_the_first_norm_are_those_of_all_clips(batch_size):
    model, features = make_model(dropout=0.5), make_clips().features
    update_statistics(model, features.split(batch_size))
    inside = model[0](features).transpose(0, 1).flatten(1)
    torch.testing.assert_close(model[1].running_mean, inside.mean(1))
    torch.testing.assert_close(model[1].running_var, inside.var(1))
    assert (model[1].momentum, model[5].momentum) == (0.1, 0.1)
    assert not any(module.training for module in model.modules())
    assert not any(module._forward_hooks for module in model.modules())


def test_updated_statistics_of_all_norms_are_those_that_prediction_meets():
    model, features = make_model(dropout=0.5), make_clips().features
    update_statistics(model, [features])
    inside = model[:5](features)  # in eval mode, the first norm by its new statistics
    bands = inside.reshape(60, 4, 2, 3, 5).transpose(0, 1).transpose(1, 2).reshape(8, -1)
    torch.testing.assert_close(model[5].running_mean, bands.mean(1), atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(model[5].running_var, bands.var(1), atol=1e-3, rtol=5e-3)
    normed = model[5](inside).detach()
    torch.testing.assert_close(normed.mean((0, 2, 3)), torch.zeros(4), atol=1e-2, rtol=0)


def make_masked_chain(depth):
    """Blocks of which one channel varies; the others, their filters on what varies masked, are constants."""
    torch.manual_seed(0)
    blocks = []
    for block in range(depth):
        conv, norm = nn.Conv2d(4, 4, 1, bias=False), nn.BatchNorm2d(4)
        nn.init.zeros_(conv.weight[1:, 0] if block else conv.weight[1:])
        nn.init.normal_(norm.bias)
        blocks += [conv, norm, nn.SiLU()]
    return nn.Sequential(*blocks)


@torch.no_grad()
@pytest.mark.parametrize("rounding", [0.0, 1e-6])
def test_constant_channels_give_their_norms_bias_in_prediction(rounding):
    model, features = make_masked_chain(12), torch.randn(60, 4, 6, 6)
    for conv in model[::3]:  # as processors differ in how they round a constant
        conv.register_forward_hook(lambda module, inputs, output: output * (1 + rounding * torch.randn_like(output)))
    for _ in range(200):
        model(features)
        for norm in model[1::3]:
            norm.bias += 1e-4  # weights still move, and running means follow them
    expected = nn.functional.silu(model[-2].bias[1:])[:, None, None].expand(60, 3, 6, 6)
    assert (model.eval()(features)[:, 1:] - expected).abs().max() > 0.5
    update_statistics(model, features.split(7))
    torch.testing.assert_close(model(features)[:, 1:], expected, atol=1e-3, rtol=1e-3)
    for norm in model[1::3]:
        assert norm.running_var[0] != 1
        assert (norm.running_var[1:] == 1).all()


def test_swa_ends_with_the_statistics_of_its_average():
    model, _ = train(Swa(3))
    inside = model[0](make_clips().features).transpose(0, 1).flatten(1)
    torch.testing.assert_close(model[1].running_mean, inside.mean(1))
    torch.testing.assert_close(model[1].running_var, inside.var(1))


def test_model_without_norms_has_no_statistics_to_update():
    def no_batches():
        raise AssertionError("there is nothing to measure")
        yield

    update_statistics(nn.Linear(2, 2), no_batches())


def test_norms_are_measured_after_what_other_companions_do_at_the_end():
    class Masker(Album):
        def finish(self, trainer):
            trainer.model[0].weight.data[0] = 0.0

    model, _ = train(Swa(3), companions=(Masker(),))
    assert not model[0].weight[0].any()
    assert (model[1].running_mean[0], model[1].running_var[0]) == (0, 1)  # constant


@pytest.mark.parametrize("averaging", [Swa(3), Ema(0.9)])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_averaging_changes_the_weights_but_not_the_curve(averaging, dropout):
    (plain, before), (averaged, after) = train(None, dropout=dropout), train(averaging, dropout=dropout)
    rows = [[(row.epoch, row.loss, row.learning_rate) for row in result.curve] for result in (before, after)]
    assert rows[0] == rows[1]
    assert not torch.equal(plain[0].weight, averaged[0].weight)


@pytest.mark.parametrize("averaging", AVERAGES)
def test_same_seed_gives_the_same_average(averaging):
    states = [train(averaging)[0].state_dict() for _ in range(2)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


@pytest.mark.parametrize("averaging", AVERAGES)
def test_averaged_model_predicts_what_it_learned(averaging):
    model, _ = train(averaging, epochs=12)
    clips = make_clips()
    assert (predict(model, clips, torch_device=CPU).argmax(axis=1) == clips.labels.numpy()).mean() > 0.95


def test_averaged_epochs_have_the_learning_rate_asked_for():
    recipe = replace(RECIPE, averaging=Swa(2, learning_rate=0.003))
    options = {"n_classes": 3, "n_epochs": 5, "seed": 0, "torch_device": CPU, "way": Way.HALVES}
    trainer = Trainer(make_model(), make_clips(), recipe=recipe, **options)
    rates = []
    for _ in range(5):
        with trainer.epoch() as batches:
            for batch in batches:
                rates.append(trainer.learning_rate)
                trainer.step(*trainer.build_batch(batch))
    n_first, n_steps = 3 * len(batches), 5 * len(batches)
    assert rates[:n_first] == [0.02 * CosineDecay().factor_at(step, n_steps) for step in range(n_first)]
    assert rates[n_first:] == [0.003] * (n_steps - n_first)
    assert trainer.learning_rate == 0.003


def test_constant_rate_needs_the_number_of_epochs():
    recipe = replace(RECIPE, averaging=Swa(2, learning_rate=0.003))
    assert learning_rate_at(99, 100, recipe=recipe) < 1e-4
    assert [learning_rate_at(step, 6, recipe=recipe, n_epochs=3) == 0.003 for step in range(6)] == [False] * 2 + [
        True
    ] * 4
