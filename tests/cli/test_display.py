"""What is told of a long job on clips."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from nas_asc.cli.display import FeatureLine, PlainDisplay
from nas_asc.cli.live_display import LiveDisplay
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture, Classifier, Conv
from nas_asc.plan import TimePlan
from nas_asc.recipe import Recipe
from nas_asc.session import Course
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

    def make(n_workers, width=120, height=40, **options):
        config = replace(example_config(), n_workers=n_workers, n_trials=9, timeout_s=options.pop("timeout_s", None))
        display = LiveDisplay(Console(file=io.StringIO(), width=width, height=height), config, clock=clock, **options)

        def lines():
            console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
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
    assert lines()[-2].startswith("3 of 9 trials")


def test_one_worker_shows_a_trial_then_what_follows(show):
    display, lines = show(1)
    display.on_trial_start(2, DESIGN, example_record(0).cost)
    assert lines()[0].startswith("trial 2: ")
    display.on_trial_end(example_record(2), [])
    assert lines()[0] == "choosing the next network"
    display.on_stage("repeats")
    display.on_note("racing: the leaders are trained for longer")
    display.on_epoch(0, EpochRow(1, 2.0, 0.1, 50.0), 4)
    assert lines()[:2] == ["training again: trial 0", "epoch 1 of 4, loss 2.000, 50 clips/s"]
    display.on_epoch(0, EpochRow(4, 2.0, 0.1, 50.0), 4)
    assert lines()[1].endswith("; now it is scored")


_COURSE = Course(n_trials=9, timeout_s=480.0)
_PLAN = TimePlan(480.0, n_seeds=3, refit_ratio=15.0, finds_length=True)


def test_what_follows_is_told_with_its_planned_time_and_shrinks_stage_by_stage(show, clock):
    display, lines = show(1, timeout_s=480.0, course=_COURSE, plan=_PLAN)
    found = "the leaders train for longer (1 min 26 s), the last training and its file, the report (4 s)."
    assert f"Then: {found}" in lines()
    record = replace(example_record(0), seconds=10.0)
    display.on_trial_end(record, [record])
    clock.seconds += 60.0
    assert "1 of 9 trials; 1 min 0 s passed, about 1 min 20 s left for trials." in lines()
    assert "Then: the leaders train for longer (1 min 26 s), the last training and its file (up to 2 min 0 s)" in (
        line.rsplit(",", 1)[0] for line in lines()
    )
    display.on_stage("repeats")
    assert "1 of 9 trials; 1 min 0 s passed of 8 min 0 s." in lines()
    assert "Then: the last training and its file (up to 2 min 0 s), the report (4 s)." in lines()
    display.on_stage("refit")
    assert "Then: the report (4 s)." in lines()
    display.on_stage("report")
    assert lines()[0] == "writing the report"
    assert not [line for line in lines() if line.startswith("Then")]


def test_the_time_that_passed_before_the_trials_is_shown_too(show, clock):
    _, lines = show(1, timeout_s=480.0, course=_COURSE, plan=_PLAN, began=clock.now() - 20)
    assert "0 of 9 trials; 20 s passed" in lines()[-3]


def test_only_what_is_asked_for_follows(show):
    course = Course(n_trials=9, n_seeds=1, refits=False, twin=True)
    _, lines = show(1, course=course, plan=TimePlan(None))
    assert "Then: the random twin (as long as the trials), the report." in lines()


@pytest.mark.parametrize("n_workers", [1, 2])
@pytest.mark.parametrize("width", [80, 120])
def test_the_display_fits_a_small_terminal_and_says_nothing_twice(show, n_workers, width):
    display, lines = show(n_workers, width=width, height=24, timeout_s=480.0, course=_COURSE, plan=_PLAN)
    front = [example_record(number) for number in range(20)]
    display.on_trial_end(front[0], front)
    for ask in range(n_workers):
        display.on_trial_start(20 + ask, DESIGN, front[0].cost)
        display.on_epoch(20 + ask, EpochRow(4, 2.0, 0.1, 50.0), 4)
    shown = lines()
    assert len(shown) <= 24
    assert max(map(len, shown)) <= width
    assert "budget" not in " ".join(shown)
    assert [line for line in shown if "more not shown" in line]


def test_a_log_says_once_what_follows_the_trials(clock, capsys):
    display = PlainDisplay(_COURSE, _PLAN, clock=clock)
    for number in range(3):
        display.on_trial_start(number, DESIGN, example_record(0).cost)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("after the trials: the leaders train for longer (1 min 26 s), the last training")
