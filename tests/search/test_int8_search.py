"""A search scored by int8 files: records, objectives and files are those of the file, and both scores are kept."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
from torch import nn

from nas_asc.layers import Classifier, Conv, Layer, Primitive
from nas_asc.metrics import score_predictions
from nas_asc.prediction import ModelFile
from nas_asc.recipe import Recipe
from nas_asc.space import Space, choice
from nas_asc.study import TrialRecord, load_config, load_records, trial_dir
from tests.search.tiny import BUDGET, ask, features, prepare, run, space


@dataclass(frozen=True)
class Halving(Primitive):
    """A primitive that cannot be exported."""

    def out_shape(self, *in_shapes):
        return in_shapes[0]

    def build_module(self, *in_shapes):
        return Half()


class Half(nn.Module):
    def forward(self, x):
        return x / 2


class Halve(Layer):
    """A layer of one's own that cannot be exported."""

    def expand(self, tape, x):
        return tape.apply(Halving(), x)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Folder and data of a study scored by int8 files."""
    folder, prepared = tmp_path_factory.mktemp("study"), prepare(tmp_path_factory.mktemp("cache"))
    run(ask(prepared, scored="int8"), space, prepared, n_trials=3, folder=folder)
    return folder, prepared


def test_scores_and_objectives_are_those_of_the_file(study):
    folder, prepared = study
    assert load_config(folder).scored == "int8"
    complete = [record for record in load_records(folder) if record.is_complete]
    assert complete
    for record in complete:
        assert record.scores == record.file.scores
        assert record.objectives[0] == record.file.scores.log_loss
        validation = prepared.validation_clips(record.log_mel)
        path = trial_dir(folder, record.number) / "int8.onnx"
        found = ModelFile(path).probabilities(np.asarray(validation.clips.features, dtype=np.float32))
        found = found.astype(np.float32)  # as the network's own
        assert record.file.scores == score_predictions(validation.labels, found, validation.devices)
        assert record.file.file_bytes == path.stat().st_size
        assert path.with_suffix(".json").is_file()
        assert 0.5 <= record.file.agreement <= 1
        assert record.network_scores.n_clips == record.scores.n_clips


def test_record_survives_json(study):
    for record in load_records(study[0]):
        assert TrialRecord.from_dict(json.loads(json.dumps(record.to_dict()))) == record


def test_study_scored_in_float_keeps_both_too(tmp_path):
    prepared = prepare(tmp_path / "cache")
    run(ask(prepared), space, prepared, n_trials=1, folder=tmp_path / "study", refit=False)
    record = load_records(tmp_path / "study")[0]
    assert record.scores == record.network_scores
    assert record.file is not None


@pytest.mark.parametrize("scored", ["int8", "float"])
def test_network_that_cannot_be_exported_fails_only_where_its_file_is_scored(tmp_path, scored):
    own = Space("own", width=choice(2, 4))

    @own.network
    def network(width):
        yield Conv(width, kernel_size=3, stride=2, norm="batch", activation="relu")
        yield Halve()
        yield Classifier()

    own.features(features)

    @own.recipe
    def recipe():
        return Recipe(epochs=1, batch_size=16)

    prepared = prepare(tmp_path / "cache")
    config = ask(prepared, scored=scored, budget=BUDGET)
    run(config, own, prepared, n_trials=1, folder=tmp_path / "study", refit=False)
    record = load_records(tmp_path / "study")[0]
    if scored == "float":
        assert record.is_complete
        assert record.file is None
    else:
        assert record.reason.endswith("so that it can be exported. Or score networks in float.")
