"""What is known of a study, and its report, also where its space or data cannot be read any more."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from nas_asc.data import DataSet, Split
from nas_asc.errors import NasAscError
from nas_asc.health import AxisImportance, Evidence, count_validation, diagnose, gather_evidence
from nas_asc.propose import axis_importance
from nas_asc.report import write_report
from nas_asc.session.inputs import Inputs, load_studied_space, reread_data
from nas_asc.space import Space
from nas_asc.study import StudyConfig, load_config, load_records

T = TypeVar("T")


def read_evidence(folder: Path, inputs: Inputs | None = None) -> Evidence:
    """Evidence of a study; where its space or data cannot be read now, without them.

    Args:
        folder: The folder of the study.
        inputs: Its space and data, where they have been read already.
    """
    config = load_config(folder)
    space: Space | None
    data: tuple[DataSet, Split] | None
    if inputs is None:
        space, data = _or_none(load_studied_space, config), _or_none(reread_data, config)
    else:
        space, data = inputs.space, (inputs.data_set, inputs.split)
    is_known = data is not None and data[0].digest == config.data_digest
    validation = count_validation(*data) if data is not None and is_known else None
    return gather_evidence(folder, config, load_records(folder), space=space, validation=validation)


def write_study_report(folder: Path, inputs: Inputs | None = None, *, out: Path | None = None) -> Path:
    """Path of the report of a study, written anew.

    Args:
        folder: The folder of the study.
        inputs: Its space and data, where they have been read already.
        out: Folder that it goes into; None is the study's own.

    Raises:
        StudyError: The search space is gone, or the study cannot be read.
        WriteError: It cannot be written.
    """
    space = load_studied_space(load_config(folder)) if inputs is None else inputs.space
    evidence = read_evidence(folder, inputs)
    files = write_report(
        folder,
        evidence.config,
        evidence.records,
        space=space,
        health=diagnose(evidence),
        importance=find_importance(evidence),
        out=out,
    )
    return files.html


def find_importance(evidence: Evidence) -> tuple[AxisImportance, ...]:
    """Importance of a study's axes; empty where its space cannot be read, or trials are too few.

    Args:
        evidence: The evidence of the study.
    """
    space = evidence.space
    return () if space is None else axis_importance(evidence.records, evidence.config, space)


def _or_none(read: Callable[[StudyConfig], T], config: StudyConfig) -> T | None:
    try:
        return read(config)
    except (NasAscError, OSError):  # a colleague's files may be closed to us
        return None
