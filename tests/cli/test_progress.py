"""How far a hearing is: a line a minute where stderr is no terminal, a bar where it is one."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console

from nas_asc.cli.progress import HearingProgress
from nas_asc.prediction import ModelFile
from tests.clocks import ManualClock
from tests.prediction.tiny import write_tiny

PATHS = [Path("night.wav"), Path("day.wav"), Path("dawn.wav"), Path("dusk.wav")]


def hear(*, is_terminal, is_quiet=False, paths=PATHS, length_s=7_200.0, step_s=25.0):
    """What is said of recordings that are heard in four parts each, one every 25 s."""
    stream, clock = io.StringIO(), ManualClock()
    console = Console(file=stream, force_terminal=is_terminal, width=80, color_system=None)
    with HearingProgress(len(paths), is_quiet=is_quiet, console=console, clock=clock) as progress:
        for _ in progress.track(paths):
            for part in range(1, 5):
                clock.seconds += step_s
                progress.on_heard(part * 1_800.0, length_s)
    return stream.getvalue()


def test_elsewhere_it_is_a_line_a_minute():
    first, *others = hear(is_terminal=False).splitlines()
    assert first == "heard 0 of 4 recordings, night.wav: 1 h 30 min of 2 h 0 min, 5 min 25 s left"
    assert len(others) == 4  # of 400 s: every third part, 75 s apart
    assert others[-1] == "heard 3 of 4 recordings, dusk.wav: 1 h 30 min of 2 h 0 min, 25 s left"


def test_of_one_recording_its_own_time_is_told():
    first = hear(is_terminal=False, paths=PATHS[:1]).splitlines()[0]
    assert first == "heard 1 h 30 min of 2 h 0 min, 25 s left"


def test_where_a_length_is_not_known_whole_recordings_are_counted():
    lines = hear(is_terminal=False, length_s=None).splitlines()
    assert lines[0] == "heard 0 of 4 recordings"
    assert lines[1] == "heard 1 of 4 recordings, 7 min 30 s left"


def test_what_takes_less_than_a_minute_is_silent():
    assert hear(is_terminal=False, step_s=3.7) == ""


def test_on_a_terminal_it_is_a_bar_unless_results_fill_it():
    shown = hear(is_terminal=True)
    assert "100% 3 of 4 recordings, 2 h 0 min of 2 h 0 min, 0 s left" in shown
    assert hear(is_terminal=True, is_quiet=True) == ""


@pytest.mark.parametrize("step_s", [None, 0.5])
def test_a_recording_says_how_far_it_is_heard(tmp_path, step_s):
    soundfile.write(tmp_path / "long.wav", np.zeros(150 * 16_000), 16_000)
    model, told = ModelFile(write_tiny(tmp_path / "tiny.onnx")), []
    if step_s is None:
        list(model.classify([tmp_path / "long.wav"], on_heard=lambda *each: told.append(each)))
    else:
        list(model.follow(tmp_path / "long.wav", step_s=step_s, on_heard=lambda *each: told.append(each)))
    assert [length_s for _, length_s in told] == [150.0] * len(told)
    heard = [heard_s for heard_s, _ in told]
    assert heard == sorted(heard)
    assert len(heard) > 2
    assert heard[-1] == 150.0
