"""What only a real GPU can show: the same as on the CPU up to rounding, and what a GPU alone does.

Conventions:
    In float32 five steps on both differ by rounding; what is compared allows for it. All of it takes minutes.
"""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from nas_asc.compression import AdmmPenalty, WeightPruner
from nas_asc.cost import count_cost
from nas_asc.evaluation import Job, PreparedData, Worker, select_bands
from nas_asc.evaluation.quantised_training import train_quantised
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture, Classifier, Conv, Dropout, InvertedBottleneck, format_architecture
from nas_asc.models import build_model, lower_network
from nas_asc.recipe import (
    AdamW,
    AdmmPruning,
    BandSelection,
    BlockMix,
    ClipGrowth,
    CutMix,
    DeviceResponse,
    Distillation,
    DomainAdaptation,
    DropoutRates,
    Ema,
    FocalLoss,
    FreqMix,
    FreqMixStyle,
    Gain,
    Mixup,
    OneShotPruning,
    PitchShift,
    Recipe,
    Sgd,
    Swa,
)
from nas_asc.study import TrialRecord
from nas_asc.training import (
    CPU,
    Clips,
    CudaRecorder,
    Run,
    Trainer,
    choose_precision,
    pack_state,
    predict_logits,
    train_model,
    unpack_state,
    update_statistics,
)
from nas_asc.training.checkpoint import Checkpoint
from nas_asc.training.precision import measure_precisions

pytest_plugins = ["tests.evaluation.tones"]
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
GPU = torch.device("cuda")
N_CLIPS, BATCH, N_CLASSES, SHAPE = 80, 16, 4, (1, 16, 20)
LOG_MEL = LogMel(sample_rate=8_000, n_fft=512, win_length=400, hop_length=200, n_mels=32)
BODY = (Conv(8, kernel_size=3, stride=2, padding=1, norm="batch", activation="relu"), InvertedBottleneck(8, stride=2))
PLAIN = Architecture((*BODY, Classifier()), SHAPE, N_CLASSES)
DROPPED = Architecture((*BODY, Dropout(0.3), Classifier()), SHAPE, N_CLASSES)
RECIPES = {
    "default": Recipe(),
    "plain": Recipe(augmentation=()),
    **{
        type(part).__name__: Recipe(augmentation=(part,)) for part in (BlockMix(), CutMix(), FreqMix(), Mixup(), Gain())
    },
    "DeviceResponse": Recipe(augmentation=(DeviceResponse(),)),
    "PitchShift": Recipe(augmentation=(PitchShift(),)),
    "FreqMixStyle": Recipe(augmentation=(FreqMixStyle(p=1.0),)),
    "momentum": Recipe(optimiser=Sgd(0.05)),
    "ema": Recipe(averaging=Ema(0.9)),
    "swa": Recipe(averaging=Swa(1)),
    "distillation": Recipe(loss=Distillation()),
    "focal loss": Recipe(loss=FocalLoss()),
    "growth": Recipe(growth=ClipGrowth((1,), (0.5,))),
    "adaptation": Recipe(adaptation=DomainAdaptation(), augmentation=(Mixup(),)),
}


def make_clips(n_clips=N_CLIPS):
    generator, rows = torch.Generator().manual_seed(0), torch.arange(n_clips)
    features = torch.randn(n_clips, *SHAPE, generator=generator) + (rows % N_CLASSES).view(-1, 1, 1, 1)
    return Clips(
        features.half().numpy(),
        rows % N_CLASSES,
        torch.full((16,), 0.1),
        torch.full((16,), 1.2),
        cities=rows % 3,
        devices=rows % 2,
        device_names=("a", "b"),
        log_mel=LogMel(sample_rate=16_000, n_fft=2_048, win_length=1_024, n_mels=16),
        teacher_logits=torch.randn(n_clips, N_CLASSES, generator=generator),
    )


def make_model(architecture=PLAIN):
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return build_model(architecture)


def train(torch_device, recipe, *, model=None, companions=(), epochs=1, **options):
    """The model after five steps an epoch in float32, and its learning curve."""
    model = make_model() if model is None else model
    run = Run(3, torch_device, precision=torch.float32, **options.pop("run", {}))
    recipe = replace(recipe, epochs=epochs, batch_size=BATCH)
    options = {"companions": companions, "n_classes": N_CLASSES} | options
    return model, train_model(model, make_clips(), run, recipe=recipe, **options)


def assert_alike(model, expected, *, rtol=1e-3, atol=2e-4):
    found = {name: value.cpu() for name, value in model.state_dict().items()}
    torch.testing.assert_close(
        found, {name: value.cpu() for name, value in expected.state_dict().items()}, rtol=rtol, atol=atol
    )


@pytest.mark.parametrize("name", RECIPES)
def test_five_steps_give_what_they_give_on_the_cpu(name):
    (model, result), (expected, on_cpu) = (train(device, RECIPES[name]) for device in (GPU, CPU))
    assert result.curve[0].loss == pytest.approx(on_cpu.curve[0].loss, rel=1e-4)
    assert_alike(model, expected)


