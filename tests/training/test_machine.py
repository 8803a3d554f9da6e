"""Whole trainings' steps on a GPU that there is not: nothing mixes devices, and no step waits for a copy."""

import copy
import inspect

import pytest
import torch
from torch import nn

from nas_asc import recipe as room
from nas_asc.augmentation import place
from nas_asc.compression import AdmmPenalty, BandGates, BandPenalty, WeightPruner
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture, Classifier, Conv, Dense, Dropout, Ensemble, InvertedBottleneck, Moments
from nas_asc.models import build_model
from nas_asc.recipe import (
    AdmmPruning,
    AugmentationPart,
    BandSelection,
    BlockMix,
    ClipGrowth,
    CrossEntropy,
    Distillation,
    DomainAdaptation,
    DropoutRates,
    Ema,
    FocalLoss,
    Gain,
    Mixup,
    OneShotPruning,
    PitchShift,
    Recipe,
    Swa,
)
from nas_asc.training import Clips, Trainer, build_companions, predict_logits
from nas_asc.training.loss import build_loss
from nas_asc.training.optimiser import build_optimiser
from nas_asc.training.precision import autocast
from tests.models.cases import CASES, embed
from tests.training.machine import Machine

GPU, META = torch.device("cuda:0"), torch.device("meta")
N_CLIPS, BATCH, N_CLASSES, SHAPE = 40, 8, 4, (1, 16, 20)
PARTS = [
    part
    for part in vars(room).values()
    if inspect.isclass(part) and issubclass(part, AugmentationPart) and part is not AugmentationPart
]
EVERYTHING = tuple(part(p=1.0) if part.__name__ == "FreqMixStyle" else part() for part in PARTS)
BODY = (Conv(8, kernel_size=3, stride=2, padding=1, norm="batch", activation="relu"), InvertedBottleneck(8, stride=2))
PLAIN = Architecture((*BODY, Classifier()), SHAPE, N_CLASSES)
DROPPED = Architecture((*BODY, Dropout(0.1), Classifier()), SHAPE, N_CLASSES)
JOINED = Architecture((Ensemble(((*BODY, Classifier()), (Moments(), Dense(N_CLASSES)))),), SHAPE, N_CLASSES)
LOSSES = [CrossEntropy(0.1), FocalLoss(), Distillation()]


def make_clips():
    generator, rows = torch.Generator().manual_seed(0), torch.arange(N_CLIPS)
    return Clips(
        torch.randn(N_CLIPS, *SHAPE, generator=generator).half().numpy(),
        rows % N_CLASSES,
        torch.full((16,), 0.1),
        torch.full((16,), 1.2),
        cities=rows % 3,
        devices=rows % 2,
        device_names=("a", "b"),
        log_mel=LogMel(sample_rate=16_000, n_fft=2_048, win_length=1_024, n_mels=16),
        teacher_logits=torch.randn(N_CLIPS, N_CLASSES, generator=generator),
    )


def make_trainer(torch_device, model=None, companions=(), **recipe):
    recipe = Recipe(**{"batch_size": BATCH} | recipe)
    return Trainer(
        build_model(PLAIN) if model is None else model,
        make_clips(),
        recipe=recipe,
        n_classes=N_CLASSES,
        n_epochs=4,
        seed=0,
        torch_device=torch_device,
        companions=build_companions(recipe, others=companions),
    )


def count_epoch(trainer, machine, *, ends=True):
    """Launches of the last step, and what the CPU waited for: before the first step, and in each.

    Without an end no companion is told of it: what needs values there cannot be had here.
    """
    machine.forget()
    with trainer.epoch() as batches:
        before, steps = dict(machine.waits), []
        for batch in batches:
            machine.forget()
            trainer.step(*trainer.build_batch(batch))
            steps.append(dict(machine.waits))
        launches = machine.launches
        if not ends:
            trainer.companions = ()
    return launches, before, steps


