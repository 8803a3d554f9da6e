"""Speech Commands: a folder a word, two lists that say who validates and tests, speakers in the names of the files.

Source:
    Warden, "Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition", 2018; the data set's own README.
"""

import os
from pathlib import Path

from nas_asc.data.columns import build_data_set
from nas_asc.data.data_set import DataSet
from nas_asc.data.tree import walk_tree
from nas_asc.errors import DataError

_LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
_SPEAKER = "_nohash_"


def is_speech_commands(folder: Path) -> bool:
    """Whether a list is there, or every folder of a word begins with a recording named after its speaker."""
    if any((folder / name).is_file() for name in _LISTS.values()):
        return True
    words = [each for each in sorted(folder.iterdir()) if each.is_dir() and not each.name.startswith(("_", "."))]
    return len(words) > 1 and all(_SPEAKER in next((name for name in sorted(os.listdir(each))), "") for each in words)


def load_speech_commands(root: Path, *, clip_s: float | None = None) -> DataSet:
    """Every word that is there; folders whose names begin with an underscore, such as background noise, are none.

    Args:
        root: Folder of the words, with the two lists where they are kept.
        clip_s: Length to cut and pad every clip to; None is 1 s.

    Raises:
        DataError: There is no recording, or a list names one that its word's folder has not.
    """
    paths = [path for path in walk_tree(root).paths if "/" in path and not path.startswith("_")]
    if not paths:
        raise DataError(f"{root} has the lists of Speech Commands but no recordings. Unpack its archive.")
    lists = {part: root / name for part, name in _LISTS.items() if (root / name).is_file()}
    part_of = {path: part for part, file in lists.items() for path in _read_list(file)}
    words = {path.split("/")[0] for path in paths}
    n_others = sum(path.split("/")[0] not in words for path in part_of)
    missing = sorted(path for path in part_of.keys() - set(paths) if path.split("/")[0] in words)
    if missing:
        raise DataError(f"the lists in {root} name {len(missing)} recordings that are not there, such as {missing[0]}.")
    return build_data_set(
        name="speech-commands",
        kind="speech-commands",
        root=root,
        paths=paths,
        names=[path.split("/")[0] for path in paths],
        groups=[path.split("/")[-1].split(_SPEAKER)[0] for path in paths],
        parts=[part_of.get(path, "train") for path in paths] if lists else None,
        group_word="speaker",
        clip_s=1.0 if clip_s is None else clip_s,
        mixes_rates=True,
        notes=(
            *(["background noise is no class"] if (root / "_background_noise_").is_dir() else []),
            *([f"the lists name {n_others:,} recordings of words whose folders are not there"] if n_others else []),
        ),
    )


def _read_list(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as a list: {error}.") from None
    return [line.strip().replace("\\", "/").removeprefix("./") for line in text.splitlines() if line.strip()]
