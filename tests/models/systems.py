"""The published systems of all packaged spaces, for tests that go over every one."""

import pytest

from nas_asc.cost import count_cost
from nas_asc.layers import Architecture
from nas_asc.space import list_spaces, load_space

SYSTEMS = [(space, name) for space in list_spaces() for name in load_space(space).systems]
of_every_system = pytest.mark.parametrize(("space", "name"), SYSTEMS, ids=[name for _, name in SYSTEMS])


def describe_system(space, name):
    """A system's network; on a shorter clip, which changes none of its weights, where its own takes long."""
    found = load_space(space)
    system = found.systems[name]
    architecture = found.build(system.candidate, system.task).architecture
    if count_cost(architecture).macs < 5 * 10**7:
        return architecture
    return Architecture(architecture.layers, (*architecture.in_shape[:2], 24), architecture.n_classes)
