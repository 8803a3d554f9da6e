"""What a search shows in a notebook's cell, event by event; outside of notebooks it prints lines."""

import sys
from dataclasses import replace

import pytest

from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture, Classifier, Conv
from nas_asc.library import PrintingListener
from nas_asc.library.notebook import NotebookListener, choose_listener
from nas_asc.plan import TimePlan
from nas_asc.recipe import Recipe
from nas_asc.session import Course
from nas_asc.space import Design
from nas_asc.training import EpochRow
from tests.clocks import ManualClock
from tests.report.page import Page
from tests.study.records import example_record

DESIGN = Design(Architecture((Conv(8, kernel_size=3), Classifier()), (1, 64, 32), 10), LogMel(), Recipe())


@pytest.fixture
def cell():
    """A listener, its clock, and all that it has shown."""
    clock, shown = ManualClock(), []
    listener = NotebookListener(shown.append, clock=clock)
    listener.expect(Course(n_trials=6, timeout_s=480.0), TimePlan(480.0, 3, 15.0, finds_length=True))
    return listener, clock, shown


def _words(html):
    page = Page(html)
    assert page.open == []
    return " ".join(page.text.split())


def test_a_trial_its_epochs_and_the_front_are_shown_in_place(cell):
    listener, clock, shown = cell
    listener.on_stage("trials")
    record = replace(example_record(0), seconds=10.0)
    clock.seconds += 30.0
    listener.on_trial_start(0, DESIGN, record.cost)
    clock.seconds += 30.0
    listener.on_epoch(0, EpochRow(1, 2.0, 0.1, 50.0), 4)
    assert 'value="0.250"' in shown[-1]
    assert "epoch 1 of 4, loss 2.000" in _words(shown[-1])
    assert "trials: 0 of 6; on the front: 0; 1 min 0 s passed of 8 min 0 s" in _words(shown[-1])
    assert "Then: the leaders train for longer (1 min 26 s)" in _words(shown[-1])
    listener.on_trial_end(record, [record])
    assert "trials: 1 of 6; on the front: 1;" in _words(shown[-1])
    assert f"{record.scores.log_loss:.3f}" in _words(shown[-1])
    assert "epoch" not in _words(shown[-1])
    assert "the last training and its file (up to 2 min 0 s)" in _words(shown[-1])


def test_the_last_picture_has_the_front_and_the_notes_and_no_bar(cell):
    listener, clock, shown = cell
    record = example_record(0)
    listener.on_trial_end(record, [record])
    listener.on_trial_end(replace(example_record(1), state="failed", scores=None, reason="it <diverged>"), [record])
    listener.on_stage("refit")
    listener.on_note("training the network of trial 0 once more")
    clock.seconds += 1.0
    listener.on_epoch(0, EpochRow(3, 1.0, 0.1, 50.0), 9)
    words = _words(shown[-1])
    assert "the last training: trial 0; epoch 3 of 9" in words
    assert words.count("training the network of trial 0 once more") == 1
    listener.on_stage("report")
    words = _words(shown[-1])
    assert words.startswith("trials: 2, 1 failed; on the front: 1;")
    assert "trial 1 failed: it <diverged>" in words
    assert "Then" not in words
    assert "<progress" not in shown[-1]


def test_epochs_change_the_picture_twice_a_second_at_most(cell):
    listener, clock, shown = cell
    listener.on_trial_start(0, DESIGN, example_record(0).cost)
    before = len(shown)
    for epoch in range(1, 101):
        clock.seconds += 0.1
        listener.on_epoch(0, EpochRow(epoch, 2.0, 0.1, 50.0), 100)
    assert before + 15 <= len(shown) <= before + 21


def test_lines_are_printed_where_no_notebook_runs(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert isinstance(choose_listener(), PrintingListener)
