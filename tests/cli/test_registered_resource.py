"""A resource that is registered, and nothing else, is found in every command, file and page."""

import json
import math

import pandas as pd
import pytest

from nas_asc.budget import Budget, registered_resource
from nas_asc.cli import main
from nas_asc.cli.display import front_table
from nas_asc.cli.terminal import build_console
from nas_asc.health import check_limits
from nas_asc.library import trial_line
from nas_asc.propose import Screen, reference_point
from nas_asc.report import write_report
from nas_asc.space import load_space
from nas_asc.study import OBJECTIVES, create_study_dir, load_config, validate_objectives
from nas_asc.units import format_short
from tests.budget.kernels import KERNELS
from tests.health.evidence import make_evidence
from tests.report.example_study import TASK, make_config, make_records
from tests.report.page import Page


@pytest.fixture(autouse=True)
def kernels():
    with registered_resource(KERNELS):
        yield


@pytest.mark.parametrize("command", ["search", "plan", "ensemble", "front"])
def test_commands_that_take_a_budget_have_its_option(command, capsys):
    assert main([command, "--help"]) == 0
    out = capsys.readouterr().out
    assert "--kernels" in out
    assert "Most kernels, such as 1k." in out


def test_help_names_its_objective(capsys):
    assert main(["search", "--help"]) == 0
    assert "peak_ram, n_kernels." in " ".join(capsys.readouterr().out.replace("│", " ").split())


@pytest.mark.parametrize("command", ["search", "plan"])
def test_a_limit_that_nothing_fits_is_named(command, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([command, "--kernels", "1"]) == 3
    out, err = capsys.readouterr()
    assert out.startswith("budget: kernels <= 1 (all values over nine)\n")
    assert "The nearest takes kernels" in err


def test_plan_shows_what_candidates_take_of_it(capsys):
    assert main(["plan", "--kernels", "1", "--draws", "50"]) == 3
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    (row,) = [row for row in rows if row[:1] == ["kernels"]]
    assert (row[4], row[5], row[7]) == ("1", "0.0", "no")  # limit, share that fits, reachable


def test_count_has_it_among_the_totals(capsys):
    assert main(["count", "CP-Mobile-2024", "--static", "--json"]) == 0
    totals = json.loads(capsys.readouterr().out)["totals"]
    assert totals["kernels"] == totals["all_params"] // 9
    assert main(["count", "CP-Mobile-2024", "--static"]) == 0
    assert "all values over nine" in capsys.readouterr().out


def test_front_and_lines_of_a_search_show_it(capsys):
    (record,) = make_records(1)
    build_console().print(front_table([record]))
    assert "kernels" in capsys.readouterr().out
    assert f" {format_short(KERNELS.used(record.cost))} kernels," in trial_line(record, n_front=1)


def test_report_and_table_of_the_front_have_it(tmp_path):
    records = make_records(6)
    config = make_config(budget=Budget(max_of={"kernels": 10_000}))
    files = write_report(tmp_path, config, records)
    text = files.html.read_text(encoding="utf-8")
    page = Page(text)
    assert "front-log_loss-kernels" in page.ids()
    assert "kernels of nine values" in "".join(page.unpacked)
    assert ">kernels</button>" in text
    front = pd.read_csv(files.front_csv)
    uses = {record.number: KERNELS.used(record.cost) for record in records}
    assert front["kernels"].tolist() == [uses[number] for number in front["number"]]


def test_health_has_a_card_of_its_limit():
    evidence = make_evidence(config=make_config(budget=Budget(max_of={"kernels": 10**6})))
    assert [card.name for card in check_limits(evidence)] == ["limit kernels"]


def test_objectives_accept_it_and_its_reference_is_its_limit():
    assert validate_objectives(["log_loss", "n_kernels"]) == ("log_loss", "n_kernels")
    assert list(OBJECTIVES)[-1] == "n_kernels"
    screen = Screen(load_space("cp_mobile"), TASK, budget=Budget(max_of={"kernels": 7_000}))
    assert reference_point(["log_loss", "n_kernels"], screen, seed=0) == (1.5 * math.log(TASK.n_classes), 7_000.0)


def test_a_study_keeps_its_limit(tmp_path):
    config = make_config(
        budget=Budget(max_of={"kernels": 7_000}), objectives=("log_loss", "n_kernels"), reference_point=()
    )
    create_study_dir(tmp_path / "example", config)
    assert load_config(tmp_path / "example") == config
