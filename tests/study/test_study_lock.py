import errno
import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from nas_asc.errors import StudyError, WriteError
from nas_asc.study import database, is_locked, load_records, lock_study
from tests.read_only import only_readable

HOLD = """
import sys, time
from pathlib import Path
from nas_asc.study import lock_study
with lock_study(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLD), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_process_is_refused_by_the_first_ones_id(tmp_path, holder):
    with (
        pytest.raises(StudyError, match=rf"is being written by another process \(pid {holder.pid}\)"),
        lock_study(tmp_path),
    ):
        pass
    assert is_locked(tmp_path)


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert not is_locked(tmp_path)
    with lock_study(tmp_path):
        assert is_locked(tmp_path)


def test_a_second_search_of_the_same_process_is_refused(tmp_path):
    with lock_study(tmp_path):
        with pytest.raises(StudyError, match="is being written"), lock_study(tmp_path):
            pass
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)
    with lock_study(tmp_path):
        pass


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_told_and_how_to_go_on(tmp_path, monkeypatch, code):
    def refuse(stream, kind):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "lockf", refuse)
    message = rf"the file system of {tmp_path} has no locks \({os.strerror(code)}\)\. Work in a folder on a local disk"
    with pytest.raises(StudyError, match=message), lock_study(tmp_path):
        pass
    assert is_locked(tmp_path) is None


def test_a_disk_without_room_for_the_id_is_told_and_nothing_is_held(tmp_path, largest_file):
    largest_file(0)
    with pytest.raises(WriteError, match=r"/\.lock cannot be written: File too large"), lock_study(tmp_path):
        pass
    assert not is_locked(tmp_path)


def test_a_holder_that_has_not_written_its_id_yet_is_not_called_unknown(tmp_path, holder):
    (tmp_path / ".lock").write_text("")
    with pytest.raises(StudyError, match=r"by another process\. Wait for it, or give"), lock_study(tmp_path):
        pass


def test_a_study_that_may_only_be_read_is_known_to_be_free_or_held(tmp_path, holder):
    with only_readable(tmp_path) as copy:
        assert is_locked(copy) is False
        with pytest.raises(WriteError, match=r"can only be read here \(Permission denied\)"), lock_study(copy):
            pass
    assert is_locked(tmp_path)


def test_a_database_that_is_held_is_named_where_nobody_can_be_told_to_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_LONG_WAIT_S", 0.01)
    file = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
    file.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StudyError, match=r"study\.db is locked by another program\. Close that program, then try"):
        load_records(tmp_path)
    file.close()


def test_a_database_left_half_written_is_mended_but_not_where_it_may_only_be_read(tmp_path):
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    whole.mkdir()
    file = sqlite3.connect(whole / "study.db", isolation_level=None)
    for table in ("trials (trial_id, number, state)", "trial_user_attributes (trial_id, key, value_json)"):
        file.execute(f"CREATE TABLE {table}")
    file.execute("PRAGMA cache_size = 1")  # so that what is not committed is in the file
    file.execute("BEGIN")
    file.executemany("INSERT INTO trials VALUES (?, 0, 'COMPLETE')", [("x" * 9_000,)] * 50)
    shutil.copytree(whole, torn)
    file.close()
    assert (torn / "study.db-journal").exists()
    with only_readable(torn) as copy, pytest.raises(StudyError, match=r"left half written .* Copy the study's folder"):
        load_records(copy)
    assert load_records(torn) == []
