"""Trials as tables: one row a trial; columns by the vocabulary."""

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from nas_asc.budget import list_counts
from nas_asc.study import RepeatSummary, TrialRecord

SCORE_COLUMNS = ("log_loss", "accuracy", "macro_accuracy", "calibration_error", "n_clips")
FILE_COLUMNS = (
    "float_log_loss",
    "float_accuracy",
    "int8_log_loss",
    "int8_accuracy",
    "agreement",
    "weight_bytes",
    "file_bytes",
    "file_bits",
)
REPEAT_COLUMNS = (
    "n_seeds",
    "mean_log_loss",
    "low_log_loss",
    "high_log_loss",
    "mean_accuracy",
    "low_accuracy",
    "high_accuracy",
    "front_probability",
    "ties_with_best",
    "ties",
)
FRONT_END_COLUMNS = ("front_end_ram_bytes", "front_end_frame_operations", "front_end_clip_operations")
_PARTS = ("mean", "low", "high")
_FIRST = ("number", "origin")
_LAST = ("seconds", "seed", "key", "architecture")
_RESERVED = {"target_ram_bytes", *FRONT_END_COLUMNS, *_FIRST, *SCORE_COLUMNS, *FILE_COLUMNS, *REPEAT_COLUMNS, *_LAST}


def trials_frame(
    records: Iterable[TrialRecord],
    axes: Sequence[str],
    classes: Sequence[str],
    *,
    clip_s: float,
    summary: RepeatSummary | None = None,
) -> pd.DataFrame:
    """One row a complete trial, in the order given: number, scores, costs, axes, scores by device and class.

    Args:
        records: Trials; those without scores are left out.
        axes: Names of the axes; an axis named as another column becomes `axis.<name>`.
        classes: Names of the classes, in the order of the labels.
        clip_s: Length of a clip in seconds, for what the front end takes.
        summary: What repeats say of the front, which adds the columns of `REPEAT_COLUMNS`; None adds none.

    Returns:
        Accuracies and agreement in [0, 1], log loss in nats, `accuracy.device.<name>`, `log_loss.device.<name>` and
        `accuracy.class.<name>`; an inactive axis is empty, a kernel is text such as (3, 1).
    """
    rows = [
        _row(record, axes, classes) | _front_end_cells(record, clip_s) | _repeat_cells(record, summary)
        for record in records
        if record.scores is not None
    ]
    final = () if summary is None else REPEAT_COLUMNS
    costs = [*(count.column for count in list_counts()), "target_ram_bytes", *FRONT_END_COLUMNS]
    columns = [*_FIRST, *SCORE_COLUMNS, *final, *FILE_COLUMNS, *costs, *map(axis_column, axes)]
    found = dict.fromkeys(name for row in rows for name in row if name not in {*columns, *_LAST})
    return pd.DataFrame(rows, columns=[*columns, *found, *_LAST], dtype=object).infer_objects()


def axis_column(name: str) -> str:
    """Column of an axis; told apart from the columns every study has.

    >>> axis_column("width"), axis_column("params")
    ('width', 'axis.params')
    """
    reserved = _RESERVED | {count.column for count in list_counts()}
    return f"axis.{name}" if name in reserved or name.startswith("axis.") else name


def _row(record: TrialRecord, axes: Sequence[str], classes: Sequence[str]) -> dict[str, Any]:
    scores = record.scores
    row: dict[str, Any] = {name: getattr(record, name) for name in (*_FIRST, *_LAST)}
    row |= {name: getattr(scores, name) for name in SCORE_COLUMNS}
    row |= _file_cells(record)
    row |= {count.column: count.value(record.cost) for count in list_counts()}
    row |= {axis_column(name): _plain(record.values.get(name)) for name in axes}
    if scores is not None:
        row |= {f"accuracy.device.{name}": value for name, value in scores.device_accuracy.items()}
        row |= {f"log_loss.device.{name}": value for name, value in scores.device_log_loss.items()}
        pairs = zip(classes, scores.class_accuracy, strict=False)
        row |= {f"accuracy.class.{name}": value for name, value in pairs}
    return row


def _front_end_cells(record: TrialRecord, clip_s: float) -> dict[str, int | None]:
    """What a microcontroller takes: RAM of network and front end where the study counts it, and of the front end."""
    found = record.log_mel.count(clip_s)
    values = (found.ram_bytes, found.frame_operations, found.clip_operations)
    return {"target_ram_bytes": record.cost.target_ram_bytes, **dict(zip(FRONT_END_COLUMNS, values, strict=True))}


def _file_cells(record: TrialRecord) -> dict[str, float | None]:
    """Scores of the network in float and of its file, and what the file takes; None where it is not known.

    The file is int8 unless `file_bits` says otherwise.
    """
    network, file = record.network_scores, record.file
    return {
        "float_log_loss": None if network is None else network.log_loss,
        "float_accuracy": None if network is None else network.accuracy,
        "int8_log_loss": None if file is None else file.scores.log_loss,
        "int8_accuracy": None if file is None else file.scores.accuracy,
        "agreement": None if file is None else file.agreement,
        "weight_bytes": None if file is None else file.weight_bytes,
        "file_bytes": None if file is None else file.file_bytes,
        "file_bits": None if file is None else file.bits,
    }


def _repeat_cells(record: TrialRecord, summary: RepeatSummary | None) -> dict[str, Any]:
    """Means, 95 % intervals and ties over seeds; nothing where the trial is no finalist."""
    found = None if summary is None else summary.find(record.number)
    if found is None:
        return {}
    estimates = {"log_loss": found.log_loss, "accuracy": found.accuracy}
    cells = {f"{part}_{name}": getattr(each, part) for name, each in estimates.items() for part in _PARTS}
    return cells | {
        "n_seeds": found.n_seeds,
        "front_probability": found.front_probability,
        "ties_with_best": found.ties_with_best,
        "ties": " ".join(map(str, found.ties)),
    }


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, tuple | list) else value
