"""Who trains: one contract for trials, repeats and plain trainings, from a job's record to the one that comes back."""

import gc
import io
import shutil
import zipfile
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from nas_asc.clock import TimeLimit
from nas_asc.cost import cost_at_bits, count_cost
from nas_asc.data import load_data_set
from nas_asc.errors import DataError, ExportError, TrainingError
from nas_asc.evaluation import Job, PreparedData, Worker, evaluate_candidate, predict_file, to_reason
from nas_asc.features import forget_waveforms
from nas_asc.layers import Classifier, Conv, format_architecture
from nas_asc.metrics import score_predictions
from nas_asc.recipe import AdamW, BandSelection, QuantisedTraining, StructuredPruning
from nas_asc.study import Repeat, TrainingRecord, TrialRecord, checkpoint_name
from nas_asc.training import DeadlineError, Run, Trainer
from tests.clocks import ManualClock
from tests.evaluation.own_layers import Breaker, Rotten, Slow, Waiting

pytest_plugins = ["tests.evaluation.tones"]
SEED, N_EPOCHS = 5, 4
OWN = {
    TrainingRecord: {},
    TrialRecord: {"number": 3, "values": {"width": 8}, "origin": "guess"},
    Repeat: {"number": 3, "index": 2},
}
of_every_kind = pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.__name__)
SIGNED = ("torch_device", "precision")
STEM = Conv(4, kernel_size=3, stride=4, norm="batch")


@pytest.fixture(scope="module")
def worker(prepared):
    return Worker(prepared, layer_types=(Slow, Waiting, Rotten))


@pytest.fixture(scope="module")
def make_job(make_design):
    """A job as a search, the repeats, the refit and `train` make theirs."""

    def make(kind=TrialRecord, *, design=None, job=None, **recipe):
        design = design or make_design(**{"epochs": N_EPOCHS} | recipe)
        record = kind(
            state="failed",
            key=design.key,
            architecture=format_architecture(design.architecture),
            log_mel=design.log_mel,
            recipe=design.recipe,
            cost=cost_at_bits(count_cost(design.architecture), design.architecture, design.recipe.bits),
            seed=SEED,
            **OWN[kind],
        )
        return Job(record=record, name="tones", **job or {})

    return make


def go_on(job, stopped):
    """The job that goes on with what a stopped one gave."""
    (content,) = stopped.files.values()
    return replace(job, record=stopped.record, checkpoint=content, stop_after=None)


def changes(record, job):
    """Names of the fields in which a record differs from the job's."""
    own = (field.name for field in fields(record))
    return {name for name in own if getattr(record, name) != getattr(job.record, name)}


def write_files(result, folder):
    for name, content in result.files.items():
        (folder / name).write_bytes(content)


@of_every_kind
@pytest.mark.parametrize("scored", ["float", "int8"])
def test_record_comes_back_complete_with_the_scores_of_what_is_scored(
    kind, scored, worker, prepared, make_job, tmp_path
):
    job = make_job(kind, job={"scored": scored})
    result = worker.train(job, limit=TimeLimit(clock=ManualClock()))
    record, clips = result.record, prepared.validation_clips(job.record.log_mel)
    assert type(record) is kind
    assert record.is_complete
    assert changes(record, job) == {"state", "scores", "network_scores", "file", *SIGNED}
    assert [row.epoch for row in result.curve] == list(range(1, N_EPOCHS + 1))
    write_files(result, tmp_path)
    assert sorted(result.files) == ["int8.json", "int8.onnx"]
    of_network, of_file = result.network.predict(clips.clips), predict_file(tmp_path / "int8.onnx", clips.clips)
    assert record.network_scores == score_predictions(clips.labels, of_network)
    assert record.file.scores == score_predictions(clips.labels, of_file)
    assert record.scores == (record.file.scores if scored == "int8" else record.network_scores)
    np.testing.assert_array_equal(result.probabilities, of_file if scored == "int8" else of_network)
    assert record.file.agreement == (of_file.argmax(axis=1) == of_network.argmax(axis=1)).mean()
    assert (record.file.bits, record.file.file_bytes) == (8, len(result.files["int8.onnx"]))
    assert kind.from_dict(record.to_dict()) == record


