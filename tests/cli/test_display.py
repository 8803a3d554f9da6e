"""What is told of a long job on clips."""

import pytest

from nas_asc.cli import display
from nas_asc.cli.display import FeatureLine, PlainDisplay


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until its time is set."""
    now = {"s": 100.0}
    monkeypatch.setattr(display.time, "monotonic", lambda: now["s"])
    return now


def test_rate_is_that_of_what_was_done_since_the_job_was_first_heard_of(clock):
    line = FeatureLine()
    assert line.text(50, 1_000) is None  # of a process that began before
    clock["s"] += 0.4
    assert line.text(90, 1_000) is None
    clock["s"] += 0.6
    assert line.text(250, 1_000) == "features: 250 of 1,000 clips, 200 clips/s, 4 s left"
    clock["s"] += 4.0
    assert line.text(1_000, 1_000) == "features: 1,000 clips, 190 clips/s"


def test_job_that_was_never_heard_of_before_its_end_has_no_rate(clock):
    assert FeatureLine().text(18, 18) == "features: 18 clips"


def test_every_job_has_a_rate_of_its_own(clock):
    line = FeatureLine("recordings")
    for seconds, rate in ((1.0, "10"), (2.0, "5")):
        line.text(0, 10)
        clock["s"] += seconds
        assert line.text(10, 10) == f"recordings: 10 clips, {rate} clips/s"


def test_logs_have_a_line_every_half_minute(clock, capsys):
    for say in (FeatureLine(), PlainDisplay().on_features):
        for done in range(0, 101, 10):
            say(done, 100)
            clock["s"] += 10.0
        lines = capsys.readouterr().err.splitlines()
        assert [line.split(",")[0] for line in lines] == [
            "features: 30 of 100 clips",
            "features: 60 of 100 clips",
            "features: 90 of 100 clips",
            "features: 100 clips",
        ]
