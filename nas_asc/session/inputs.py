"""What a session works on, read from where the user or a study says it is: the space, the recordings, their split."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nas_asc.data import DataSet, Split, describe_contradictions, load_data_set, split_data_set
from nas_asc.errors import StudyError
from nas_asc.search import split_again
from nas_asc.space import Space, list_spaces, load_space
from nas_asc.study import StudyConfig


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a session works on.

    Args:
        space: Search space.
        data_set: The recordings.
        split: Rows of training, validation and test.
    """

    space: Space
    data_set: DataSet
    split: Split

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of how the recordings were read, a line each."""
        data_set = self.data_set
        warned = [f"warning: {describe_contradictions(data_set.contradictions)}"] if data_set.contradictions else []
        return (*(f"note: {note}" for note in data_set.notes), *warned)

    def describe(self) -> str:
        """What will be trained and validated on, in one line."""
        data_set, split = self.data_set, self.split
        return (
            f"data: {data_set.name}, {len(data_set.classes)} classes, {len(split.train):,} training and"
            f" {len(split.validation):,} validation clips of {data_set.clip_s:g} s; {split.note}"
        )


@dataclass(frozen=True, kw_only=True)
class ClipsAsked:
    """The clips that a user names.

    Args:
        data: Folder or file of the data set; None is the embedded synthetic scenes.
        subset: Part of a data set that has such.
        clip_length_s: Length of every clip; None leaves it to the data set.
        clip_step_s: From one clip of a long recording to the next; None is end to end.
        test_fold: Fold that is kept for the test.
        layout: As for `load_data_set`.
        columns: Columns of a CSV by what they are.
        allow_damaged: Share of the recordings that may be left out; None is the usual one.
        seed: The seed of the split.
        cache: Where features are kept; None is the user's cache folder.
        cache_bytes: Most bytes of features kept there; None is a fifth of the free disk.
    """

    data: str | None = None
    subset: int | None = None
    clip_length_s: float | None = None
    clip_step_s: float | None = None
    test_fold: int | None = None
    layout: str | None = "auto"
    columns: Mapping[str, str] | None = None
    allow_damaged: float | None = None
    seed: int = 0
    cache: Path | None = None
    cache_bytes: int | None = None


def read_inputs(asked: StudyConfig, *, space: Space | None = None) -> Inputs:
    """What a new study is asked of.

    Args:
        asked: Names space and data.
        space: Instead of the one that is named.

    Raises:
        NasAscError: One of them cannot be read; says which.
    """
    data_set = load_asked(asked)
    split = split_data_set(
        data_set, seed=asked.seed, test_fold=asked.test_fold, validation_share=asked.validation_share
    )
    return Inputs((space or load_space(asked.space)).for_target(asked.target), data_set, split)


def reread_inputs(config: StudyConfig, *, space: Space | None = None) -> Inputs:
    """What a study was searched with, as it is now.

    Args:
        config: The config of the study.
        space: Instead of the one that it names.

    Raises:
        NasAscError: Space or data are gone or cannot be read.
    """
    return Inputs(load_studied_space(config) if space is None else _as_studied(space, config), *reread_data(config))


def reread_data(config: StudyConfig) -> tuple[DataSet, Split]:
    """The data of a study, read again, with its split.

    Args:
        config: The config of the study.

    Raises:
        NasAscError: They are gone or cannot be read.
    """
    if config.data is not None and not Path(config.data).exists():
        raise StudyError(
            f"the recordings of study {config.name!r} are no longer in {config.data}. Put them back, or write their"
            " new place into its study.toml: `source` below [data]."
        )
    data_set = load_asked(config)
    return data_set, split_again(config, data_set)


def load_asked(asked: StudyConfig | ClipsAsked) -> DataSet:
    """The recordings that a study or a user names.

    Args:
        asked: Names them, and says how to read them.

    Raises:
        DataError: They cannot be read.
    """
    return load_data_set(
        asked.data,
        subset=asked.subset,
        clip_s=asked.clip_length_s,
        clip_step_s=asked.clip_step_s,
        layout=asked.layout,
        columns=asked.columns,
        allow_damaged=asked.allow_damaged,
    )


def to_source(name_or_path: str) -> str:
    """What a study keeps of a space: the whole path of a file of one's own, a name as it is, also a misspelt one."""
    is_own = name_or_path not in list_spaces() and Path(name_or_path).is_file()
    return str(Path(name_or_path).resolve()) if is_own else name_or_path


def load_studied_space(config: StudyConfig) -> Space:
    """Search space of a study, as its file is now.

    Args:
        config: The config of the study.

    Raises:
        StudyError: The file is no longer there.
        SpaceError: Anything in it is wrong.
    """
    if config.space not in list_spaces() and not Path(config.space).is_file():
        raise StudyError(
            f"the search space of study {config.name!r} is no longer at {config.space}. Put the file back, or write"
            " its new path into its study.toml: `name` below [space]."
        )
    return _as_studied(load_space(config.space), config)


def _as_studied(space: Space, config: StudyConfig) -> Space:
    """A space as a study searches it: for its target, unless it was begun before the space had axes for that one."""
    return space if space.digest == config.space_digest else space.for_target(config.target)
