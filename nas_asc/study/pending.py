"""Proposals in training, of a study with several workers: pending.json, so that a killed search goes on with them.

Conventions:
    The file says what was proposed, not how far its training is. A proposal whose trial is recorded is done, whatever
    the file says. Without the file nothing is lost but these proposals.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nas_asc.study.file import write_file
from nas_asc.study.record import Ask, freeze_values
from nas_asc.study.trial_files import format_json

_FILE = "pending.json"


@dataclass(frozen=True)
class PendingTrial:
    """A proposal in training.

    Args:
        asked: Which proposal it is.
        values: Value of every active axis.
        origin: What proposed it.
    """

    asked: Ask
    values: Mapping[str, Any]
    origin: str


def save_pending(folder: Path, trials: Sequence[PendingTrial]) -> None:
    """Write what is in training; nothing is no file.

    Args:
        folder: The folder of the study.
        trials: In the order of their proposals.
    """
    if trials:
        write_file(folder / _FILE, format_json({"trials": [asdict(each) for each in trials]}))
    else:
        (folder / _FILE).unlink(missing_ok=True)


def load_pending(folder: Path) -> list[PendingTrial]:
    """What was in training when a study was written last; nothing where no file, or no readable one, is there.

    Args:
        folder: The folder of the study.
    """
    try:
        rows = json.loads((folder / _FILE).read_text(encoding="utf-8"))["trials"]
        return [PendingTrial(Ask.from_dict(row["asked"]), freeze_values(row["values"]), row["origin"]) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return []
