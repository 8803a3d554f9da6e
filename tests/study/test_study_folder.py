import csv
import json
from dataclasses import dataclass

import numpy as np
import pytest

from nas_asc.errors import StudyError
from nas_asc.study import (
    TrialRecord,
    create_study_dir,
    find_study,
    list_studies,
    load_records,
    load_refit_card,
    load_weights,
    refit_dir,
    study_dir,
    tidy_trials,
    trial_dir,
    write_refit_files,
    write_trial_files,
)
from tests.study.records import example_config, example_record


@dataclass(frozen=True)
class Row:
    epoch: int
    loss: float


def test_a_study_is_found_by_name_and_by_path(tmp_path):
    create_study_dir(tmp_path / "tau25", example_config())
    assert find_study("tau25", tmp_path) == tmp_path / "tau25"
    assert find_study(str(tmp_path / "tau25"), tmp_path / "elsewhere") == tmp_path / "tau25"
    assert list_studies(tmp_path) == ("tau25",)


def test_an_unknown_study_is_answered_with_the_nearest(tmp_path):
    create_study_dir(tmp_path / "tau25", example_config())
    with pytest.raises(StudyError, match=r"no study 'tua25' under .*Did you mean 'tau25'\?"):
        find_study("tua25", tmp_path)
    with pytest.raises(StudyError, match=r"The studies are tau25\."):
        find_study("zzz", tmp_path)
    with pytest.raises(StudyError, match="Start one with `nas-asc search`"):
        find_study("zzz", tmp_path / "empty")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-x", "a b", "x" * 101, "ä"])
def test_a_name_that_is_no_folder_is_refused(name):
    with pytest.raises(StudyError, match="the name of a study must be letters, digits"):
        study_dir(name)


def test_a_study_is_not_made_twice(tmp_path):
    create_study_dir(tmp_path / "tau25", example_config())
    with pytest.raises(StudyError, match=r"'tau25' exists already\. Go on with `nas-asc resume tau25`"):
        create_study_dir(tmp_path / "tau25", example_config())


def test_trial_files_hold_record_curve_and_weights(tmp_path):
    weights = {"conv.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "n": np.array(3)}
    record = example_record(7)
    path = write_trial_files(tmp_path, record, curve=[Row(1, 2.5), Row(2, 1.5)], weights=weights)
    assert path == trial_dir(tmp_path, 7)
    assert TrialRecord.from_dict(json.loads((path / "metrics.json").read_text())) == record
    assert (path / "architecture.txt").read_text() == "in 1x64x51\n"
    with (path / "curve.csv").open(newline="") as stream:
        assert list(csv.DictReader(stream)) == [{"epoch": "1", "loss": "2.5"}, {"epoch": "2", "loss": "1.5"}]
    found = load_weights(path)
    assert found.keys() == weights.keys()
    assert all(np.array_equal(found[name], weights[name]) for name in weights)


def test_files_of_a_trial_are_replaced_whole(tmp_path):
    write_trial_files(tmp_path, example_record(), weights={"a": np.zeros(1)})
    write_trial_files(tmp_path, example_record(state="failed", reason="diverged", scores=None))
    assert not (trial_dir(tmp_path, 0) / "weights.safetensors").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["trials"]


def test_transposed_weights_come_back_as_they_were(tmp_path):
    weights = {"a": np.arange(6.0).reshape(2, 3).T}
    path = write_trial_files(tmp_path, example_record(), weights=weights)
    assert np.array_equal(load_weights(path)["a"], weights["a"])


def test_missing_and_damaged_weights_are_named(tmp_path):
    path = write_trial_files(tmp_path, example_record())
    with pytest.raises(StudyError, match=r"weights\.safetensors cannot be read"):
        load_weights(path)
    (path / "weights.safetensors").write_bytes(b"torn")
    with pytest.raises(StudyError, match=r"weights\.safetensors cannot be read"):
        load_weights(path)


def test_tidying_removes_what_was_never_recorded_and_nothing_else(tmp_path):
    for number in range(4):
        write_trial_files(tmp_path, example_record(number))
    (tmp_path / ".partial-4").mkdir()
    (tmp_path / ".partial-4" / "metrics.json").write_text("{")
    (tmp_path / ".partial-study.toml").write_text("seed")
    (tmp_path / "report.html").write_text("<html></html>")
    tidy_trials(tmp_path, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "trials"]
    assert sorted(path.name for path in (tmp_path / "trials").iterdir()) == ["0", "1", "2"]


def test_the_final_network_has_a_card(tmp_path):
    assert load_refit_card(tmp_path) is None
    write_refit_files(tmp_path, {"number": 3}, architecture="in 1x64x51", weights={"a": np.ones(2)})
    assert load_refit_card(tmp_path) == {"number": 3}
    assert load_weights(refit_dir(tmp_path))["a"].tolist() == [1, 1]


def test_a_study_without_database_has_no_records(tmp_path):
    assert load_records(tmp_path) == []


@pytest.mark.parametrize("content", [b"no database at all", b""])
def test_a_damaged_database_is_named(tmp_path, content):
    (tmp_path / "study.db").write_bytes(content)
    with pytest.raises(StudyError, match=r"study\.db cannot be read"):
        load_records(tmp_path)
