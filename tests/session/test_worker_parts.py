"""What another process makes a worker of."""

import pickle
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import torch

from nas_asc.data import load_data_set, split_data_set
from nas_asc.errors import StudyError, TrainingError
from nas_asc.evaluation import Job, PreparedData, Worker
from nas_asc.frontend import LogMel
from nas_asc.search import Lost, RayOptions, SilentListener, processes
from nas_asc.session import Course, Inputs, Session
from nas_asc.session.worker_parts import SpaceFile, WorkerParts, build_executor, turns_note
from nas_asc.space import load_space
from tests.search import tiny
from tests.training.machine import Machine

SPACE = '''
from nas_asc.frontend import LogMel
from nas_asc.layers import Classifier, Conv, Layer
from nas_asc.space import Space, choice

space = Space(width=choice(2, 3))


class Own(Layer):
    """A layer of one's own."""

    def expand(self, tape, x):
        return tape.expand(Conv(4, kernel_size=3), x)


@space.network
def network(width):
    yield Conv(width, kernel_size=3)
    yield Classifier()


@space.features
def features():
    return LogMel()
'''


@pytest.fixture
def parts(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(SPACE)
    data_set = load_data_set(None)
    split = split_data_set(data_set, seed=0)
    return WorkerParts(data_set, split, SpaceFile.of(load_space(path), str(path)), tmp_path / "cache", "cpu")


def ignore(done, total):
    pass


def test_a_worker_is_made_of_what_went_through_a_pickle(parts):
    worker = pickle.loads(pickle.dumps(parts.build))(ignore)
    assert [kind.__name__ for kind in worker.layer_types] == ["Own"]
    assert worker.prepared.split.digest == parts.split.digest
    here, there = parts.data_set, worker.prepared.data_set
    assert there.digest == here.digest
    np.testing.assert_array_equal(there.read(3)[0], here.read(3)[0])


def test_a_space_of_a_target_is_that_of_its_file(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(SPACE + '\nspace.features_on("c", center=choice(True, guess=True))\n')
    found = SpaceFile.of(load_space(path).for_target("c"), str(path))
    assert [kind.__name__ for kind in found.load().layer_types] == ["Own"]


def test_a_space_that_was_changed_meanwhile_is_refused(parts):
    with pytest.raises(StudyError, match=r"own\.py was changed while it is searched"):
        replace(parts, space=replace(parts.space, digest="0")).build(ignore)


def test_a_space_file_travels_to_where_it_is_not(parts, tmp_path):
    (tmp_path / "own.py").unlink()
    worker = pickle.loads(pickle.dumps(parts.build))(ignore)
    assert [kind.__name__ for kind in worker.layer_types] == ["Own"]
    assert not (tmp_path / "own.py").exists()


def test_a_packaged_space_is_named_alone():
    packaged = SpaceFile.of(load_space("cp_mobile"), "cp_mobile")
    assert packaged.text == ""
    assert packaged.load().name == "cp_mobile"


def test_a_space_of_a_program_trains_elsewhere_unless_it_has_layers_of_its_own(parts, tmp_path):
    assert SpaceFile.of(tiny.space, "<tiny>") is None
    assert replace(parts, space=None).build(ignore).layer_types == ()
    with pytest.raises(StudyError, match="space 'own' was declared in a program, with layers of its own"):
        SpaceFile.of(load_space(tmp_path / "own.py"), "<own>")


def test_features_are_mapped_not_copied(parts, tmp_path):
    prepared = tiny.prepare(tmp_path / "tones")
    log_mel = LogMel(sample_rate=8_000, n_fft=256, win_length=256, hop_length=128, n_mels=16)
    tones = replace(parts, data_set=prepared.data_set, split=prepared.split)
    mapped = tones.build(ignore).prepared.train_clips(log_mel).features
    copied = PreparedData(prepared.data_set, prepared.split, cache_dir=tmp_path / "cache").train_clips(log_mel).features
    assert isinstance(mapped, np.memmap)
    assert not isinstance(copied, np.memmap)
    np.testing.assert_array_equal(mapped, copied)


def test_features_are_made_on_a_gpu_by_one_who_has_it_alone(parts):
    def makes(**options):
        prepared = replace(parts, **options).build(ignore).prepared
        with Machine():  # has a GPU and its memory
            return prepared.makes_on(LogMel(), torch.device("cuda:0"))

    assert makes()
    assert not makes(is_alone=False)


def test_each_process_is_told_its_own_device_and_one_that_is_replaced_the_same(parts, monkeypatch):
    told = []

    class Process:
        exitcode, sentinel = 1, 0

        def __init__(self, *, args, **others):
            told.append((args[1].__self__.torch_device, args[1].__self__.is_alone))

        def start(self):
            pass

        def join(self, timeout=None):
            pass

        def terminate(self):
            pass

    monkeypatch.setattr(processes._CONTEXT, "Process", Process, raising=False)
    devices = ("cuda:0", "cuda:1", "cuda:0")
    worker = Worker(None, torch_device=torch.device("cuda"), precision=torch.float32)
    options = {"n_workers": 3, "kind": "processes", "ray": RayOptions(), "listener": SilentListener()}
    with closing(build_executor(worker, lambda: parts, torch_devices=devices, **options)) as executor:
        assert executor.n_slots == 3
        for _ in range(3):
            executor.submit(Job(record=None, name="none"))
        assert told == [("cuda:0", False), ("cuda:1", True), ("cuda:0", False)]
        assert isinstance(executor.next_event(), Lost)  # the fake process never speaks
        assert told[3] in told[:2]


def test_a_gpu_that_is_not_there_is_named_before_anything_trains(tmp_path):
    prepared = tiny.prepare(tmp_path)
    inputs = Inputs(tiny.space, prepared.data_set, prepared.split)
    config = tiny.ask(prepared, n_workers=2)
    session = Session(config, inputs, folder=tmp_path / "study", torch_device=("cpu", "cuda:97"))
    with pytest.raises(TrainingError, match="`torch_device` is 'cuda:97', but this machine has"):
        session.search(Course(n_trials=1))
    assert not (tmp_path / "study" / "study.toml").exists()


def test_trainings_that_share_a_gpu_are_told_that_they_take_turns(monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(tmp_path))
    assert "nvidia-cuda-mps-control -d" in turns_note(["cuda:0", "cuda:1", "cuda:0"])
    assert turns_note(["cuda:0", "cuda:1"]) is None
    assert turns_note(["cpu", "cpu"]) is None
    (tmp_path / "control").touch()
    assert turns_note(["cuda:0", "cuda:0"]) is None
