"""Every published system learns from real recordings."""

import pytest

from nas_asc.data import load_data_set
from tests.evaluation.learning import check, of_every_system, prepare_few

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def recordings(esc10_dir, tmp_path_factory):
    return prepare_few(load_data_set(esc10_dir, clip_s=1.0), tmp_path_factory.mktemp("cache"))


@of_every_system
def test_system_learns_from_real_recordings(space, name, recordings, tmp_path):
    check(space, name, recordings, tmp_path / "int8.onnx")
