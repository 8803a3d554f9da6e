"""The report's two files, written beside their place and renamed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nas_asc.health import AxisImportance, Card
from nas_asc.report.facts import gather_facts
from nas_asc.report.frame import trials_frame
from nas_asc.report.page import page_html
from nas_asc.space import Space
from nas_asc.study import StudyConfig, TrialRecord, load_repeat_summary, write_file


@dataclass(frozen=True)
class ReportFiles:
    """Where a report lies.

    Args:
        html: The page.
        front_csv: The front, one row a trial.
    """

    html: Path
    front_csv: Path


def write_report(
    study_dir: Path,
    config: StudyConfig,
    records: Sequence[TrialRecord],
    *,
    space: Space | None = None,
    health: Sequence[Card] = (),
    importance: Sequence[AxisImportance] = (),
    out: Path | None = None,
) -> ReportFiles:
    """Paths of a study's report.html and front.csv, written anew.

    Args:
        study_dir: Folder of the study; learning curves and the final network's card are read from it.
        config: What was asked.
        records: Finished trials, in order; none is fine.
        space: The space of the study, for its published systems; None draws none.
        health: Cards of the checks that were made of it.
        importance: The importance of each axis, the largest first; empty says that trials are too few.
        out: Folder of the two files; None is the study's.

    Raises:
        WriteError: They cannot be written.
    """
    facts = gather_facts(study_dir, config, records, space=space, health=health, importance=importance)
    place = study_dir if out is None else out
    paths = ReportFiles(place / "report.html", place / "front.csv")
    write_file(paths.front_csv, front_csv(study_dir, config, records, facts.front_records).encode())
    write_file(paths.html, page_html(facts).encode())
    return paths


def front_csv(
    study_dir: Path, config: StudyConfig, records: Sequence[TrialRecord], shown: Sequence[TrialRecord]
) -> str:
    """Some trials of a study as CSV, a head and one row a trial, in the order given.

    Args:
        study_dir: Folder of the study.
        config: What was asked.
        records: Its finished trials, which give the axes.
        shown: The trials.
    """
    axes = tuple(dict.fromkeys(name for record in records for name in record.values))
    summary = load_repeat_summary(study_dir, config, records)
    frame = trials_frame(shown, axes, config.classes, clip_s=config.clip_s, summary=summary)
    return str(frame.to_csv(index=False, lineterminator="\n"))
