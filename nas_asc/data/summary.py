"""What a data set holds, as a table: one row a class, one column a part, fold and device."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nas_asc.data.cut import describe_contradictions
from nas_asc.data.data_set import DataSet
from nas_asc.data.split import Split


@dataclass(frozen=True)
class Summary:
    """Facts and counts of a data set.

    Args:
        facts: Name and value of what holds for the whole set; of notes and warnings there may be several.
        columns: "class", "clips", the plural of what a group is, then parts, folds and devices.
        rows: Class name and counts, in the order of the columns; the last row is the total.
    """

    facts: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        told = {name: [value for each, value in self.facts if each == name] for name in ("note", "warning")}
        return {
            "facts": {name: value for name, value in self.facts if name not in told},
            "notes": told["note"],
            "warnings": told["warning"],
            "classes": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
        }


def summarise_data_set(data_set: DataSet, split: Split | None = None) -> Summary:
    """Classes, groups, and counts per part, fold and device.

    Args:
        data_set: The recordings.
        split: Its parts, to count instead of the parts that the data set's own files name.
    """
    masks = _masks(data_set, split)
    rows: list[tuple[str | int, ...]] = []
    for label, name in [*enumerate(data_set.classes), (None, "total")]:
        of_class = np.ones(len(data_set), bool) if label is None else data_set.labels == label
        n_groups = len(np.unique(data_set.groups[of_class]))
        counts = [int(np.count_nonzero(of_class & mask)) for mask in masks.values()]
        rows.append((name, int(np.count_nonzero(of_class)), n_groups, *counts))
    return Summary(
        facts=_facts(data_set, split),
        columns=("class", "clips", f"{data_set.group_word}s", *masks),
        rows=tuple(rows),
    )


def _masks(data_set: DataSet, split: Split | None) -> dict[str, NDArray[np.bool_]]:
    every = np.arange(len(data_set))
    if split is not None:
        parts = {name: np.isin(every, getattr(split, name)) for name in ("train", "validation", "test")}
        parts["unused"] = ~(parts["train"] | parts["validation"] | parts["test"])
    else:
        parts = {name: data_set.parts == name for name in ("train", "validation", "test", "unused")}
    masks = {name: mask for name, mask in parts.items() if mask.any()}
    masks |= {f"fold {fold}": data_set.folds == fold for fold in data_set.fold_numbers}
    if data_set.has_devices:
        masks |= {f"device {name}": data_set.devices == name for name in np.unique(data_set.devices).tolist()}
    return masks


def _facts(data_set: DataSet, split: Split | None) -> tuple[tuple[str, str], ...]:
    highest = data_set.highest_rate or data_set.sample_rate
    rate = f"{data_set.sample_rate:,} Hz"
    rate = rate if highest == data_set.sample_rate else f"rates up to {highest:,} Hz, most of them {rate}"
    facts = [
        ("data", f"{data_set.name} ({data_set.kind})"),
        ("folder", str(data_set.root) if data_set.root else "none, made on the fly"),
        ("clips", f"{len(data_set):,} of {data_set.clip_s:g} s at {rate}"),
        ("classes", str(len(data_set.classes))),
    ]
    if (data_set.cities != "").any():
        facts.append(("cities", str(len(np.unique(data_set.cities)))))
    if split is not None:
        facts.append(("split", split.note))
    facts += [("note", note) for note in data_set.notes]
    if data_set.contradictions:
        facts.append(("warning", describe_contradictions(data_set.contradictions)))
    return tuple(facts)
