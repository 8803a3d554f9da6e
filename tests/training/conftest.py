"""Fixtures of the trainings' tests."""

import pytest

from nas_asc.training import threads


@pytest.fixture(autouse=True)
def in_halves(monkeypatch):
    """The tests' small networks and batches are trained as large ones are: in two halves of a batch."""
    monkeypatch.setattr(threads, "_LIGHT", 0)
    monkeypatch.setattr(threads, "_HEAVY", 0)
    monkeypatch.setattr(threads, "_FEWEST_IN_A_PART", 1)
