"""`nas-asc predict` on a system that has not what POSIX has."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from nas_asc.data import SCENES
from tests.prediction.tiny import FRONT_END, make_metadata, write_tiny

HIDDEN = ("fcntl", "resource", "termios", "tty", "pty", "pwd", "grp", "syslog", "readline")
PROGRAM = f"""
import os, sys

for name in {HIDDEN!r}:
    sys.modules[name] = None
for name in ("fork", "forkpty", "register_at_fork", "mkfifo", "posix_spawn", "sched_getaffinity", "getuid"):
    delattr(os, name)

from nas_asc.cli import main

code = main(sys.argv[1:])
assert not [name for name in {HIDDEN!r} if sys.modules.get(name)]
sys.exit(code)
"""


@pytest.fixture
def here(tmp_path):
    """A model file, and tones of a second in folders."""
    write_tiny(tmp_path / "tiny.onnx")
    times = np.arange(16_000) / 16_000
    for name, hz in (("deep", 300), ("bright", 3_800)):
        (tmp_path / "tones" / name).mkdir(parents=True)
        soundfile.write(tmp_path / "tones" / name / "1.wav", 0.3 * np.sin(2 * np.pi * hz * times), 16_000)
    return tmp_path


def predict(here, *words):
    command = [sys.executable, "-c", PROGRAM, "predict", str(here / "tiny.onnx"), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_folders_and_time_lines_are_heard_without_posix(here):
    rows = json.loads(predict(here, here / "tones", "--json"))
    assert [row["class"] for row in rows] == ["high", "low"]
    events = predict(here, here / "tones", "--step", "0.5s", "--threshold", "10%", "--format", "csv").splitlines()
    assert [row.split(",")[3] for row in events[1:]] == ["high", "low"]


def test_the_table_of_a_challenge_is_written_without_posix(here):
    metadata = make_metadata(replace(FRONT_END, n_mels=20), classes=SCENES)
    write_tiny(here / "tiny.onnx", metadata)
    (here / "listing.csv").write_text("filename\ntones\\deep\\1.wav\ntones/bright/1.wav\n")
    (here / "output.csv.unfinished").write_text('{"chall')  # killed in its first line
    words = ("--format", "dcase2025", "--listing", here / "listing.csv", "--out", here / "output.csv")
    assert predict(here, *words) == f"wrote {here / 'output.csv'}: 2 clips\n"
    names = [line.split("\t")[0] for line in (here / "output.csv").read_text().splitlines()]
    assert names == ["filename", "tones/deep/1.wav", "tones/bright/1.wav"]
