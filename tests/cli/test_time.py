"""The time of `--timeout` counts from the command's start, so it holds the reading of data too."""

from types import SimpleNamespace

import pytest

from nas_asc import Budget, run_search
from nas_asc.cli import main
from nas_asc.cli.study_command import reopen
from nas_asc.clock import WALL_CLOCK
from nas_asc.errors import StudyError
from nas_asc.session import Session
from nas_asc.session import open as opening


@pytest.fixture
def readings(monkeypatch, tmp_path):
    """Readings of the clock when the data are read, and where the time of the search began; nothing is searched."""
    found, read_inputs = {}, opening.read_inputs

    def read(*asked, **options):
        found["read"] = WALL_CLOCK.now()
        return read_inputs(*asked, **options)

    def search(session, course, **options):
        found["began"] = session.began
        raise StudyError("enough is known")

    monkeypatch.setattr(opening, "read_inputs", read)
    monkeypatch.setattr(Session, "search", search)
    monkeypatch.chdir(tmp_path)
    return found


def test_the_time_of_a_search_begins_before_its_data_are_read(readings):
    before = WALL_CLOCK.now()
    assert main(["search", "--space", "cp_mobile", "--budget", "128k", "--macs", "30M", "--workers", "1"]) != 0
    assert before <= readings["began"] <= readings["read"]


def test_the_time_of_a_search_from_python_begins_before_its_data_are_read(readings):
    before = WALL_CLOCK.now()
    with pytest.raises(StudyError, match="enough is known"):
        run_search("cp_mobile", budget=Budget(max_params=128_000, max_macs=30_000_000))
    assert before <= readings["began"] <= readings["read"]


def test_the_time_of_what_goes_on_with_a_study_begins_before_it_is_read(monkeypatch):
    def read(study, **options):
        return SimpleNamespace(read=WALL_CLOCK.now())

    monkeypatch.setattr("nas_asc.session.reopen_session", read)
    before = WALL_CLOCK.now()
    session = reopen("any", quiet=True)
    assert before <= session.began <= session.read
