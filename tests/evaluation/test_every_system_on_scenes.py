"""Every published system learns from the embedded scenes."""

import pytest

from nas_asc.data import load_data_set
from tests.evaluation.learning import check, of_every_system, prepare_few

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    return prepare_few(load_data_set(None), tmp_path_factory.mktemp("cache"))


@of_every_system
def test_system_learns_from_the_embedded_scenes(space, name, scenes, tmp_path):
    check(space, name, scenes, tmp_path / "int8.onnx")
