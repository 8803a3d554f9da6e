"""Further trainings on disk, and what they say of a front."""

from dataclasses import replace

import numpy as np
import pytest

from nas_asc.errors import StudyError
from nas_asc.metrics import clip_losses
from nas_asc.pareto import non_dominated
from nas_asc.study import (
    Predictions,
    load_predictions,
    load_repeat_summary,
    load_repeats,
    repeat_dir,
    write_repeat_files,
)
from tests.study.records import example_repeat
from tests.study.repeated import make_predictions, write_repeats


def test_a_training_comes_back_from_disk(tmp_path):
    _, records = write_repeats(tmp_path, {0: [1.0, 1.2]})
    own, further = load_repeats(tmp_path)
    assert (own.index, own.scores) == (0, records[0].scores)
    assert (further.index, further.number) == (1, 0)
    written, found = make_predictions(1.2, seed=1), load_predictions(tmp_path, further)
    for name in ("probabilities", "losses", "labels", "groups"):
        assert np.array_equal(getattr(found, name), getattr(written, name))


def test_rounding_changes_neither_the_class_nor_the_loss():
    probabilities = np.array([[0.50001, 0.49999], [0.49999, 0.50001], [1e-9, 1 - 1e-9]])
    labels = np.array([0, 0, 0])
    found = Predictions.of(probabilities, labels, np.array(["b", "a", "b"]))
    assert found.errors.tolist() == [0, 1, 1]
    assert found.losses == pytest.approx(clip_losses(labels, probabilities))
    assert found.groups.tolist() == [1, 0, 1]


def test_predictions_take_few_bytes(tmp_path):
    predictions = make_predictions(1.0, seed=0, n_groups=100, per_group=100)
    write_repeat_files(tmp_path, example_repeat(0, 1, scores=None), predictions=predictions)
    size = (repeat_dir(tmp_path, 0, 1) / "predictions.npz").stat().st_size
    assert size < 10_000 * (4 * 2 + 4 + 2)


def test_means_are_over_all_clips_and_trainings(tmp_path):
    config, records = write_repeats(tmp_path, {0: [1.0, 1.2, 1.1], 1: [2.0, 2.1]})
    summary = load_repeat_summary(tmp_path, config, records)
    assert [each.number for each in summary.trials] == [0, 1]  # the one that was trained most often first
    for trial in summary.trials:
        found = [each.scores for each in load_repeats(tmp_path) if each.number == trial.number]
        assert trial.n_seeds == len(found)
        assert trial.log_loss.mean == pytest.approx(np.mean([scores.log_loss for scores in found]), abs=1e-6)
        assert trial.accuracy.mean == pytest.approx(np.mean([scores.accuracy for scores in found]))
        assert trial.log_loss.low < trial.log_loss.mean < trial.log_loss.high
        assert trial.accuracy.low < trial.accuracy.mean < trial.accuracy.high
        assert trial.own == pytest.approx(found[0].log_loss)
        assert trial.further == pytest.approx(np.mean([scores.log_loss for scores in found[1:]]))
    assert (summary.n_clips, summary.n_groups) == (300, 30)
    gaps = [each.further - each.own for each in summary.trials]
    assert summary.optimism == pytest.approx(np.mean(gaps))


def test_equal_networks_tie_and_far_ones_do_not(tmp_path):
    config, records = write_repeats(tmp_path, {0: [0.2] * 3, 1: [1.5] * 3, 2: [1.5] * 3})
    summary = load_repeat_summary(tmp_path, config, records)
    assert set(summary.find(1).ties) == {2}
    assert summary.find(0).ties == ()
    assert not summary.find(0).ties_with_best
    assert summary.find(0).front_probability == 1  # nothing is cheaper
    assert summary.find(1).front_probability == 1  # never beaten by the poor one, never by the dearer one
    assert 0.02 < summary.find(2).front_probability < 0.98  # as good as a cheaper one: by luck alone
    assert sum(each.best_probability for each in summary.trials) == pytest.approx(1)


def test_a_dearer_and_worse_network_is_hardly_on_the_true_front(tmp_path):
    config, records = write_repeats(tmp_path, {0: [1.5] * 3, 1: [0.5] * 3})
    summary = load_repeat_summary(tmp_path, config, records)
    assert non_dominated([record.objectives for record in records]).tolist() == [True, False]
    assert summary.find(1).front_probability == 0


def test_failed_trainings_are_counted_and_left_out(tmp_path):
    config, records = write_repeats(tmp_path, {0: [1.0, 1.0]})
    write_repeat_files(tmp_path, example_repeat(0, 2, scores=None, reason="diverged"))
    (trial,) = load_repeat_summary(tmp_path, config, records).trials
    assert (trial.n_seeds, trial.n_failed) == (2, 1)


def test_there_are_no_finals_without_further_trainings(tmp_path):
    config, records = write_repeats(tmp_path, {0: [1.0], 1: [2.0]})
    assert load_repeat_summary(tmp_path, config, records) is None
    assert load_repeat_summary(tmp_path / "absent", config, records) is None


def test_trainings_on_other_clips_are_refused(tmp_path):
    config, _ = write_repeats(tmp_path, {0: [1.0, 1.0]})
    write_repeats(tmp_path, {1: [1.0, 1.0]}, n_groups=10)
    _, both = write_repeats(tmp_path / "all", {0: [1.0], 1: [1.0]})
    with pytest.raises(StudyError, match="was trained again on other validation clips than trial"):
        load_repeat_summary(tmp_path, config, both)


@pytest.mark.parametrize("name", ["card.json", "predictions.npz"])
def test_damaged_files_are_named(tmp_path, name):
    config, records = write_repeats(tmp_path, {0: [1.0, 1.0]})
    path = repeat_dir(tmp_path, 0, 1) / name
    path.write_bytes(b"\x00nothing")
    with pytest.raises(StudyError, match=f"{name} cannot be read"):
        load_repeat_summary(tmp_path, config, records)


def test_networks_are_compared_over_the_divisions_that_all_have_had(tmp_path):
    config, records = write_repeats(tmp_path, {0: [1.0, 1.2, 1.1], 1: [2.0, 2.1]})
    for number, index in ((0, 1), (0, 2), (1, 1)):
        repeat = next(each for each in load_repeats(tmp_path) if (each.number, each.index) == (number, index))
        predictions = load_predictions(tmp_path, repeat)
        other = replace(predictions, labels=predictions.labels[::-1], groups=predictions.groups[::-1])
        write_repeat_files(tmp_path, replace(repeat, turn=index), predictions=other)
    summary = load_repeat_summary(tmp_path, config, records)
    assert (summary.n_turns, summary.n_clips, summary.n_groups) == (2, 600, 60)
    assert [each.n_seeds for each in summary.trials] == [2, 2]
    for trial in summary.trials:
        found = [each for each in load_repeats(tmp_path) if each.number == trial.number and each.turn < 2]
        losses = [load_predictions(tmp_path, each).losses.mean() for each in found]
        assert trial.log_loss.mean == pytest.approx(np.mean(losses), abs=1e-5)
    assert "held out other groups" in summary.describe()
