"""What the figures draw, against the trials themselves."""

import math

import pytest

from nas_asc.budget import RESOURCES, Budget
from nas_asc.pareto import hypervolume
from nas_asc.report.axes_figure import constant_axes, draw_axes, varying_axes
from nas_asc.report.curve_figure import draw_curves
from nas_asc.report.facts import gather_facts
from nas_asc.report.front_figure import draw_front
from nas_asc.report.heat_map import draw_confusion
from nas_asc.report.history_figure import volume_history
from nas_asc.report.quantity import SCORES
from nas_asc.space import load_space
from tests.report.example_study import CLASSES, make_config, make_records, stop_record, write_curves

SPACE = load_space("cp_mobile")


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    return gather_facts(tmp_path_factory.mktemp("study"), make_config(), make_records(30), space=SPACE)


def _traces(drawing):
    return {trace.name: trace for trace in drawing.figure.data}


@pytest.mark.parametrize("score", list(SCORES))
@pytest.mark.parametrize("resource", ["macs", "bytes", "params", "ram"])
def test_line_joins_the_trials_that_no_other_beats_in_the_two(facts, resource, score):
    line = _traces(draw_front(facts, RESOURCES[resource], SCORES[score]))["front of these two"]
    sign, value = SCORES[score].sign, SCORES[score].value
    points = {
        record.number: (facts.config.budget.used(record.cost)[resource], sign * value(record.scores))
        for record in facts.ranked
    }
    expected = {
        number
        for number, (cost, loss) in points.items()
        if not any(c <= cost and s <= loss and (c, s) != (cost, loss) for c, s in points.values())
    }
    assert set(line.customdata) == expected
    assert list(line.x) == sorted(line.x)


def test_every_trial_is_a_point_and_the_best_a_star(facts):
    traces = _traces(draw_front(facts, RESOURCES["macs"], SCORES["log_loss"]))
    star = traces.pop("recommended")
    assert list(star.customdata) == [facts.recommended.number]
    drawn = [number for trace in traces.values() if trace.customdata is not None for number in trace.customdata]
    assert sorted(drawn) == sorted(record.number for record in facts.ranked)


def test_published_systems_stand_at_their_cost_on_these_clips(facts):
    marks = _traces(draw_front(facts, RESOURCES["params"], SCORES["log_loss"]))["published system"]
    assert set(marks.x) == {61_148, 46_118}
    assert any("CP-Mobile-2024" in text for text in marks.hovertext)


def test_limit_is_a_line_only_where_there_is_one(facts):
    def lines(resource):
        figure = draw_front(facts, RESOURCES[resource], SCORES["log_loss"]).figure
        return [shape.x0 for shape in figure.layout.shapes if shape.line.dash == "dash"]

    assert lines("params") == [128_000]
    assert lines("ram") == []


def test_single_trial_has_a_frame_around_it(tmp_path):
    facts = gather_facts(tmp_path, make_config(budget=Budget()), make_records(1), space=None)
    layout = draw_front(facts, RESOURCES["macs"], SCORES["accuracy"]).figure.layout
    low, high = layout.xaxis.range
    assert low < math.log10(facts.ranked[0].cost.official_macs) < high
    assert len(layout.xaxis.tickvals) > 1
    low, high = layout.yaxis.range
    assert low < facts.ranked[0].scores.accuracy < high


def test_history_ends_at_the_hypervolume_of_all_trials(facts):
    history, reference = volume_history(facts), facts.config.reference_point
    points = [record.objectives for record in facts.ranked]
    assert history.shares[-1] == pytest.approx(hypervolume(points, reference) / math.prod(reference))
    assert list(history.numbers) == sorted(record.number for record in facts.ranked)
    assert list(history.shares) == sorted(history.shares)


def test_every_axis_varies_or_is_named_as_constant(facts):
    varying, constant = varying_axes(facts), constant_axes(facts)
    assert set(varying) | set(constant) == set(facts.axes)
    assert not set(varying) & set(constant)
    labels = [dimension.label for dimension in draw_axes(facts).figure.data[0].dimensions]
    assert set(varying) < set(labels)


def test_rows_of_the_confusion_matrix_are_shares_of_the_true_scene(facts):
    drawing = draw_confusion(facts, facts.recommended)
    shares = drawing.figure.data[0].z
    assert len(shares) == len(CLASSES)
    assert all(sum(row) == pytest.approx(1) for row in shares)
    diagonal = [row[index] for index, row in enumerate(shares)]
    assert diagonal == pytest.approx(facts.recommended.scores.class_accuracy)


def test_curves_of_stopped_trials_are_faint_and_shorter(tmp_path):
    records = make_records(12)
    write_curves(tmp_path, records[:6], n_epochs=9)
    write_curves(tmp_path, records[6:], n_epochs=3)
    records = [*records[:6], *map(stop_record, records[6:])]
    facts = gather_facts(tmp_path, make_config(rungs=(1 / 3,)), records, space=None)
    traces = draw_curves(facts).figure.data
    stopped = [trace for trace in traces if trace.name.endswith(", stopped")]
    assert {trace.name for trace in stopped} == {f"trial {number}, stopped" for number in range(6, 12)}
    assert all(trace.opacity < 0.5 and max(trace.x) == 3 for trace in stopped)
    assert {trace.name for trace in traces} - {trace.name for trace in stopped} == {
        f"trial {record.number}" for record in facts.front_records
    }
    assert all(trace.opacity == 1 and max(trace.x) == 9 for trace in traces if trace not in stopped)


def test_single_epoch_is_a_point(tmp_path):
    records = make_records(2)
    write_curves(tmp_path, records, n_epochs=1)
    facts = gather_facts(tmp_path, make_config(), records, space=None)
    drawing = draw_curves(facts)
    assert {trace.mode for trace in drawing.figure.data} == {"markers"}
    assert drawing.figure.layout.xaxis.dtick == 1
