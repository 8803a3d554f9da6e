"""The page holds what the study holds, opens without network, and survives any text and any number of trials."""

import csv
import json
import re
from dataclasses import replace

import pytest

from nas_asc.budget import Budget
from nas_asc.report import write_report
from nas_asc.space import load_space
from nas_asc.study import FileRecord, create_study_dir
from tests.report.example_study import CLASSES, HOSTILE, make_config, make_records, stop_record, write_curves
from tests.report.page import Page

_SECTIONS = {
    "summary",
    "network",
    "health",
    "finalists",
    "importance",
    "fronts",
    "history",
    "table",
    "axes",
    "groups",
    "mistakes",
    "learning",
    "failed",
    "asked",
}


def _report(folder, config, records, **options):
    if not (folder / "study.toml").exists():
        create_study_dir(folder, config)
    files = write_report(folder, config, records, **options)
    return files, Page(files.html.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    folder, records = tmp_path_factory.mktemp("studies") / "example", make_records()
    write_curves(folder, records)
    files, page = _report(folder, make_config(), records, space=load_space("cp_mobile"))
    return folder, records, files, page


def _is_dominated(one, others):
    """By the definition, one pair at a time."""
    return any(
        all(b <= a for a, b in zip(one, other, strict=True)) and any(b < a for a, b in zip(one, other, strict=True))
        for other in others
    )


def _means(text, value):
    """Whether the text of a CSV cell is the value; a column with numbers and gaps holds floats."""
    return text == str(value) or (isinstance(value, int | float) and float(text) == value)


def test_every_element_is_closed_and_every_section_is_there(example):
    page = example[3]
    assert page.open == []
    assert set(page.ids()) >= _SECTIONS
    assert len(set(page.ids())) == len(page.ids())


def test_page_asks_nothing_of_the_network(example):
    page = example[3]
    assert not [element for element in page.elements if element[0] in ("link", "iframe", "img", "object", "base")]
    assert not [attributes for _, attributes in page.elements if "src" in attributes]
    links = [attributes["href"] for tag, attributes in page.elements if tag == "a"]
    assert all(link.startswith("#") or link == "front.csv" for link in links)
    assert "@import" not in "".join(page.scripts[:1])
    assert not re.search(r"url\(\s*['\"]?https?:", page.scripts[0])


def test_plotly_is_inlined_once(example):
    assert sum("plotly.js v" in script[:200] for script in example[3].unpacked) == 1


def test_table_has_one_row_for_each_complete_trial(example):
    _, records, _, page = example
    assert len(page.rows()) == sum(record.is_complete for record in records)


def test_failed_trials_are_listed_with_their_reasons(example):
    _, records, _, page = example
    assert page.text.count("the loss became infinite in epoch 3") == sum(not record.is_complete for record in records)


def test_every_axis_every_class_and_the_whole_budget_are_named(example):
    _, records, _, page = example
    assert all(name in page.text for record in records for name in record.values)
    assert all(name in page.text for name in CLASSES)
    assert make_config().budget.describe() in page.text


def test_recommended_is_the_lowest_log_loss_within_the_budget(example):
    _, records, _, page = example
    best = min((record for record in records if record.scores), key=lambda record: record.scores.log_loss)
    assert re.search(rf"Ship\s+trial {best.number}\b", page.text)


def test_csv_is_the_front_by_definition_and_comes_back(example):
    _, records, files, _ = example
    complete = {record.number: record for record in records if record.is_complete}
    points = {number: record.objectives for number, record in complete.items()}
    front = {number for number, point in points.items() if not _is_dominated(point, points.values())}
    with files.front_csv.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {int(row["number"]) for row in rows} == front
    losses = [float(row["log_loss"]) for row in rows]
    assert losses == sorted(losses)
    for row in rows:
        record = complete[int(row["number"])]
        assert float(row["log_loss"]) == record.scores.log_loss
        assert float(row["accuracy"]) == record.scores.accuracy
        costs = {name: value for name, value in record.cost.to_dict().items() if name != "bits"}  # none of its own
        assert {name: int(row[name]) for name in costs} == costs
        assert all(_means(row[name], value) for name, value in record.values.items())
        assert (row["key"], row["origin"]) == (record.key, record.origin)


def test_figures_are_data_with_a_place_each(example):
    page = example[3]
    figures = json.loads(next(script for script in page.unpacked if script.startswith('{"front')))
    assert set(figures) <= set(page.ids())
    assert {"front-log_loss-macs", "front-accuracy-params", "hypervolume", "coordinates", "devices", "curves"} <= set(
        figures
    )


@pytest.mark.parametrize("n", [0, 1, 2])
def test_page_of_few_trials_has_every_section(tmp_path, n):
    files, page = _report(tmp_path / "few", make_config(), make_records(n))
    assert page.open == []
    assert set(page.ids()) >= _SECTIONS
    assert len(files.html.parent.joinpath("front.csv").read_text().splitlines()) >= 1


def test_page_of_failed_trials_alone_says_there_is_nothing_to_ship(tmp_path):
    failed = [record for record in make_records(13) if not record.is_complete]
    _, page = _report(tmp_path / "failed", make_config(), failed)
    assert "no network to ship" in page.text


def test_page_without_devices_limits_or_space(tmp_path):
    records = make_records(6, has_devices=False, objectives=("error",))
    config = make_config(budget=Budget(), objectives=("error",), reference_point=(), mode="best")
    _, page = _report(tmp_path / "bare", config, records)
    assert page.open == []
    assert "devices" not in page.ids()


def test_rules_that_limit_model_bytes_get_an_axis(tmp_path):
    _, page = _report(tmp_path / "rules", make_config(budget=Budget(rules="dcase2024")), make_records(4))
    assert "front-log_loss-model_bytes" in page.ids()


def test_hostile_text_stays_text(tmp_path):
    records = make_records(14)
    changes = {"values": {HOSTILE: HOSTILE, "b": 1}, "origin": HOSTILE, "architecture": HOSTILE, "reason": HOSTILE}
    hostile = [type(record)(**{**vars(record), **changes}) for record in records]
    config = make_config(space=HOSTILE, data=HOSTILE, classes=(HOSTILE, *CLASSES[1:]), versions={HOSTILE: HOSTILE})
    files, page = _report(tmp_path / "hostile", config, hostile)
    assert page.open == []
    assert not [tag for tag, attributes in page.elements if tag == "img" or "onerror" in attributes]
    assert '<script>alert("x")' not in files.html.read_text(encoding="utf-8")
    assert HOSTILE in page.text


def test_damaged_curves_are_left_out(tmp_path):
    folder, records = tmp_path / "curves", make_records(3)
    write_curves(folder, records)
    for path in folder.glob("trials/*/curve.csv"):
        path.write_bytes(b"\xff\xfe\x00nothing")
    _, page = _report(folder, make_config(), records)
    assert "curves" not in page.ids()


def test_report_is_written_anew_and_leaves_nothing_beside(tmp_path):
    folder = tmp_path / "twice"
    for n in (2, 5):
        files, _ = _report(folder, make_config(), make_records(n))
    assert sorted(path.name for path in folder.iterdir()) == ["front.csv", "report.html", "study.toml"]
    assert len(Page(files.html.read_text(encoding="utf-8")).rows()) == 5


def test_a_thousand_trials_make_a_page_of_three_megabytes(tmp_path):
    records = make_records(1_000)
    files, page = _report(tmp_path / "many", make_config(), records)
    assert len(page.rows()) == sum(record.is_complete for record in records)
    assert files.html.stat().st_size < 3e6


def _file(record):
    return FileRecord(scores=record.scores, agreement=0.97, weight_bytes=50_000, file_bytes=61_000)


@pytest.mark.parametrize(("scored", "words"), [("int8", "scores of its int8 file"), ("float", "scores of the network")])
def test_page_says_whose_scores_it_shows(tmp_path, scored, words):
    records = [
        replace(record, network_scores=record.scores, file=_file(record)) for record in make_records(5) if record.scores
    ]
    _, page = _report(tmp_path / "study", make_config(scored=scored), records)
    assert words in " ".join(page.text.split())
    assert "97.0 % of the clips. The file has 61,000 bytes, 50,000 of them weights" in " ".join(page.text.split())


def test_trials_stopped_early_are_counted_and_not_called_failed(tmp_path):
    records = make_records(12)
    rungs = stop_record(records[0]).rungs
    records = [replace(record, rungs=rungs) for record in records[:9]] + [stop_record(one) for one in records[9:]]
    write_curves(tmp_path, records)
    _, page = _report(tmp_path, make_config(rungs=(1 / 3,)), records)
    assert "Of 12 trials 3 are stopped early, after 33.3% of their epochs; their curves are faint." in page.text
    assert "Rung 1 to the end: too few to say of 9 trials." in page.text  # their scores at the rung are all the same
    assert "No trial failed." in page.text
    assert len(page.rows()) == 9
