from dataclasses import replace

import numpy as np
import pytest

from nas_asc.pareto import non_dominated
from nas_asc.propose.encoding import CandidateEncoding
from nas_asc.propose.history import HistoryReader, front_rows, read_history
from nas_asc.propose.subsample import subsample_rows
from nas_asc.space import load_space
from nas_asc.study import RungRecord
from tests.propose.made_up import CONFIG, build, simulate, space


def same(one, other):
    return (
        one.candidates == other.candidates
        and one.values.tolist() == other.values.tolist()
        and one.seen == other.seen
        and one.front.tolist() == other.front.tolist()
        and one.failed == other.failed
    )


def test_what_was_read_step_by_step_is_what_is_read_at_once():
    records = simulate(build("random"), 12)
    records[5] = replace(records[5], state="failed", scores=None, reason="diverged")
    reader = HistoryReader(space, minimised=CONFIG.minimised)
    for n in (0, 3, 4, 12):
        history = reader.read(records[:n])
        assert same(history, read_history(records[:n], space, minimised=CONFIG.minimised))
    assert len(history) == 11
    assert history.failed == (space.candidate_from(records[5].values),)


def test_other_records_are_read_anew():
    records, others = simulate(build("random"), 8), simulate(build("random", seed=1), 8)
    reader = HistoryReader(space, minimised=CONFIG.minimised)
    reader.read(records)
    assert same(reader.read(others), read_history(others, space, minimised=CONFIG.minimised))
    assert same(reader.read(others[:3]), read_history(others[:3], space, minimised=CONFIG.minimised))


def with_rung(record, log_loss, *, is_stopped):
    rung = RungRecord(epochs=1, scores=replace(record.scores, log_loss=log_loss))
    state = {"state": "stopped", "scores": None, "objectives": ()} if is_stopped else {}
    return replace(record, rungs=(rung,), **state)


def test_stopped_trials_stand_with_what_they_would_probably_have_reached():
    records = simulate(build("random"), 8)
    early = [2.0 * records[0].scores.log_loss, 1.5 * records[1].scores.log_loss, 1.25 * records[2].scores.log_loss]
    records = [with_rung(one, log_loss, is_stopped=False) for one, log_loss in zip(records, early, strict=False)] + [
        with_rung(one, 0.3, is_stopped=True) for one in records[3:]
    ]
    score = CONFIG.minimised.index("log_loss")
    history = read_history(records, space, minimised=CONFIG.minimised)
    assert history.values[3:, score].tolist() == pytest.approx([0.3 / 1.5] * 5)
    assert history.values[:3, score].tolist() == [one.scores.log_loss for one in records[:3]]
    costs = [column for column in range(len(CONFIG.minimised)) if column != score]
    few = read_history(records[1:], space, minimised=CONFIG.minimised)
    assert few.values[2:, score].tolist() == [0.3] * 5  # of two that went through nothing is concluded
    assert np.array_equal(few.values[2:, costs], history.values[3:, costs])
    assert set(history.front.tolist()) <= {0, 1, 2}
    assert history.is_complete.tolist() == [True] * 3 + [False] * 5
    assert len(read_history(records[3:], space, minimised=CONFIG.minimised).front) > 0


def test_a_front_that_grows_is_the_front():
    for seed in range(20):
        points = np.random.default_rng(seed).integers(0, 6, (60, 1 + seed % 4)).astype(float)
        assert front_rows(points) == np.flatnonzero(non_dominated(points)).tolist()


def test_a_thinned_history_keeps_the_front_and_the_newest():
    front = [3, 50, 700]
    kept = subsample_rows(1_000, front, n_most=100)
    assert len(kept) == 100
    assert {*front, *range(975, 1_000)} <= set(kept)
    assert max(np.diff(kept)) < 20


def test_features_are_of_one_length_and_tell_candidates_apart():
    asc = load_space("asc")
    features, candidates = CandidateEncoding(asc), asc.draw_many(np.random.default_rng(0), 50)
    costs = [simulate(build("random"), 1)[0].cost] * 50
    points = features(candidates, costs)
    assert points.shape == (50, len(features.groups))
    assert set(features.groups) == set(range(len(asc.axes) + 2))
    assert points[:, :-2].min() >= 0
    assert points[:, :-2].max() <= 1
    assert len(np.unique(points, axis=0)) == len(set(candidates))


def test_different_words_are_as_far_apart_as_the_ends_of_a_number():
    features = CandidateEncoding(space)
    values = {"width": 4, "depth": 1, "kernel_size": 3, "activation": "relu", "learning_rate": 0.01}
    changes = ({}, {"activation": "gelu"}, {"activation": "silu"})
    candidates = [space.candidate(**(values | change)) for change in changes]
    one, other, third = features(candidates, [simulate(build("random"), 1)[0].cost] * 3)
    np.testing.assert_allclose([np.linalg.norm(one - other), np.linalg.norm(other - third)], 1.0)
