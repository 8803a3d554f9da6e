"""Tables on a device: whole whatever their size, once for all who need them, the least used given up first."""

import numpy as np
import pytest
import torch

from nas_asc.training import Clips, DeviceTables, upload
from nas_asc.training.table import count_bytes, has_room
from tests.training.machine import Machine

CPU, META = torch.device("cpu"), torch.device("meta")  # a device like another, as far as a table knows


def make_features(n_clips, seed=0):
    return np.random.default_rng(seed).random((n_clips, 1, 3, 4)).astype(np.float16)


class Shelf:
    """Room for so many tables of four clips, on each device."""

    def __init__(self, n_tables):
        self.free = {device: n_tables * count_bytes(make_features(4)) for device in (CPU, META)}
        self.tables = DeviceTables(self.has_room)
        self.kept = []

    def has_room(self, n_bytes, torch_device):
        there = {key for key, device in self.tables._tables if device == torch_device}
        return n_bytes * (len(there) + 1) <= self.free[torch_device]

    def get(self, key, torch_device=CPU):
        features = make_features(4)
        return self.tables.get(key, count_bytes(features), torch_device, make=lambda: upload(features, torch_device))


@pytest.mark.parametrize("chunk_bytes", [1, 100, 2**20])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_table_goes_there_whole_in_pieces_of_any_size(chunk_bytes, dtype, tmp_path):
    features = make_features(11).astype(dtype)
    np.save(tmp_path / "features.npy", features)
    mapped = np.load(tmp_path / "features.npy", mmap_mode="r")
    found = upload(mapped, CPU, chunk_bytes=chunk_bytes)
    np.testing.assert_array_equal(found.numpy(), features)
    assert found.numpy().dtype == dtype
    assert upload(features[:0], CPU).shape == (0, 1, 3, 4)


def test_a_table_is_uploaded_once_and_the_least_used_goes_first():
    shelf = Shelf(2)
    first, second = shelf.get("a"), shelf.get("b")
    assert shelf.get("a") is first
    shelf.get("c")  # in the place of b, which was used before a
    assert shelf.get("a") is first
    assert shelf.get("b") is not second
    assert torch.equal(shelf.get("b"), second)


def test_devices_have_tables_and_room_of_their_own():
    shelf = Shelf(1)
    here, there = shelf.get("a"), shelf.get("a", META)
    assert (here.device, there.device) == (CPU, META)
    assert shelf.get("a") is here
    shelf.get("b", META)
    assert shelf.get("a") is here


def test_room_is_made_for_what_is_no_table():
    shelf = Shelf(2)
    n_bytes = count_bytes(make_features(4))
    shelf.get("a")
    shelf.get("b")
    assert shelf.tables.has("a")
    assert shelf.tables.has("b")
    assert shelf.tables.make_room(n_bytes, CPU)
    assert not shelf.tables.has("a")
    assert shelf.tables.has("b")


def test_what_does_not_fit_alone_stays_in_the_computers_memory():
    assert Shelf(0).get("a") is None


@pytest.mark.parametrize(
    ("driver_free", "reserved", "allocated", "fits"),
    [(350, 0, 0, True), (349, 0, 0, False), (160, 300, 110, True), (160, 300, 111, False)],
)
def test_a_quarter_is_left_free_and_memory_that_torch_keeps_of_freed_tensors_is_free(
    monkeypatch, driver_free, reserved, allocated, fits
):
    found = {"mem_get_info": (driver_free, 1_000), "memory_reserved": reserved, "memory_allocated": allocated}
    for name, value in found.items():
        monkeypatch.setattr(torch.cuda, name, lambda device, value=value: value)
    assert has_room(100, torch.device("cuda:0")) is fits
    assert has_room(2**60, CPU)


def test_clips_take_what_a_batch_needs_with_them_and_their_facts_stay():
    mean, std = torch.full((3,), 0.1), torch.full((3,), 2.0)
    clips = Clips(make_features(4), torch.arange(4), mean, std)
    with Machine() as machine:
        there = clips.to_device(torch.device("cuda:0"))
        rows = torch.tensor([2, 0]).to("cuda:0")
        machine.forget()
        batch = there.batch(rows, torch_device=there.home)
        assert (batch.shape, batch.device, dict(machine.waits)) == ((2, 1, 3, 4), there.home, {})
    assert clips.to_device(CPU) is clips
    assert clips.home == CPU
