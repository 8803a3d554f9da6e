"""The command line: the only door to typer and rich.

Conventions:
    Results go to stdout, progress to stderr. Exit codes: 0 done; 1 a fault of ours, with a trace; 2 bad input;
    3 finished and nothing fits; 130 interrupted. Heavy rooms are imported inside the command that needs them.
"""

from nas_asc.cli.app import app, main

__all__ = ["app", "main"]
