"""How many trainings a GPU is worth: chosen from given speeds, and measured by real processes on the CPU."""

from dataclasses import replace

import pytest
import torch

from nas_asc.cli.plan_command import per_gpu_lines
from nas_asc.data import load_data_set, split_data_set
from nas_asc.errors import TrainingError
from nas_asc.evaluation import Worker
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture, Classifier, Conv
from nas_asc.plan import PerGpu, measure_per_gpu, plan_per_gpu
from nas_asc.plan.per_gpu import Crowd, choose_per_gpu
from nas_asc.recipe import Recipe
from nas_asc.session.worker_parts import WorkerParts
from nas_asc.space import Design, load_space
from tests.evaluation.own_layers import Rotten


def choose(*speeds, most=8):
    """By clips a second of 1, 2, 4 and 8 trainings, of which so many fit."""
    return choose_per_gpu(dict(zip((1, 2, 4, 8), speeds, strict=False)).__getitem__, fits=lambda n: n <= most)


@pytest.mark.parametrize(
    ("speeds", "n", "measured"),
    [
        ((100, 90), 1, 2),
        ((100, 109), 1, 2),
        ((100, 111, 121), 2, 3),
        ((100, 190, 300, 320), 4, 4),
        ((100, 190, 300, 330), 8, 4),
    ],
)
def test_twice_as_many_are_taken_while_they_gain_a_tenth(speeds, n, measured):
    found = choose(*speeds)
    assert found.n == n
    assert list(found.clips_per_s) == [1, 2, 4, 8][:measured]


def test_what_does_not_fit_is_not_measured():
    found = choose(100, 200, most=2)
    assert (found.n, list(found.clips_per_s)) == (2, [1, 2])
    assert found.reason == "4 would take more than three quarters of the free memory"


def test_a_number_that_fails_is_too_many_and_one_that_fails_alone_is_told():
    def measure(n, most):
        if n > most:
            raise TrainingError("out of memory.")
        return 100.0 * n

    assert choose_per_gpu(lambda n: measure(n, 4), fits=lambda n: True).n == 4
    with pytest.raises(TrainingError, match="out of memory"):
        choose_per_gpu(lambda n: measure(n, 0), fits=lambda n: True)


def test_what_was_measured_is_told_with_what_to_do():
    lines = [*per_gpu_lines(PerGpu(2, {1: 1_234.5, 2: 2_000.0, 4: 2_010.0}, "4 gain less than a tenth"))]
    assert "1: 1,234, 2: 2,000, 4: 2,010; 4 gain less than a tenth" in lines[0]
    assert "--per-gpu 2" in lines[1]
    assert "nvidia-cuda-mps-control -d" in lines[2]
    assert len([*per_gpu_lines(PerGpu(2, {1: 1.0}, has_mps=True))]) == 2
    assert [*per_gpu_lines(PerGpu(None, reason="no GPU"))] == []


@pytest.fixture
def parts(tmp_path):
    data_set = load_data_set()
    return WorkerParts(data_set, split_data_set(data_set, seed=0), None, tmp_path, "cpu")


@pytest.fixture
def design(parts):
    space = load_space("cp_mobile")
    small = space.build(space.guesses[0], parts.data_set.task)
    return replace(small, recipe=Recipe(batch_size=16))


def test_without_a_gpu_or_a_guess_it_is_told_why_nothing_was_measured(design):
    def fail():
        raise AssertionError("a process was to be started")

    here, there = (Worker(None, torch_device=torch.device(name)) for name in ("cpu", "cuda:0"))
    assert plan_per_gpu(here, fail, [design]) == PerGpu(None, reason="trainings share a GPU, and none is used here")
    assert "no first guess" in plan_per_gpu(there, fail, []).reason


@pytest.mark.slow
def test_processes_train_at_the_same_time_and_end(parts, design):
    with Crowd(parts.build, design) as crowd:
        alone, together = (crowd.measure(n, seconds=0.5) for n in (1, 2))
        members = [process for process, _ in crowd._members]
        assert alone > 0
        assert together > 0
        assert crowd.peak_bytes > 2**20
        assert len(members) == 2
    assert not any(process.is_alive() for process in members)


@pytest.mark.slow
def test_a_worker_is_worth_one_training_or_more(parts, design):
    found = measure_per_gpu(parts.build(lambda done, total: None), parts.build, design, seconds=0.2)
    assert found.n in found.clips_per_s
    assert found.reason


@pytest.mark.slow
def test_a_training_that_fails_says_why(parts):
    architecture = Architecture((Conv(4, kernel_size=3), Rotten(), Classifier()), (1, 256, 65), 10)
    design = Design(architecture, LogMel(), Recipe())
    with pytest.raises(TrainingError, match="Rotten"):
        measure_per_gpu(parts.build(lambda done, total: None), parts.build, design, seconds=0.2)
