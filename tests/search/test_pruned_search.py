"""A search over prunings: files hold what was trained in the end, and its cost is the record's."""

from pathlib import Path

import pytest

from nas_asc.budget import Budget
from nas_asc.compression import count_state_nonzero
from nas_asc.cost import count_cost
from nas_asc.evaluation import TrainedNetwork
from nas_asc.handover import evaluate_study
from nas_asc.layers import parse_architecture
from nas_asc.space import load_space
from nas_asc.study import load_architecture, load_records, load_weights, refit_dir, trial_dir
from tests.search.tiny import ask_of, prepare, run, worker

FILE = Path(__file__).with_name("pruned_space.py")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Folder and data of a study of both prunings."""
    folder, prepared = tmp_path_factory.mktemp("study"), prepare(tmp_path_factory.mktemp("cache"))
    config = ask_of("pruned", load_space(FILE), prepared, space=str(FILE), budget=Budget())
    result = run(config, load_space(FILE), prepared, n_trials=3, folder=folder)
    assert result.stopped_by == "exhausted"  # the third candidate's pruning cannot reach its limit
    return folder, prepared


def test_weights_fit_the_architecture_beside_them_and_its_cost_is_recorded(study):
    folder, _ = study
    by_pruning = {record.values["pruning"]: record for record in load_records(folder)}
    assert by_pruning.keys() == {"channels", "weights"}
    for record in by_pruning.values():
        assert record.is_complete, record.reason
        place = trial_dir(folder, record.number)
        architecture = parse_architecture(load_architecture(place))
        cost = count_cost(architecture)
        assert (record.cost.params, record.cost.macs) == (cost.params, cost.macs)
        n_trained = sum(value.size for name, value in load_weights(place).items() if name.endswith(("weight", "bias")))
        assert n_trained == cost.params
    assert by_pruning["channels"].cost.params <= 1_000 < by_pruning["weights"].cost.params
    assert by_pruning["weights"].cost.nonzero_params < by_pruning["weights"].cost.all_params


@pytest.mark.parametrize("number", [0, 1])
def test_every_trial_can_be_scored_again(study, number):
    folder, prepared = study
    assert evaluate_study(folder, worker(prepared), number=number).scores.n_clips > 0


def test_the_final_network_is_pruned_too(study):
    folder, prepared = study
    assert evaluate_study(folder, worker(prepared)).is_refit
    place = refit_dir(folder)
    architecture, state = parse_architecture(load_architecture(place)), load_weights(place)
    model, _, _ = TrainedNetwork.from_arrays(architecture, load_records(folder)[0].log_mel, state).load()
    dense = count_cost(parse_architecture(load_records(folder)[0].architecture)).all_params
    assert count_state_nonzero(model.state_dict()) < 0.8 * dense
