"""The recordings below a folder, found by the endings of their names.

Conventions:
    Paths are relative, with slashes, in alphabetical order. Names may be of any bytes: those that are no UTF-8 hold
    what Python calls surrogates. Hidden files, and what operating systems leave, are left out. Folders that are links
    are followed, each real folder once.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif", ".au", ".w64", ".opus", ".caf", ".rf64"})
OTHER_SUFFIXES = frozenset({".m4a", ".aac", ".mp4", ".wma", ".amr", ".3gp", ".webm", ".mka", ".ape", ".mpc", ".m4b"})
_ARCHIVE_SUFFIXES = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"})
_N_SHOWN = 5
_SYSTEM_FOLDERS = frozenset({"__MACOSX", "$RECYCLE.BIN", "System Volume Information", "@eaDir"})


@dataclass(frozen=True)
class Tree:
    """What lies below a folder.

    Args:
        root: The folder.
        paths: Recordings that can be decoded.
        others: Recordings of kinds that cannot.
        archives: Packed files, which nobody looks into.
        folders: Folders right below, empty ones too.
    """

    root: Path
    paths: tuple[str, ...]
    others: tuple[str, ...]
    archives: tuple[str, ...]
    folders: tuple[str, ...]

    def notes(self) -> tuple[str, ...]:
        """What is left out of the sub-folders, a line for each kind."""
        kinds: dict[str, Counter[str]] = {}
        for path in self.others:
            kinds.setdefault(os.path.splitext(path)[1].lower(), Counter())[path.split("/")[0]] += 1
        used = {path.split("/")[0] for path in self.paths}
        idle = [printable(folder) for folder in self.folders if folder not in used]
        found = []
        if kinds:
            listed = ", ".join(
                f"{counts.total()} {kind} ({_list_places(counts)})" for kind, counts in sorted(kinds.items())
            )
            one = printable(self.others[0])
            found.append(
                f"{listed} cannot be decoded and are left out: convert them, such as"
                f" `ffmpeg -i {one} {os.path.splitext(one)[0]}.wav`"
            )
        if self.archives:
            shown = ", ".join(map(printable, self.archives[:_N_SHOWN]))
            found.append(f"{len(self.archives)} archives are not looked into: {shown}")
        if idle:
            found.append(f"without a recording that can be used, and so no class: {', '.join(idle)}")
        return tuple(found)


def walk_tree(root: Path) -> Tree:
    """The recordings below a folder.

    Args:
        root: Where to look.
    """
    paths: list[str] = []
    others: list[str] = []
    archives: list[str] = []
    folders: list[str] = []
    for folder, names in _walk(root):
        if folder and "/" not in folder:
            folders.append(folder)
        for name in names:
            suffix = os.path.splitext(name)[1].lower()
            for kept, suffixes in ((paths, AUDIO_SUFFIXES), (others, OTHER_SUFFIXES), (archives, _ARCHIVE_SUFFIXES)):
                if suffix in suffixes:
                    kept.append(f"{folder}/{name}" if folder else name)
    return Tree(root, *(tuple(sorted(names)) for names in (paths, others, archives, folders)))


def find_recordings(folder: Path) -> list[Path]:
    """Every recording in a folder or below it that can be decoded, in alphabetical order; hidden ones left out.

    Args:
        folder: Where to look.
    """
    return [folder / path for path in walk_tree(folder).paths]


def printable(name: str) -> str:
    """A name as it can be written in one line anywhere: what is no character, or ends a line, as question marks.

    >>> printable("caf\\udce9.wav"), printable("a\\nb.wav")
    ('caf?.wav', 'a?b.wav')
    """
    plain = name.encode("utf-8", "replace").decode("utf-8")
    return plain if plain.isprintable() else "".join(each if each.isprintable() else "?" for each in plain)


def _list_places(counts: Counter[str]) -> str:
    """How many are in which folder right below, the fullest first."""
    shown = [f"{n} in {printable(name)}" for name, n in counts.most_common(_N_SHOWN)]
    return ", ".join(shown) + (f" and {len(counts) - _N_SHOWN} more" if len(counts) > _N_SHOWN else "")


def _walk(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Folders, relative and with slashes, with the names of their files."""
    seen: set[str] = set()
    for folder, inner, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            inner.clear()
            continue
        seen.add(real)
        inner[:] = sorted(each for each in inner if not each.startswith(".") and each not in _SYSTEM_FOLDERS)
        relative = os.path.relpath(folder, root).replace(os.sep, "/")
        yield "" if relative == "." else relative, [name for name in names if not name.startswith(".")]
