from dataclasses import replace

import numpy as np

from nas_asc.pareto import non_dominated
from nas_asc.search.features import CandidateFeatures
from nas_asc.search.history import HistoryReader, front_rows, read_history
from nas_asc.search.thinning import thin_rows
from nas_asc.space import load_space
from tests.search.test_proposer import CONFIG, build, simulate, space


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


def test_a_front_that_grows_is_the_front():
    for seed in range(20):
        points = np.random.default_rng(seed).integers(0, 6, (60, 1 + seed % 4)).astype(float)
        assert front_rows(points) == np.flatnonzero(non_dominated(points)).tolist()


def test_a_thinned_history_keeps_the_front_and_the_newest():
    front = [3, 50, 700]
    kept = thin_rows(1_000, front, n_most=100)
    assert len(kept) == 100
    assert {*front, *range(975, 1_000)} <= set(kept)
    assert max(np.diff(kept)) < 20


def test_features_are_of_one_length_and_tell_candidates_apart():
    asc = load_space("asc")
    features, candidates = CandidateFeatures(asc), asc.draw_many(np.random.default_rng(0), 50)
    costs = [simulate(build("random"), 1)[0].cost] * 50
    points = features(candidates, costs)
    assert points.shape == (50, len(features.groups))
    assert set(features.groups) == set(range(len(asc.axes) + 2))
    assert points[:, :-2].min() >= 0
    assert points[:, :-2].max() <= 1
    assert len(np.unique(points, axis=0)) == len(set(candidates))


def test_different_words_are_as_far_apart_as_the_ends_of_a_number():
    features = CandidateFeatures(space)
    values = {"width": 4, "depth": 1, "kernel_size": 3, "activation": "relu", "learning_rate": 0.01}
    changes = ({}, {"activation": "gelu"}, {"activation": "silu"})
    candidates = [space.candidate(**(values | change)) for change in changes]
    one, other, third = features(candidates, [simulate(build("random"), 1)[0].cost] * 3)
    np.testing.assert_allclose([np.linalg.norm(one - other), np.linalg.norm(other - third)], 1.0)
