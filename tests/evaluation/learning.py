"""The check of a published system: it trains, its loss falls, its pruning arrives, and its int8 file says the same."""

from dataclasses import replace

import numpy as np
import pytest

from nas_asc.cost import count_nonzero
from nas_asc.evaluation import evaluate_candidate, export_network
from nas_asc.space import list_spaces, load_space
from nas_asc.training import Run
from tests.evaluation.brief import prepare_some, with_epochs

SYSTEMS = [(space, name) for space in list_spaces() for name in load_space(space).systems]
of_every_system = pytest.mark.parametrize(("space", "name"), SYSTEMS, ids=[name for _, name in SYSTEMS])


def prepare_few(data_set, cache_dir):
    """Clips that two epochs of every system can be trained on in a minute at most."""
    return prepare_some(data_set, 120, 20, cache_dir)


def train(design, prepared):
    """Outcome of a training."""
    return evaluate_candidate(design, prepared, Run())


def check(space, name, prepared, path):
    """Train a system for two epochs, and hold it against what its report states."""
    found = load_space(space)
    system = found.systems[name]
    design = with_epochs(found.build_system(system, prepared.task), 2)
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
    assert 0.97 * allowed <= outcome.network.nonzero_params <= allowed
    check_file(design, outcome, prepared, path)


def check_file(design, outcome, prepared, path):
    """The trained network's int8 file says what the network says, all its products in integers."""
    exported = export_network(
        path,
        outcome.network,
        prepared,
        recipe=design.recipe,
        name="system",
        probabilities=outcome.probabilities,
        measures_noise=False,
    )
    print(f" {exported.agreement:.3f} {exported.integer_share:.3f} {exported.file_bytes}", end=" ")
    assert exported.integer_share == 1
    assert exported.scores.log_loss == pytest.approx(exported.network_scores.log_loss, rel=0.1)