@pytest.mark.parametrize("name", RECIPES)
def test_recorded_steps_train_as_those_of_the_cpu(name):
    notes = []
    model, result = train(GPU, RECIPES[name], epochs=3, run={"graphs": True, "on_note": notes.append})
    expected, on_cpu = train(CPU, RECIPES[name], epochs=3)
    assert notes == []
    losses = [[row.loss for row in each.curve] for each in (result, on_cpu)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)
    assert_alike(model, expected, rtol=2e-2, atol=5e-3)


def test_recorded_steps_drop_other_values_each_time():
    """A mask that was recorded would be the same in each replay, and the losses of the same clips and weights too."""
    recipe = Recipe(optimiser=AdamW(1e-12, weight_decay=0.0), augmentation=(), batch_size=N_CLIPS)
    trainer = Trainer(
        make_model(DROPPED),
        make_clips(),
        recipe=recipe,
        n_classes=N_CLASSES,
        n_epochs=9,
        seed=0,
        torch_device=GPU,
        recorder=CudaRecorder(GPU),
    )
    losses = []
    for _ in range(9):
        with trainer.epoch() as batches:
            losses += [float(trainer.step(*trainer.build_batch(batch))) for batch in batches]
    assert trainer.graph_fault is None
    assert np.diff(sorted(losses)).min() > 1e-5  # rounding makes less


def test_what_reads_a_value_is_not_recorded_and_told():
    class Reading(nn.Module):
        def forward(self, x):
            return x * (1.0 if float(x.sum()) > 1e9 else 2.0)

    notes = []
    model = nn.Sequential(make_model(), Reading())
    _, result = train(GPU, Recipe(), model=model, epochs=3, run={"graphs": True, "on_note": notes.append})
    assert len(notes) == 1
    assert "could not be recorded" in notes[0]
    assert len(result.curve) == 3


def test_masks_and_multipliers_follow_the_network():
    for make in (
        lambda model: WeightPruner(model, OneShotPruning(0.5), n_epochs=3),
        lambda model: AdmmPenalty(model, AdmmPruning(max_params=400)),
    ):
        models = []
        for device in (GPU, CPU):
            model = make_model()
            models.append(train(device, Recipe(), model=model, companions=[make(model)], epochs=3)[0])
        assert_alike(*models, rtol=1e-2, atol=2e-3)


def test_bands_are_those_of_the_cpu():
    recipe = Recipe(epochs=4, batch_size=BATCH)
    options = {"n_kept": 6, "selection": BandSelection(), "recipe": recipe}
    kept = [
        select_bands(make_model(), make_clips(), Run(0, device, precision=torch.float32), **options)
        for device in (GPU, CPU)
    ]
    assert len(set(kept[0]) & set(kept[1])) >= 5


def test_training_in_8_bits_gives_what_it_gives_on_the_cpu():
    lowered = []
    for device in (GPU, CPU):
        model = make_model().eval()
        with torch.no_grad():
            model[0].conv.weight[:2] = 0
        lowered.append(lower_network(model))
        train_quantised(lowered[-1], make_clips(), Run(0, device), recipe=Recipe(batch_size=BATCH), epochs=2)
    found, expected = (network.state_dict() for network in lowered)
    assert all(value.device == CPU for value in found.values())
    assert all(torch.equal(found[name] == 0, value == 0) for name, value in expected.items() if name.endswith("weight"))
    torch.testing.assert_close(found, expected, rtol=5e-2, atol=1e-2)


@pytest.mark.parametrize(("first", "second"), [(GPU, GPU), (GPU, CPU), (CPU, GPU)])
def test_a_checkpoint_goes_on_on_any_device(first, second):
    recipe = RECIPES["ema"]
    whole, _ = train(second, recipe, epochs=4)
    _, stopped = train(first, recipe, epochs=4, run={"stop_after": 2})
    checkpoint = Checkpoint.from_dict(unpack_state(pack_state(stopped.checkpoint.to_dict())))
    model, _ = train(second, recipe, epochs=4, checkpoint=checkpoint)
    assert_alike(model, whole, rtol=1e-2, atol=2e-3)


def test_a_dropout_beside_an_adaptation_drops_other_values_in_each_step():
    """The critic is built in the first step; built in torch's own way of seeding, the second would repeat the first."""
    masks = []

    def note(module, inputs, output):
        if module.training:
            masks.append((output == 0).flatten().cpu())

    model = make_model(DROPPED)
    next(module for module in model.modules() if isinstance(module, nn.Dropout)).register_forward_hook(note)
    train(GPU, replace(RECIPES["adaptation"], dropout=DropoutRates(0.0, 0.0)), model=model)
    assert not torch.equal(masks[0], masks[1])


def test_float32_is_exact_enough_to_tell_it_from_tf32():
    """TF32 has ten bits: a convolution of large numbers would be a thousandth off."""
    generator = torch.Generator().manual_seed(0)
    conv = nn.Conv2d(64, 64, 3, bias=False)
    features = torch.randn(8, 64, 32, 32, generator=generator)
    choose_precision(GPU)
    train(GPU, Recipe())
    with torch.no_grad():
        expected = conv.double()(features.double())
        found = copy.deepcopy(conv).float().to(GPU)(features.to(GPU)).cpu().double()
    assert float((found - expected).abs().max() / expected.abs().max()) < 1e-5


