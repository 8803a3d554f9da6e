"""Cards, finalists and axes on the page say what they were given."""

import csv
import json
from dataclasses import replace

import pytest

from nas_asc.health import AxisImportance, Card
from nas_asc.report import write_report
from nas_asc.study import Repeat, front_of, load_repeat_summary, write_repeat_files
from tests.report.example_study import HOSTILE, make_config, make_records
from tests.report.page import Page
from tests.study.repeated import make_predictions


def _page(files):
    return Page(files.html.read_text(encoding="utf-8"))


def _words(page):
    return " ".join(page.text.split())


@pytest.fixture(scope="module")
def trained_again(tmp_path_factory):
    """A study three of whose front networks were trained three times: two alike, one far worse."""
    folder, records, config = tmp_path_factory.mktemp("studies") / "example", make_records(20), make_config()
    chosen = front_of(records, config.objectives)[:3]
    folder.mkdir()
    for record, skill in zip(chosen, (2.0, 2.0, 0.5), strict=True):
        for index in range(3):
            predictions = make_predictions(skill, seed=10 * record.number + index)
            repeat = replace(Repeat.of(record, index), seed=index)
            write_repeat_files(folder, repeat, predictions=predictions)
    files = write_report(folder, config, records)
    return folder, config, records, chosen, files


def test_cards_stand_on_the_page_warnings_first_and_escaped(tmp_path):
    cards = [
        Card("clips", "clips", "fine", "all is well"),
        Card("edges", HOSTILE, "warning", HOSTILE, HOSTILE),
        Card("gain", "gain", "unknown", "no twin", "train one"),
    ]
    files = write_report(tmp_path, make_config(), make_records(5), health=cards)
    page = _page(files)
    assert page.open == []
    words = _words(page)
    assert "3 checks: 1 warning, 1 not known, 1 fine." in words
    assert words.count(HOSTILE) == 3
    assert words.index(HOSTILE) < words.index("no twin") < words.index("all is well")
    assert not [tag for tag, attributes in page.elements if tag == "img" or "onerror" in attributes]


def test_a_page_without_further_seeds_says_how_to_get_them(tmp_path):
    page = _page(write_report(tmp_path, make_config(), make_records(5)))
    assert "nas-asc finalists example" in page.text
    assert "finals" not in page.ids()


def test_finalists_are_told_with_their_intervals_and_ties(trained_again):
    folder, config, records, _, files = trained_again
    page, summary = _page(files), load_repeat_summary(folder, config, records)
    words = _words(page)
    one, other, worst = summary.trials
    assert one.ties == (other.number,)
    assert (
        f"Trial {one.number} has the best mean log loss, but it ties with {other.number}: the order is luck." in words
    )
    for trial in (one, other, worst):
        assert f"{trial.log_loss.low:.3f} to {trial.log_loss.high:.3f}" in words
    assert summary.describe() in words


def test_intervals_are_drawn(trained_again):
    folder, config, records, _, files = trained_again
    page, summary = _page(files), load_repeat_summary(folder, config, records)
    figure = json.loads(next(script for script in page.unpacked if script.startswith('{"finals"')))["finals"]
    drawn = {
        number: (y + up, y - down)
        for trace in figure["data"]
        for number, y, up, down in zip(
            trace["customdata"], trace["y"], trace["error_y"]["array"], trace["error_y"]["arrayminus"], strict=True
        )
    }
    assert drawn == {each.number: pytest.approx((each.log_loss.high, each.log_loss.low)) for each in summary.trials}


def test_csv_has_means_intervals_and_ties(trained_again):
    folder, config, records, chosen, files = trained_again
    summary = load_repeat_summary(folder, config, records)
    with files.front_csv.open(newline="") as stream:
        rows = {int(row["number"]): row for row in csv.DictReader(stream)}
    for record in front_of(records, config.objectives):
        row, trial = rows[record.number], summary.find(record.number)
        assert (trial is None) == (record not in chosen) == (row["n_seeds"] == "")
        if trial is not None:
            assert float(row["mean_log_loss"]) == trial.log_loss.mean
            assert float(row["high_accuracy"]) == trial.accuracy.high
            assert row["ties"] == " ".join(map(str, trial.ties))
            assert float(row["front_probability"]) == trial.front_probability


def test_the_summary_tells_how_often_the_network_was_trained(trained_again):
    folder, config, records, *_ = trained_again
    page = _page(write_report(folder, config, records))
    assert "Trained with 3 seeds, its mean accuracy is" in _words(page)
    assert "3 networks that have had 3 trainings of" in _words(page)


def test_of_a_network_that_was_trained_once_no_more_is_said(tmp_path):
    records = make_records(5)
    page = _page(write_report(tmp_path, make_config(), records))
    assert "it was trained once" in _words(page)
    assert "of 5 complete trials" in _words(page)


def test_axes_stand_in_the_order_of_their_importance(tmp_path):
    records = make_records(30)
    importance = [AxisImportance("n_mels", 0.3, 0.1), AxisImportance("width", 0.05, 0.1)]
    page = _page(write_report(tmp_path, make_config(), records, importance=importance))
    words = _words(page)
    assert "1 of 2 axes stand out from chance: n_mels" in words
    assert words.index("n_mels 0.3000 yes") < words.index("width 0.0500 no")
    assert "effects" in page.ids()


def test_too_few_trials_to_rank_axes_are_told_and_hostile_values_stay_text(tmp_path):
    records = [replace(record, values={HOSTILE: f"{HOSTILE}{record.number % 2}"}) for record in make_records(6)]
    files = write_report(tmp_path, make_config(), records)
    page = _page(files)
    assert page.open == []
    assert "Too few complete trials to rank the axes" in _words(page)
    assert '<script>alert("x")' not in files.html.read_text(encoding="utf-8")
