"""What is asked of a search, from arguments as a program gives them."""

from dataclasses import fields
from pathlib import Path
from typing import Any

from nas_asc.budget import Budget
from nas_asc.errors import StudyError, nearest
from nas_asc.session import Course, to_source
from nas_asc.space import Space
from nas_asc.study import StudyConfig
from nas_asc.units import parse_duration_s

_OF_THE_STUDY = {"space_digest", "data_digest", "split_digest", "classes", "clip_s", "fingerprint"}
_OF_THE_STUDY |= {"reference_point", "versions", "created"}  # found when it begins


def ask(
    space: str | Path | Space,
    data: str | Path | None,
    budget: Budget,
    course: Course,
    name: str,
    asked: dict[str, Any],
) -> StudyConfig:
    """What a study is asked; what is not said is as on the command line.

    Args:
        space: A packaged name, the path of a space file, or a space.
        data: Path of the recordings; None is the embedded scenes.
        budget: Limits of the network.
        course: How far the search goes.
        name: The name of the study; empty for one of space, data and date.
        asked: Further fields of `StudyConfig` by their names.

    Raises:
        StudyError: There is no such field, or a value is out of range.
    """
    known = [field.name for field in fields(StudyConfig) if field.name not in _OF_THE_STUDY]
    for field in asked:
        if field not in known:
            raise StudyError(f"a search has no argument {field!r}. {nearest(field, known, what='arguments')}")
    scored = "int8" if budget.bits == 8 else "float"
    values = {"scored": scored, "n_trials": course.n_trials, "timeout_s": course.timeout_s, **asked}
    source = f"<{space.name}>" if isinstance(space, Space) else to_source(str(space))
    return StudyConfig(
        name=name,
        space=source,
        data=None if data is None else str(Path(data).resolve()),
        budget=budget.on_target(values.get("target", "any"), values.get("objectives", ())),
        **values,
    )


def to_seconds(duration: str | float | None, name: str) -> float | None:
    """Seconds of a duration.

    Args:
        duration: Words such as "8m", or seconds; None is none.
        name: The name of the argument, for the error.

    Raises:
        UnitError: The words are no duration.

    >>> to_seconds("1h30m", "timeout"), to_seconds(90, "timeout")
    (5400.0, 90)
    """
    return parse_duration_s(duration, what=name) if isinstance(duration, str) else duration
