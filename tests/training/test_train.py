"""Training: it learns, it repeats itself, and it ends as it should."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from nas_asc.clock import TimeLimit
from nas_asc.errors import TrainingError
from nas_asc.recipe import AdamW, CrossEntropy, Mixup, Recipe, TimeMask, TimeRoll
from nas_asc.training import CPU, Clips, DeadlineError, learning_rate_at, predict, train_model
from tests.clocks import StepClock
from tests.training.halves import IN_HALVES

PLAIN = Recipe(epochs=8, batch_size=16, optimiser=AdamW(0.02), augmentation=())
SEEDED = replace(IN_HALVES, seed=1)


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def make_clips(n_clips=60, n_classes=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n_clips) % n_classes
    features = torch.randn(n_clips, 1, 12, 10, generator=generator) * 0.5
    for index, label in enumerate(labels.tolist()):
        features[index, :, 4 * label : 4 * label + 4] += 1.0
    return Clips(features, labels)


def make_model(n_classes=3, seed=0, dropout=0.1):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Flatten(),
            nn.Linear(8 * 6 * 5, n_classes),
        )


def train(model, clips, recipe=PLAIN, *, run=SEEDED, **options):
    return train_model(model, clips, run, recipe=recipe, n_classes=3, **options)


def test_training_learns_what_can_be_learned():
    model, clips = make_model(), make_clips()
    result = train(model, clips)
    unseen = make_clips(seed=5)
    assert (predict(model, unseen, torch_device=CPU).argmax(axis=1) == unseen.labels.numpy()).mean() > 0.95
    assert result.curve[-1].loss < result.curve[0].loss / 2
    assert [row.epoch for row in result.curve] == list(range(1, 9))


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_same_seed_gives_identical_weights_and_another_seed_others(dropout):
    recipe = Recipe(epochs=2, batch_size=16, augmentation=(TimeRoll(), Mixup(), TimeMask(0.2)), loss=CrossEntropy(0.1))
    states = []
    for seed in (1, 1, 2):
        model = make_model(dropout=dropout)
        torch.manual_seed(len(states))
        train(model, make_clips(), recipe, run=replace(SEEDED, seed=seed))
        states.append(torch.cat([value.flatten().float() for value in model.state_dict().values()]))
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])


@pytest.mark.parametrize("n_epochs", [3, 5, 16])
def test_epochs_planned_on_the_way_spread_what_is_left_of_the_schedule(n_epochs):
    told = replace(SEEDED, on_epoch=lambda row: {1: 9, 2: n_epochs}.get(row.epoch))
    curve = train(make_model(), make_clips(), run=told).curve
    assert [row.epoch for row in curve] == list(range(1, n_epochs + 1))
    after_first = 3 + 3 * (24 - 3) / (27 - 3)  # steps of the schedule, 3 of the training's an epoch
    for row in curve[2:]:
        done = 3 * row.epoch - 1
        step = after_first + (done - 6) * (24 - after_first) / (3 * n_epochs - 6)
        assert row.learning_rate == pytest.approx(learning_rate_at(step, 24, recipe=PLAIN))


def test_as_many_epochs_as_were_planned_change_nothing():
    models = make_model(), make_model()
    plain = train(models[0], make_clips())
    told = train(models[1], make_clips(), run=replace(SEEDED, on_epoch=lambda row: 8))
    assert [row.loss for row in plain.curve] == [row.loss for row in told.curve]
    assert torch.equal(models[0][0].weight, models[1][0].weight)


def test_fewer_epochs_than_are_done_cannot_be_planned():
    with pytest.raises(ValueError, match="more than the 3 that are done"):
        train(make_model(), make_clips(), run=replace(SEEDED, on_epoch=lambda row: 3 if row.epoch == 3 else None))


def test_training_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    train(make_model(), make_clips(), Recipe(epochs=1))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("n_clips", [2, 16, 17, 33])
def test_no_batch_is_a_lone_clip(n_clips):
    model = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.BatchNorm1d(1), nn.Linear(1, 3))
    assert len(train(model, make_clips(n_clips)).curve) == 8


def test_one_clip_cannot_be_trained_on():
    with pytest.raises(TrainingError, match="2 or more with labels to train on, but got 1"):
        train(make_model(), make_clips(1))


def test_clips_without_labels_cannot_be_trained_on():
    with pytest.raises(TrainingError, match="with labels"):
        train(make_model(), Clips(make_clips().features))


def test_diverging_training_names_epoch_and_loss():
    clips = make_clips()
    clips.features[7] = torch.nan
    with pytest.raises(TrainingError, match="diverged in epoch 1 of 8: the loss is nan"):
        train(make_model(), clips)


def test_limit_that_is_over_ends_the_training_before_its_first_step():
    diary = Diary()
    with pytest.raises(DeadlineError, match="epoch 1 of 8"):
        train(make_model(), make_clips(), run=replace(SEEDED, limit=TimeLimit.after(0.0)), companions=(diary,))
    assert diary.told == []


def test_limit_ends_the_training_between_two_steps():
    """The clock is read when the training begins, when the epoch begins, and before each of its three steps."""
    diary, limit = Diary(), TimeLimit(3.5, StepClock(1.0))
    with pytest.raises(DeadlineError, match=r"^the time was over in epoch 1 of 8\. Give more time or fewer epochs\.$"):
        train(make_model(), make_clips(), run=replace(SEEDED, limit=limit), companions=(diary,))
    assert diary.told == [("step", 1), ("step", 2)]


def test_seconds_and_speed_are_by_the_clock():
    """Of each epoch five readings: at its begin and end, and before each of its three steps."""
    limit = TimeLimit(10_000.0, StepClock(0.5))
    result = train(make_model(), make_clips(), run=replace(SEEDED, limit=limit))
    assert result.seconds == (8 * 5 + 1) * 0.5
    assert [row.clips_per_s for row in result.curve] == [60 / (4 * 0.5)] * 8


def test_callback_can_interrupt():
    rows = []

    def stop_after_two(row):
        rows.append(row)
        if row.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(make_model(), make_clips(), run=replace(SEEDED, on_epoch=stop_after_two))
    assert len(rows) == 2
    assert rows[0].clips_per_s > 0


def test_standardising_while_training_equals_standardised_features():
    clips = make_clips()
    mean, std = torch.linspace(-3, 3, 12), torch.linspace(0.5, 2, 12)
    raw = Clips(clips.features * std.view(-1, 1) + mean.view(-1, 1), clips.labels, mean, std)
    models = [make_model(), make_model()]
    for model, source in zip(models, (clips, raw), strict=True):
        train(model, source)
    first, second = (
        predict(model, source, torch_device=CPU) for model, source in zip(models, (clips, raw), strict=True)
    )
    np.testing.assert_allclose(first, second, atol=1e-3)


def test_memory_mapped_float16_features_train_and_predict(tmp_path):
    clips = make_clips()
    array = np.memmap(tmp_path / "features", np.float16, mode="w+", shape=tuple(clips.features.shape))
    array[:] = clips.features.numpy()
    mapped = Clips(np.memmap(tmp_path / "features", np.float16, mode="r", shape=array.shape), clips.labels)
    model = make_model()
    train(model, mapped)
    assert predict(model, mapped, torch_device=CPU).dtype == np.float32


def test_bfloat16_trains_to_nearly_the_same_predictions():
    models = [make_model(), make_model()]
    for model, precision in zip(models, (torch.float32, torch.bfloat16), strict=True):
        train(model, make_clips(), precision=precision)
    first, second = (predict(model, make_clips(), torch_device=CPU) for model in models)
    assert np.abs(first - second).max() < 0.2


@pytest.mark.parametrize("batch_size", [1, 7, 60])
def test_prediction_does_not_depend_on_the_batch(batch_size):
    model, clips = make_model(), make_clips()
    expected = predict(model, clips, torch_device=CPU)
    np.testing.assert_allclose(predict(model, clips, torch_device=CPU, batch_size=batch_size), expected, atol=1e-6)
    np.testing.assert_allclose(expected.sum(axis=1), 1, atol=1e-5)


class Diary:
    """A companion that notes what it is told."""

    def __init__(self):
        self.told = []

    def after_step(self, trainer):
        self.told.append(("step", trainer.n_done))

    def after_epoch(self, trainer, epoch):
        self.told.append(("epoch", epoch))

    def finish(self, trainer):
        self.told.append(("end", trainer.n_done))


def test_companions_are_told_of_every_step_and_epoch_and_of_the_end():
    diary = Diary()
    train(make_model(), make_clips(), Recipe(epochs=2, batch_size=16), companions=(diary,))
    n = sum(kind == "step" for kind, _ in diary.told) // 2
    steps = [("step", number) for number in range(1, 2 * n + 1)]
    assert diary.told == [*steps[:n], ("epoch", 1), *steps[n:], ("epoch", 2), ("end", 2 * n)]
