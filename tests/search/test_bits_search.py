"""A search in which the precision is an axis: each trial's file, bytes and score are those of its own precision."""

import json

import onnx
import pytest

from nas_asc.budget import Budget
from nas_asc.cost import count_cost
from nas_asc.errors import NothingFitsError
from nas_asc.export import count_weight_bytes
from nas_asc.frontend import Task
from nas_asc.handover import evaluate_study, export_study
from nas_asc.layers import Classifier, Conv, parse_architecture
from nas_asc.metrics import score_predictions
from nas_asc.prediction import ModelFile
from nas_asc.recipe import Recipe
from nas_asc.space import Space, choice
from nas_asc.study import TrialRecord, load_records, trial_dir
from nas_asc.survey import survey_space
from tests.search import tiny
from tests.search.bits_space import space
from tests.search.tiny import N_CLASSES, ask_of, prepare, run, worker

TASK = Task(n_classes=N_CLASSES, clip_s=0.25)
KINDS = {8: "int8", 16: "fp16"}
N_WIDTHS = 6


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Folder, data and records of a search of every candidate that has at most 4,000 bytes."""
    folder, prepared = tmp_path_factory.mktemp("study"), prepare(tmp_path_factory.mktemp("cache"))
    config = ask_of("bits", space, prepared, budget=Budget(max_bytes=4_000), sampler="random", scored="int8")
    run(config, space, prepared, n_trials=2 * N_WIDTHS, folder=folder, refit=False)
    return folder, prepared, load_records(folder)


def test_twice_the_bits_is_half_the_parameters(study):
    _, _, records = study
    widest = {bits: max(each.values["width"] for each in records if each.values["bits"] == bits) for bits in KINDS}
    assert all(record.cost.int8_bytes <= 4_000 for record in records)
    assert widest == {8: 16, 16: 12}


def test_files_scores_and_costs_are_of_the_precision(study):
    folder, prepared, records = study
    assert {record.values["bits"] for record in records} == {8, 16}
    for record in records:
        bits = record.values["bits"]
        assert record.is_complete
        assert (record.recipe.bits, record.cost.bits, record.file.bits) == (bits, bits, bits)
        place = trial_dir(folder, record.number)
        assert {path.stem for path in place.glob("*.onnx")} == {KINDS[bits]} == {record.file.kind}
        path = place / f"{KINDS[bits]}.onnx"
        assert count_weight_bytes(onnx.load(path)) == record.file.weight_bytes
        validation = prepared.validation_clips(record.log_mel)
        found = ModelFile(path).probabilities(validation.clips.features)
        assert score_predictions(validation.labels, found).log_loss == pytest.approx(record.scores.log_loss, abs=1e-6)
        assert record.scores == record.file.scores
        assert TrialRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record
        if bits == 16:
            n_values = record.cost.int8_bytes / 2
            assert 0 <= record.file.weight_bytes - 2 * n_values <= 32
            assert record.network_scores.log_loss == pytest.approx(record.scores.log_loss, abs=1e-2)


def test_export_and_evaluation_keep_the_precision_unless_told(study, tmp_path):
    folder, prepared, records = study
    half = next(record for record in records if record.values["bits"] == 16)
    found = export_study(folder, worker(prepared), number=half.number, out=tmp_path)
    assert found.exported.path.name == f"bits-trial-{half.number}-fp16.onnx"
    assert (found.exported.bits, found.exported.cost["int8_bytes"]) == (16, half.cost.int8_bytes)
    assert found.exported.scores.log_loss == pytest.approx(half.scores.log_loss, abs=1e-6)
    whole = export_study(folder, worker(prepared), number=half.number, bits=8, out=tmp_path)
    assert whole.exported.bits == 8
    assert whole.exported.cost["int8_bytes"] == count_cost(parse_architecture(half.architecture)).int8_bytes
    result = evaluate_study(folder, worker(prepared), number=half.number)
    assert result.file_scores.log_loss == pytest.approx(result.scores.log_loss, abs=1e-2)


def test_rules_that_fix_int8_leave_half_the_space():
    survey = survey_space(space, TASK, Budget(rules="dcase2022"), n_draws=400)
    assert survey.share_fits == pytest.approx(0.5, abs=0.08)
    assert survey_space(space, TASK, Budget(rules="dcase2024"), n_draws=400).share_fits == 1


def test_space_of_another_precision_than_the_rules_is_told():
    half = Space("half", width=choice(4, 8))
    half.network(_network)
    half.features(_features)
    half.recipe(lambda: Recipe(bits=16))
    survey = survey_space(half, TASK, Budget(rules="dcase2022"), n_draws=50)
    with pytest.raises(NothingFitsError, match="The nearest takes bits 16 of 8"):
        survey.validate()


def _network(width):
    yield Conv(width, kernel_size=3, stride=2)
    yield Classifier()


def _features():
    return tiny.features()