@of_every_kind
def test_network_is_that_of_the_records_design_and_seed(kind, worker, prepared, make_job):
    job = make_job(kind)
    expected = evaluate_candidate(job.record.design(), prepared, Run(SEED))
    found = worker.train(job)
    assert found.record.network_scores == expected.scores
    assert all(torch.equal(found.network.state[name], value) for name, value in expected.network.state.items())


@of_every_kind
@pytest.mark.parametrize("scored", ["float", "int8"])
def test_on_the_development_clips_nothing_is_scored(kind, scored, worker, prepared, make_job):
    job = make_job(kind, job={"clips": "development", "scored": scored})
    result = worker.train(job, limit=TimeLimit(clock=ManualClock()))
    assert type(result.record) is kind
    assert changes(result.record, job) == {"state", *SIGNED}
    assert result.record.is_complete
    assert (result.probabilities, dict(result.files)) == (None, {})
    assert len(result.curve) == N_EPOCHS
    mean, _ = prepared.development_clips(job.record.log_mel).band_statistics
    assert torch.equal(result.network.state["standardiser.mean"], mean)


def test_a_job_that_writes_nothing_has_the_networks_scores_and_no_file(worker, make_job):
    result = worker.train(make_job(job={"writes": False}))
    assert result.record.scores == result.record.network_scores is not None
    assert (result.record.file, dict(result.files)) == (None, {})
    assert result.probabilities is not None


@pytest.mark.parametrize(("bits", "name"), [(16, "fp16"), (32, "fp32")])
def test_a_file_has_the_bits_of_the_recipe(bits, name, worker, prepared, make_job, tmp_path):
    result = worker.train(make_job(bits=bits, job={"scored": "int8"}))
    assert sorted(result.files) == [f"{name}.json", f"{name}.onnx"]
    assert (result.record.file.bits, result.record.file.kind) == (bits, name)
    write_files(result, tmp_path)
    clips = prepared.validation_clips(result.record.log_mel).clips
    np.testing.assert_array_equal(result.probabilities, predict_file(tmp_path / f"{name}.onnx", clips))


def test_a_file_of_a_recipe_with_training_in_8_bits_is_of_the_weights_that_this_gave(worker, make_job):
    told = []
    job = make_job(quantisation=QuantisedTraining(0.25), job={"scored": "int8"})
    result = worker.train(job, on_epoch=lambda row, n_epochs: told.append((row.epoch, n_epochs)))
    assert told == [(epoch, 5) for epoch in range(1, 6)]
    plain = worker.train(make_job(job={"scored": "int8"}))
    assert result.record.network_scores == plain.record.network_scores
    assert result.files["int8.onnx"] != plain.files["int8.onnx"]


