"""Recorded steps: what is recorded is what would be computed, by a recorder that computes it anew at each replay."""

import gc
import weakref

import pytest
import torch

from nas_asc.compression import WeightPruner
from nas_asc.layers import Architecture, Classifier, Conv, Dense, Dropout, Ensemble, InvertedBottleneck, Moments
from nas_asc.models import build_model
from nas_asc.recipe import (
    Adam,
    ClipGrowth,
    Distillation,
    DomainAdaptation,
    DropoutRates,
    Ema,
    Mixup,
    OneShotPruning,
    Recipe,
    Sgd,
    Swa,
)
from nas_asc.training import CPU, N_WARM, Clips, Trainer, Way, build_companions, pack_state, unpack_state
from nas_asc.training.step_graph import GraphedStep
from tests.training.tape import Silent, Tape

N_CLIPS, BATCH, N_CLASSES, SHAPE, N_EPOCHS = 42, 8, 4, (1, 16, 20), 4
BODY = (Conv(8, kernel_size=3, stride=2, padding=1, norm="batch", activation="relu"), InvertedBottleneck(8, stride=2))
PLAIN = Architecture((*BODY, Classifier()), SHAPE, N_CLASSES)
DROPPED = Architecture((*BODY, Dropout(0.1), Classifier()), SHAPE, N_CLASSES)
JOINED = Architecture((Ensemble(((*BODY, Classifier()), (Moments(), Dense(N_CLASSES)))),), SHAPE, N_CLASSES)


def build_trainer(recorder=None, architecture=PLAIN, *, masks=False, **recipe):
    rows, generator = torch.arange(N_CLIPS), torch.Generator().manual_seed(0)
    clips = Clips(
        torch.randn(N_CLIPS, *SHAPE, generator=generator) + (rows % N_CLASSES).view(-1, 1, 1, 1),
        rows % N_CLASSES,
        cities=rows % 3,
        devices=rows % 2,
        device_names=("a", "b"),
        teacher_logits=torch.randn(N_CLIPS, N_CLASSES, generator=generator),
    )
    torch.manual_seed(0)
    model, recipe = build_model(architecture), Recipe(**{"batch_size": BATCH} | recipe)
    companions = [WeightPruner(model, OneShotPruning(0.5), n_epochs=N_EPOCHS)] if masks else []
    return Trainer(
        model,
        clips,
        recipe=recipe,
        n_classes=N_CLASSES,
        n_epochs=N_EPOCHS,
        seed=0,
        torch_device=CPU,
        companions=build_companions(recipe, others=companions),
        way=Way.ALONE,
        recorder=recorder,
    )


def train(trainer, n_epochs=N_EPOCHS):
    """The losses of its steps."""
    torch.manual_seed(1)  # of dropouts
    losses = []
    for _ in range(n_epochs):
        with trainer.epoch() as batches:
            losses += [float(trainer.step(*trainer.build_batch(batch))) for batch in batches]
    return losses


def assert_alike(found, expected):
    torch.testing.assert_close(found.model.state_dict(), expected.model.state_dict(), rtol=1e-2, atol=1e-3)


RECIPES = {
    "default": (PLAIN, {}),
    "adam": (PLAIN, {"optimiser": Adam(0.003)}),
    "momentum": (PLAIN, {"optimiser": Sgd(0.05)}),
    "ema": (PLAIN, {"averaging": Ema(0.9)}),
    "swa": (PLAIN, {"averaging": Swa(2)}),
    "distillation": (PLAIN, {"loss": Distillation(), "augmentation": (Mixup(),)}),
    "dropout": (DROPPED, {"dropout": DropoutRates(0.1, 0.2)}),
    "growth": (PLAIN, {"growth": ClipGrowth((1, 2), (0.4, 0.7))}),
    "members": (JOINED, {"member_weight": 0.5}),
    "masks": (PLAIN, {"masks": True, "averaging": Ema(0.9)}),
}


@pytest.mark.parametrize("name", RECIPES)
def test_recorded_steps_train_as_others(name):
    architecture, options = RECIPES[name]
    found, expected = (build_trainer(recorder, architecture, **options) for recorder in (Tape(), None))
    assert train(found) == pytest.approx(train(expected), rel=1e-3)
    for trainer in (found, expected):
        trainer.finish()
    assert_alike(found, expected)
    assert found.graph_fault is None


