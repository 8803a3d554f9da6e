"""The random twin: the same but for the sampler, in its own folder, at equal cost."""

from dataclasses import replace

import pytest

from nas_asc.errors import StudyError
from nas_asc.handover import ask_twin, train_twin
from nas_asc.health import gather_evidence, twin_dir
from nas_asc.pareto import hypervolume
from nas_asc.study import load_config, load_records
from tests.search.tiny import ask, prepare, run, space, worker


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    root = tmp_path_factory.mktemp("twin")
    prepared = prepare(root / "cache")
    run(ask(prepared), space, prepared, n_trials=4, folder=root / "study", refit=False)
    return root / "study", prepared


def test_a_twin_is_asked_what_the_study_was_but_for_the_way_of_proposing(searched):
    folder, prepared = searched
    asked, stored = ask_twin(folder, space, prepared), load_config(folder)
    changed = {
        "name": stored.name,
        "sampler": "gp",
        "warm_start": True,
        "n_trials": stored.n_trials,
        "created": stored.created,
    }
    assert replace(asked, **changed) == stored
    assert (asked.name, asked.sampler, asked.n_trials) == ("study-random-twin", "random", 4)


def test_a_twin_is_trained_once_and_compared_at_the_same_reference_point(searched):
    folder, prepared = searched
    before = load_records(folder)
    result = train_twin(folder, space, worker(prepared))
    twin, config = load_records(twin_dir(folder)), load_config(folder)
    assert len(twin) == 4
    assert {record.origin for record in twin} == {"random"}
    points = [record.objectives for record in twin if record.is_complete]
    assert result.at_trials.twin_volume == pytest.approx(hypervolume(points, config.reference_point))
    assert not (twin_dir(folder) / "final").exists()
    again = train_twin(folder, space, worker(prepared))
    assert again.at_trials == result.at_trials
    assert load_records(twin_dir(folder)) == twin
    assert load_records(folder) == before
    assert gather_evidence(folder, config, before).twin == tuple(twin)


def test_a_longer_study_gets_a_longer_twin(searched):
    folder, prepared = searched
    run(load_config(folder), space, prepared, n_trials=5, folder=folder, refit=False)
    assert len(train_twin(folder, space, worker(prepared)).search.records) == 5


def test_a_random_search_an_empty_study_and_other_data_are_refused(searched, tmp_path):
    folder, prepared = searched
    with pytest.raises(StudyError, match="is a random search itself"):
        ask_twin(twin_dir(folder), space, prepared)
    with pytest.raises(StudyError, match="was made with other data"):
        train_twin(folder, space, worker(prepare(tmp_path, digest="others")))
