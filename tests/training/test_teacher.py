"""Distillation from stored logits: the loss, the files, the ensemble, and the targets under mixing."""

import math
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from nas_asc.augmentation import MixupDraw, apply_augmentation
from nas_asc.errors import RecipeError, TrainingError, WriteError
from nas_asc.recipe import AdamW, CrossEntropy, CutMix, Distillation, Mixup, Recipe, TimeRoll
from nas_asc.training import (
    CPU,
    Clips,
    Trainer,
    Way,
    average_logits,
    load_logits,
    predict,
    predict_logits,
    save_logits,
    train_model,
)
from nas_asc.training.loss import build_loss, distillation_loss
from nas_asc.training.target import build_targets
from tests.training.halves import IN_HALVES


def make_clips(n_clips=24, seed=0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n_clips) % 3
    features = torch.randn(n_clips, 1, 6, 8, generator=generator)
    features[torch.arange(n_clips), 0, 2 * labels] += 1.0
    return Clips(features, labels)


def make_model(seed=0, n_classes=3):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(48, n_classes))


def make_logits(n_clips=24, seed=3):
    return 2 * torch.randn(n_clips, 3, generator=torch.Generator().manual_seed(seed))


def softmax(row, temperature):
    total = sum(math.exp(value / temperature) for value in row)
    return [math.exp(value / temperature) / total for value in row]


@pytest.mark.parametrize(("temperature", "weight"), [(1.0, 0.5), (3.0, 0.25), (0.5, 1.0), (2.0, 0.0)])
def test_loss_is_its_definition(temperature, weight):
    logits, teacher = make_logits(6), make_logits(6, seed=4)
    labels = torch.rand(6, 3).softmax(dim=1)
    expected = 0.0
    for row, other, target in zip(logits.tolist(), teacher.tolist(), labels.tolist(), strict=True):
        hard = -sum(t * math.log(p) for t, p in zip(target, softmax(row, 1), strict=True))
        pairs = zip(softmax(other, temperature), softmax(row, temperature), strict=True)
        soft = sum(q * math.log(q / p) for q, p in pairs)
        expected += ((1 - weight) * hard + weight * temperature**2 * soft) / 6
    targets = torch.cat([labels, (teacher / temperature).softmax(dim=1)], dim=1)
    part = Distillation(temperature=temperature, weight=weight)
    found = build_loss(part, torch.arange(6) % 3, n_classes=3, torch_device=CPU)(logits, targets)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_gradient_at_a_high_temperature_is_that_of_matching_logits():
    """Hinton et al., Equation 4: for centred logits it goes to (z - v) / K."""
    student, teacher = (make_logits(1, seed=seed) for seed in (5, 6))
    student, teacher = student - student.mean(), teacher - teacher.mean()
    student.requires_grad_()
    targets = torch.cat([torch.eye(3)[:1], (teacher / 1000).softmax(dim=1)], dim=1).double()
    distillation_loss(student.double(), targets, temperature=1000.0, weight=1.0).backward()
    torch.testing.assert_close(student.grad, (student - teacher).detach() / 3, rtol=0.01, atol=1e-3)


def test_targets_are_labels_alone_unless_a_teacher_is_asked_for():
    clips = replace(make_clips(), teacher_logits=make_logits())
    assert build_targets(clips, CrossEntropy(), n_classes=3).tolist() == torch.eye(3)[clips.labels].tolist()
    found = build_targets(clips, Distillation(temperature=2.0, label_smoothing=0.3), n_classes=3)
    smoothed = torch.eye(3)[clips.labels] * 0.7 + 0.1
    torch.testing.assert_close(found, torch.cat([smoothed, (make_logits() / 2).softmax(dim=1)], dim=1))


def test_mixing_mixes_the_teacher_as_it_mixes_the_labels():
    clips = replace(make_clips(2), teacher_logits=make_logits(2))
    targets = build_targets(clips, Distillation(temperature=1.0), n_classes=3)
    drawn = MixupDraw(torch.tensor([1, 0]), torch.tensor([0.75, 1.0]))
    _, mixed = apply_augmentation(clips.features, targets, (drawn,))
    first, second = targets
    torch.testing.assert_close(mixed, torch.stack([0.75 * first + 0.25 * second, second]))


