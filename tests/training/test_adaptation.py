"""Adaptation to devices: reversal, penalty and distance against their definitions, and what they do to embeddings."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from nas_asc.errors import TrainingError
from nas_asc.layers import Architecture, Classifier, Conv
from nas_asc.models import build_model
from nas_asc.recipe import AdamW, Distillation, DomainAdaptation, Mixup, Recipe, Swa, TimeRoll
from nas_asc.training import CPU, Clips, Trainer, Way, train_model
from nas_asc.training.adaptation import (
    Adversary,
    draw_between,
    gradient_penalty,
    mean_difference,
    reverse_gradient,
    to_domains,
    to_embedding,
)
from tests.training.halves import IN_HALVES

OPTIONS = {"padding": 1, "norm": "batch", "activation": "relu"}
LAYERS = (Conv(8, kernel_size=3, **OPTIONS), Conv(16, kernel_size=3, stride=2, **OPTIONS), Classifier())
ADAPTATION = DomainAdaptation(0.1)
RECIPE = Recipe(epochs=10, batch_size=24, optimiser=AdamW(5e-3), augmentation=(), adaptation=ADAPTATION)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def make_clips(n_clips=240, seed=0):
    """Three classes by their loud bands; every fourth clip is of another device, which tilts the spectrum."""
    generator = torch.Generator().manual_seed(seed)
    labels, devices = torch.arange(n_clips) % 3, (torch.arange(n_clips) // 3 % 4 == 0).long()
    features = torch.randn(n_clips, 1, 12, 10, generator=generator)
    for index, label in enumerate(labels.tolist()):
        features[index, :, 4 * label : 4 * label + 4] += 1.0
    features += devices.view(-1, 1, 1, 1) * torch.linspace(2, -2, 12).view(12, 1)
    return Clips(features, labels, devices=devices, device_names=("a", "b"))


def make_model(seed=0, layers=LAYERS):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build_model(Architecture(layers, (1, 12, 10), 3))


def train(recipe, *, seed=0):
    model = make_model(seed)
    result = train_model(model, make_clips(), replace(IN_HALVES, seed=seed), recipe=recipe, n_classes=3)
    return model, result


def make_trainer(clips, recipe):
    options = {"n_classes": 3, "n_epochs": 1, "seed": 0, "torch_device": CPU, "way": Way.HALVES}
    return Trainer(make_model(), clips, recipe=recipe, **options)


def embed(model, clips):
    features = clips.features
    with torch.no_grad():
        for layer in list(model.eval())[:-1]:
            features = layer(features)
    return features.mean((2, 3))


def measure_shift(model, clips):
    """Distance of the devices' mean embeddings in deviations of the first device's."""
    embedding = embed(model, clips)
    source, target = embedding[clips.devices == 0], embedding[clips.devices == 1]
    return float((source.mean(0) - target.mean(0)).norm() / source.var(0).sum().sqrt())


def make_adversary(adaptation=ADAPTATION):
    return Adversary(make_model(), make_clips(), adaptation=adaptation, seed=0, torch_device=CPU)


def test_reversed_gradient_is_minus_the_weight_times_the_gradient():
    x = torch.randn(5, 3, requires_grad=True)
    (plain,) = torch.autograd.grad(x.pow(3).sum(), x)
    reversed_ = reverse_gradient(x, weight=0.3)
    assert torch.equal(reversed_, x)
    (found,) = torch.autograd.grad(reversed_.pow(3).sum(), x)
    torch.testing.assert_close(found, -0.3 * plain)


def test_penalty_of_a_linear_critic_follows_from_its_norm_alone():
    critic = nn.Linear(7, 1)
    found = gradient_penalty(critic, 100 * torch.randn(9, 7))
    torch.testing.assert_close(found, (critic.weight.norm() - 1) ** 2)
    (gradient,) = torch.autograd.grad(found, critic.weight)
    norm = critic.weight.norm()
    torch.testing.assert_close(gradient, 2 * (norm - 1) * critic.weight / norm)


def test_difference_of_means_equals_a_slow_loop():
    values, domains = torch.randn(6), torch.rand(6, 2)
    sums = [sum(float(w) * float(v) for w, v in zip(column, values, strict=True)) for column in domains.T]
    totals = [sum(map(float, column)) for column in domains.T]
    assert float(mean_difference(values, domains)) == pytest.approx(sums[0] / totals[0] - sums[1] / totals[1], rel=1e-4)


def test_points_lie_between_the_two_domains():
    embedding = torch.tensor([[0.0, 0.0], [0.0, 0.0], [1.0, 2.0], [99.0, 99.0]])
    domains = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 0]])
    points = draw_between(embedding, domains, torch.Generator().manual_seed(0))
    torch.testing.assert_close(points[:, 1], 2 * points[:, 0])
    assert points[:, 0].min() >= 0
    assert points[:, 0].max() <= 1
    assert len(points.unique(dim=0)) == 4


def test_trained_critic_finds_the_wasserstein_distance_of_two_shifted_clouds():
    cloud, shift = 0.1 * torch.randn(100, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([2.0, 1, 0, 2])
    embedding = torch.cat([cloud, cloud + shift]).requires_grad_()
    domains = torch.eye(2).repeat_interleave(100, dim=0)
    adversary = make_adversary(DomainAdaptation(1.0, learning_rate=3e-3))
    for _ in range(150):
        embedding.grad = None
        adversary.backward(torch.zeros((), requires_grad=True), embedding, domains)
    found = mean_difference(adversary._critic(embedding.detach())[:, 0], domains)
    slope = 1 + 3.0 / (2 * 10.0)  # the best one: that of 3 g - 10 (g - 1)^2, with 3 the shift's length
    assert float(found.detach()) == pytest.approx(3.0 * slope, rel=0.05)
    descent = -embedding.grad[100:].sum(0)  # moves the second cloud back onto the first
    torch.testing.assert_close(descent, -slope * shift / 3, atol=0.15, rtol=0)


@pytest.mark.parametrize("n_critic", [1, 3])
def test_network_gets_the_gradient_of_its_loss_plus_the_weighted_distance(n_critic):
    embedding = torch.randn(8, 4, requires_grad=True)
    domains = torch.eye(2).repeat(4, 1)
    adversary = make_adversary(DomainAdaptation(0.25, n_critic=n_critic))
    critics = []
    critic, _ = adversary._prepare(4)
    critic.register_forward_hook(lambda module, *_: critics.append([p.detach().clone() for p in module.parameters()]))
    adversary.backward(embedding.square().sum(), embedding, domains)
    found = embedding.grad.clone()
    after = [parameter.detach() for parameter in critic.parameters()]
    assert not torch.equal(critics[-1][0], after[0])
    with torch.no_grad():
        for parameter, value in zip(critic.parameters(), critics[-1], strict=True):
            parameter.copy_(value)
    (slope,) = torch.autograd.grad(mean_difference(critic(embedding)[:, 0], domains), embedding)
    torch.testing.assert_close(found, 2 * embedding.detach() + 0.25 * slope)
    assert len(critics) == 2 * n_critic + 1


def test_batch_of_one_domain_leaves_the_loss_alone():
    embedding = torch.randn(3, 4, requires_grad=True)
    make_adversary().backward(embedding.sum(), embedding, torch.tensor([[1.0, 0]] * 3))
    assert torch.equal(embedding.grad, torch.ones(3, 4))


def test_embedding_is_the_input_of_the_last_layer_averaged_over_the_map():
    model, clips = make_model(), make_clips(6)
    adversary = Adversary(model.eval(), clips, adaptation=ADAPTATION, seed=0, torch_device=CPU)
    with adversary.watching() as seen:
        model(clips.features)
    model(clips.features)
    torch.testing.assert_close([each.detach() for each in seen], [embed(model, clips)])
    assert torch.equal(to_embedding(torch.ones(2, 3)), torch.ones(2, 3))


def test_domains_are_mixed_as_targets_are():
    clips = make_clips(24)
    recipe = replace(RECIPE, augmentation=(TimeRoll(), Mixup(1.0)))
    as_labels = replace(clips, labels=clips.devices)
    trainer = make_trainer(as_labels, recipe)
    _, targets, domains = trainer.build_batch(*trainer.draw([torch.arange(24)]))
    assert len(targets.unique(dim=0)) > 2
    torch.testing.assert_close(domains, targets[:, :2])


def test_domains_stand_beside_what_a_teacher_says():
    clips = replace(make_clips(24), teacher_logits=torch.randn(24, 3))
    recipe = replace(RECIPE, augmentation=(Mixup(1.0),), loss=Distillation())
    trainer = make_trainer(clips, recipe)
    batch = trainer.build_batch(*trainer.draw([torch.arange(24)]))
    assert [part.shape[1] for part in batch] == [1, 6, 2]
    torch.testing.assert_close(batch[2].sum(1), torch.ones(24))
    assert trainer.step(*batch).isfinite()


def test_adapted_network_moves_the_devices_together_and_still_learns():
    unseen = make_clips(seed=9)
    shifts = {}
    for name, adaptation in (("none", None), ("idle", DomainAdaptation(0.0)), ("adapted", ADAPTATION)):
        trained = [train(replace(RECIPE, adaptation=adaptation), seed=seed) for seed in range(2)]
        shifts[name] = [measure_shift(model, unseen) for model, _ in trained]
        assert all(result.curve[-1].loss < 1.0 for _, result in trained)  # ln 3 is chance
    assert max(shifts["adapted"]) < 0.7 * min(*shifts["none"], *shifts["idle"])


def test_same_seed_gives_identical_weights_and_another_seed_others():
    recipe = replace(RECIPE, epochs=2, augmentation=(TimeRoll(), Mixup()), averaging=Swa(1))
    states = []
    for seed in (1, 1, 2):
        torch.manual_seed(len(states))
        before = torch.get_rng_state()
        model = make_model()
        train_model(model, make_clips(), replace(IN_HALVES, seed=seed), recipe=recipe, n_classes=3)
        assert torch.equal(torch.get_rng_state(), before)
        states.append(torch.cat([value.flatten().float() for value in model.state_dict().values()]))
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])


def test_critic_leaves_no_trace_in_the_network():
    model, _ = train(replace(RECIPE, epochs=1))
    assert list(model.state_dict()) == list(make_model().state_dict())
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_clips_of_unknown_devices_are_of_neither_domain():
    clips = replace(make_clips(4), devices=torch.tensor([2, 0, 3, 1]), device_names=("a", "b", "s1", ""))
    assert to_domains(clips).tolist() == [[0, 1], [1, 0], [0, 0], [0, 1]]


@pytest.mark.parametrize(
    ("devices", "names", "reason"),
    [
        (None, (), "but no devices are known. Set `adaptation` to None"),
        ([0, 0, 0], ("a",), "but all are of 'a'. Set"),
        ([0, 0, 1], ("a", ""), "but all are of 'a', ''. Set"),
        ([1, 2, 1], ("a", "b", "s1"), "but all are of 'b', 's1'. Set"),
        ([0, 0, 0], (), "but all are of one device. Set"),
    ],
)
def test_devices_that_cannot_be_told_apart_are_refused(devices, names, reason):
    clips = replace(make_clips(3), devices=None if devices is None else torch.tensor(devices), device_names=names)
    with pytest.raises(TrainingError, match="`adaptation` needs training clips of the reference device .*" + reason):
        train_model(make_model(), clips, IN_HALVES, recipe=RECIPE, n_classes=3)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(120, 3)), "needs a Network, .* but got Sequential"),
        (make_model(layers=(Classifier(),)), "of two layers or more, .* but it has 1. Set `adaptation` to None"),
    ],
)
def test_model_without_an_embedding_is_refused(model, reason):
    with pytest.raises(TrainingError, match=reason):
        train_model(model, make_clips(), IN_HALVES, recipe=RECIPE, n_classes=3)
