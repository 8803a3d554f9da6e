"""Random candidates of every space as int8 files: the file says what the network says, and all products are integer."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nas_asc.budget import Budget
from nas_asc.cost import count_cost
from nas_asc.data import load_data_set, split_data_set
from nas_asc.errors import LayerError
from nas_asc.evaluation import PreparedData, evaluate_candidate, export_network
from nas_asc.space import list_spaces, load_space

pytestmark = pytest.mark.slow
BUDGET = Budget(max_params=128_000, max_macs=30_000_000)
N_CANDIDATES = 30


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """Few clips to train on and a hundred to compare on."""
    data_set = load_data_set(None)
    split = split_data_set(data_set, seed=0)
    some = replace(split, train=split.train[::14], validation=split.validation[::4])
    return PreparedData(data_set, some, cache_dir=tmp_path_factory.mktemp("cache"))


def draw_design(space, generator, task):
    """A candidate that fits, trained in as many steps as the clips allow, without what is done beside training."""
    while True:
        try:
            design = space.build(space.draw(generator), task)
        except LayerError:
            continue
        if BUDGET.fits(count_cost(design.architecture)):
            plain = replace(design.recipe, batch_size=4, pruning=None, adaptation=None, band_selection=None)
            return replace(design, recipe=plain)


@pytest.mark.parametrize("name", list_spaces())
def test_files_of_random_candidates_agree_with_their_networks(name, scenes, tmp_path):
    space, generator, files = load_space(name), np.random.default_rng(0), []
    for number in range(N_CANDIDATES):
        design = draw_design(space, generator, scenes.task)
        outcome = evaluate_candidate(design, scenes, seed=0, torch_device=torch.device("cpu"), epochs=1)
        is_dead = np.ptp(outcome.probabilities, axis=0).max() < 0.01  # it says the same of every clip
        file = export_network(
            tmp_path / f"{number}.onnx",
            outcome.architecture,
            outcome.state,
            scenes,
            log_mel=outcome.log_mel,
            recipe=design.recipe,
            name=f"{name} {number}",
            probabilities=outcome.probabilities,
            measures_noise=False,
        )
        files.append((file, is_dead))
    agreements = np.array([file.agreement for file, is_dead in files if not is_dead])
    sizes = np.array([file.file_bytes / file.cost["int8_bytes"] for file, _ in files])
    print(f"\n{name}: agreement {agreements.mean():.3f}, least {agreements.min():.3f};", end=" ")
    print(f"{np.median(sizes):.2f} bytes of the file for each of the weights; {N_CANDIDATES - len(agreements)} dead")
    assert {file.integer_share for file, _ in files} == {1}
    assert len(agreements) > 0.6 * N_CANDIDATES
    assert agreements.mean() > 0.85  # after one epoch many classes are nearly as likely as the first
