"""Features made on a GPU, of recordings that stay there, where both have room."""

from collections.abc import Callable, Sequence

import torch
from numpy import int64
from numpy.typing import NDArray

from nas_asc.data import DamageReport, DataSet
from nas_asc.features import (
    FeatureTable,
    Recordings,
    bytes_per_clip,
    count_recording_bytes,
    load_recordings,
    validate_front_end,
)
from nas_asc.frontend import LogMel
from nas_asc.training import DeviceTables, prepare_process


class DeviceFeatures:
    """Features of some rows of a data set, made on a device from its recordings, once while there is room for them.

    Recordings are decoded and copied to a device when first a front end is asked for there, if they and its features
    fit together. Where the features of a later one do not fit beside them, or memory ends, they are given up for good.

    Args:
        data_set: The recordings.
        rows: Which clips.
        tables: Keeps the features that are made, among others.
        kinds: Types of the devices that make features.
    """

    def __init__(
        self, data_set: DataSet, rows: NDArray[int64], tables: DeviceTables, *, kinds: Sequence[str] = ("cuda",)
    ) -> None:
        self._data_set, self._rows, self._tables = data_set, rows, tables
        self._kinds = frozenset(kinds) if len(rows) else frozenset()
        self._recordings: dict[tuple[int, torch.device], Recordings | None] = {}
        self._facts: dict[LogMel, tuple[NDArray[int64], DamageReport]] = {}

    def has(self, log_mel: LogMel) -> bool:
        """Whether the features are on a device."""
        return self._tables.has(self._key(log_mel))

    def has_recordings(self, log_mel: LogMel) -> bool:
        """Whether a device has the recordings of which it would make the features."""
        return any(self._recordings.get(place) is not None for place in self._places(log_mel))

    def makes(self, log_mel: LogMel, torch_device: torch.device) -> bool:
        """Whether a device would make the features, so far as is known before.

        Args:
            log_mel: The front end.
            torch_device: Where they are wanted.
        """
        place = log_mel.n_channels, torch_device
        if torch_device.type not in self._kinds:
            return False
        if place in self._recordings:
            return self._recordings[place] is not None
        return self._tables.has_room(self._n_bytes(log_mel) + self._recording_bytes(log_mel), torch_device)

    def get(
        self,
        log_mel: LogMel,
        torch_device: torch.device,
        *,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> FeatureTable | None:
        """The features where they are made; None where none can be.

        Args:
            log_mel: The front end.
            torch_device: Where they are wanted; for another kind of device the one that has the recordings makes them.
            on_progress: Called while recordings are read, with clips done and clips in all; what it raises ends it.

        Raises:
            FrontEndError: A mel band would be empty, or a clip is shorter than half the transform.
            DataError: More recordings cannot be used than may be left out.
        """
        known = [place for place in self._places(log_mel) if self._recordings[place] is not None]
        place = (log_mel.n_channels, torch_device) if torch_device.type in self._kinds else next(iter(known), None)
        if place is None:
            return None
        prepare_process()  # float32 is not rounded
        validate_front_end(log_mel, clip_s=self._data_set.clip_s)
        try:
            if place not in self._recordings:
                self._recordings[place] = self._load(log_mel, place[1], on_progress)
            recordings = self._recordings[place]
            found = None if recordings is None else self._make(log_mel, recordings, place[1])
        except torch.OutOfMemoryError:  # others take of the device's memory too
            found = None
        if found is None:
            self._recordings[place] = None
        return found

    def _make(self, log_mel: LogMel, recordings: Recordings, torch_device: torch.device) -> FeatureTable | None:
        def make() -> torch.Tensor:
            table = recordings.make_features(log_mel)
            self._facts[log_mel] = table.rows, table.damage
            return torch.as_tensor(table.array)

        array = self._tables.get(self._key(log_mel), self._n_bytes(log_mel), torch_device, make=make)
        return None if array is None else FeatureTable(array, *self._facts[log_mel])

    def _load(
        self, log_mel: LogMel, torch_device: torch.device, on_progress: Callable[[int, int], None] | None
    ) -> Recordings | None:
        n_bytes = self._n_bytes(log_mel)
        return load_recordings(
            self._data_set,
            self._rows,
            n_channels=log_mel.n_channels,
            torch_device=torch_device,
            has_room=lambda recordings: self._tables.make_room(recordings + n_bytes, torch_device),
            on_progress=on_progress,
        )

    def _places(self, log_mel: LogMel) -> list[tuple[int, torch.device]]:
        return [place for place in self._recordings if place[0] == log_mel.n_channels]

    def _n_bytes(self, log_mel: LogMel) -> int:
        return len(self._rows) * bytes_per_clip(log_mel, self._data_set.clip_s)

    def _recording_bytes(self, log_mel: LogMel) -> int:
        return count_recording_bytes(self._data_set, len(self._rows), n_channels=log_mel.n_channels)

    @staticmethod
    def _key(log_mel: LogMel) -> tuple[str, LogMel]:
        return "made here", log_mel
