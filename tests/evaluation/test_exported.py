"""A network's file is scored as the network is."""

import json
from dataclasses import replace

import numpy as np
import pytest

from nas_asc.evaluation import evaluate_candidate, export_network, predict_file
from nas_asc.layers import Dense, Flatten
from nas_asc.metrics import score_predictions
from nas_asc.training import Run

pytest_plugins = ["tests.evaluation.tones"]


def test_file_of_a_network_that_is_too_sure_of_itself_has_its_log_loss(prepared, make_design, tmp_path):
    """Probabilities below the smallest step of float32 are cut off in the one as in the other."""
    design = make_design(layers=(Flatten(), Dense(3)), epochs=1)
    network = evaluate_candidate(design, prepared, Run()).network
    state = {**network.state, "1.dense.weight": -1e3 * network.state["1.dense.weight"]}  # and wrong
    sure = replace(network, state=state)
    exported = export_network(tmp_path / "sure.onnx", sure, prepared, recipe=design.recipe, name="sure", bits=32)
    assert exported.network_scores.log_loss > 5
    assert exported.scores.log_loss == pytest.approx(exported.network_scores.log_loss, rel=1e-4)


def test_probabilities_are_those_of_the_file_and_stay_out_of_the_plain_data(prepared, make_design, tmp_path):
    design = make_design(epochs=2)
    outcome = evaluate_candidate(design, prepared, Run())
    options = {"recipe": design.recipe, "name": "tones", "measures_noise": False}
    given = export_network(
        tmp_path / "a.onnx", outcome.network, prepared, probabilities=outcome.probabilities, **options
    )
    computed = export_network(tmp_path / "b.onnx", outcome.network, prepared, **options)
    clips = prepared.validation_clips(design.log_mel)
    np.testing.assert_array_equal(given.probabilities, predict_file(given.path, clips.clips))
    np.testing.assert_array_equal(given.probabilities, computed.probabilities)
    assert replace(given, path=computed.path) == computed
    assert given.network_scores == outcome.scores
    assert given.scores == score_predictions(clips.labels, given.probabilities)
    assert "probabilities" not in given.to_dict()
    json.dumps(given.to_dict())