def test_drawn_batches_keep_labels_and_teacher_together():
    """A teacher that says the labels is mixed to the very same weights as they are."""
    clips = make_clips()
    clips = replace(clips, teacher_logits=1e4 * torch.eye(3)[clips.labels])
    recipe = Recipe(augmentation=(TimeRoll(), Mixup(1.0), CutMix()), loss=Distillation(temperature=1.0))
    options = {"n_classes": 3, "n_epochs": 1, "seed": 0, "torch_device": CPU, "way": Way.HALVES}
    trainer = Trainer(make_model(), clips, recipe=recipe, **options)
    _, targets = trainer.build_batch(*trainer.draw([torch.arange(10)]))
    assert targets.shape == (10, 6)
    torch.testing.assert_close(targets[:, :3], targets[:, 3:])
    assert ((targets > 0.01) & (targets < 0.99)).any()


def test_a_teacher_alone_is_learned_even_against_the_labels(tmp_path):
    clips = make_clips()
    wrong = (clips.labels + 1) % 3
    save_logits(tmp_path / "teacher.safetensors", 5 * torch.eye(3)[wrong], clips)
    model, loss = make_model(), Distillation(str(tmp_path / "teacher.safetensors"), weight=1.0)
    recipe = Recipe(epochs=60, batch_size=8, optimiser=AdamW(0.02), augmentation=(), loss=loss)
    result = train_model(model, clips, IN_HALVES, recipe=recipe, n_classes=3)
    assert (predict(model, clips, torch_device=CPU).argmax(axis=1) == wrong.numpy()).mean() > 0.9
    assert result.curve[-1].loss < result.curve[0].loss / 4


def test_a_teacher_of_no_weight_trains_as_the_labels_do():
    states = []
    for loss in (CrossEntropy(0.1), Distillation(weight=0.0, label_smoothing=0.1)):
        model, clips = make_model(), replace(make_clips(), teacher_logits=make_logits())
        recipe = Recipe(epochs=2, batch_size=8, loss=loss)
        train_model(model, clips, IN_HALVES, recipe=recipe, n_classes=3)
        states.append(model[1].weight.detach())
    torch.testing.assert_close(*states)


def test_logits_come_back_from_their_file(tmp_path):
    path = tmp_path / "new" / "teacher.safetensors"
    save_logits(path, make_logits() + 1, make_clips())
    save_logits(path, make_logits(), make_clips())
    assert torch.equal(load_logits(path, make_clips(seed=7)), make_logits())  # another front end, the same labels
    assert [file.name for file in path.parent.iterdir()] == ["teacher.safetensors"]


def test_several_files_are_averaged(tmp_path):
    paths = [str(tmp_path / name) for name in ("one", "two")]
    for path, factor in zip(paths, (1.0, 3.0), strict=True):
        save_logits(path, factor * make_logits(), make_clips())
    found = build_targets(make_clips(), Distillation(tuple(paths), temperature=1.0), n_classes=3)
    torch.testing.assert_close(found[:, 3:], (2 * make_logits()).softmax(dim=1))


@pytest.mark.parametrize("clips", [make_clips(23), replace(make_clips(), labels=make_clips().labels.flip(0))])
def test_logits_of_other_clips_are_refused(tmp_path, clips):
    save_logits(tmp_path / "teacher", make_logits(), make_clips())
    with pytest.raises(TrainingError, match=rf"must be of the {len(clips)} training clips, but are of 24 clips of oth"):
        load_logits(tmp_path / "teacher", clips)


