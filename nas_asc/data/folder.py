"""A folder of sub-folders: classes, or splits, folds or sessions above the classes, told apart by what they hold.

Conventions:
    Sub-folders whose names are all words for parts of a split, or all numbered folds, are what they are called; the
    classes lie below. Where the sub-folders of several hold folders of the same names, either may be the classes: which
    they are is not decided in silence. The layout "folder" takes the upper ones, "grouped" the lower ones, with the
    upper ones as recording groups.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nas_asc.data.columns import build_data_set
from nas_asc.data.data_set import DataSet
from nas_asc.data.role import to_parts
from nas_asc.data.tree import Tree, printable, walk_tree
from nas_asc.errors import DataError

LAYOUTS = ("auto", "folder", "grouped")
_FOLD = re.compile(r"(?:fold|split|cv|part)?[ _-]?(\d+)", re.IGNORECASE)
_EVERY_FILE = (
    "every file counts as a recording of its own; if several were cut from one recording, list them in a CSV with a"
    " group column, so that validation is honest"
)


@dataclass(frozen=True)
class _Meaning:
    """What the sub-folders of a tree are.

    Args:
        level: Of the folder whose name is the class, from 0.
        upper: What the folders above it are: "split", "fold", "group", or "" where there are none.
    """

    level: int
    upper: str = ""


def load_folder(root: Path, *, clip_s: float | None = None, layout: str = "auto") -> DataSet:
    """Every recording below a folder, labelled by the sub-folder it lies in; each file is a group of its own.

    Args:
        root: The folder; recordings may lie deeper below a class's folder.
        clip_s: Length to cut and pad every clip to; None takes the common length.
        layout: One of `LAYOUTS`.

    Raises:
        DataError: There are fewer than two classes, or it cannot be told which sub-folders are the classes.
    """
    tree = walk_tree(root)
    kept = [path for path in tree.paths if "/" in path]
    if not kept:
        raise DataError(_nothing(tree))
    meaning = _find_meaning(kept, root, layout)
    tops = [path.split("/")[0] for path in kept]
    notes = [*_meaning_notes(meaning, tops), *tree.notes()]
    return build_data_set(
        name=short_name(root.resolve().name),
        kind="folder" if not meaning.upper else f"folder of {meaning.upper}s",
        root=root,
        paths=kept,
        names=[path.split("/")[meaning.level] for path in kept],
        groups=tops if meaning.upper == "group" else kept,
        parts=_parts(tops) if meaning.upper == "split" else None,
        folds=_folds(tops) if meaning.upper == "fold" else None,
        group_word="folder" if meaning.upper == "group" else "file",
        clip_s=clip_s,
        mixes_rates=True,
        notes=tuple(notes if meaning.upper == "group" else [*notes, _EVERY_FILE]),
    )


def short_name(name: str) -> str:
    """A name for a data set: letters and digits of a folder's or file's name, and dashes."""
    plain = "".join(letter if (letter.isascii() and letter.isalnum()) or letter in "._-" else "-" for letter in name)
    return plain.strip("-.") or "data"


def _find_meaning(paths: Sequence[str], root: Path, layout: str) -> _Meaning:
    places = [path.split("/")[:-1] for path in paths]
    tops = {place[0] for place in places}
    is_deep = all(len(place) > 1 for place in places)
    if layout == "folder":
        return _Meaning(0)
    if layout == "grouped":
        if not is_deep:
            raise DataError(
                f"`--layout grouped` needs a folder a class below those of the groups, but {root} has none."
            )
        return _Meaning(1, "group")
    if all(top.lower() in to_parts({each.lower() for each in tops}) for top in tops):
        if not is_deep:
            raise DataError(
                f"{root} has {_listed(tops)}, which are parts of a split, but recordings right in them and no folder a"
                " class. List them in a CSV with the columns path, label and split."
            )
        return _Meaning(1, "split")
    if is_deep and _is_shared(places):
        if all(_FOLD.fullmatch(top) for top in tops):
            return _Meaning(1, "fold")
        lower = {place[1] for place in places}
        raise DataError(
            f"{root}: {_listed(tops)} each hold {_listed(lower)}, so either may be the classes. Give --layout grouped"
            f" if {_listed(lower)} are the classes and {_listed(tops)} sessions, places or devices, or --layout folder"
            f" if {_listed(tops)} are the classes."
        )
    return _Meaning(0)


def _is_shared(places: Sequence[Sequence[str]]) -> bool:
    """Whether most folders of the second level lie below several of the first."""
    pairs = {(place[0], place[1]) for place in places}
    counts = Counter(lower for _, lower in pairs)
    return len({top for top, _ in pairs}) > 1 and 2 * sum(n > 1 for n in counts.values()) > len(counts)


def _parts(tops: Sequence[str]) -> list[str]:
    known = to_parts({top.lower() for top in tops})
    return [known[top.lower()] for top in tops]


def _folds(tops: Sequence[str]) -> list[int]:
    numbers = [int(match[1]) for top in tops if (match := _FOLD.fullmatch(top))]
    return [number + 1 for number in numbers] if min(numbers) == 0 else numbers


def _meaning_notes(meaning: _Meaning, tops: Sequence[str]) -> list[str]:
    words = {
        "split": "are the parts of its split",
        "fold": "are its folds",
        "group": "are recording groups",
    }
    return [f"{_listed(set(tops))} {words[meaning.upper]}, the folders below the classes"] if meaning.upper else []


def _listed(names: set[str]) -> str:
    shown = sorted(printable(name) for name in names)
    return ", ".join(shown if len(shown) < 6 else [*shown[:4], f"and {len(shown) - 4} more"])


def _nothing(tree: Tree) -> str:
    if tree.others:
        return f"`--data` {tree.root} has no recording that can be decoded: {'; '.join(tree.notes())}."
    return (
        f"`--data` {tree.root} is no known data set: it has no meta.csv (TAU), no esc50.csv (ESC), no UrbanSound8K.csv"
        " and no sub-folder a class with recordings. Give such a folder, or a CSV with the columns path and label."
    )
