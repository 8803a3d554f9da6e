"""Features on a compute device: uploaded once a front end, the least used given up where memory ends."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nas_asc.training.compute import free_bytes

FeatureArray: TypeAlias = NDArray[np.floating[Any]]
_CHUNK_BYTES = 2**28
_SHARE = 4  # one part in so many of a device's memory is left to the steps


def count_bytes(features: Tensor | FeatureArray) -> int:
    """Bytes of features as they are stored."""
    return int(np.prod(features.shape)) * features.dtype.itemsize


def has_room(n_bytes: int, torch_device: torch.device) -> bool:
    """Whether a table fits where a quarter of a device's memory is left free; only a GPU's memory is known.

    Args:
        n_bytes: The bytes of the table.
        torch_device: Where it would be.
    """
    if torch_device.type != "cuda":
        return True
    _, in_all = torch.cuda.mem_get_info(torch_device)
    return n_bytes <= free_bytes(torch_device) - in_all // _SHARE


def upload(features: Tensor | FeatureArray, torch_device: torch.device, *, chunk_bytes: int = _CHUNK_BYTES) -> Tensor:
    """Features on a device; an array, which may be a memory map, goes there piece by piece.

    Args:
        features: (n, C, F, T).
        torch_device: Where to.
        chunk_bytes: The bytes of a piece.
    """
    if isinstance(features, Tensor):
        return features.to(torch_device)
    dtype = torch.from_numpy(np.empty(0, features.dtype)).dtype
    table = torch.empty(features.shape, dtype=dtype, device=torch_device)
    n_rows = max(1, chunk_bytes * len(features) // max(1, count_bytes(features)))
    for start in range(0, len(features), n_rows):
        table[start : start + n_rows] = torch.from_numpy(np.array(features[start : start + n_rows]))
    return table


class DeviceTables:
    """Tables on compute devices, each at most once, shared by all that train and predict there.

    Args:
        has_room: Whether a table of so many bytes fits on a device beside those that are there.
    """

    def __init__(self, has_room: Callable[[int, torch.device], bool] = has_room) -> None:
        self._has_room = has_room
        self._tables: OrderedDict[tuple[Hashable, torch.device], Tensor] = OrderedDict()

    def get(
        self, key: Hashable, n_bytes: int, torch_device: torch.device, *, make: Callable[[], Tensor]
    ) -> Tensor | None:
        """The table on the device; None where it does not fit, though all others there were given up.

        Args:
            key: Tells tables apart: equal keys have equal features.
            n_bytes: The bytes of the table.
            torch_device: Where the table is to be.
            make: Makes or uploads it there, where there is none.
        """
        place = key, torch_device
        if place not in self._tables:
            if not self.make_room(n_bytes, torch_device):
                return None
            self._tables[place] = make()
        self._tables.move_to_end(place)
        return self._tables[place]

    def has(self, key: Hashable) -> bool:
        """Whether the table is on some device.

        Args:
            key: As for `get`.
        """
        return any(known == key for known, _ in self._tables)

    def has_room(self, n_bytes: int, torch_device: torch.device) -> bool:
        """Whether there is room for so many bytes, were all tables of the device given up.

        Args:
            n_bytes: That are to be there.
            torch_device: Where.
        """
        there = sum(count_bytes(table) for place, table in self._tables.items() if place[1] == torch_device)
        return self._has_room(n_bytes - there, torch_device)

    def make_room(self, n_bytes: int, torch_device: torch.device) -> bool:
        """Whether there is room for so many bytes, after the least used tables of the device have made it.

        Args:
            n_bytes: That are to be there.
            torch_device: Where.
        """
        there = [place for place in self._tables if place[1] == torch_device]
        while not (fits := self._has_room(n_bytes, torch_device)) and there:
            del self._tables[there.pop(0)]
        return fits
