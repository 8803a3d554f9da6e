"""The table that a DCASE challenge asks for: a row a clip, gone on with after an interruption.

Conventions:
    The columns are filename, scene_label, and the probability of each of the ten scenes, separated by tabs. Rows are
    kept as they come in a file beside the table, ending in ".unfinished"; the table is put in place when it is whole,
    in the listing's order.

Source:
    The baselines of DCASE 2024 and 2025, Task 1: the first leaves the folder out of a file's name, the second keeps it.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from nas_asc.data import SCENES
from nas_asc.errors import DataError, ModelFileError
from nas_asc.prediction.model_file import ModelFile

CHALLENGES = {"dcase2024": False, "dcase2025": True}  # whether the folder stays in a file's name
_COLUMNS = ("filename", "scene_label", *SCENES)


class ChallengeTable:
    """What a network hears in the clips of a listing, as a challenge's table.

    Args:
        path: The table, which must not be there yet.
        names: The names of the clips, in the listing's order.
        challenge: A key of `CHALLENGES`.
        model: The network.

    Raises:
        ModelFileError: The network has other classes than the challenge.
        DataError: The table is there already, what is there of it is of another network or listing, or it cannot be
            written.

    Attributes:
        path: The table.
        beside: Where its rows are until it is whole.
    """

    def __init__(self, path: Path, names: Sequence[str], *, challenge: str, model: ModelFile) -> None:
        if sorted(model.metadata.classes) != sorted(SCENES):
            found = ", ".join(model.metadata.classes)
            raise ModelFileError(
                f"the table of {challenge} has the classes {', '.join(SCENES)}, but {model.path} has {found}. Use"
                " another file, or write CSV."
            )
        if path.exists():
            raise DataError(f"{path} is there already. Move it away, or name another table.")
        self.path, self.beside = path, path.with_name(f"{path.name}.unfinished")
        self._keys = {name: _to_cell(name, keeps_folder=CHALLENGES[challenge]) for name in names}
        if len(set(self._keys.values())) < len(names):
            raise DataError(
                f"the listing has two recordings of one name, which the table of {challenge} cannot tell apart."
            )
        told = {
            "challenge": challenge,
            "file": _digest(model.path.read_bytes()),
            "clips": _digest(*self._keys.values()),
        }
        self._heading = (json.dumps(told) + "\n").encode()
        with self._writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._rows = self._read()

    @property
    def n_rows(self) -> int:
        """Clips that have their row."""
        return len(self._rows)

    def missing(self) -> list[str]:
        """Names of the clips that have no row yet, in the listing's order."""
        return [name for name, key in self._keys.items() if key not in self._rows]

    def add(self, name: str, probabilities: Mapping[str, float]) -> None:
        """Keep a clip's row, whatever ends the program afterwards.

        Args:
            name: As the listing has it.
            probabilities: By scene.

        Raises:
            DataError: It cannot be written.
        """
        shares = [probabilities[scene] for scene in SCENES]
        best = SCENES[shares.index(max(shares))].encode()
        key = self._keys[name]
        row = b"\t".join([key, best, *(f"{share:.9g}".encode() for share in shares)])
        with self._writing(), self.beside.open("ab") as file:
            file.write((b"" if file.tell() else self._heading) + row + b"\n")
        self._rows[key] = row

    def finish(self) -> bool:
        """Put the table in place if it is whole; else False, and what there is stays beside.

        Raises:
            DataError: It cannot be written.
        """
        if self.missing():
            return False
        lines = ["\t".join(_COLUMNS).encode(), *(self._rows[key] for key in self._keys.values())]
        whole = self.path.with_name(f"{self.path.name}.whole")
        with self._writing():
            with whole.open("wb") as file:
                file.write(b"\n".join(lines) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(whole, self.path)
            self.beside.unlink(missing_ok=True)
        return True

    def _read(self) -> dict[bytes, bytes]:
        """Rows that an earlier run kept, by file name; what it left of a line is cut off."""
        content = self.beside.read_bytes() if self.beside.exists() else b""
        kept = content[: content.rfind(b"\n") + 1]
        if kept and not kept.startswith(self._heading):
            raise DataError(f"{self.beside} was begun with another model file, listing or challenge. Remove it first.")
        if len(kept) < len(content):
            os.truncate(self.beside, len(kept))
        lines = kept[len(self._heading) :].splitlines()
        return {line.split(b"\t", 1)[0]: line for line in lines if line.count(b"\t") == len(_COLUMNS) - 1}

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(f"{self.path} cannot be written ({error.strerror or error}).") from None


def _to_cell(name: str, *, keeps_folder: bool) -> bytes:
    plain = name.replace("\\", "/")
    return (plain if keeps_folder else plain.rsplit("/", 1)[-1]).encode("utf-8", "surrogateescape")


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\n".join(parts)).hexdigest()[:16]
