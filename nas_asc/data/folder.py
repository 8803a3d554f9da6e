"""A folder of sub-folders: classes, and splits, folds or sessions above or below them, told apart by what they hold.

Conventions:
    Sub-folders whose names are all words for parts of a split, or all numbered folds, are what they are called; the
    classes lie below them, or above. Where the sub-folders of several hold other folders of the same names, either may
    be the classes: which they are is not decided in silence. The layout "folder" takes the upper ones, "grouped" the
    lowest ones, with those above as recording groups.
"""

import os
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
_FOLD = re.compile(r"(fold|split|cv|part)?[ _-]?(\d+)", re.IGNORECASE)
_PART_ENDING = re.compile(r"[ _-]?(?:set|data|audio|clips|files|split)$", re.IGNORECASE)
_WORDS = {"split": "the parts of its split", "fold": "its folds", "group": "recording groups"}
_EVERY_FILE = (
    "every file counts as a recording of its own; if several were cut from one recording, list them in a CSV with a"
    " group column, so that validation is honest"
)


@dataclass(frozen=True)
class _Meaning:
    """What the sub-folders of a tree are.

    Args:
        level: The level of the folder whose name is the class, from 0.
        other: What the folders above the classes are, or where there are none those right below: "split", "fold",
            "group", or "" where they are nothing.
    """

    level: int
    other: str = ""

    def other_of(self, path: str) -> str:
        """What a recording's folders say that are not its class."""
        folders = path.split("/")[:-1]
        return "/".join(folders[: self.level]) if self.level else folders[1]


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
    n_outside = len(tree.paths) - len(kept)
    meaning = _find_meaning(kept, root, layout)
    others = list(map(meaning.other_of, kept)) if meaning.other else []
    notes = [*_meaning_notes(meaning, others), *tree.notes()]
    notes += [f"{n_outside} recordings in no folder of a class are left out"] if n_outside else []
    return build_data_set(
        name=short_name(root.resolve().name),
        kind="folder" if not meaning.other else f"folder of {meaning.other}s",
        root=root,
        paths=kept,
        names=[path.split("/")[meaning.level] for path in kept],
        groups=others if meaning.other == "group" else kept,
        parts=_parts(others) if meaning.other == "split" else None,
        folds=_folds(others) if meaning.other == "fold" else None,
        group_word="folder" if meaning.other == "group" else "file",
        clip_s=clip_s,
        mixes_rates=True,
        notes=tuple(notes if meaning.other == "group" else [*notes, _EVERY_FILE]),
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
                f'`layout="grouped"` needs a folder a class below those of the groups, but {root} has none.'
            )
        return _Meaning(_lowest(places), "group")
    lower = {place[1] for place in places} if is_deep else set()
    what = _name_kind(tops)
    if what == "split" or (what == "fold" and ((is_deep and _is_shared(places)) or _says_fold(tops))):
        if not is_deep:
            raise DataError(
                f"{root} has {_listed(tops)}, which are {_WORDS[what]}, but recordings right in them and no folder a"
                f" class. List them in a CSV with the columns path, label and {what}."
            )
        return _Meaning(1, what)
    if len(tops) == 1 and is_deep:
        inner = root / os.path.commonpath(["/".join(place) for place in places])
        raise DataError(
            f"{root} has one folder, {_listed(tops)}. If the folders in it are the classes, give"
            f" {printable(str(inner))}."
        )
    _refuse_nested(places, root)
    if is_deep and _is_shared(places):
        what = _name_kind(lower)
        if what == "split" or (what == "fold" and _says_fold(lower)):
            return _Meaning(0, what)
        lower = {place[_lowest(places)] for place in places}
        raise DataError(
            f"{root}: {_listed(tops)} each hold {_listed(lower)}, so either may be the classes. Give"
            f' `layout="grouped"` if {_listed(lower)} are the classes and {_listed(tops)} sessions, places or'
            f' devices, or `layout="folder"` if {_listed(tops)} are the classes.'
        )
    return _Meaning(0)


def _lowest(places: Sequence[Sequence[str]]) -> int:
    """Level of the folders right above the recordings, where all lie equally deep; else the second level."""
    depths = {len(place) for place in places}
    return max(depths) - 1 if len(depths) == 1 else 1


def _name_kind(names: set[str]) -> str:
    """What folders of these names are by their names alone: "split", "fold", or "" where they say nothing."""
    words = set(map(_part_word, names))
    if words == to_parts(words).keys():
        return "split"
    return "fold" if all(_FOLD.fullmatch(name) for name in names) else ""


def _says_fold(names: set[str]) -> bool:
    """Whether names that are numbered say so in words, which a class that is a number does not."""
    return all((match := _FOLD.fullmatch(name)) and match[1] for name in names)


def _refuse_nested(places: Sequence[Sequence[str]], root: Path) -> None:
    """A folder that holds nothing but folders called as those beside it is no class: it is a copy, or a part."""
    inner: dict[str, set[str]] = {}
    for place in places:
        inner.setdefault(place[0], set()).add(place[1] if len(place) > 1 else "")
    nested = {top for top, names in inner.items() if len(names) > 1 and names <= inner.keys() - {top}}
    if nested:
        raise DataError(
            f"{root}: {_listed(nested)} holds folders that are called as those beside it, so it is no class."
            ' Remove it if it is a copy, or give `layout="folder"` if it is a class.'
        )


def _is_shared(places: Sequence[Sequence[str]]) -> bool:
    """Whether most folders of the second level lie below several of the first."""
    pairs = {(place[0], place[1]) for place in places}
    counts = Counter(lower for _, lower in pairs)
    return len({top for top, _ in pairs}) > 1 and 2 * sum(n > 1 for n in counts.values()) > len(counts)


def _part_word(name: str) -> str:
    """A folder's name as a word for a part: in lower case, without an ending such as _set."""
    return _PART_ENDING.sub("", name.lower())


def _parts(names: Sequence[str]) -> list[str]:
    words = list(map(_part_word, names))
    known = to_parts(set(words))
    return [known[word] for word in words]


def _folds(names: Sequence[str]) -> list[int]:
    numbers = [int(match[2]) for name in names if (match := _FOLD.fullmatch(name))]
    return [number + 1 for number in numbers] if min(numbers) == 0 else numbers


def _meaning_notes(meaning: _Meaning, others: Sequence[str]) -> list[str]:
    where = "below" if meaning.level else "above"
    told = f"{_listed(set(others))} are {_WORDS.get(meaning.other)}; the folders {where} them are the classes"
    return [told] if others else []


def _listed(names: set[str]) -> str:
    shown = sorted(printable(name) for name in names)
    return ", ".join(shown if len(shown) < 6 else [*shown[:4], f"and {len(shown) - 4} more"])


def _nothing(tree: Tree) -> str:
    if tree.others:
        return f"`data` {tree.root} has no recording that can be decoded: {'; '.join(tree.notes())}."
    there = f" {len(tree.paths)} recordings lie right in it." if tree.paths else ""
    there += f" Unpack {printable(tree.archives[0])}." if tree.archives else ""
    return (
        f"`data` {tree.root} is no known data set: it has no meta.csv (TAU), no esc50.csv (ESC), no UrbanSound8K.csv"
        f" and no sub-folder a class with recordings.{there} Give such a folder, or a CSV with the columns path and"
        " label."
    )
