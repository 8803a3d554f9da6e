"""Devices, cores, precision and clips."""

import os
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from nas_asc.errors import TrainingError
from nas_asc.frontend import LogMel
from nas_asc.training import (
    CPU,
    Arithmetic,
    Clips,
    choose_precision,
    count_cores,
    has_mps,
    keep_arithmetic,
    prepare_process,
    release_memory,
    resolve_device,
)
from nas_asc.training.precision import has_bfloat16_units, measure_precisions
from tests.clocks import StepClock


def test_automatic_device_is_a_gpu_only_where_there_is_one():
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x", "CPU"])
def test_unknown_device_names_are_refused(name):
    with pytest.raises(TrainingError, match="must be auto, cpu, cuda or cuda:N"):
        resolve_device(name)


def test_absent_gpu_is_refused_with_a_remedy():
    with pytest.raises(TrainingError, match=r"'cuda:99', but this machine has \d+ GPUs. Use cpu"):
        resolve_device("cuda:99")


def test_cores_are_between_one_and_the_logical_ones():
    assert 1 <= count_cores() <= os.cpu_count()


def test_preparing_the_process_never_adds_threads():
    before = torch.get_num_threads()
    prepare_process()
    assert torch.get_num_threads() <= before


def test_float32_is_not_rounded_to_tf32():
    prepare_process()
    assert not torch.backends.cudnn.allow_tf32
    assert torch.backends.cudnn.conv.fp32_precision != "tf32"
    assert torch.backends.cuda.matmul.fp32_precision == "ieee"


def test_a_gpu_that_an_error_has_left_useless_ends_nothing(monkeypatch):
    def fail():
        raise RuntimeError("CUDA error: device-side assert triggered")

    monkeypatch.setattr(torch.cuda, "empty_cache", fail)
    release_memory(torch.device("cuda:0"))
    release_memory(CPU)


def test_the_device_that_is_asked_is_the_one_that_is_meant(monkeypatch):
    """Of two GPUs the second alone has bfloat16."""
    current = [0]

    @contextmanager
    def enter(device):
        before, current[0] = current[0], device.index
        yield
        current[0] = before

    monkeypatch.setattr(torch.cuda, "device", enter)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: current[0] == 1)
    assert [has_bfloat16_units(torch.device("cuda", index)) for index in range(2)] == [False, True]
    assert choose_precision(torch.device("cuda:0")) is torch.float32


def test_an_arithmetic_is_kept_for_the_same_device_as_far_as_it_has_it():
    def keep(device_name="cpu", precision="float32", memory_format=None):
        return keep_arithmetic(CPU, device_name=device_name, precision=precision, memory_format=memory_format)

    assert keep() == Arithmetic(torch.float32, "channels_last")
    assert keep(memory_format="contiguous_format") == Arithmetic(torch.float32, "contiguous_format")
    rounded = Arithmetic(torch.bfloat16) if has_bfloat16_units(CPU) else None
    assert keep(precision="bfloat16") == rounded
    assert keep(device_name="NVIDIA H200") is None
    assert keep(device_name=None, precision=None) is None


def test_precision_is_float32_or_bfloat16_and_stays():
    chosen = choose_precision(torch.device("cpu"))
    assert chosen in (torch.float32, torch.bfloat16)
    assert choose_precision(torch.device("cpu")) is chosen


def test_measuring_precisions_leaves_threads_and_random_numbers_alone():
    n_threads, state = torch.get_num_threads(), torch.get_rng_state()
    clock = StepClock(0.5)
    assert measure_precisions(n_rounds=3, clock=clock) == {torch.float32: 0.5, torch.bfloat16: 0.5}
    assert clock.n_readings == 3 * 2 * 2
    assert torch.get_num_threads() == n_threads
    assert torch.equal(torch.get_rng_state(), state)


def test_batches_are_standardised_per_band_and_channels_last():
    features = np.arange(24, dtype=np.float16).reshape(2, 1, 3, 4)
    clips = Clips(features, mean=torch.tensor([0.0, 4.0, 8.0]), std=torch.tensor([1.0, 2.0, 4.0]))
    batch = clips.batch(torch.tensor([1]), torch_device=torch.device("cpu"))
    expected = (features[1:].astype(np.float32) - np.array([[0], [4], [8]])) / np.array([[1], [2], [4]])
    np.testing.assert_allclose(batch.numpy(), expected)
    assert batch.is_contiguous(memory_format=torch.channels_last)
    assert clips.in_shape == (1, 3, 4)
    assert clips.n_bytes == 48


def test_facts_of_a_batch_are_those_of_its_rows():
    column, log_mel = torch.arange(5), LogMel(n_mels=3)
    clips = Clips(torch.zeros(5, 1, 3, 4), column, cities=10 + column, devices=20 + column, log_mel=log_mel)
    facts = clips.facts(torch.tensor([3, 1]))
    assert facts.shape == (2, 1, 3, 4)
    columns = (facts.labels, facts.cities, facts.devices)
    assert [each.tolist() for each in columns] == [[3, 1], [13, 11], [23, 21]]
    assert facts.log_mel is log_mel
    assert (facts.mean.tolist(), facts.std.tolist()) == ([0.0] * 3, [1.0] * 3)


def test_facts_that_are_not_known_are_none():
    facts = Clips(torch.zeros(5, 1, 3, 4), torch.arange(5), torch.ones(3), torch.full((3,), 2.0)).facts(torch.arange(2))
    assert (facts.cities, facts.devices, facts.log_mel) == (None, None, None)
    assert (facts.mean.tolist(), facts.std.tolist()) == ([1.0] * 3, [2.0] * 3)
    with pytest.raises(ValueError, match="`labels` must be given"):
        Clips(torch.zeros(5, 1, 3, 4)).facts(torch.arange(2))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"features": torch.zeros(3, 4, 5)}, r"\(n, C, F, T\), but got shape \(3, 4, 5\)"),
        ({"labels": torch.zeros(2)}, r"`labels` must be \(3,\)"),
        ({"cities": torch.zeros(2)}, r"`cities` must be \(3,\)"),
        ({"devices": torch.zeros(4)}, r"`devices` must be \(3,\)"),
        ({"mean": torch.zeros(5)}, r"`mean` must be \(4,\)"),
        ({"std": torch.zeros(5)}, r"`std` must be \(4,\)"),
    ],
)
def test_clips_whose_shapes_do_not_belong_together_are_refused(options, reason):
    with pytest.raises(ValueError, match=reason):
        Clips(**{"features": torch.zeros(3, 1, 4, 5)} | options)


def test_the_daemon_that_lets_processes_share_a_gpu_is_seen_as_a_process_or_by_its_pipe(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_MPS_PIPE_DIRECTORY", raising=False)
    for number, name in ((1, "init"), (27, "python")):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "comm").write_text(f"{name}\n")
    (tmp_path / "44").mkdir()  # of a process that has just ended
    assert not has_mps(proc=tmp_path)
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(tmp_path / "pipes"))
    assert not has_mps(proc=tmp_path)
    (tmp_path / "pipes").mkdir()
    os.mkfifo(tmp_path / "pipes" / "control")
    assert has_mps(proc=tmp_path)
    monkeypatch.delenv("CUDA_MPS_PIPE_DIRECTORY")
    (tmp_path / "44" / "comm").write_text("nvidia-cuda-mps\n")  # as the kernel cuts its name
    assert has_mps(proc=tmp_path)
