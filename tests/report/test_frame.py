"""Trials as a table, to a CSV and back."""

import io
from dataclasses import replace

import pandas as pd

from nas_asc.report.frame import trials_frame
from nas_asc.study import FileRecord
from tests.report.example_study import CLASSES, DEVICES, make_records


def _there_and_back(frame):
    return pd.read_csv(io.StringIO(frame.to_csv(index=False)))


def _axes(records):
    return tuple(dict.fromkeys(name for record in records for name in record.values))


def test_numbers_come_back_from_csv_exactly():
    records = [record for record in make_records(30) if record.scores]
    back = _there_and_back(trials_frame(records, _axes(records), CLASSES, clip_s=1.0))
    assert back["number"].tolist() == [record.number for record in records]
    assert back["log_loss"].tolist() == [record.scores.log_loss for record in records]
    assert back["int8_bytes"].tolist() == [record.cost.int8_bytes for record in records]
    assert back["n_mels"].tolist() == [record.values["n_mels"] for record in records]
    for device in DEVICES:
        expected = [record.scores.device_accuracy[device] for record in records]
        assert back[f"accuracy.device.{device}"].tolist() == expected
    for column, name in enumerate(CLASSES):
        expected = [record.scores.class_accuracy[column] for record in records]
        assert back[f"accuracy.class.{name}"].tolist() == expected


def test_inactive_axis_is_empty():
    records = [record for record in make_records(60) if record.scores]
    back = _there_and_back(trials_frame(records, _axes(records), CLASSES, clip_s=1.0))
    inactive = ["width" not in record.values for record in records]
    assert any(inactive)
    assert back["width"].isna().tolist() == inactive


def test_axis_named_as_a_cost_keeps_both():
    record = make_records(1)[0]
    changed = type(record)(**{**vars(record), "values": {"params": "few", "axis.seed": 3}})
    frame = trials_frame([changed], ("params", "axis.seed"), CLASSES, clip_s=1.0)
    assert frame["params"].tolist() == [record.cost.params]
    assert frame["axis.params"].tolist() == ["few"]
    assert frame["axis.axis.seed"].tolist() == [3]
    assert frame.columns.is_unique


def test_no_trial_gives_the_heads_alone():
    back = _there_and_back(trials_frame([], ("width",), CLASSES, clip_s=1.0))
    assert len(back) == 0
    assert {"number", "log_loss", "accuracy", "macs", "width"} <= set(back.columns)


def test_failed_trials_are_left_out():
    records = make_records(13)
    assert trials_frame(records, (), CLASSES, clip_s=1.0)["number"].tolist() == list(range(12))


def test_file_and_network_have_columns_of_their_own():
    record = next(record for record in make_records(3) if record.scores)
    file = FileRecord(scores=record.scores, agreement=0.97, weight_bytes=50_000, file_bytes=61_000)
    both = replace(record, network_scores=record.scores, file=file)
    frame = trials_frame([record, both], (), CLASSES, clip_s=1.0)
    assert frame["agreement"].isna().tolist() == [True, False]
    assert frame["int8_accuracy"].tolist()[1] == record.scores.accuracy
    assert frame["float_log_loss"].tolist()[1] == record.scores.log_loss
    assert frame["file_bits"].tolist()[1] == 8
    assert (frame["weight_bytes"].tolist()[1], frame["file_bytes"].tolist()[1]) == (50_000, 61_000)
