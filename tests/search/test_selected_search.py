"""A search with a selection of bands: records and the final card name the bands that were used, and tests use them."""

from dataclasses import replace
from pathlib import Path

import pytest

from nas_asc.budget import Budget
from nas_asc.evaluation import TrainedNetwork
from nas_asc.frontend import LogMel
from nas_asc.handover import evaluate_study
from nas_asc.layers import parse_architecture
from nas_asc.metrics import score_predictions
from nas_asc.space import load_space
from nas_asc.study import load_architecture, load_records, load_refit_card, load_weights, refit_dir, trial_dir
from nas_asc.training import predict
from tests.search.tiny import CPU, ask_of, prepare, run, worker

FILE = Path(__file__).with_name("selected_space.py")
EVEN = tuple(range(0, 16, 2))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Folder and data of a study of both networks."""
    folder, prepared = tmp_path_factory.mktemp("study"), prepare(tmp_path_factory.mktemp("cache"))
    config = ask_of("bands", load_space(FILE), prepared, space=str(FILE), budget=Budget(max_params=10_000))
    run(config, load_space(FILE), prepared, n_trials=2, folder=folder)
    return folder, prepared


def score_by_hand(place, log_mel, prepared):
    network = TrainedNetwork.from_arrays(parse_architecture(load_architecture(place)), log_mel, load_weights(place))
    model, mean, std = network.load()
    scored = prepared.test_clips(log_mel)
    clips = replace(scored.clips, mean=mean, std=std)
    return score_predictions(scored.labels, predict(model, clips, torch_device=CPU))


def test_every_record_names_the_bands_of_its_training(study):
    folder, prepared = study
    records = load_records(folder)
    assert len(records) == 2
    for record in records:
        assert record.is_complete, record.reason
        assert record.log_mel.n_bands == 8
        assert record.log_mel.kept_bands != EVEN
        result = evaluate_study(folder, worker(prepared), number=record.number)
        assert result.scores == score_by_hand(trial_dir(folder, record.number), record.log_mel, prepared)


def test_final_network_has_a_selection_of_its_own(study):
    folder, prepared = study
    result = evaluate_study(folder, worker(prepared))
    log_mel = LogMel(**load_refit_card(folder)["log_mel"])
    assert result.is_refit
    assert log_mel != result.record.log_mel
    assert result.scores == score_by_hand(refit_dir(folder), log_mel, prepared)
