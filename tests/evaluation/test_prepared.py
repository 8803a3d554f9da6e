"""Prepared data: which clips, whose statistics, what stays in memory."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from nas_asc.data import Split, load_data_set, split_data_set
from nas_asc.errors import DataError
from nas_asc.evaluation import PreparedData, Worker, measure_features
from nas_asc.features import compute_features, forget_waveforms
from nas_asc.frontend import LogMel
from nas_asc.training import CPU
from tests.evaluation.timed import Timed

pytest_plugins = ["tests.evaluation.tones"]
LOG_MEL = LogMel(sample_rate=8_000, n_fft=512, win_length=400, hop_length=200, n_mels=32)


def test_parts_hold_the_features_and_labels_of_their_rows(prepared, tmp_path):
    data_set, split = prepared.data_set, prepared.split
    expected = compute_features(data_set, LOG_MEL, np.arange(len(data_set)), cache_dir=tmp_path).array
    train, validation = prepared.train_clips(LOG_MEL), prepared.validation_clips(LOG_MEL)
    test = prepared.test_clips(LOG_MEL)
    np.testing.assert_array_equal(train.features, expected[split.train])
    np.testing.assert_array_equal(train.labels, data_set.labels[split.train])
    np.testing.assert_array_equal(validation.clips.features, expected[split.validation])
    np.testing.assert_array_equal(validation.labels, data_set.labels[split.validation])
    np.testing.assert_array_equal(test.clips.features, expected[split.test])
    np.testing.assert_array_equal(test.labels, data_set.labels[split.test])
    assert test.devices is None


def test_statistics_are_those_of_the_clips_trained_on(prepared):
    for clips in (prepared.train_clips(LOG_MEL), prepared.development_clips(LOG_MEL)):
        features = np.asarray(clips.features, np.float64)
        mean, std = clips.band_statistics
        np.testing.assert_allclose(mean, features.mean(axis=(0, 1, 3)), rtol=1e-4)
        np.testing.assert_allclose(std, features.std(axis=(0, 1, 3)), rtol=1e-3)


def test_development_clips_are_training_then_validation_clips(prepared):
    development = prepared.development_clips(LOG_MEL)
    parts = prepared.train_clips(LOG_MEL).features, prepared.validation_clips(LOG_MEL).clips.features
    np.testing.assert_array_equal(development.features, np.concatenate(parts))


@pytest.mark.parametrize(
    ("column", "names", "indices"),
    [
        (["s1", "b", "a", "b", "c"], ("a", "b", "c", "s1"), [3, 1, 0, 1, 2]),
        (["q", "p", "q", "p", "p"], ("p", "q"), [1, 0, 1, 0, 0]),
        (["", "b", "", "a", "A"], ("a", "A", "b", ""), [3, 2, 3, 0, 1]),
        (["", "z", "", "z", "z"], ("z", ""), [1, 0, 1, 0, 0]),
    ],
)
def test_training_clips_know_their_devices_and_cities(tones_dir, tmp_path, column, names, indices):
    data_set = load_data_set(tones_dir)
    devices, cities = np.full(len(data_set), "blank"), np.full(len(data_set), "blank")
    devices[: len(column)], cities[:5] = column, ["lyon", "paris", "lyon", "", ""]
    known = replace(data_set, devices=devices, cities=cities)
    split = Split(np.array([4, 0, 2]), np.array([1, 3]), np.zeros(0, np.int64), "five clips")
    prepared = PreparedData(known, split, cache_dir=tmp_path)
    clips = prepared.development_clips(LOG_MEL)
    assert clips.log_mel is LOG_MEL
    assert clips.device_names == names
    assert clips.devices.tolist() == [indices[row] for row in (4, 0, 2, 1, 3)]
    assert clips.cities.dtype == clips.devices.dtype == torch.int64
    city_of = dict(zip((4, 0, 2, 1, 3), clips.cities.tolist(), strict=True))
    assert city_of[0] == city_of[2] != city_of[1] != city_of[3] == city_of[4] != city_of[0]


def test_statistics_are_fitted_once_for_each_part(make_prepared):
    """What is fitted anew lies in another place: both are held here, so no place is used twice."""
    prepared = make_prepared()
    parts = [(prepared.train_clips(LOG_MEL), prepared.development_clips(LOG_MEL)) for _ in range(2)]
    for first, second in zip(*parts, strict=True):
        assert first.mean.data_ptr() == second.mean.data_ptr()
        assert first.std.data_ptr() == second.std.data_ptr()
    assert not torch.equal(parts[0][0].mean, parts[0][1].mean)


def test_devices_and_cities_that_nobody_knows_are_none(prepared):
    clips = prepared.train_clips(LOG_MEL)
    assert (clips.devices, clips.cities, clips.device_names) == (None, None, ())


def test_search_reads_no_test_clip(tones_dir, tmp_path):
    data_set = load_data_set(tones_dir)
    split = split_data_set(data_set)
    absent = Split(split.train, split.validation, np.array([10**6]), "test rows that do not exist")
    prepared = PreparedData(data_set, absent, cache_dir=tmp_path)
    assert len(prepared.development_clips(LOG_MEL)) == len(split.train) + len(split.validation)
    with pytest.raises(IndexError):
        prepared.test_clips(LOG_MEL)


def test_split_without_test_clips_is_refused_with_a_reason(prepared, tmp_path):
    split = Split(prepared.split.train, prepared.split.validation, np.zeros(0, np.int64), "no test")
    with pytest.raises(DataError, match="no test clips"):
        PreparedData(prepared.data_set, split, cache_dir=tmp_path).test_clips(LOG_MEL)


def test_features_beyond_the_memory_limit_stay_on_disk(make_prepared):
    small, large = make_prepared(memory_limit_bytes=0), make_prepared()
    assert isinstance(small.train_clips(LOG_MEL).features, np.memmap)
    assert not isinstance(large.train_clips(LOG_MEL).features, np.memmap)
    np.testing.assert_array_equal(small.train_clips(LOG_MEL).features, large.train_clips(LOG_MEL).features)


def test_features_are_computed_once_and_oldest_leave_memory_first(make_prepared):
    calls = []
    other = LogMel(sample_rate=8_000, n_fft=512, win_length=400, hop_length=200, n_mels=16)
    n_bytes = make_prepared().development_clips(LOG_MEL).n_bytes
    prepared = make_prepared(memory_limit_bytes=n_bytes, on_progress=lambda done, total: calls.append(done))
    prepared.train_clips(LOG_MEL)
    n_calls = len(calls)
    first = prepared.development_clips(LOG_MEL).features
    assert prepared.development_clips(LOG_MEL).features is first
    assert len(calls) == n_calls > 0
    prepared.train_clips(other)
    assert prepared.development_clips(LOG_MEL).features is not first


def test_damaged_clips_are_left_out_of_every_part(tones_dir, tmp_path):
    root = tmp_path / "tests.evaluation.tones"
    shutil.copytree(tones_dir, root)
    data_set = load_data_set(root)
    split = split_data_set(data_set)
    data_set.path(split.validation[0]).write_bytes(b"no audio")
    prepared = PreparedData(load_data_set(root), split, cache_dir=tmp_path / "cache")
    assert len(prepared.train_clips(LOG_MEL)) == len(split.train)
    validation = prepared.validation_clips(LOG_MEL)
    np.testing.assert_array_equal(validation.labels, data_set.labels[split.validation[1:]])
    assert len(validation.clips) == len(split.validation) - 1


def test_turned_clips_have_other_validation_rows_of_the_same_features(prepared):
    turned = prepared.turn(1)
    n_rows, test = len(prepared.split.development), prepared.split.test
    assert prepared.turn(0) is prepared
    assert not np.array_equal(turned.split.validation, prepared.split.validation)
    assert len(turned.split.development) == n_rows
    assert np.array_equal(turned.split.test, test)
    whole = prepared.development_clips(LOG_MEL)
    rows = np.concatenate([prepared.split.train, prepared.split.validation])
    for clips, part in (
        (turned.train_clips(LOG_MEL), turned.split.train),
        (turned.validation_clips(LOG_MEL).clips, turned.split.validation),
    ):
        expected = np.asarray(whole.features)[np.isin(rows, part)]
        np.testing.assert_array_equal(clips.features, expected)
    np.testing.assert_array_equal(
        np.sort(turned.validation_clips(LOG_MEL).labels), np.sort(prepared.data_set.labels[turned.split.validation])
    )
    mean, _ = turned.train_clips(LOG_MEL).band_statistics
    features = np.asarray(turned.train_clips(LOG_MEL).features, np.float64)
    np.testing.assert_allclose(mean, features.mean(axis=(0, 1, 3)), rtol=1e-4)


def test_parts_on_a_device_are_stretches_of_one_table(prepared):
    """On a device without values: one upload for training, validation and all, and the rest as it is on the CPU."""
    device = torch.device("meta")
    train = prepared.train_clips(LOG_MEL, torch_device=device)
    validation = prepared.validation_clips(LOG_MEL, torch_device=device)
    development = prepared.development_clips(LOG_MEL, torch_device=device)
    table = development.features._base
    assert table.is_meta
    assert train.features._base is validation.clips.features._base is table
    assert [len(clips) for clips in (train, validation.clips)] == [prepared.n_train, prepared.n_validation]
    first = train.features.storage_offset(), validation.clips.features.storage_offset()
    assert first == (0, train.features.numel())
    here = prepared.train_clips(LOG_MEL)
    assert torch.equal(train.labels, here.labels)
    assert torch.equal(train.mean, here.mean)


def test_features_take_as_long_as_a_few_clips_say_and_nothing_once_they_are_there(tmp_path):
    timed, rows = Timed(), np.arange(64)
    split = Split(rows[:48], rows[48:], np.zeros(0, np.int64), "all")
    prepared = PreparedData(timed.data_set, split, cache_dir=tmp_path)
    log_mel = LogMel(sample_rate=8_000, n_fft=256, win_length=256, hop_length=128, n_mels=16)
    options = {"torch_device": CPU, "clock": timed.clock}
    assert measure_features(log_mel, prepared, **options) == pytest.approx(64, rel=0.1)  # one is read before
    prepared.compute(log_mel)
    assert measure_features(log_mel, prepared, **options) == 0.0
    again = PreparedData(timed.data_set, split, cache_dir=tmp_path)
    assert measure_features(log_mel, again, **options) == 0.0  # they are on disk


def test_features_of_all_front_ends_are_forecast_by_the_clips_of_one(tmp_path):
    forget_waveforms()
    timed, rows = Timed(), np.arange(64)
    split = Split(rows[:48], rows[48:], np.zeros(0, np.int64), "all")
    worker = Worker(PreparedData(timed.data_set, split, cache_dir=tmp_path), clock=timed.clock)
    log_mel = LogMel(sample_rate=8_000, n_fft=256, win_length=256, hop_length=128, n_mels=16)
    seconds, n_read = worker.forecast_features(log_mel), timed.clock.seconds
    assert seconds == pytest.approx(64, rel=0.1)
    assert worker.forecast_features(replace(log_mel, hop_length=64)) > seconds
    assert timed.clock.seconds == n_read
    worker.prepared.compute(log_mel)
    assert worker.forecast_features(log_mel) == 0.0
