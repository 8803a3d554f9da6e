"""The front of a study under other limits: what stands in it, what is recommended, and what is said where none fits."""

import csv
import io
import json
import shutil

import pytest

from nas_asc.budget import Budget
from nas_asc.cli import main
from nas_asc.library import open_study
from nas_asc.report import write_report
from nas_asc.study import load_config, load_records
from tests.report.example_study import BUDGET, make_records, write_study


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("studies") / "example", make_records(24))


def _run(capsys, *words):
    assert main(["front", *map(str, words)]) == 0
    return capsys.readouterr()


def _within(folder, **limits):
    """Complete trials within limits, by the definition."""
    budget = Budget(max_params=limits.get("params", BUDGET.max_params), max_macs=limits.get("macs", BUDGET.max_macs))
    return [record for record in load_records(folder) if record.is_complete and not budget.check(record.cost)]


def _is_beaten(one, others):
    return any(
        all(b <= a for a, b in zip(one.objectives, other.objectives, strict=True))
        and one.objectives != other.objectives
        for other in others
    )


def test_the_front_is_that_of_the_trials_within_the_limits(folder, capsys):
    found = json.loads(_run(capsys, folder, "--budget", "30k", "--macs", "10M", "--json").out)
    fitting = _within(folder, params=30_000, macs=10_000_000)
    assert 2 < len(fitting) < len(_within(folder))
    assert set(found["front"]) == {one.number for one in fitting if not _is_beaten(one, fitting)}
    best = min(fitting, key=lambda record: record.scores.log_loss)
    assert found["recommended"] == found["trials"][0]["number"] == best.number
    assert found["limits"] == {"params": 30_000, "macs": 10_000_000}
    assert all(trial["used"]["params"] <= 30_000 for trial in found["trials"])


def test_a_limit_that_is_not_given_stays_that_of_the_study(folder, capsys):
    found = json.loads(_run(capsys, folder, "--macs", "10M", "--json").out)
    assert found["limits"] == {"params": BUDGET.max_params, "macs": 10_000_000}


def test_without_limits_it_is_the_front_of_the_study_as_its_report_has_it(folder, capsys, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    files = write_report(copy, load_config(copy), load_records(copy))
    assert _run(capsys, folder, "--csv").out == files.front_csv.read_text()


def test_the_table_has_the_recommended_network_first(folder, capsys):
    out, err = _run(capsys, folder, "--budget", "30k")
    lines = [line.split() for line in out.splitlines()]
    rows = [line for line in lines if line and line[0].isdecimal()]
    best = min(_within(folder, params=30_000), key=lambda record: record.scores.log_loss)
    assert out.startswith("budget: parameters <= 30,000")
    assert rows[0][0] == str(best.number)
    assert f"nas-asc export {folder} --trial {best.number}" in out
    assert err == ""


def test_csv_begins_with_the_recommended_network_and_is_what_python_gives(folder, capsys):
    rows = list(csv.DictReader(io.StringIO(_run(capsys, folder, "--budget", "30k", "--csv").out)))
    frame = open_study(folder).front_within(Budget(max_params=30_000, max_macs=BUDGET.max_macs))
    assert [int(row["number"]) for row in rows] == frame["number"].tolist()
    assert [float(row["log_loss"]) for row in rows] == frame["log_loss"].tolist()


def test_wider_limits_are_told_to_find_nothing_new(folder, capsys):
    _, err = _run(capsys, folder, "--budget", "1M", "--macs", "10M")
    assert err == "note: the study has no networks beyond its own limit on parameters; a new search finds them\n"


def test_limits_of_a_rule_set_hold_beside_those_of_the_study(folder, capsys):
    found = json.loads(_run(capsys, folder, "--rules", "dcase2024", "--json").out)
    assert found["limits"] == {**BUDGET.limits, "model_bytes": 128_000}


def test_where_nothing_fits_the_nearest_trial_is_named(folder, capsys):
    smallest = min(_within(folder), key=lambda record: record.cost.params)
    assert main(["front", str(folder), "--budget", "10"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert f"The nearest, trial {smallest.number}, takes params {smallest.cost.params:,} of 10." in err


def test_a_study_without_trials_says_how_to_go_on(tmp_path, capsys):
    assert main(["front", str(write_study(tmp_path / "new", []))]) == 3
    assert "study 'new' has no complete trial. Go on with `nas-asc resume new`." in capsys.readouterr().err


def test_two_formats_are_refused(folder, capsys):
    assert main(["front", str(folder), "--csv", "--json"]) == 2
    assert "`--csv` and `--json` both say what is printed" in capsys.readouterr().err
