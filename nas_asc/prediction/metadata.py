"""What a model file says of itself: classes, front end and standardisation, as JSON."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from nas_asc.errors import FrontEndError, ModelFileError
from nas_asc.frontend import LogMel

FORMAT = 1
METADATA_KEY = "nas_asc"


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What a network needs to be told of recordings, and what its outputs mean.

    Sequences may be given as lists or arrays; they are kept as tuples.

    Args:
        name: The name of the network, for people.
        classes: Names in the order of the logits.
        clip_s: Length in seconds of the clips it takes.
        sample_rate: Hz of the recordings it was trained on; the front end's rate is `log_mel.sample_rate`.
        log_mel: Front end.
        mean: The mean of each computed mel band over the training clips.
        std: Deviation of each computed mel band over the training clips.
        format: Version of this description.

    Raises:
        ModelFileError: A value is out of range, with the value.
        FrontEndError: The front end cannot take such clips.
    """

    name: str
    classes: tuple[str, ...]
    clip_s: float
    sample_rate: int
    log_mel: LogMel
    mean: tuple[float, ...]
    std: tuple[float, ...]
    format: int = FORMAT

    def __post_init__(self) -> None:
        _check_format(self.format)
        if not isinstance(self.name, str) or not self.name:
            raise _fault("name", "a text that is not empty", self.name)
        if not _is_number(self.clip_s) or not 0 < self.clip_s < math.inf:
            raise _fault("clip_s", "above 0 s", self.clip_s)
        if type(self.sample_rate) is not int or self.sample_rate < 1:
            raise _fault("sample_rate", "a whole number of Hz above 0", self.sample_rate)
        object.__setattr__(self, "classes", _read_classes(self.classes))
        for name in ("mean", "std"):
            object.__setattr__(self, name, _read_bands(name, getattr(self, name), self.log_mel.n_bands))
        if min(self.std) <= 0:
            raise _fault("std", "above 0 in every band", min(self.std))
        _ = self.in_shape  # raises where a clip is shorter than a frame

    @property
    def in_shape(self) -> tuple[int, int, int]:
        """(C, F, T) of one clip."""
        return self.log_mel.shape(self.clip_s)

    def to_json(self) -> str:
        """JSON text; `from_json` gives the metadata back, to the last digit."""
        return json.dumps(asdict(self), indent=2, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Metadata":
        """Metadata from what `to_json` gave.

        Raises:
            ModelFileError: The text is no such JSON, lacks an entry, has one too many, or a value is out of range.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise ModelFileError(f"the metadata must be JSON, but is not ({error}).") from None
        if not isinstance(values, dict):
            raise ModelFileError(f"the metadata must be a JSON object, but is {text[:40]!r}.")
        _check_format(values.get("format"))  # first, since another one has other entries
        _refuse_strange(values, cls, where="the metadata")
        if missing := [field.name for field in fields(cls) if field.name not in values]:
            raise ModelFileError(f"the metadata must have an entry `{missing[0]}`, but there is none.")
        try:
            return cls(**values | {"log_mel": _read_log_mel(values["log_mel"])})
        except FrontEndError as error:
            raise ModelFileError(str(error)) from None


def _read_log_mel(values: Any) -> LogMel:
    """Front end of plain data; entries left out, since younger than the file, have their defaults."""
    if not isinstance(values, dict):
        raise _fault("log_mel", "an object", values)
    _refuse_strange(values, LogMel, where="`log_mel`")
    kept = values.get("kept_bands")
    try:
        return LogMel(**values | {"kept_bands": tuple(kept) if isinstance(kept, list) else kept})
    except TypeError as error:  # a text or list where a number belongs
        raise ModelFileError(f"`log_mel` of the metadata has a value of the wrong kind ({error}).") from None


def _refuse_strange(values: dict[str, Any], kind: type, *, where: str) -> None:
    known = [field.name for field in fields(kind)]
    if strange := [name for name in values if name not in known]:
        raise ModelFileError(f"{where} must have no entries but {', '.join(known)}; found {strange[0]!r}.")


def _read_classes(classes: Sequence[str]) -> tuple[str, ...]:
    names = tuple(classes) if isinstance(classes, list | tuple) else ()
    if len(names) < 2 or not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        raise _fault("classes", "two or more different names", classes)
    return names


def _read_bands(name: str, values: Sequence[float], n_bands: int) -> tuple[float, ...]:
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError):
        raise _fault(name, "a list of numbers", values) from None
    if len(numbers) != n_bands or not all(map(math.isfinite, numbers)):
        raise ModelFileError(
            f"`{name}` must have a finite number for each of the {n_bands} mel bands, but has {len(numbers)} values."
        )
    return numbers


def _check_format(value: Any) -> None:
    if value != FORMAT:
        raise _fault("format", f"{FORMAT}, the one that this version of nas-asc reads", value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fault(name: str, must: str, value: Any) -> ModelFileError:
    return ModelFileError(f"`{name}` must be {must}, but got {name}={value!r}.")
