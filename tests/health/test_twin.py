"""Comparisons at equal cost, against cutting by hand."""

import pytest

from nas_asc.health import compare_at_seconds, compare_at_trials, is_twin, twin_dir
from nas_asc.pareto import hypervolume
from tests.health.evidence import make_evidence, make_front, make_record


def _twin(n, seconds):
    return [make_record(row, loss=1.2 - 0.01 * row, macs=100_000 * (row + 1), seconds=seconds) for row in range(n)]


def test_equal_trials_are_the_first_of_each():
    config, records, twin = make_evidence().config, make_front(), _twin(4, 10.0)
    found = compare_at_trials(config, records, twin)
    assert (found.n_trials, found.n_twin_trials) == (4, 4)
    assert found.volume == pytest.approx(hypervolume([each.objectives for each in records[:4]], (2.0, 1e6)))
    assert found.twin_volume == pytest.approx(hypervolume([each.objectives for each in twin], (2.0, 1e6)))
    assert (found.best, found.twin_best) == (pytest.approx(0.7), pytest.approx(1.17))
    assert found.gain == pytest.approx(found.volume / found.twin_volume - 1)


def test_equal_seconds_keep_the_trials_that_ended_by_then():
    found = compare_at_seconds(make_evidence().config, make_front(), _twin(4, 8.0))  # 60 s against 32 s
    assert (found.n_trials, found.n_twin_trials) == (3, 4)
    assert (found.seconds, found.twin_seconds) == (30.0, 32.0)


def test_a_twin_has_its_own_folder_beside_the_study(tmp_path, monkeypatch):
    folder = tmp_path / "studies" / "one"
    folder.mkdir(parents=True)
    assert twin_dir(folder) == tmp_path / "studies" / "one-random-twin"
    monkeypatch.chdir(folder)
    assert twin_dir(type(folder)(".")) == tmp_path / "studies" / "one-random-twin"
    assert is_twin(twin_dir(folder).name)
    assert not is_twin("one")
