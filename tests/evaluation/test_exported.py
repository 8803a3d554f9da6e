"""A network's file is scored as the network is."""

import pytest
import torch

from nas_asc.evaluation import evaluate_candidate, export_network
from nas_asc.layers import Dense, Flatten

pytest_plugins = ["tests.evaluation.tones"]


def test_file_of_a_network_that_is_too_sure_of_itself_has_its_log_loss(prepared, make_design, tmp_path):
    """Probabilities below the smallest step of float32 are cut off in the one as in the other."""
    design = make_design(layers=(Flatten(), Dense(3)), epochs=1)
    outcome = evaluate_candidate(design, prepared, seed=0, torch_device=torch.device("cpu"))
    sure = outcome.state | {"1.dense.weight": -1e3 * outcome.state["1.dense.weight"]}  # and wrong
    exported = export_network(
        tmp_path / "sure.onnx",
        outcome.architecture,
        sure,
        prepared,
        log_mel=outcome.log_mel,
        recipe=design.recipe,
        name="sure",
        bits=32,
    )
    assert exported.network_scores.log_loss > 5
    assert exported.scores.log_loss == pytest.approx(exported.network_scores.log_loss, rel=1e-4)
