"""A disk that is full while a search goes on: one line, nothing half-written, and `resume` completes."""

import ctypes
import os
import resource
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from nas_asc.errors import WriteError
from nas_asc.search import SilentListener
from nas_asc.study import load_records
from nas_asc.study.file import write_file, write_folder
from tests.search import run_tiny
from tests.search.killing import RUNGS, assert_complete, assert_nothing_lost, run_process
from tests.search.tiny import ask, prepare, run, space


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("cache"))


class Filler(SilentListener):
    """Does something at the first epoch of a trial, and remembers which trials began."""

    def __init__(self, ask=None, fill=None):
        self._ask, self._fill = ask, fill
        self.started = []

    def on_trial_start(self, number, design, cost):
        self.started.append(number)

    def on_epoch(self, number, row, n_epochs):
        if number == self._ask:
            self._fill()


@pytest.mark.parametrize("changes", [{}, RUNGS], ids=["whole", "rungs"])
@pytest.mark.parametrize("what", ["files", "database"])
def test_a_full_disk_ends_a_search_with_one_line_and_resume_completes(tmp_path, prepared, largest_file, what, changes):
    database, config = tmp_path / "study.db", ask(prepared, sampler="random", **changes)
    limit = {"files": lambda: 1_000, "database": lambda: database.stat().st_size // 2}[what]
    filler = Filler(2, lambda: largest_file(limit()))
    options = {"n_trials": 4, "folder": tmp_path, "refit": False}
    with pytest.raises(WriteError, match=r"cannot be written: .*\. Make room there, then go on\.$"):
        run(config, space, prepared, listener=filler, **options)
    assert not list(tmp_path.rglob(".partial*"))
    assert (tmp_path / "trials" / "2").exists() == (what == "database"), (
        "it is trained, and taken up by the next search"
    )
    largest_file(resource.RLIM_INFINITY)
    records = load_records(tmp_path)
    assert [record.number for record in records] == [0, 1]
    heard = Filler()
    result = run(config, space, prepared, listener=heard, **options)
    assert [record.key for record in result.records[:2]] == [record.key for record in records]
    assert changes or (2 in heard.started) == (what == "files")
    assert load_records(tmp_path) == list(result.records)
    whole = run(config, space, prepared, **{**options, "folder": tmp_path / "whole"})
    assert [replace(record, seconds=0) for record in result.records] == [
        replace(record, seconds=0) for record in whole.records
    ]


def test_a_full_disk_when_a_search_begins_leaves_no_database(tmp_path, prepared, largest_file):
    largest_file(20_000)
    with pytest.raises(WriteError, match=r"study\.db cannot be written: "):
        run(ask(prepared), space, prepared, n_trials=1, folder=tmp_path)
    largest_file(resource.RLIM_INFINITY)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "study.toml"]
    assert len(run(ask(prepared), space, prepared, n_trials=1, folder=tmp_path, refit=False).records) == 1


def test_what_stood_there_stands_where_no_room_is_left(tmp_path, largest_file):
    write_file(tmp_path / "file", b"old")
    write_folder(tmp_path / "folder", {"one": b"old"}, root=tmp_path)
    largest_file(100)
    with pytest.raises(WriteError, match=r"/file cannot be written: File too large\. Make room there"):
        write_file(tmp_path / "file", bytes(200))
    with pytest.raises(WriteError, match=r"/folder cannot be written: File too large\. Make room there"):
        write_folder(tmp_path / "folder", {"one": b"new", "two": bytes(200)}, root=tmp_path)
    assert (tmp_path / "file").read_bytes() == (tmp_path / "folder" / "one").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def may_mount():
    """Whether this user may have mounts of its own."""
    asked = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    return (
        sys.platform == "linux"
        and shutil.which("unshare") is not None
        and os.geteuid() == 0
        and hasattr(ctypes.CDLL(None), "unshare")
        and subprocess.run(asked, capture_output=True, check=False).returncode == 0
    )


@pytest.mark.slow
@pytest.mark.skipif(not may_mount(), reason="this user may not mount a disk of its own")
def test_a_search_on_a_disk_that_fills_completes_when_it_has_grown(tmp_path):
    """Only the process that searches sees the disk; it copies the study out of it at the end."""
    out = tmp_path / "out"
    said = run_process(out, tmp_path / "cache", 30, target=run_tiny.main_on_small_disk)
    full = [text for kind, _, text in said if kind == "full"]
    assert len(full) == 1
    assert "Make room there, then go on." in full[0]
    assert said[-1][0] == "done"
    assert_nothing_lost(out / "full", said[: [kind for kind, _, _ in said].index("full")])
    assert_complete(out / "whole", 30, said)
