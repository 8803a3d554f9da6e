"""Optuna's dashboard on a copy of a study's database.

Conventions:
    The dashboard can delete and rename what it shows, so it never gets the study itself. It runs as a process of its
    own and listens on this machine alone.
"""

import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

from nas_asc.errors import StudyError
from nas_asc.study.database import database_path

_HOST = "127.0.0.1"
_PACKAGE = "optuna_dashboard"
_SERVE = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal; who started this one ends it
import {_PACKAGE}
{_PACKAGE}.run_server(sys.argv[1], host={_HOST!r}, port=int(sys.argv[2]))
"""


def show_dashboard(folder: Path, *, port: int, on_start: Callable[[str], None]) -> int:
    """Exit code of the dashboard, which runs until it is interrupted: 0 then.

    Args:
        folder: The folder of the study.
        port: That it listens on.
        on_start: Called with its address before it starts.

    Raises:
        StudyError: optuna-dashboard is not installed, the study has no trials yet, or the port is taken.
    """
    if find_spec(_PACKAGE) is None:
        raise StudyError(
            "optuna-dashboard is not installed. Install it with `pip install optuna-dashboard`, then try again."
        )
    if not database_path(folder).exists():
        raise StudyError(f"study {folder.name!r} has no trials to show yet. Go on with `nas-asc resume {folder.name}`.")
    _check_port(port)
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "study.db"
        copy_database(folder, copy)
        on_start(f"http://{_HOST}:{port}/dashboard/")
        with subprocess.Popen([sys.executable, "-c", _SERVE, f"sqlite:///{copy}", str(port)]) as process:
            try:
                return process.wait()
            except KeyboardInterrupt:
                process.terminate()
                return 0


def copy_database(folder: Path, path: Path) -> None:
    """Copy a study's database as it is now, also while a search writes it.

    Args:
        folder: The folder of the study.
        path: The path of the copy.

    Raises:
        StudyError: The database is damaged; names the file.
    """
    source = database_path(folder)
    try:
        with closing(sqlite3.connect(source, timeout=60)) as original, closing(sqlite3.connect(path)) as copy:
            original.backup(copy)
    except sqlite3.Error as error:
        raise StudyError(f"{source} cannot be copied: {error}.") from None


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            raise StudyError(f"`port={port}` is taken by another program. Give another one.") from None
