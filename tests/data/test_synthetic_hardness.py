"""How hard the synthetic scenes are: the mean spectrum says little, a small network much, a tiny one less."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nas_asc.data import load_data_set, split_data_set
from nas_asc.evaluation import PreparedData, evaluate_candidate, score_test
from nas_asc.features import compute_features
from nas_asc.frontend import LogMel
from nas_asc.space import load_space
from nas_asc.training import Run

_LOG_MEL = LogMel(sample_rate=32_000, n_fft=2_048, win_length=1_280, hop_length=640, n_mels=64)


def _linear_accuracy(data, train, validation, cache_dir, *, with_deviation):
    """Best validation accuracy of multinomial logistic regression on the mean over time of each band."""
    inputs = []
    for rows in (train, validation):
        log_mels = compute_features(data, _LOG_MEL, rows, cache_dir=cache_dir).array[:, 0].astype(np.float32)
        means = log_mels.mean(axis=2)
        inputs.append(np.hstack([means, log_mels.std(axis=2)]) if with_deviation else means)
    labels = data.labels[train], data.labels[validation]
    models = [make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=2_000)) for c in (0.01, 0.1, 1.0)]
    return max(model.fit(inputs[0], labels[0]).score(inputs[1], labels[1]) for model in models)


def test_a_linear_model_of_the_mean_spectrum_stays_below_60_percent(tmp_path):
    data = load_data_set()
    split = split_data_set(data)
    accuracy = _linear_accuracy(data, split.train[::3], split.validation[::2], tmp_path, with_deviation=False)
    assert accuracy < 0.6


@pytest.mark.slow
@pytest.mark.parametrize("with_deviation", [False, True])
def test_a_linear_model_of_all_clips_stays_below_60_percent(tmp_path, with_deviation):
    data = load_data_set()
    split = split_data_set(data)
    accuracy = _linear_accuracy(data, split.train, split.validation, tmp_path, with_deviation=with_deviation)
    assert accuracy < 0.6


@pytest.mark.slow
def test_a_small_network_learns_the_scenes_and_a_tiny_one_does_not(tmp_path):
    data = load_data_set()
    prepared = PreparedData(data, split_data_set(data), cache_dir=tmp_path)
    space = load_space("cp_mobile")
    guesses = {candidate.values["width"]: candidate for candidate in reversed(space.guesses)}
    small, tiny = (space.build(guesses[width], prepared.task) for width in (32, 8))
    outcome = evaluate_candidate(small, prepared, Run())
    assert outcome.scores.accuracy >= 0.8
    assert evaluate_candidate(tiny, prepared, Run()).scores.accuracy < outcome.scores.accuracy - 0.1
    devices = score_test(outcome.network, prepared).device_accuracy
    seen = np.mean([devices[name] for name in ("a", "b", "c", "s1", "s2", "s3")])
    unseen = np.mean([devices[name] for name in ("s4", "s5", "s6")])
    assert unseen < seen - 0.05
