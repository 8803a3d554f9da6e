"""Several studies on one page: their fronts, the networks they recommend, what differs, and what cannot be compared."""

import json
import re
from pathlib import Path

import pytest

from nas_asc.budget import Budget
from nas_asc.cli import main
from nas_asc.report import write_comparison
from nas_asc.units import format_short
from tests.report.example_study import CLASSES, HOSTILE, make_config, make_records, write_study
from tests.report.page import Page


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two studies of 12 trials with other limits and seeds, and one of other classes."""
    root = tmp_path_factory.mktemp("studies")
    one = write_study(root / "one", make_records(12))
    budget = Budget(max_params=64_000, max_macs=30_000_000)
    config = make_config(name="two", seed=7, budget=budget, epochs=5)
    fitting = [record for record in make_records(40, seed=1) if record.cost.params <= 64_000]
    two = write_study(root / "two", [_renumber(record, place) for place, record in enumerate(fitting)], config)
    other = write_study(root / "other", make_records(4), make_config(name="other", classes=("dog", *CLASSES[1:])))
    return one, two, other


def _renumber(record, number):
    return type(record)(**{**vars(record), "number": number})


@pytest.fixture(scope="module")
def page(folders, tmp_path_factory):
    path = write_comparison(folders[:2], tmp_path_factory.mktemp("page") / "new" / "page.html")
    return Page(path.read_text(encoding="utf-8"))


def _rows(page, caption):
    """Cells of the table that has this caption, the head first."""
    text = "\n".join(page.texts)
    assert caption in text
    return text[text.index(caption) :]


def test_page_is_whole_and_every_figure_has_a_place(page):
    assert page.open == []
    assert {"fronts", "networks", "settings"} <= set(page.ids())
    figures = json.loads(next(script for script in page.unpacked if script.startswith('{"front')))
    assert set(figures) <= set(page.ids())
    assert {"front-log_loss-macs", "front-accuracy-params", "front-log_loss-ram"} <= set(figures)


def test_every_figure_has_the_front_and_the_recommended_network_of_each_study_told_apart_without_colour(page):
    figures = json.loads(next(script for script in page.unpacked if script.startswith('{"front')))
    for figure in figures.values():
        assert [trace["name"] for trace in figure["data"]] == [
            "one: front", "one: recommended", "two: front", "two: recommended",
        ]  # fmt: skip
        one, _, two, _ = figure["data"]
        assert one["marker"]["symbol"] != two["marker"]["symbol"]
        assert one["line"]["dash"] != two["line"]["dash"]


def test_every_point_says_its_study_and_trial(page):
    hover = json.loads(next(script for script in page.unpacked if script.startswith('{"0 ')))
    figures = json.loads(next(script for script in page.unpacked if script.startswith('{"front')))
    points = {key for figure in figures.values() for trace in figure["data"] for key in trace["customdata"]}
    assert points <= set(hover)
    for key in points:
        place, number = key.split()
        assert f"<b>{('one', 'two')[int(place)]}</b>, <b>trial {number}</b>" in hover[key]


def test_the_recommended_networks_stand_side_by_side(page, folders):
    rows = _rows(page, "the recommended network of each study")
    for name, records in (("one", make_records(12)), ("two", None)):
        assert name in rows
        if records:
            best = min((one for one in records if one.scores), key=lambda record: record.scores.log_loss)
            assert format_short(best.cost.params) in rows
            assert f"{best.scores.log_loss:.3f}" in rows
    assert "hypervolume of the study (of the box)" in rows


def test_settings_that_differ_are_listed_and_no_others(page):
    table = _rows(page, "settings that differ between the studies")
    listed = {
        name
        for name in ("seed", "epochs", "budget.max_params", "budget.max_macs", "sampler", "classes")
        if re.search(rf"^{re.escape(name)}$", table, re.M)
    }
    assert listed == {"seed", "epochs", "budget.max_params"}


def test_other_clips_are_warned_of(folders, tmp_path):
    third = write_study(tmp_path / "third", make_records(3), make_config(name="third", data_digest="another"))
    warned = Page(write_comparison([folders[0], third], tmp_path / "page.html").read_text(encoding="utf-8"))
    assert "validated on other clips" in warned.text


def test_studies_of_one_name_are_told_apart_by_their_folders(folders, tmp_path):
    same = write_study(tmp_path / "one", make_records(3))
    text = Page(write_comparison([folders[0], same], tmp_path / "page.html").read_text(encoding="utf-8")).text
    assert folders[0].as_posix() in text
    assert same.as_posix() in text


def test_hostile_text_stays_text(folders, tmp_path):
    config = make_config(name=HOSTILE, space="cp_mobile", data=HOSTILE)
    hostile = write_study(tmp_path / "hostile", make_records(3), config)
    page = Page(write_comparison([folders[0], hostile], tmp_path / "page.html").read_text(encoding="utf-8"))
    assert page.open == []
    assert not [tag for tag, attributes in page.elements if tag == "img" or "onerror" in attributes]


def test_the_command_writes_the_page_where_it_is_asked(folders, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["report", *map(str, folders[:2])]) == 0
    assert capsys.readouterr().out == "comparison.html\n"
    assert Path("comparison.html").stat().st_size < 3e6
    assert main(["report", *map(str, folders[:2]), "--out", "both.html"]) == 0
    assert Path("both.html").read_text() == Path("comparison.html").read_text()


def test_what_cannot_be_compared_is_refused_in_one_line(folders, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    one, two, other = map(str, folders)
    empty = str(write_study(tmp_path / "empty", []))
    for words, message in (
        ([one, other], "apart: airport only in 'one'; dog only in 'other'. Name studies of the same classes."),
        ([one, one], "a study is named twice"),
        ([one, empty], "study 'empty' has no complete trial to compare"),
        ([one, "absent"], "no study 'absent'"),
        ([one, two] * 4, "a study is named twice"),
    ):
        assert main(["report", *words]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert message in err
    assert not list(tmp_path.glob("*.html"))