def test_cost_and_bands_are_those_of_the_network_as_it_was_trained_in_the_end(worker, make_job, make_design):
    design = make_design(epochs=N_EPOCHS)
    pruned = make_job(pruning=StructuredPruning(count_cost(design.architecture).params // 2, None, 0.5))
    result = worker.train(pruned)
    assert result.record.cost == count_cost(result.network.architecture)
    assert result.record.cost.params <= pruned.record.cost.params // 2
    assert result.record.architecture == pruned.record.architecture != format_architecture(result.network.architecture)

    log_mel = replace(design.log_mel, kept_bands=tuple(range(0, 32, 2)))
    narrow = replace(design.architecture, in_shape=log_mel.shape(0.5))
    recipe = replace(design.recipe, band_selection=BandSelection(epochs=1))
    for clips in ("training", "development"):
        selected = make_job(design=replace(design, architecture=narrow, log_mel=log_mel, recipe=recipe))
        result = worker.train(replace(selected, clips=clips))
        assert result.record.log_mel == result.network.log_mel != log_mel
        assert result.record.cost == selected.record.cost


@of_every_kind
def test_a_job_that_stops_gives_one_more_rung_and_goes_on_bit_for_bit(kind, worker, make_job):
    job, told = make_job(kind), []
    whole = worker.train(job)
    first = worker.train(replace(job, stop_after=1), on_epoch=lambda row, n_epochs: told.append(row.epoch))
    job_2 = replace(go_on(job, first), stop_after=3)
    second = worker.train(job_2, on_epoch=lambda row, n_epochs: told.append(row.epoch))
    for stopped, epochs in ((first, [1]), (second, [1, 3])):
        assert type(stopped.record) is kind
        assert stopped.record.is_stopped
        assert [rung.epochs for rung in stopped.record.rungs] == epochs
        assert list(stopped.files) == [checkpoint_name(epochs[-1])]
        assert (stopped.network, stopped.probabilities) == (None, None)
        assert (stopped.record.scores, stopped.record.network_scores, stopped.record.file) == (None, None, None)
        assert len(stopped.curve) == epochs[-1]
    assert second.record.rungs[:1] == first.record.rungs
    end = worker.train(go_on(job, second), on_epoch=lambda row, n_epochs: told.append(row.epoch))
    assert told == [1, 2, 3, 4]
    assert end.record.rungs == second.record.rungs
    assert replace(end.record, rungs=(), seconds=0.0) == replace(whole.record, seconds=0.0)
    assert all(torch.equal(end.network.state[name], value) for name, value in whole.network.state.items())
    assert end.files == whole.files
    np.testing.assert_array_equal(end.probabilities, whole.probabilities)


def flip_a_bit(content):
    """One bit of the largest part is another: of the weights, or what the optimiser keeps of them."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        largest = max(archive.infolist(), key=lambda part: part.file_size)
        place = content.index(archive.read(largest)) + largest.file_size // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("damage", [lambda content: content[: len(content) // 2], lambda content: b"", flip_a_bit])
def test_a_damaged_checkpoint_costs_time_alone(damage, worker, make_job):
    job, told = make_job(), []
    whole, stopped = worker.train(job), worker.train(replace(job, stop_after=2))
    (content,) = stopped.files.values()
    assert damage(content) != content
    again = replace(go_on(job, stopped), checkpoint=damage(content))
    result = worker.train(again, on_epoch=lambda row, n_epochs: told.append(row.epoch))
    assert told == [1, 2, 3, 4]
    assert result.record.rungs == stopped.record.rungs
    assert result.record.scores == whole.record.scores
    assert all(torch.equal(result.network.state[name], value) for name, value in whole.network.state.items())


def test_seconds_are_by_the_limits_clock_without_what_passes_while_it_is_stopped(worker, make_job):
    job, clock = make_job(), ManualClock(1_000.0)

    def let_time_pass(row, n_epochs):
        clock.seconds += 2.0

    limit = TimeLimit(10_000.0, clock)
    stopped = worker.train(replace(job, stop_after=1), limit=limit, on_epoch=let_time_pass)
    assert stopped.record.seconds == 2.0
    clock.seconds += 5_000.0
    assert worker.train(go_on(job, stopped), limit=limit, on_epoch=let_time_pass).record.seconds == 8.0


@of_every_kind
def test_a_fault_of_a_layer_is_a_failed_record_with_its_reason(kind, worker, make_job):
    clock = ManualClock()
    job = make_job(kind, layers=(STEM, Rotten(), Classifier()))
    with pytest.raises(KeyError):
        worker.train(job)
    result = worker.attempt(job, limit=TimeLimit(clock=clock))
    assert type(result.record) is kind
    assert result.record.is_failed
    assert result.record.reason == "KeyError: 'weight'"
    assert changes(result.record, job) == {"reason", *SIGNED}
    assert (result.record.torch_device, result.record.precision) == ("cpu", worker.precision_name)
    assert (result.network, result.probabilities, result.curve, dict(result.files)) == (None, None, (), {})


def test_nothing_of_a_failed_training_stays(worker, make_job):
    """What was allocated for it can be given back: not even the reason's traceback holds it."""
    result = worker.attempt(make_job(layers=(STEM, Rotten(), Classifier())))
    gc.collect()
    assert result.record.is_failed
    assert not Breaker.alive


def test_a_study_keeps_the_precision_of_its_worker(prepared, make_job):
    """In bfloat16 all the way: other losses than in float32, and the record says so."""
    plain, rounded = (Worker(prepared, precision=precision) for precision in (torch.float32, torch.bfloat16))
    found = [each.train(make_job(job={"writes": False})) for each in (plain, rounded)]
    assert [each.record.precision for each in found] == ["float32", "bfloat16"]
    losses = [each.curve[0].loss for each in found]
    assert losses[0] != losses[1] == pytest.approx(losses[0], rel=0.05)


def test_features_end_with_the_time_and_leave_nothing(make_prepared, make_job):
    """Each batch of clips takes a second of the clock; after two there is no time."""
    clock = ManualClock()

    def let_time_pass(done, total):
        clock.seconds += 1.0

    job, prepared = make_job(), make_prepared(on_progress=let_time_pass)
    with pytest.raises(DeadlineError, match=r"the time was over when \d+ of 96 clips had features"):
        Worker(prepared, clock=clock).train(job, limit=TimeLimit(2.0, clock))
    assert not prepared.is_computed(job.record.log_mel)
    prepared.compute(job.record.log_mel)
    assert prepared.is_computed(job.record.log_mel)


def test_a_diverging_training_is_a_failed_record_with_the_time_that_it_took(worker, make_job):
    clock = ManualClock()

    def let_time_pass(row, n_epochs):
        clock.seconds += 2.0
        raise TrainingError("the loss is no more.")

    job = make_job()
    stopped = replace(job, record=replace(job.record, seconds=7.0))
    result = worker.attempt(stopped, limit=TimeLimit(clock=clock), on_epoch=let_time_pass)
    assert result.record.reason == "the loss is no more."
    assert result.record.seconds == 9.0
    layers = (Conv(4, kernel_size=3), Conv(4, kernel_size=3), Classifier(norm=None))
    diverged = worker.attempt(make_job(layers=layers, optimiser=AdamW(1e20)))
    assert diverged.record.reason.startswith("training diverged")


def test_a_layer_that_the_worker_does_not_know_is_a_failed_record(prepared, make_job):
    result = Worker(prepared).attempt(make_job(layers=(STEM, Slow(), Classifier())))
    assert "Slow" in result.record.reason
    assert result.record.is_failed


def test_a_network_that_cannot_be_exported_fails_where_its_file_is_scored_and_has_none_elsewhere(worker, make_job):
    job = make_job(layers=(STEM, Slow(), Classifier()))
    result = worker.train(job)
    assert result.record.is_complete
    assert (result.record.file, dict(result.files)) == (None, {})
    assert result.record.scores == result.record.network_scores
    with pytest.raises(ExportError, match=r"`write_nodes` must be defined in Waiting.*Or score networks in float"):
        worker.train(replace(job, scored="int8"))
    failed = worker.attempt(replace(job, scored="int8")).record
    assert failed.is_failed
    assert failed.reason.endswith("Or score networks in float.")


def test_time_that_is_over_passes_through(worker, make_job):
    with pytest.raises(DeadlineError):
        worker.attempt(make_job(), limit=TimeLimit.after(0.0))


def test_an_interrupt_passes_through(worker, make_job):
    def interrupt(row, n_epochs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        worker.attempt(make_job(), on_epoch=interrupt)


def test_audio_that_is_gone_passes_through(prepared, tones_dir, make_job, tmp_path):
    root = tmp_path / "tones"
    shutil.copytree(tones_dir, root)
    moved = PreparedData(load_data_set(root), prepared.split, cache_dir=tmp_path / "cache")
    shutil.rmtree(root)
    forget_waveforms()
    with pytest.raises(DataError, match="96 of 96 recordings cannot be used"):
        Worker(moved).attempt(make_job())


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TrainingError("training diverged\nin epoch 1."), "training diverged in epoch 1."),
        (ValueError("no\n such   thing"), "ValueError: no such thing"),
        (ZeroDivisionError(), "ZeroDivisionError: no reason given"),
    ],
)
def test_a_reason_is_one_line(error, reason):
    assert to_reason(error) == reason


@pytest.mark.parametrize(("asked", "fits", "expected"), [(64, 16, 16), (64, 64, 64), (40, 20, 20), (24, 12, None)])
def test_where_memory_is_over_the_training_begins_anew_with_half_the_batch(
    worker, make_job, monkeypatch, asked, fits, expected
):
    def step(self, features, *others):
        if self.recipe.batch_size > fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
        return plain(self, features, *others)

    plain = Trainer.step
    monkeypatch.setattr(Trainer, "step", step)
    result = worker.attempt(make_job(job={"writes": False}, batch_size=asked))
    if expected is None:
        assert result.record.reason.startswith("training failed: OutOfMemoryError: out of memory: CUDA")
        return
    assert result.record.is_complete
    assert result.record.recipe.batch_size == expected
    halvings = [size for size in (32, 20, 16) if fits <= size < asked and asked % size == 0]
    assert list(result.notes) == [f"out of memory: it begins anew with batches of {size} clips" for size in halvings]
    monkeypatch.undo()
    small = worker.attempt(make_job(job={"writes": False}, batch_size=expected))
    assert small.record.scores == result.record.scores
