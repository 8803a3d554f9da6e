"""Optuna's dashboard gets a copy of a study: the real one shows it, and the study stays as it is."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from importlib.util import find_spec

import pytest

from nas_asc.cli import main
from nas_asc.study import database_path, load_records
from nas_asc.study.dashboard import copy_database
from tests.report.example_study import make_records, write_study

_PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("studies") / "example", make_records(5))


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _fetch(address):
    """What the dashboard answers, as soon as it does."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _dashboard_of(folder, port, errors):
    words = [sys.executable, "-m", "nas_asc.cli", "dashboard", str(folder), "--port", str(port)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("optuna_dashboard") is None, reason="needs pip install optuna-dashboard")
def test_the_real_dashboard_shows_the_study_and_leaves_it_as_it_is(folder, tmp_path):
    before, port = database_path(folder).read_bytes(), _free_port()
    errors = tmp_path / "errors"
    with errors.open("w") as stream, _dashboard_of(folder, port, stream) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            assert process.stdout.readline() == f"a copy of study {folder}: {address}/dashboard/ (Ctrl-C ends it)\n"
            (study,) = json.loads(_fetch(f"{address}/api/studies"))["study_summaries"]
            assert study["study_name"] == "example"
            detail = json.loads(_fetch(f"{address}/api/studies/{study['study_id']}?after=0"))
            assert len(detail["trials"]) == 5
            assert detail["objective_names"] == ["log_loss", "macs", "int8_bytes"]
            assert "<html" in _fetch(f"{address}/dashboard/").lower()
            deleted = urllib.request.Request(f"{address}/api/studies/{study['study_id']}", method="DELETE")
            urllib.request.urlopen(deleted, timeout=30).close()
            assert json.loads(_fetch(f"{address}/api/studies"))["study_summaries"] == []
        finally:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        assert process.wait(_PATIENCE_S) == 0
    assert "Traceback" not in errors.read_text()
    assert database_path(folder).read_bytes() == before


def test_a_copy_is_whole_while_a_trial_is_being_written(folder, tmp_path):
    with closing(sqlite3.connect(database_path(folder), isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM trial_user_attributes")
        copy_database(folder, tmp_path / "study.db")
        writer.execute("ROLLBACK")
    assert load_records(tmp_path) == load_records(folder)


def test_where_it_is_not_installed_the_command_says_how_to(folder, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "optuna_dashboard", None)
    assert main(["dashboard", str(folder)]) == 2
    err = capsys.readouterr().err
    assert err == (
        "nas-asc: optuna-dashboard is not installed. Install it with `pip install optuna-dashboard`, then try again.\n"
    )


@pytest.mark.skipif(find_spec("optuna_dashboard") is None, reason="needs pip install optuna-dashboard")
def test_a_port_that_is_taken_and_a_study_without_trials_are_named(folder, tmp_path, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["dashboard", str(folder), "--port", str(port)]) == 2
        assert f"`--port {port}` is taken by another program" in capsys.readouterr().err
    new = write_study(tmp_path / "new", [])
    database_path(new).unlink()
    assert main(["dashboard", str(new)]) == 2
    assert "study 'new' has no trials to show yet" in capsys.readouterr().err