@pytest.mark.parametrize("case", CASES, ids=lambda case: type(case[0]).__name__)
def test_every_layer_computes_on_a_gpu_in_bfloat16_and_waits_for_nothing(case):
    architecture = embed(*case)
    model, features = build_model(architecture).train(), torch.zeros(2, *architecture.in_shape)
    targets = torch.full((2, architecture.n_classes), 0.1)
    loss = build_loss(CrossEntropy(), torch.zeros(2, dtype=torch.int64), n_classes=10, torch_device=GPU)
    with Machine() as machine:
        model, features, targets = (value.to(GPU) for value in (model, features, targets))
        optimiser = build_optimiser(model, Recipe())
        machine.forget()
        with autocast(GPU, torch.bfloat16):
            logits = model(features)
        found = loss(logits.float(), targets)
        for parameter in model.parameters():  # no way back without a driver
            parameter.grad = torch.zeros_like(parameter)
        optimiser.step()
    assert logits.device == found.device == GPU
    assert machine.launches > 0
    assert dict(machine.waits) == {}


@pytest.mark.parametrize("parts", [*[(part,) for part in EVERYTHING], EVERYTHING], ids=lambda parts: str(len(parts)))
def test_every_augmentation_is_drawn_on_the_cpu_and_goes_to_the_gpu_by_one_copy(parts):
    with Machine() as machine:
        trainer = make_trainer(GPU, augmentation=parts)
        machine.forget()
        with trainer.epoch() as batches:
            assert dict(machine.waits) == {"copy there: _to_copy": 1}
            machine.forget()
            features, targets = trainer.build_batch(batches[0])
    assert features.device == targets.device == GPU
    assert (features.shape, targets.shape) == ((BATCH, *SHAPE), (BATCH, N_CLASSES))
    assert dict(machine.waits) == {}


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_every_loss_is_computed_where_the_batch_is(loss):
    with Machine() as machine:
        trainer = make_trainer(GPU, loss=loss)
        found = build_loss(loss, trainer.clips.labels, n_classes=N_CLASSES, torch_device=GPU)
        with trainer.epoch() as batches:
            machine.forget()
            features, targets = trainer.build_batch(batches[0])
            value = found(trainer.model(features), targets)
    assert value.device == GPU
    assert dict(machine.waits) == {}


def mask(model):
    pruner = WeightPruner(model, OneShotPruning(0.5), n_epochs=4)
    pruner.after_epoch(epoch=4)
    return pruner


def penalise(model):
    penalty = AdmmPenalty(model, AdmmPruning(max_params=500))
    zeros = {name: torch.zeros_like(weight) for name, weight in model.named_parameters()}
    penalty.load_state_dict({"multipliers": zeros, "targets": zeros})
    return penalty


