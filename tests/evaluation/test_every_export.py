"""Random candidates of every space as int8 files: the file says what the network says, and all products are integer."""

import numpy as np
import pytest

from nas_asc.data import load_data_set
from nas_asc.space import list_spaces
from tests.evaluation.brief import draw_designs, export_briefly, prepare_some

pytestmark = pytest.mark.slow
N_CANDIDATES = 30


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """Few clips to train on and a hundred to compare on."""
    return prepare_some(load_data_set(None), 100, 100, tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize("name", list_spaces())
def test_files_of_random_candidates_agree_with_their_networks(name, scenes, tmp_path):
    files = [
        export_briefly(design, scenes, tmp_path / f"{number}.onnx", name=f"{name} {number}")
        for number, design in enumerate(draw_designs(name, scenes.task, n=N_CANDIDATES))
    ]
    agreements = np.array([file.exported.agreement for file in files if not file.is_dead])
    sizes = np.array([file.exported.file_bytes / file.exported.cost["int8_bytes"] for file in files])
    print(f"\n{name}: agreement {agreements.mean():.3f}, least {agreements.min():.3f};", end=" ")
    print(f"{np.median(sizes):.2f} bytes of the file for each of the weights; {N_CANDIDATES - len(agreements)} dead")
    assert {file.exported.integer_share for file in files} == {1}
    assert len(agreements) > 0.6 * N_CANDIDATES
    assert agreements.mean() > 0.85  # after one epoch many classes are nearly as likely as the first
