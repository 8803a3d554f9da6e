"""The time of `--timeout` counts from the command's start, so it holds the reading of data too."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from nas_asc import Budget, run_search
from nas_asc.cli import main
from nas_asc.cli.study_command import reopen
from nas_asc.clock import WALL_CLOCK
from nas_asc.errors import StudyError
from nas_asc.library import study as study_room
from nas_asc.session import Session
from nas_asc.session import open as opening
from nas_asc.study import create_study_dir
from tests.study.records import example_config


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


def test_a_study_that_goes_on_from_python_has_its_time_from_the_call(monkeypatch, tmp_path):
    folder, heard = tmp_path / "study", []
    create_study_dir(folder, replace(example_config(), name="study"))
    monkeypatch.setattr(study_room, "reopen_session", lambda *words, **options: SimpleNamespace(began=None))
    monkeypatch.setattr(study_room, "search_with", lambda session, course, listener: heard.append(session.began))
    found = study_room.Study(folder)
    for _ in range(2):  # the session is kept, the time begins anew
        before = WALL_CLOCK.now()
        found.resume(timeout="1m")
        assert before <= heard[-1] <= WALL_CLOCK.now()
