"""Where a study's search space is found again."""

from pathlib import Path

from nas_asc.errors import StudyError
from nas_asc.space import Space, list_spaces, load_space
from nas_asc.study import StudyConfig


def to_source(name_or_path: str) -> str:
    """What a study keeps of `--space`: a packaged name as it is, the whole path of a file of one's own."""
    return name_or_path if name_or_path in list_spaces() else str(Path(name_or_path).resolve())


def load_studied_space(config: StudyConfig) -> Space:
    """Search space of a study, as its file is now.

    Raises:
        StudyError: The file is no longer there.
        SpaceError: Anything in it is wrong.
    """
    if config.space not in list_spaces() and not Path(config.space).is_file():
        raise StudyError(
            f"the search space of study {config.name!r} is no longer at {config.space}. Put the file back, or write"
            " its new path into its study.toml: `name` below [space]."
        )
    return load_space(config.space)