def test_other_files_and_no_file_are_refused(tmp_path):
    with pytest.raises(TrainingError, match=r"no file of logits is at .*nothing. Make it with save_logits"):
        load_logits(tmp_path / "nothing", make_clips())
    (tmp_path / "text").write_text("not logits at all")
    with pytest.raises(TrainingError, match="text must be a file of logits, but cannot be read"):
        load_logits(tmp_path / "text", make_clips())
    save_file({"weights": torch.zeros(3)}, tmp_path / "weights")
    with pytest.raises(TrainingError, match="weights must be a file of logits, but cannot be read"):
        load_logits(tmp_path / "weights", make_clips())


@pytest.mark.parametrize(
    ("logits", "clips", "message"),
    [
        (make_logits(5), make_clips(), r"`logits` must be \(24, K\), but got shape \(5, 3\)"),
        (make_logits() / 0, make_clips(), "`logits` must be finite"),
        (make_logits(), Clips(make_clips().features), "`clips` must have labels"),
    ],
)
def test_what_cannot_teach_is_not_stored(tmp_path, logits, clips, message):
    with pytest.raises(TrainingError, match=message):
        save_logits(tmp_path / "teacher", logits, clips)
    assert list(tmp_path.iterdir()) == []


def test_logits_for_which_no_room_is_left_leave_what_stood_there(tmp_path, largest_file):
    save_logits(tmp_path / "teacher.safetensors", make_logits(), make_clips())
    stood = (tmp_path / "teacher.safetensors").read_bytes()
    largest_file(100)
    with pytest.raises(WriteError, match=r"teacher\.safetensors cannot be written: File too large\. Make room there"):
        save_logits(tmp_path / "teacher.safetensors", make_logits(), make_clips())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"teacher.safetensors": stood}


def test_a_distillation_without_a_teacher_or_with_other_classes_is_refused(tmp_path):
    with pytest.raises(TrainingError, match=r"`teacher` must name a file of logits where .*, but is None"):
        build_targets(make_clips(), Distillation(), n_classes=3)
    with pytest.raises(TrainingError, match="`teacher` must tell 4 classes apart, but tells 3"):
        build_targets(replace(make_clips(), teacher_logits=make_logits()), Distillation(), n_classes=4)
    for name, n_classes in (("one", 3), ("two", 4)):
        save_logits(tmp_path / name, torch.zeros(24, n_classes), make_clips())
    with pytest.raises(TrainingError, match="`teacher` must be files of the same classes"):
        build_targets(make_clips(), Distillation((str(tmp_path / "one"), str(tmp_path / "two"))), n_classes=3)


@pytest.mark.parametrize("shape", [(23, 3), (24,)])
def test_logits_that_do_not_belong_to_the_clips_are_refused(shape):
    with pytest.raises(ValueError, match=r"`teacher_logits` must be \(24, K\), but got shape"):
        replace(make_clips(), teacher_logits=torch.zeros(shape))


def test_logits_of_an_ensemble_are_the_mean_of_its_networks():
    clips, models = make_clips(), [make_model(seed) for seed in range(3)]
    expected = sum(model(clips.features) for model in models).detach() / 3
    torch.testing.assert_close(average_logits(models, clips, torch_device=CPU, batch_size=7), expected)
    torch.testing.assert_close(predict_logits(models[0], clips, torch_device=CPU), models[0](clips.features).detach())


@pytest.mark.parametrize(("models", "got"), [([], r"\[\]"), ([make_model(), make_model(n_classes=4)], r"\[3, 4\]")])
def test_an_ensemble_is_of_networks_of_the_same_classes(models, got):
    with pytest.raises(TrainingError, match=f"`models` must be one or more of the same classes, but got {got}"):
        average_logits(models, make_clips(), torch_device=CPU)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Distillation(3), "`teacher` must be a path or a tuple of paths, or None, but got teacher=3"),
        (lambda: Distillation(()), r"`teacher` must be a path or a tuple of paths, or None, but got teacher=\(\)"),
        (lambda: Distillation(temperature=0), "`temperature` must be above 0, but got temperature=0, in Distillation"),
        (lambda: Distillation(weight=1.5), r"`weight` must be a share in \[0, 1\], but got weight=1.5"),
    ],
)
def test_bad_value_is_refused(make, message):
    with pytest.raises(RecipeError, match=message):
        make()
