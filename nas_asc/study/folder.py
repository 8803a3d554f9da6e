"""Where a study lies on disk, and how it is found, made and opened.

Conventions:
    studies/<name>/ holds study.toml, study.db, trials/<number>/, final/ and the report's files.
"""

import re
import tomllib
from pathlib import Path

from nas_asc.errors import NasAscError, StudyError, nearest
from nas_asc.study.config import StudyConfig
from nas_asc.study.file import write_file
from nas_asc.study.toml import format_toml

STUDIES = Path("studies")
_CONFIG = "study.toml"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def study_dir(name: str, root: Path = STUDIES) -> Path:
    """Folder of a study of that name, there or not.

    Args:
        name: Letters, digits, dots, underscores and hyphens.
        root: Folder of all studies.

    Raises:
        StudyError: The name is no fitting folder name.

    >>> study_dir("tau25").as_posix()
    'studies/tau25'
    """
    if not _NAME.fullmatch(name):
        raise StudyError(
            "the name of a study must be letters, digits, dots, underscores and hyphens, and begin with a letter or"
            f" digit, but got {name!r}."
        )
    return root / name


def has_study(folder: Path) -> bool:
    """Whether a study lies in the folder."""
    return (folder / _CONFIG).is_file()


def find_study(name_or_path: str, root: Path = STUDIES) -> Path:
    """Folder of a study that is there, by its name or path.

    Raises:
        StudyError: There is none; names the nearest one.
    """
    for folder in (root / name_or_path, Path(name_or_path)):
        if has_study(folder):
            return folder
    names = list_studies(root)
    remedy = nearest(name_or_path, names, what="studies") if names else "Start one with `nas-asc search`."
    raise StudyError(f"no study {name_or_path!r} under {root}/. {remedy}")


def list_studies(root: Path = STUDIES) -> tuple[str, ...]:
    """Names of the studies under a folder, sorted."""
    return tuple(sorted(path.parent.name for path in root.glob(f"*/{_CONFIG}")))


def create_study_dir(folder: Path, config: StudyConfig) -> None:
    """Make the folder of a new study and write study.toml.

    Raises:
        StudyError: There is a study already.
        WriteError: The folder cannot be written.
    """
    if has_study(folder):
        raise StudyError(
            f"study {folder.name!r} exists already. Go on with `nas-asc resume {folder.name}`, or give another name."
        )
    save_config(folder, config)


def save_config(folder: Path, config: StudyConfig) -> None:
    """Write study.toml, replacing what it said."""
    write_file(folder / _CONFIG, format_toml(config.to_dict()).encode())


def load_config(folder: Path) -> StudyConfig:
    """What the study was asked.

    Raises:
        StudyError: There is no study, or its study.toml cannot be read; names the file and what is wrong.
    """
    path = folder / _CONFIG
    try:
        return StudyConfig.from_dict(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise StudyError(f"no study in {folder}/: it has no {_CONFIG}. Start one with `nas-asc search`.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, NasAscError, TypeError) as error:
        raise StudyError(f"{path} cannot be read: {_in_the_file(error)}. Mend it, or start a new study.") from None


def _in_the_file(error: Exception) -> str:
    """What is wrong, where a name in backticks is a key of the file and no argument."""
    return str(error).rstrip(".").replace("`", "'")
