"""Features that a device makes: what the CPU gives, without the disk; by a CPU that makes them in the device's way."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from nas_asc.clock import TimeLimit
from nas_asc.data import Split, load_data_set
from nas_asc.errors import DataError
from nas_asc.evaluation import PreparedData, Worker, evaluate_candidate, measure_features
from nas_asc.evaluation.device_features import DeviceFeatures
from nas_asc.features import forget_waveforms
from nas_asc.frontend import LogMel
from nas_asc.training import CPU, Clips, DeadlineError, DeviceTables, Run
from nas_asc.training.table import count_bytes
from tests.clocks import ManualClock
from tests.evaluation.timed import Timed

pytest_plugins = ["tests.evaluation.tones"]
LOG_MEL = LogMel(sample_rate=8_000, n_fft=512, win_length=400, hop_length=200, n_mels=32)
META = torch.device("meta")
STEP = {"rtol": 2**-10, "atol": 2**-11}  # of float16


@pytest.fixture
def made(make_prepared):
    """Tones whose features a CPU makes as a GPU would."""
    return make_prepared(making_kinds=["cpu"])


def list_files(prepared):
    return [path for path in prepared._cache_dir.rglob("*") if path.is_file()]


def test_clips_are_those_of_the_cpu_and_nothing_is_on_disk(made, prepared):
    for turn in (0, 1):
        there, here = made.turn(turn), prepared.turn(turn)
        for name in ("train_clips", "development_clips"):
            found, expected = getattr(there, name)(LOG_MEL), getattr(here, name)(LOG_MEL)
            assert isinstance(found.features, torch.Tensor)
            np.testing.assert_allclose(found.features.numpy(), np.asarray(expected.features), **STEP)
            torch.testing.assert_close(found.mean, expected.mean, rtol=1e-4, atol=1e-4)
            torch.testing.assert_close(found.std, expected.std, rtol=1e-4, atol=1e-4)
            assert torch.equal(found.labels, expected.labels)
        found, expected = there.validation_clips(LOG_MEL), here.validation_clips(LOG_MEL)
        np.testing.assert_allclose(found.clips.features.numpy(), np.asarray(expected.clips.features), **STEP)
        np.testing.assert_array_equal(found.labels, expected.labels)
    assert made.is_computed(LOG_MEL)
    assert list_files(made) == []


def test_a_trial_is_trained_scored_and_written_on_them(made, prepared, make_design):
    design = make_design(epochs=2)
    found, expected = (evaluate_candidate(design, each, Run(3)) for each in (made, prepared))
    assert found.scores.log_loss == pytest.approx(expected.scores.log_loss, rel=0.02)
    assert list_files(made) == []


def test_features_that_are_on_disk_are_read_from_there(make_prepared):
    first = make_prepared()
    first.compute(LOG_MEL)
    again = PreparedData(first.data_set, first.split, cache_dir=first._cache_dir, making_kinds=["cpu"])
    assert again.is_computed(LOG_MEL)
    assert not again.makes_on(LOG_MEL, CPU)
    assert not isinstance(again.train_clips(LOG_MEL).features, torch.Tensor)
    assert not again.has_recordings(LOG_MEL)


def test_recordings_are_read_once_for_all_front_ends(make_prepared):
    told = []
    prepared = make_prepared(making_kinds=["cpu"], on_progress=lambda *each: told.append(each))
    prepared.compute(LOG_MEL)
    n_told = len(told)
    assert told[-1] == (prepared.n_train + prepared.n_validation,) * 2
    other = replace(LOG_MEL, hop_length=100)
    assert not prepared.is_computed(other)
    assert prepared.train_clips(other).in_shape == other.shape(0.5)
    assert prepared.is_computed(other)
    assert len(told) == n_told


def test_time_that_is_over_leaves_nothing(make_prepared):
    clock = ManualClock()

    def let_time_pass(done, total):
        clock.seconds += 1.0

    prepared = make_prepared(making_kinds=["cpu"], on_progress=let_time_pass)
    with pytest.raises(DeadlineError, match=r"the time was over when \d+ of 96 clips had features"):
        prepared.compute(LOG_MEL, limit=TimeLimit(1.0, clock))
    assert not prepared.is_computed(LOG_MEL)
    assert not prepared.has_recordings(LOG_MEL)
    prepared.compute(LOG_MEL)
    assert prepared.is_computed(LOG_MEL)


class Shelf:
    """Features of ten clips on a device that has so many bytes in all."""

    def __init__(self, prepared, n_bytes, kinds=("cpu",)):
        self.left, self.rows = n_bytes, np.arange(10)
        self.tables = DeviceTables(lambda wanted, device: wanted <= self.left - self.used())
        self.made = DeviceFeatures(prepared.data_set, self.rows, self.tables, kinds=kinds)

    def used(self):
        recordings = sum(each.waveforms.nbytes for each in self.made._recordings.values() if each is not None)
        return recordings + sum(map(count_bytes, self.tables._tables.values()))


RECORDINGS, TABLE = 10 * 4_000 * 2, 10 * 2 * int(np.prod(LOG_MEL.shape(0.5)))
WIDE = replace(LOG_MEL, n_mels=64)  # twice as large


@pytest.mark.parametrize(("n_bytes", "fits"), [(RECORDINGS + TABLE, True), (RECORDINGS + TABLE - 1, False)])
def test_recordings_are_kept_where_they_and_the_features_fit_together(n_bytes, fits, prepared):
    shelf = Shelf(prepared, n_bytes)
    assert shelf.made.makes(LOG_MEL, CPU) is fits
    assert (shelf.made.get(LOG_MEL, CPU) is not None) is fits
    assert shelf.made.makes(LOG_MEL, CPU) is shelf.made.has(LOG_MEL) is shelf.made.has_recordings(LOG_MEL) is fits


def test_other_features_make_room_and_are_made_again(prepared):
    shelf = Shelf(prepared, RECORDINGS + 2 * TABLE)
    first = shelf.made.get(LOG_MEL, CPU).array
    assert shelf.made.get(WIDE, CPU) is not None
    assert not shelf.made.has(LOG_MEL)
    again = shelf.made.get(LOG_MEL, CPU).array
    assert again is not first
    assert torch.equal(again, first)


def test_recordings_are_given_up_where_features_do_not_fit_beside_them(prepared):
    shelf = Shelf(prepared, RECORDINGS + TABLE)
    assert shelf.made.get(LOG_MEL, CPU) is not None
    assert shelf.made.get(WIDE, CPU) is None
    assert not shelf.made.has_recordings(LOG_MEL)
    assert not shelf.made.makes(LOG_MEL, CPU)
    assert shelf.used() == 0


def test_a_device_whose_memory_ends_makes_none(prepared):
    shelf = Shelf(prepared, 2**30)

    def run_out(n_bytes, torch_device):
        raise torch.OutOfMemoryError("others have taken it")

    shelf.tables._has_room = run_out
    assert shelf.made.get(LOG_MEL, CPU) is None
    assert not shelf.made.makes(LOG_MEL, CPU)


def test_a_device_of_another_kind_makes_none(prepared):
    shelf = Shelf(prepared, 2**30, kinds=["cuda"])
    assert not shelf.made.makes(LOG_MEL, CPU)
    assert shelf.made.get(LOG_MEL, CPU) is None


def test_the_cpu_gets_what_a_device_has_made(prepared):
    """As the file of a network does, which is scored there: the one that has the recordings makes the features."""
    shelf = Shelf(prepared, 2**30)
    there = shelf.made.get(LOG_MEL, CPU)
    assert shelf.made.get(LOG_MEL, META).array is there.array
    assert Clips(there.array).home == CPU


def test_reading_counts_until_a_device_has_the_recordings(tmp_path):
    forget_waveforms()
    timed, rows = Timed(), np.arange(64)
    split = Split(rows[:48], rows[48:], np.zeros(0, np.int64), "all")
    prepared = PreparedData(timed.data_set, split, cache_dir=tmp_path, making_kinds=["cpu"])
    options = {"torch_device": CPU, "clock": timed.clock}
    assert prepared.makes_on(LOG_MEL, CPU)
    assert measure_features(LOG_MEL, prepared, **options) == pytest.approx(64, rel=0.1)  # one is read before
    assert measure_features(LOG_MEL, prepared, **options, reads=False) == 0.0
    worker = Worker(prepared, clock=timed.clock)
    assert worker.forecast_features(LOG_MEL) == 0.0


def test_audio_that_is_gone_is_told(prepared, tones_dir, tmp_path):
    root = tmp_path / "tones"
    shutil.copytree(tones_dir, root)
    moved = PreparedData(load_data_set(root), prepared.split, cache_dir=tmp_path / "cache", making_kinds=["cpu"])
    shutil.rmtree(root)
    forget_waveforms()
    with pytest.raises(DataError, match="96 of 96 recordings cannot be used"):
        moved.train_clips(LOG_MEL)
