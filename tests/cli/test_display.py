"""What is told of a long job on clips."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from nas_asc.cli.display import FeatureLine, LiveDisplay, PlainDisplay
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture, Classifier, Conv
from nas_asc.recipe import Recipe
from nas_asc.space import Design
from nas_asc.study import Ask
from nas_asc.training import EpochRow
from tests.clocks import ManualClock
from tests.study.records import example_config, example_record


@pytest.fixture
def clock():
    return ManualClock()


def test_rate_is_that_of_what_was_done_since_the_job_was_first_heard_of(clock):
    line = FeatureLine(clock=clock)
    assert line.text(50, 1_000) is None  # of a process that began before
    clock.seconds += 0.4
    assert line.text(90, 1_000) is None
    clock.seconds += 0.6
    assert line.text(250, 1_000) == "features: 250 of 1,000 clips, 200 clips/s, 4 s left"
    clock.seconds += 4.0
    assert line.text(1_000, 1_000) == "features: 1,000 clips, 190 clips/s"


def test_job_that_was_never_heard_of_before_its_end_has_no_rate(clock):
    assert FeatureLine(clock=clock).text(18, 18) == "features: 18 clips"


def test_every_job_has_a_rate_of_its_own(clock):
    line = FeatureLine("recordings", clock=clock)
    for seconds, rate in ((1.0, "10"), (2.0, "5")):
        line.text(0, 10)
        clock.seconds += seconds
        assert line.text(10, 10) == f"recordings: 10 clips, {rate} clips/s"


def test_logs_have_a_line_every_half_minute(clock, capsys):
    for say in (FeatureLine(clock=clock), PlainDisplay(clock=clock).on_features):
        for done in range(0, 101, 10):
            say(done, 100)
            clock.seconds += 10.0
        lines = capsys.readouterr().err.splitlines()
        assert [line.split(",")[0] for line in lines] == [
            "features: 30 of 100 clips",
            "features: 60 of 100 clips",
            "features: 90 of 100 clips",
            "features: 100 clips",
        ]


DESIGN = Design(Architecture((Conv(8, kernel_size=3), Classifier()), (1, 64, 32), 10), LogMel(), Recipe())


@pytest.fixture
def show(clock):
    """A display of a study with so many workers, and what it shows, line by line."""

    def make(n_workers):
        config = replace(example_config(), n_workers=n_workers, n_trials=9)
        display = LiveDisplay(Console(file=io.StringIO()), config, clock=clock)

        def lines():
            console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system=None)
            console.print(display._render())
            return [line.split("━")[-1].strip() for line in console.file.getvalue().splitlines()]

        return display, lines

    return make


def test_every_running_trial_of_several_workers_is_shown(show):
    display, lines = show(2)
    cost = example_record(0).cost
    for ask in (3, 4):
        display.on_trial_start(ask, DESIGN, cost)
    display.on_epoch(3, EpochRow(1, 2.0, 0.1, 50.0), 4)
    display.on_epoch(4, EpochRow(2, 1.5, 0.1, 40.0), 4)
    heads = [line for line in lines() if line.startswith("proposal")]
    assert [head.split(":")[0] for head in heads] == ["proposal 3", "proposal 4"]
    details = [line for line in lines() if line.startswith("epoch")]
    assert details == ["epoch 1 of 4, loss 2.000, 50 clips/s", "epoch 2 of 4, loss 1.500, 40 clips/s"]
    asked = Ask(index=4, n_known=2, pending=(3,))
    display.on_trial_end(replace(example_record(2), asked=asked), [])
    assert [line for line in lines() if line.startswith(("proposal", "epoch"))] == [heads[0], details[0]]
    assert lines()[-1].startswith("3 of 9 trials")


def test_one_worker_shows_a_trial_then_what_follows(show):
    display, lines = show(1)
    display.on_trial_start(2, DESIGN, example_record(0).cost)
    assert lines()[1].startswith("trial 2: ")
    display.on_trial_end(example_record(2), [])
    display.on_note("racing: the leaders are trained for longer")
    display.on_epoch(0, EpochRow(1, 2.0, 0.1, 50.0), 4)
    assert lines()[1] == "racing: the leaders are trained for longer"
    assert lines()[2] == "epoch 1 of 4, loss 2.000, 50 clips/s"