STEPS = {
    "default": (PLAIN, None, {}),
    "every augmentation": (PLAIN, None, {"augmentation": EVERYTHING}),
    "ema": (PLAIN, None, {"averaging": Ema(0.9)}),
    "swa": (PLAIN, None, {"averaging": Swa(2)}),
    "masks": (PLAIN, mask, {"averaging": Ema(0.9)}),
    "admm": (PLAIN, penalise, {}),
    "distillation": (PLAIN, None, {"loss": Distillation(), "augmentation": (Mixup(),)}),
    "focal loss": (PLAIN, None, {"loss": FocalLoss()}),
    "dropout": (DROPPED, None, {"dropout": DropoutRates(0.1, 0.2)}),
    "growth": (PLAIN, None, {"growth": ClipGrowth((1,), (0.5,))}),
    "members": (JOINED, None, {"member_weight": 0.5}),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_whole_step_waits_for_nothing_and_an_epoch_for_one_copy(name):
    architecture, make_companion, recipe = STEPS[name]
    model = build_model(architecture)
    with Machine() as machine:
        trainer = make_trainer(META, model, **recipe)
        if make_companion is not None:
            trainer.companions = (*trainer.companions, make_companion(trainer.model))
        _, before, steps = count_epoch(trainer, machine, ends=name != "admm")
    assert before == {"copy there: _to_copy": 1}
    assert steps == [{}] * len(steps)
    assert len(steps) > 1


def test_bands_are_selected_without_waiting():
    gates = BandGates(16)
    model = nn.Sequential(gates, build_model(PLAIN))
    with Machine() as machine:
        trainer = make_trainer(META, model)
        trainer.companions = (BandPenalty(trainer.model[0], n_kept=6, selection=BandSelection(start=0.0)),)
        for _ in range(2):  # from the first epoch's end on the gates are drawn to their projection
            _, before, steps = count_epoch(trainer, machine)
    assert before == {"copy there: _to_copy": 1}
    assert steps == [{}] * len(steps)


@pytest.mark.parametrize(("companion", "averaging"), [(None, Ema(0.9)), (mask, None), (penalise, None)])
def test_averages_and_masks_take_one_launch_whatever_the_number_of_kernels(companion, averaging):
    found = []
    for options in ({}, {"averaging": averaging}):
        with Machine() as machine:
            trainer = make_trainer(META, **options)
            if companion is not None and options:
                trainer.companions = (companion(trainer.model),)
            found.append(count_epoch(trainer, machine, ends=False)[0])
    assert found[1] - found[0] == 1


def test_an_adaptation_waits_a_few_times_a_step():
    """Whether a batch is of one domain is read back, and the points of its penalty are drawn on the CPU."""
    with Machine(reads=True) as machine:
        trainer = make_trainer(META, adaptation=DomainAdaptation(n_critic=1))
        _, before, steps = count_epoch(trainer, machine)
    assert before == {"copy there: _to_copy": 1}
    assert [sum(step.values()) for step in steps[1:]] == [5] * (len(steps) - 1)  # in the first the critic is built


def test_predictions_come_back_by_one_copy():
    model, clips = build_model(PLAIN), make_clips()
    with Machine() as machine:
        logits = predict_logits(model, clips, torch_device=GPU, batch_size=8)
    assert (logits.device.type, logits.shape) == ("cpu", (N_CLIPS, N_CLASSES))
    assert {key: n for key, n in machine.waits.items() if key.startswith("copy back")} == {"copy back: _to_copy": 1}


def test_the_counter_sees_what_a_step_must_not_do():
    """What each operation costs on a real GPU: a copy there, one back, a wait for a value or a size."""
    rows, number = torch.tensor([0, 2]), torch.tensor(2.0)
    doings = {
        "copy there": lambda there: rows.to(GPU),
        "copy there ": lambda there: there[rows],
        "number there": lambda there: torch.tensor(3.0, device=there.device),
        "copy back": lambda there: there.cpu(),
        "value read": lambda there: float(there.sum()),
    }
    for name, do in doings.items():
        with Machine(reads=1.0) as machine:
            there = torch.zeros(4, 3, device=GPU)
            machine.forget()
            do(there)
        assert [key.split(":")[0] for key in machine.waits] == [name.strip()]
    with Machine() as machine:
        there = torch.zeros(4, 3, device=META)
        machine.forget()
        there * 2 + number  # numbers go with the launch
        assert (machine.launches, dict(machine.waits)) == (2, {})
        with pytest.raises(RuntimeError, match="device"):
            there + torch.zeros(4, 3)


def test_what_is_placed_together_is_what_was_given():
    """By a device that copies as the CPU does: the same bytes, types and shapes, nested as they were."""
    drawn = tuple(part(generator) for generator in [torch.Generator().manual_seed(1)] for part in [draw_some])
    values = (torch.arange(5), (torch.rand(3, 2), "axis", torch.tensor([True, False])), drawn, torch.zeros(0), 3)
    with Machine():
        placed = place(values, META)
    assert placed[1][1] == "axis"
    assert placed[4] == 3
    shapes = [(value.shape, value.dtype, value.device) for value in (placed[0], placed[1][0], placed[1][2], placed[3])]
    given = (values[0], values[1][0], values[1][2], values[3])
    assert shapes == [(value.shape, value.dtype, META) for value in given]
    assert place(values, torch.device("cpu")) is values


def draw_some(generator):
    return torch.rand(2, generator=generator)


def test_a_lone_copy_of_a_model_stays_on_the_cpu():
    """Predicting elsewhere leaves the caller's module where it is."""
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    before = copy.deepcopy(model.state_dict())
    with Machine():
        predict_logits(model, make_clips(), torch_device=GPU)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize("part", [BlockMix(), PitchShift(), Gain()])
def test_draws_of_a_seed_are_the_same_wherever_they_go(part):
    """The CPU's generator draws for every device, in the same order."""
    there = []
    with Machine():
        trainer = make_trainer(META, augmentation=(part,))
        with trainer.epoch() as batches:
            there = [batch.rows for batch in batches]
        state = trainer._generator.get_state()
    here = make_trainer(torch.device("cpu"), augmentation=(part,))
    with here.epoch() as batches:
        assert all(torch.equal(batch.rows, rows) for batch, rows in zip(batches, there, strict=True))
    assert torch.equal(here._generator.get_state(), state)
