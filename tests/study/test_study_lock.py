import subprocess
import sys
import textwrap

import pytest

from nas_asc.errors import StudyError
from nas_asc.study import is_locked, lock_study

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
