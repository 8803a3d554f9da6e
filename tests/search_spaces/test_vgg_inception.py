"""The pure MACs of the networks of NTU, counted apart from this project."""

import pytest

from nas_asc.cost import count_cost
from nas_asc.space import load_space

SPACE = load_space("vgg_inception")


@pytest.mark.parametrize(("name", "shape", "macs"), [
    ("NTU-VGG", (1, 48, 467), 73_269_036),
    ("NTU-Inception", (1, 48, 467), 37_144_380),
])  # fmt: skip
def test_system_has_its_input_and_its_macs(name, shape, macs):
    system = SPACE.systems[name]
    architecture = SPACE.build(system.candidate, system.task).architecture
    assert architecture.in_shape == shape
    assert count_cost(architecture).macs == macs
