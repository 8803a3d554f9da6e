"""Fixtures of the trainings' tests."""

import pytest

from nas_asc.training import light


@pytest.fixture(autouse=True)
def in_halves(monkeypatch):
    """The tests' small networks are trained as large ones are: in two halves of a batch."""
    monkeypatch.setattr(light, "_LIGHT", 0)
