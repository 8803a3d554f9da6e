"""Every published system trains: on the embedded scenes and on real recordings its loss falls, its pruning arrives."""

from dataclasses import replace

import numpy as np
import pytest

from nas_asc.cost import count_nonzero
from nas_asc.data import load_data_set
from nas_asc.evaluation import evaluate_candidate, export_network
from nas_asc.space import list_spaces, load_space
from tests.evaluation.brief import CPU, prepare_some

pytestmark = pytest.mark.slow
SYSTEMS = [(space, name) for space in list_spaces() for name in load_space(space).systems]


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def scenes(cache_dir):
    return prepare_some(load_data_set(None), 160, 20, cache_dir)


@pytest.fixture(scope="module")
def recordings(cache_dir, esc10_dir):
    return prepare_some(load_data_set(esc10_dir, clip_s=1.0), 160, 20, cache_dir)


def train(design, prepared):
    """Outcome of two epochs."""
    return evaluate_candidate(design, prepared, seed=0, torch_device=CPU, epochs=2)


def check(space, name, prepared, path):
    found = load_space(space)
    system = found.systems[name]
    design = found.build_system(system, prepared.task)
    adaptation = design.recipe.adaptation if prepared.data_set.has_devices else None
    design = replace(design, recipe=replace(design.recipe, batch_size=8, adaptation=adaptation))
    outcome = train(design, prepared)
    assert np.isfinite(outcome.probabilities).all()
    # Mixed clips make the losses of two epochs incomparable, so the second epoch is compared with itself: the same
    # batches and draws, seen by a network that stood still. Pruning takes away in two epochs what they taught.
    dense = replace(design, recipe=replace(design.recipe, pruning=None))
    moving = outcome if design.recipe.pruning is None else train(dense, prepared)
    still = replace(dense.recipe, optimiser=replace(dense.recipe.optimiser, learning_rate=1e-12))
    assert moving.curve[-1].loss < train(replace(dense, recipe=still), prepared).curve[-1].loss
    pruning = design.recipe.pruning
    assert ("nonzero_params" in system.published) == (pruning is not None)
    allowed = count_nonzero(design.architecture, pruning)
    assert 0.97 * allowed <= outcome.nonzero_params <= allowed
    check_file(design, outcome, prepared, path)


def check_file(design, outcome, prepared, path):
    """The trained network's int8 file says what the network says, all its products in integers."""
    exported = export_network(
        path,
        outcome.architecture,
        outcome.state,
        prepared,
        log_mel=outcome.log_mel,
        recipe=design.recipe,
        name="system",
        probabilities=outcome.probabilities,
        measures_noise=False,
    )
    print(f" {exported.agreement:.3f} {exported.integer_share:.3f} {exported.file_bytes}", end=" ")
    assert exported.integer_share == 1
    assert exported.scores.log_loss == pytest.approx(exported.network_scores.log_loss, rel=0.1)


@pytest.mark.parametrize(("space", "name"), SYSTEMS, ids=[name for _, name in SYSTEMS])
def test_system_learns_from_the_embedded_scenes(space, name, scenes, tmp_path):
    check(space, name, scenes, tmp_path / "int8.onnx")


@pytest.mark.parametrize(("space", "name"), SYSTEMS, ids=[name for _, name in SYSTEMS])
def test_system_learns_from_real_recordings(space, name, recordings, tmp_path):
    check(space, name, recordings, tmp_path / "int8.onnx")