def test_a_shape_is_recorded_once_after_a_few_steps_and_then_replayed():
    tape = Tape()
    n_steps = len(train(build_trainer(tape)))
    assert n_steps == 5 * N_EPOCHS  # of 8 or 9 clips
    assert tape.n_recorded == 2
    assert tape.n_warm == 2 * N_WARM
    assert tape.n_replayed == n_steps - 2 * N_WARM


def add_up(features, targets):
    return features.sum()


def test_a_batch_is_copied_where_the_recorded_step_reads_it():
    seen = []

    def compute(features, targets):
        seen.append((features.data_ptr(), float(features.sum())))
        return features.sum()

    step = GraphedStep(Tape(), forget=lambda: None)
    batches = [(torch.full((2, 1, 3, 4), float(value)), torch.zeros(2, 3)) for value in range(6)]
    losses = [float(step.take(compute, *batch)) for batch in batches]
    assert losses == [24.0 * value for value in range(6)]
    assert len({place for place, _ in seen[N_WARM:]}) == 1
    assert not {place for place, _ in seen[N_WARM:]} & {features.data_ptr() for features, _ in batches}


def test_a_loss_is_not_changed_by_the_next_step():
    step = GraphedStep(Tape(), forget=lambda: None)
    losses = [step.take(add_up, torch.full((1, 1, 2, 2), float(value)), torch.zeros(1, 2)) for value in range(7)]
    assert [float(loss) for loss in losses] == [4.0 * value for value in range(7)]


def test_what_cannot_be_recorded_is_computed_as_ever_and_told_once():
    class Refusing(Tape):
        def record(self, compute):
            self.n_recorded += 1
            raise RuntimeError("operation not permitted when stream is capturing\nmore lines")

    tape = Refusing()
    found, expected = build_trainer(tape), build_trainer()
    assert train(found) == pytest.approx(train(expected), rel=1e-3)
    assert_alike(found, expected)
    assert found.graph_fault == "operation not permitted when stream is capturing more lines"
    assert tape.n_recorded == 1


def test_no_more_than_a_few_shapes_are_recorded():
    tape = Tape()
    step = GraphedStep(tape, forget=lambda: None)
    for n_clips in range(1, 8):
        for _ in range(N_WARM + 2):
            assert float(step.take(add_up, torch.ones(n_clips, 1, 1, 1), torch.zeros(n_clips, 2))) == n_clips
    assert tape.n_recorded == 4
    assert tape.n_replayed == 4 * 2


def test_learning_rates_change_where_a_recorded_step_reads_them():
    trainer, plain = build_trainer(Tape()), build_trainer()
    places = [group["lr"] for group in trainer.optimiser.param_groups]
    rates = []
    for each in (trainer, plain):
        train(each, 2)
        rates.append(float(each.optimiser.param_groups[0]["lr"]))
    assert all(group["lr"] is place for group, place in zip(trainer.optimiser.param_groups, places, strict=True))
    assert rates[0] == pytest.approx(rates[1])
    assert isinstance(plain.optimiser.param_groups[0]["lr"], float)


@pytest.mark.parametrize(("first", "second"), [(Tape, None), (None, Tape), (Tape, Tape)])
def test_a_training_goes_on_with_or_without_recorded_steps(first, second):
    begun, whole = build_trainer(first and first()), build_trainer()
    expected = train(whole)
    losses = train(begun, 2)
    rest = build_trainer(second and second())
    rest.load_state_dict(unpack_state(pack_state(begun.state_dict())))
    assert losses + train(rest, 2) == pytest.approx(expected, rel=1e-3)
    assert all(isinstance(group["lr"], torch.Tensor) is (second is Tape) for group in rest.optimiser.param_groups)


def test_a_trainer_goes_with_its_last_user_and_with_it_what_a_gpu_holds_for_it():
    """No collector of cycles is waited for, which would leave its memory taken."""
    gc.disable()
    try:
        trainer = build_trainer(Silent())
        train(trainer, 2)
        seen = weakref.ref(trainer)
        del trainer
        assert seen() is None
    finally:
        gc.enable()


def test_an_adaptation_is_never_recorded():
    tape = Tape()
    trainer = build_trainer(tape, adaptation=DomainAdaptation())
    train(trainer, 2)
    assert (tape.n_warm, tape.n_recorded, trainer.graph_fault) == (0, 0, None)


def test_a_recorder_that_computes_nothing_is_seen_by_its_losses():
    """What the tests above would say of it: the check can fail."""
    found, expected = train(build_trainer(Silent())), train(build_trainer())
    assert found[: 2 * N_WARM] == pytest.approx(expected[: 2 * N_WARM], rel=1e-4)
    assert found != pytest.approx(expected, rel=1e-2)
