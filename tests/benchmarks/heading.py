"""What a benchmark's table begins with: when, from what and where it was measured."""

import os
import platform
import subprocess
from datetime import date
from pathlib import Path


def made_by() -> str:
    """Date and commit, such as "2026-11-20, commit 1a2b3c4"."""
    ask = ["git", "-C", str(Path(__file__).parent), "log", "-1", "--format=%h"]
    found = subprocess.run(ask, capture_output=True, text=True, check=False).stdout
    return f"{date.today()}, commit {found.strip()}"


def machine() -> str:
    """Such as "x86_64, 2 cores"."""
    return f"{platform.machine()}, {os.cpu_count()} cores"
