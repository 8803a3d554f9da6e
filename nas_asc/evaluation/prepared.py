"""The clips of one study, served as features of any front end.

Conventions:
    Rows come from the split; damaged clips are left out of every part.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from nas_asc.clock import NO_LIMIT, TimeLimit
from nas_asc.data import DataSet, Split, turn_split
from nas_asc.errors import DataError
from nas_asc.evaluation.device_features import DeviceFeatures
from nas_asc.features import FeatureRoom, FeatureTable, compute_features, features_file, fit_standardiser
from nas_asc.frontend import LogMel, Task
from nas_asc.training import CPU, Clips, DeadlineError, DeviceTables, count_bytes, upload

_MEMORY_LIMIT_BYTES = 2 * 2**30
_FEW_GROUPS, _FEW_CLIPS = 10, 200
_REFERENCE_DEVICE = "a"  # of all TAU data sets, and the only one that recorded every place


@dataclass(frozen=True, eq=False)
class ScoredClips:
    """Clips with what scores need.

    Args:
        clips: Features, not standardised: the state that scores them brings mean and deviation.
        labels: (n,) true classes.
        devices: (n,) recording devices, "" where unknown; None when the data set knows none.
        groups: (n,) recording groups; clips of one are alike.
    """

    clips: Clips
    labels: NDArray[np.int64]
    devices: NDArray[np.str_] | None
    groups: NDArray[np.str_]


class PreparedData:
    """Features and labels of a data set's split, computed when first asked for.

    Features of the latest front ends stay in memory within a limit; where they are larger they stay memory maps on
    disk. On another compute device they are kept too, once a front end, while there is room. A GPU makes those that are
    neither in memory nor on disk itself, of recordings that stay there, where both have room. Test clips are read by
    `test_clips` alone.

    Args:
        data_set: The recordings.
        split: Rows of training, validation and test clips.
        cache_dir: Where features are kept on disk; None is the user's cache folder.
        cache_bytes: Most bytes of features kept there; None is a fifth of the free disk.
        on_progress: Called while features are computed, with clips done and clips in all.
        memory_limit_bytes: Most bytes of features kept in memory.
        making_kinds: Types of the devices that make features themselves.
    """

    def __init__(
        self,
        data_set: DataSet,
        split: Split,
        *,
        cache_dir: Path | None = None,
        cache_bytes: int | None = None,
        on_progress: Callable[[int, int], None] | None = None,
        memory_limit_bytes: int = _MEMORY_LIMIT_BYTES,
        making_kinds: Sequence[str] = ("cuda",),
    ) -> None:
        self.data_set = data_set
        self.split = split
        self._cache_dir = cache_dir
        self._cache_bytes = cache_bytes
        self._on_progress = on_progress
        self._memory_limit_bytes = memory_limit_bytes
        self._kept: OrderedDict[LogMel, FeatureTable] = OrderedDict()
        self._files: dict[LogMel, Path] = {}
        self._tables = DeviceTables()
        self._made = DeviceFeatures(data_set, self.development_rows, self._tables, kinds=making_kinds)
        self._bands: dict[tuple[LogMel, int], tuple[NDArray[np.float32], NDArray[np.float32]]] = {}
        self._whole: PreparedData | None = None  # has the features, where the development clips are divided anew

    @property
    def task(self) -> Task:
        """Clip length and number of classes."""
        return self.data_set.task

    @property
    def n_train(self) -> int:
        """Training clips of the split, damaged ones included."""
        return len(self.split.train)

    @property
    def n_validation(self) -> int:
        """Validation clips of the split, damaged ones included."""
        return len(self.split.validation)

    @property
    def few_validate(self) -> bool:
        """Whether so few clips or recording groups validate that a mean over seeds says more of them than of networks.

        The limits of 10 groups and 200 clips are not measured.
        """
        groups = np.unique(self.data_set.groups[self.split.validation])
        return len(groups) < _FEW_GROUPS or self.n_validation < _FEW_CLIPS

    def turn(self, index: int) -> "PreparedData":
        """The same clips divided anew: other groups of the development clips validate, features are shared.

        Args:
            index: Which of the divisions; 0 is this one.
        """
        if index == 0:
            return self
        turned = copy(self)
        turned.split, turned._bands, turned._whole = turn_split(self.data_set, self.split, index), {}, self
        return turned

    def is_computed(self, log_mel: LogMel) -> bool:
        """Whether the features of the training and validation clips are on a device, in memory or on disk."""
        return self._made.has(log_mel) or self._is_kept(log_mel)

    def makes_on(self, log_mel: LogMel, torch_device: torch.device) -> bool:
        """Whether a device would make the features itself, so far as is known before.

        Args:
            log_mel: The front end.
            torch_device: Where they are wanted.
        """
        return not self._is_kept(log_mel) and self._made.makes(log_mel, torch_device)

    def has_recordings(self, log_mel: LogMel) -> bool:
        """Whether a device has the recordings of which it would make the features."""
        return self._made.has_recordings(log_mel)

    def _is_kept(self, log_mel: LogMel) -> bool:
        if self._whole is not None:
            return self._whole._is_kept(log_mel)
        if log_mel in self._kept:
            return True
        if log_mel not in self._files:
            self._files[log_mel] = features_file(self.data_set, log_mel, self.development_rows, self._cache_dir)
        return self._files[log_mel].is_file()

    @cached_property
    def room(self) -> FeatureRoom:
        """For the features of front ends, as the disk was when this was first asked."""
        return FeatureRoom.of_disk(
            len(self.development_rows), self.task.clip_s, cache_dir=self._cache_dir, cache_bytes=self._cache_bytes
        )

    @property
    def memory_bytes(self) -> int:
        """Most bytes of features kept in memory."""
        return self._memory_limit_bytes

    def compute(self, log_mel: LogMel, *, limit: TimeLimit = NO_LIMIT, torch_device: torch.device = CPU) -> None:
        """Compute the features of the training and validation clips, unless they are there.

        Args:
            log_mel: The front end.
            limit: When to give up.
            torch_device: Where they will be wanted.

        Raises:
            DeadlineError: The time was over; nothing is kept.
            DataError: More recordings cannot be used than may be left out.
        """
        self._table(log_mel, torch_device, limit)

    def train_clips(self, log_mel: LogMel, *, torch_device: torch.device = CPU) -> Clips:
        """Training clips, standardised by their own bands; their features on a device, where there is room.

        What another device has made stays there: batches of them are copied.

        Raises:
            DataError: More recordings cannot be used than may be left out.
        """
        part = _part(self._table(log_mel, torch_device), self.split.train)
        return self._place(self._to_train(part, log_mel), part, log_mel, torch_device)

    def validation_clips(self, log_mel: LogMel, *, torch_device: torch.device = CPU) -> ScoredClips:
        """Validation clips with labels and devices; their features on a device, where there is room.

        Raises:
            DataError: More recordings cannot be used than may be left out.
        """
        part = _bring(_part(self._table(log_mel, torch_device), self.split.validation), torch_device)
        scored = self._to_score(part)
        return replace(scored, clips=self._place(scored.clips, part, log_mel, torch_device))

    def development_clips(self, log_mel: LogMel, *, torch_device: torch.device = CPU) -> Clips:
        """Training and validation clips together, standardised by the bands of all; on a device, where there is room.

        Raises:
            DataError: More recordings cannot be used than may be left out.
        """
        table = self._table(log_mel, torch_device)
        return self._place(self._to_train(table, log_mel), table, log_mel, torch_device)

    def test_clips(self, log_mel: LogMel) -> ScoredClips:
        """Test clips with labels and devices: for the final evaluation alone, never for a search.

        Raises:
            DataError: The split has no test clips, or more recordings cannot be used than may be left out.
        """
        if not len(self.split.test):
            raise DataError(f"data set {self.data_set.name!r} has no test clips. Give one with a labelled test part.")
        return self._to_score(self._compute(log_mel, self.split.test))

    @property
    def development_rows(self) -> NDArray[np.int64]:
        """Training rows, then validation rows, damaged ones included."""
        return np.concatenate([self.split.train, self.split.validation])

    def _table(self, log_mel: LogMel, torch_device: torch.device, limit: TimeLimit = NO_LIMIT) -> FeatureTable:
        """Training rows, then validation rows: made by a device, or else as `_development`."""
        if not self._is_kept(log_mel):
            made = self._made.get(log_mel, torch_device, on_progress=self._watch(limit))
            if made is not None:
                return made
        return self._development(log_mel, limit)

    def _development(self, log_mel: LogMel, limit: TimeLimit = NO_LIMIT) -> FeatureTable:
        """Training rows, then validation rows; from memory when it holds them."""
        if self._whole is not None:
            return self._whole._development(log_mel, limit)
        if log_mel not in self._kept:
            table = self._compute(log_mel, self.development_rows, limit)
            if count_bytes(table.array) <= self._memory_limit_bytes:
                table = replace(table, array=np.array(table.array))
            self._kept[log_mel] = table
        self._kept.move_to_end(log_mel)
        while len(self._kept) > 1 and self._kept_bytes() > self._memory_limit_bytes:
            self._kept.popitem(last=False)
        return self._kept[log_mel]

    def _kept_bytes(self) -> int:
        return sum(count_bytes(table.array) for table in self._kept.values() if not isinstance(table.array, np.memmap))

    def _place(self, clips: Clips, part: FeatureTable, log_mel: LogMel, torch_device: torch.device) -> Clips:
        """Clips of a part of the development clips, with its stretch of the table on a device."""
        if torch_device.type == "cpu" or isinstance(clips.features, torch.Tensor):
            return clips
        whole = self._development(log_mel)
        table = self._tables.get(
            (log_mel, whole.rows.tobytes()),
            count_bytes(whole.array),
            torch_device,
            make=lambda: upload(whole.array, torch_device),
        )
        if table is None:
            return clips
        places = _places(whole, part.rows)
        is_stretch = isinstance(places, slice)
        return replace(clips, features=table[places if is_stretch else torch.from_numpy(places).to(torch_device)])

    def _compute(self, log_mel: LogMel, rows: NDArray[np.int64], limit: TimeLimit = NO_LIMIT) -> FeatureTable:
        return compute_features(
            self.data_set,
            log_mel,
            rows,
            cache_dir=self._cache_dir,
            cache_bytes=self._cache_bytes,
            on_progress=self._watch(limit),
        )

    def _watch(self, limit: TimeLimit) -> Callable[[int, int], None]:
        def tell(done: int, total: int) -> None:
            if self._on_progress is not None:
                self._on_progress(done, total)
            if limit.is_over:
                raise DeadlineError(f"the time was over when {done} of {total} clips had features. Give more time.")

        return tell

    def _to_train(self, table: FeatureTable, log_mel: LogMel) -> Clips:
        mean, std = self._fit_bands(table, log_mel)
        cities, _ = _to_indices(self.data_set.cities[table.rows])
        devices, device_names = _to_indices(self.data_set.devices[table.rows], first=_REFERENCE_DEVICE)
        return Clips(
            table.array,
            torch.from_numpy(self.data_set.labels[table.rows].astype(np.int64)),
            torch.from_numpy(mean),
            torch.from_numpy(std),
            cities=cities,
            devices=devices,
            device_names=device_names,
            log_mel=log_mel,
        )

    def _fit_bands(self, table: FeatureTable, log_mel: LogMel) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and deviation of every band, fitted once for the training and once for the development clips."""
        key = log_mel, len(table.rows)
        if key not in self._bands:
            self._bands[key] = fit_standardiser(table.array)
        return self._bands[key]

    def _to_score(self, table: FeatureTable) -> ScoredClips:
        devices = self.data_set.devices[table.rows] if self.data_set.has_devices else None
        rows = table.rows
        return ScoredClips(Clips(table.array), self.data_set.labels[rows], devices, self.data_set.groups[rows])


def _to_indices(column: NDArray[np.str_], *, first: str = "") -> tuple[torch.Tensor | None, tuple[str, ...]]:
    """Index (n,) of each entry among the distinct ones, and these: `first`, by name, then blank; None where all are."""
    if not (column != "").any():
        return None, ()
    names, indices = np.unique(column, return_inverse=True)
    order = np.lexsort((names == "", names != first))
    return torch.from_numpy(np.argsort(order)[indices].astype(np.int64)), tuple(names[order].tolist())


def _part(table: FeatureTable, rows: NDArray[np.int64]) -> FeatureTable:
    """The part of a table that holds some rows; a view where they stand together."""
    places = _places(table, rows)
    return replace(table, array=table.array[places], rows=table.rows[places])


def _bring(table: FeatureTable, torch_device: torch.device) -> FeatureTable:
    """What one device has made, on another; what the CPU has made stays there."""
    return replace(table, array=table.array.to(torch_device)) if isinstance(table.array, torch.Tensor) else table


def _places(table: FeatureTable, rows: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    places = np.flatnonzero(np.isin(table.rows, rows))
    if len(places) and places[-1] - places[0] == len(places) - 1:
        return slice(int(places[0]), int(places[-1]) + 1)
    return places