def test_precisions_are_measured_on_the_device():
    assert choose_precision(GPU) in (torch.float32, torch.bfloat16)
    assert all(0 < seconds < 10 for seconds in measure_precisions(GPU).values())


def test_a_constant_channel_is_measured_as_on_the_cpu():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4))
    with torch.no_grad():
        model[0].weight[:2], model[0].bias[:2] = 0.0, 0.3
    batches = [torch.randn(16, 1, 12, 12, generator=torch.Generator().manual_seed(seed)) for seed in range(3)]
    there = copy.deepcopy(model).to(GPU)
    update_statistics(model, batches)
    update_statistics(there, [batch.to(GPU) for batch in batches])
    assert_alike(there, model, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(there.cpu()(batches[0]), model(batches[0]), rtol=1e-3, atol=1e-3)


def test_rows_beyond_two_thousand_million_values_are_found():
    """As TAU's with a wide front end: 4.4 GB of float16."""
    n_clips, shape = 35_000, (1, 256, 250)
    if torch.cuda.mem_get_info()[0] < 12 * 2**30:
        pytest.skip("needs 12 GiB of free memory on the GPU")
    features = torch.zeros(n_clips, *shape, dtype=torch.float16, device=GPU)
    assert features.numel() > 2**31
    features += (torch.arange(n_clips, device=GPU) % 1_000).view(-1, 1, 1, 1)
    rows = torch.tensor([0, 1, n_clips // 2, n_clips - 1])
    batch = Clips(features).batch(rows.to(GPU), torch_device=GPU)
    assert batch[:, 0, 0, 0].tolist() == (rows % 1_000).tolist()
    assert batch[:, 0, -1, -1].tolist() == (rows % 1_000).tolist()


def test_features_are_those_of_the_cpu_up_to_rounding(prepared):
    """Log-mels of 25 recordings of ESC-10 in float32 are within 0.0014 of exact ones; a step of float16 comes to it."""
    there = PreparedData(prepared.data_set, prepared.split, cache_dir=prepared._cache_dir / "gpu")
    for change in ({}, {"sample_rate": 7_000}, {"center": False}, {"kept_bands": (0, 3, 9)}):
        log_mel = replace(LOG_MEL, **change)
        for name in ("train_clips", "development_clips"):
            found = getattr(there, name)(log_mel, torch_device=GPU)
            expected = getattr(prepared, name)(log_mel)
            assert found.home.type == "cuda"
            torch.testing.assert_close(
                found.features.cpu().float(), torch.from_numpy(expected.features).float(), rtol=2**-9, atol=4e-3
            )
            torch.testing.assert_close(found.mean, expected.mean, rtol=1e-3, atol=1e-3)
            torch.testing.assert_close(found.std, expected.std, rtol=1e-3, atol=1e-3)
        here = there.validation_clips(log_mel)  # as a file is scored
        assert here.clips.home == CPU
        np.testing.assert_allclose(
            np.asarray(here.clips.features, np.float32),
            np.asarray(prepared.validation_clips(log_mel).clips.features, np.float32),
            rtol=2**-9,
            atol=4e-3,
        )
    assert there.has_recordings(LOG_MEL)
    assert not (prepared._cache_dir / "gpu").exists()


def test_clips_that_do_not_fit_are_trained_on_from_the_computers_memory():
    clips = make_clips()
    trainer = Trainer(
        make_model(), clips, recipe=Recipe(batch_size=BATCH), n_classes=N_CLASSES, n_epochs=1, seed=0, torch_device=GPU
    )
    trainer.clips = replace(trainer.clips, features=clips.features)
    with trainer.epoch() as batches:
        losses = [float(trainer.step(*trainer.build_batch(batch))) for batch in batches]
    assert all(loss > 0 for loss in losses)
    assert predict_logits(make_model(), clips, torch_device=GPU).isfinite().all()


def test_after_a_trial_too_large_a_small_one_is_trained(prepared, make_design):
    """Out of memory is a failed record of one line; the next trial has the whole GPU again."""
    worker = Worker(prepared, torch_device=GPU, precision=torch.float32)
    widest = make_design(layers=(Conv(2**21, kernel_size=1), Classifier()), batch_size=64)  # 360 GB a batch
    small = make_design(epochs=1)
    records = []
    for number, design in enumerate((widest, small)):
        record = TrialRecord(
            number=number,
            state="failed",
            values={},
            key=design.key,
            architecture=format_architecture(design.architecture),
            log_mel=design.log_mel,
            recipe=design.recipe,
            cost=count_cost(design.architecture),
        )
        records.append(worker.attempt(Job(record=record, name="gpu", writes=False)).record)
    assert records[0].reason.startswith("training failed: OutOfMemoryError: out of memory")
    assert records[1].is_complete
    assert records[1].torch_device == torch.cuda.get_device_name(GPU)
