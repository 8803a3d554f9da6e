"""A search with training in 8 bits in its recipes: every command finds the file that the trial wrote."""

from pathlib import Path

import pytest

from nas_asc.budget import Budget
from nas_asc.errors import ExportError
from nas_asc.evaluation import export_network
from nas_asc.handover import ensemble_study, evaluate_study, export_study
from nas_asc.handover.stored import find_network
from nas_asc.search import SilentListener
from nas_asc.space import load_space
from nas_asc.study import load_records, load_weights, trial_dir
from tests.search.tiny import ask_of, prepare, run, worker

FILE = Path(__file__).with_name("quantised_space.py")


class Listener(SilentListener):
    """Keeps what it is told of epochs."""

    def __init__(self):
        self.epochs = {}

    def on_epoch(self, number, row, n_epochs):
        self.epochs.setdefault(number, []).append((row.epoch, n_epochs))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Folder, data and listener of a study of all six recipes, scored by files."""
    folder, prepared = tmp_path_factory.mktemp("study"), prepare(tmp_path_factory.mktemp("cache"))
    space, budget, listener = load_space(FILE), Budget(), Listener()
    config = ask_of("qat", space, prepared, space=str(FILE), budget=budget, scored="int8")
    run(config, space, prepared, n_trials=6, folder=folder, listener=listener)
    return folder, prepared, listener


@pytest.fixture(scope="module")
def records(study):
    found = [record for record in load_records(study[0]) if record.is_complete]
    assert len({(record.values["pruning"], record.values["qat"]) for record in found}) == 6
    return found


def in_8_bits(records):
    return [record for record in records if record.values["qat"]]


def test_export_writes_the_file_of_the_trial_again(study, records, tmp_path):
    folder, prepared, _ = study
    for record in records:
        exported = export_study(folder, worker(prepared), number=record.number, out=tmp_path).exported
        assert exported.path.read_bytes() == (trial_dir(folder, record.number) / "int8.onnx").read_bytes()
        assert exported.scores == record.file.scores == record.scores
        assert exported.qat_epochs == (1 if record.values["qat"] else 0)


def test_it_is_told_as_epochs_of_the_trial(study, records):
    _, _, listener = study
    for record in records:
        n = 3 if record.values["qat"] else 2
        assert [one for one in listener.epochs[record.number] if one[0] <= n][:n] == [(i + 1, n) for i in range(n)]


def test_network_in_float_is_scored_as_before(study, records):
    by_pruning = {record.values["pruning"]: record for record in in_8_bits(records)}
    for record in records:
        folder, prepared, _ = study
        found = export_study(folder, worker(prepared), number=record.number, bits=32).exported
        assert found.network_scores == record.network_scores
        assert found.scores.log_loss == pytest.approx(record.network_scores.log_loss, abs=1e-4)
    assert by_pruning.keys() == {"none", "channels", "weights"}


def test_no_second_training_in_8_bits(study, records, tmp_path):
    folder, prepared, _ = study
    with pytest.raises(ExportError, match="Leave `qat_epochs` out"):
        export_study(folder, worker(prepared), number=in_8_bits(records)[0].number, out=tmp_path, qat_epochs=1)


def test_test_clips_are_scored_by_the_same_file(study, records, tmp_path):
    folder, prepared, _ = study
    for record in in_8_bits(records):
        network = find_network(folder, prepared, number=record.number).network
        path, name = tmp_path / "int8.onnx", f"qat trial {record.number}"
        exported = export_network(path, network, prepared, recipe=record.recipe, name=name)
        assert exported.path.read_bytes() == (trial_dir(folder, record.number) / "int8.onnx").read_bytes()
        assert evaluate_study(folder, worker(prepared), number=record.number).file_scores.n_clips == 16


def test_final_network_is_trained_in_8_bits_where_its_trial_was(study):
    folder, prepared, _ = study
    result = export_study(folder, worker(prepared))
    assert result.is_refit
    assert result.exported.qat_epochs == (1 if result.record.values["qat"] else 0)


def test_only_trials_with_it_keep_such_weights(study, records):
    for record in records:
        names = load_weights(trial_dir(study[0], record.number))
        assert any(name.startswith("int8.") for name in names) == bool(record.values["qat"])


def test_they_can_be_joined(study):
    folder, prepared, _ = study
    result = ensemble_study(folder, worker(prepared), n_most=2)
    assert result.exported.scores.n_clips == 16
