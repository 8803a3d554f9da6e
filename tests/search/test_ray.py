"""Workers on a Ray cluster of two nodes on this machine, one of which is killed; and how a cluster is shared out."""

import os
import sys
import time
from contextlib import closing
from functools import partial

import pytest
import torch

from nas_asc.errors import StudyError
from nas_asc.evaluation import Worker
from nas_asc.search import RayActors, RayOptions, SilentListener
from nas_asc.search.ray_share import Room, Share, share_out
from nas_asc.study import load_pending, load_records
from tests.search.tiny import ask, build_worker, prepare, run, space

N_TRIALS = 12


@pytest.mark.parametrize(
    ("nodes", "n_workers", "asked", "share"),
    [
        ([Room(8, 0)], 4, RayOptions(), Share(2, 0)),
        ([Room(2, 0)], 8, RayOptions(), Share(0.25, 0)),
        ([Room(4, 0), Room(2, 0)], 4, RayOptions(), Share(1.3333, 0)),
        ([Room(4, 0), Room(2, 0)], 3, RayOptions(), Share(2, 0)),
        ([Room(16, 2)], 8, RayOptions(), Share(2, 0.25)),
        ([Room(16, 2)], 3, RayOptions(), Share(5.3333, 0.5)),
        ([Room(16, 4)], 2, RayOptions(), Share(8, 1)),
        ([Room(16, 1), Room(64, 0)], 4, RayOptions(), Share(4, 0.25)),  # where there is no GPU, none trains
        ([Room(16, 1)], 4, RayOptions(n_gpus=0.0), Share(4, 0)),
        ([Room(8, 2)], 2, RayOptions(n_cpus=0.5, n_gpus=2.0), Share(0.5, 2)),
    ],
)
def test_workers_share_what_the_nodes_have(nodes, n_workers, asked, share):
    found = share_out(nodes, n_workers, asked)
    assert (found.n_cpus, found.n_gpus) == pytest.approx((share.n_cpus, share.n_gpus))
    assert sum(map(found.count, nodes)) >= (n_workers if asked.n_cpus is None else 1)


@pytest.mark.parametrize(
    ("nodes", "asked", "fault"),
    [
        ([Room(4, 0)], RayOptions(n_cpus=8.0), r"room for a worker of 8 CPUs: it has nodes of 4 CPUs and 0 GPUs"),
        ([Room(4, 0)], RayOptions(n_gpus=1.0), r"room for a worker of 0 CPUs and 1 GPUs"),
        ([], RayOptions(), r"it has nodes of none"),
    ],
)
def test_a_cluster_without_room_for_one_worker_is_refused(nodes, asked, fault):
    with pytest.raises(StudyError, match=fault):
        share_out(nodes, 2, asked)


def test_a_share_out_of_range_is_refused():
    with pytest.raises(StudyError, match=r"`n_cpus` must be above 0, but got 0"):
        RayOptions(n_cpus=0.0)
    with pytest.raises(StudyError, match=r"`n_gpus` must be from 0 to 1, or whole, but got 1.5"):
        RayOptions(n_gpus=1.5)


@pytest.mark.parametrize(
    ("address", "fault"),
    [("127.0.0.1:1", "[Rr]efused"), ("ray://head:10001", "give host:port"), ("head", "give host:port")],
)
def test_a_cluster_that_is_not_there_is_named(address, fault):
    pytest.importorskip("ray", reason="the extra nas-asc[ray] is absent")
    with pytest.raises(StudyError, match=rf"`address` must be that.*'{address}' cannot be joined: .*{fault}"):
        RayActors(len, n_workers=1, options=RayOptions(address))


def test_without_the_extra_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(StudyError, match=r"needs Ray. Install it: pip install 'nas-asc\[ray\]'"):
        RayActors(len, n_workers=1)


class HeldWorker(Worker):
    """Trains no second epoch before a file is there that names a node, and never on that node."""

    def __init__(self, prepared, gate):
        super().__init__(prepared, layer_types=space.layer_types, precision=torch.float32)
        self._gate = gate

    def attempt(self, job, *, limit, on_epoch):
        import ray

        node = ray.get_runtime_context().get_node_id()

        def tell_and_wait(row, n_epochs):
            on_epoch(row, n_epochs)
            while not self._gate.exists() or self._gate.read_text() == node:  # a process may outlive its node
                time.sleep(0.01)

        return super().attempt(job, limit=limit, on_epoch=tell_and_wait)


def build_held_worker(cache_dir, gate, on_features):
    return HeldWorker(build_worker(cache_dir, on_features).prepared, gate)


class Murderer(SilentListener):
    """Ends a node when two proposals are in training, so one of them on it, and lets the other one go on."""

    def __init__(self, nodes, node, gate):
        self._nodes, self._node, self._gate = nodes, node, gate
        self.begun, self.ends, self.notes = set(), [], []

    def on_epoch(self, number, row, n_epochs):
        self.begun.add(number)
        if len(self.begun) == 2 and not self._gate.exists():
            self._nodes.remove_node(self._node, allow_graceful=False)
            named = self._gate.with_suffix(".new")
            named.write_text(self._node.node_id)
            named.rename(self._gate)

    def on_trial_end(self, record, front):
        self.ends.append(record.ask)

    def on_note(self, text):
        self.notes.append(text)


@pytest.fixture
def cluster():
    """Two nodes with one CPU each."""
    pytest.importorskip("ray", reason="the extra nas-asc[ray] is absent")
    from ray.cluster_utils import Cluster

    small = {"num_cpus": 1, "object_store_memory": 80_000_000}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")  # or Ray would write a token into the home folder
        patch.setenv("PYTHONPATH", os.getcwd(), prepend=os.pathsep)  # for what actors make
        found = Cluster(initialize_head=True, head_node_args={**small, "include_dashboard": False})
        yield found, found.add_node(**small)
        found.shutdown()


@pytest.mark.slow
def test_a_search_on_two_nodes_one_of_which_is_killed_loses_and_doubles_nothing(tmp_path, cluster):
    nodes, second = cluster
    torch.set_num_threads(1)
    prepared = prepare(tmp_path / "cache")
    gate = tmp_path / "gate"
    heard = Murderer(nodes, second, gate)
    build, options = partial(build_held_worker, tmp_path / "cache", gate), RayOptions(address=nodes.address)
    config = ask(prepared, sampler="random", n_workers=2, executor="ray")
    with closing(RayActors(build, n_workers=2, options=options)) as executor:
        more = {"folder": tmp_path / "study", "listener": heard, "refit": False, "executor": executor}
        result = run(config, space, prepared, n_trials=N_TRIALS, **more)
    assert any("it is trained once more" in note for note in heard.notes), heard.notes
    assert result.stopped_by == "trials"
    records = load_records(tmp_path / "study")
    assert [record.number for record in records] == list(range(N_TRIALS))
    assert len({record.key for record in records}) == N_TRIALS
    assert sorted(heard.ends) == sorted(record.ask for record in records) == list(range(N_TRIALS))
    assert not [record.reason for record in records if record.reason and "died" in record.reason]
    assert load_pending(tmp_path / "study") == []
