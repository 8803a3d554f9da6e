"""Processors counted as a machine's files tell: siblings, control groups of both versions."""

import os
import subprocess
import sys
import threading

import pytest

from nas_asc.cores import bound_to_cores, can_bind, count_cores, count_free_bytes, count_processors

_V1 = "3:cpu,cpuacct:{0}\n1:name=systemd:{0}\n"
_V2 = "0::{0}\n"


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Writes the files of a machine with 16 processors, two a core."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(16)), raising=False)
    for cpu in range(16):
        write(tmp_path, f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list", f"{cpu % 8},{cpu % 8 + 8}\n")
    return tmp_path


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def counts(root):
    return count_processors(root=root), count_cores(root=root)


def test_without_a_quota_all_processors_and_their_cores_count(machine):
    assert counts(machine) == (16, 8)
    write(machine, "proc/self/cgroup", _V2.format("/"))
    write(machine, "sys/fs/cgroup/cpu.max", "max 100000\n")
    assert counts(machine) == (16, 8)


def test_only_the_processors_that_the_process_is_bound_to_count(machine, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3, 8})
    assert counts(machine) == (3, 2)


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("1200000 100000", (12, 8)), ("250000 100000", (2, 2)), ("50000 100000", (1, 1)), ("200000 50000", (4, 4))],
)
@pytest.mark.parametrize("place", ["", "unified/"])
def test_a_quota_of_version_2_is_kept(machine, quota, expected, place):
    write(machine, "proc/self/cgroup", _V2.format("/"))
    write(machine, f"sys/fs/cgroup/{place}cpu.max", quota)
    assert counts(machine) == expected


def test_the_least_quota_of_all_groups_above_counts(machine):
    write(machine, "proc/self/cgroup", _V2.format("/slurm/job/step"))
    write(machine, "sys/fs/cgroup/slurm/job/step/cpu.max", "max 100000")
    write(machine, "sys/fs/cgroup/slurm/job/cpu.max", "300000 100000")
    write(machine, "sys/fs/cgroup/slurm/cpu.max", "1000000 100000")
    write(machine, "sys/fs/cgroup/other/cpu.max", "100000 100000")
    assert counts(machine) == (3, 3)


@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
@pytest.mark.parametrize("seen", ["docker/4f", ""], ids=["by the host", "by the container"])
def test_a_quota_of_version_1_is_kept(machine, mount, seen):
    write(machine, "proc/self/cgroup", _V1.format("/docker/4f"))
    write(machine, f"sys/fs/cgroup/{mount}/{seen}/cpu.cfs_quota_us", "400000\n")
    write(machine, f"sys/fs/cgroup/{mount}/{seen}/cpu.cfs_period_us", "100000\n")
    assert counts(machine) == (4, 4)


def test_no_quota_of_version_1_is_none(machine):
    write(machine, "proc/self/cgroup", _V1.format("/") + _V2.format("/"))
    write(machine, "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n")
    write(machine, "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    assert counts(machine) == (16, 8)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes cannot be bound to processors here")
def test_a_process_that_is_bound_counts_one_processor_and_trains_and_makes_features_with_one_thread():
    code = """
import os
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
import numpy as np, threading, torch
from nas_asc.cores import count_cores, count_processors
from nas_asc.data import load_data_set
from nas_asc.features import iterate_batches
from nas_asc.frontend import LogMel
from nas_asc.training import prepare_process
prepare_process()
before = threading.active_count()
batches = iterate_batches(load_data_set(), LogMel(), np.arange(200))
next(batches)
print(count_processors(), count_cores(), torch.get_num_threads(), threading.active_count() - before)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["1", "1", "1", "1"]


def test_memory_is_what_the_machine_has_left_within_every_groups_limit(machine):
    assert count_free_bytes(root=machine) == float("inf")
    write(machine, "proc/meminfo", "MemTotal: 64000 kB\nMemFree: 100 kB\nMemAvailable:   32000 kB\n")
    assert count_free_bytes(root=machine) == 32_000 * 1024
    write(machine, "proc/self/cgroup", _V2.format("/job/step"))
    write(machine, "sys/fs/cgroup/job/step/memory.max", "max\n")
    write(machine, "sys/fs/cgroup/job/step/memory.current", "1000000\n")
    write(machine, "sys/fs/cgroup/job/memory.max", "5000000\n")
    write(machine, "sys/fs/cgroup/job/memory.current", "3000000\n")
    assert count_free_bytes(root=machine) == 2_000_000
    write(machine, "sys/fs/cgroup/job/memory.stat", "anon 2500000\nactive_file 9\ninactive_file 500000\n")
    assert count_free_bytes(root=machine) == 2_500_000


def test_memory_of_a_group_of_version_1_is_limited_too(machine):
    write(machine, "proc/meminfo", "MemAvailable: 32000 kB\n")
    write(machine, "proc/self/cgroup", "4:memory:/docker/1\n2:cpu:/docker/1\n")
    write(machine, "sys/fs/cgroup/memory/memory.limit_in_bytes", "5000000\n")  # a container sees its own as the root
    write(machine, "sys/fs/cgroup/memory/memory.usage_in_bytes", "6000000\n")
    assert count_free_bytes(root=machine) == 0


@pytest.mark.skipif(not can_bind(), reason="threads are bound to cores on Linux alone")
def test_a_thread_and_those_that_it_starts_are_bound_for_a_while():
    allowed, heard = os.sched_getaffinity(0), []
    for n_cores in (1, count_cores()):
        with bound_to_cores(n_cores):
            thread = threading.Thread(target=lambda: heard.append(count_cores()))
            thread.start()
            thread.join()
    assert heard == [1, count_cores()]
    assert os.sched_getaffinity(0) == allowed
