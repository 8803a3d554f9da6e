"""Workers on a Ray cluster: one actor each, with its share of a node's cores and GPUs.

Conventions:
    The searching process is no actor: it proposes, records, and hears from the actors alone. An actor makes its own
    worker, reads the recordings at the same path as the searching process, and keeps features in its node's cache. It
    begins where a node has room; until then others take what waits. Ray counts cores and GPUs but does not enforce
    them. Ray is an extra, so it is imported where it is needed.
"""

import logging
import os
import pickle
import queue
import re
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch

from nas_asc.clock import NO_LIMIT, TimeLimit
from nas_asc.errors import NasAscError, StudyError
from nas_asc.evaluation import Job, Result
from nas_asc.search.executor import (
    MOST_LOST,
    MOST_STILLBORN,
    BuildWorker,
    Done,
    Event,
    Late,
    Lost,
    OnFeatures,
    OnJobEpoch,
    fail_lost,
    ignore_job_epoch,
)
from nas_asc.training import DeadlineError, EpochRow, count_cores, prepare_process

_OBJECT_STORE_BYTES = 200_000_000  # a network's weights are a few; the recordings' names may be tens
_TICK_S = 5.0  # between two looks at whose time is over
_PATIENCE_TICKS = 12  # without a worker, until it is told
_KNOCK_S = 10.0
_GRAIN = 1e-4  # of what Ray counts


@dataclass(frozen=True)
class RayOptions:
    """Which cluster, and what a worker has of it.

    Args:
        address: Of a running cluster, or "auto" for the one that this machine is of. None is the one that the variable
            RAY_ADDRESS names; without it a small one begins on this machine, and ends with the search.
        n_cpus: CPUs of a worker, such as 0.5; None is the largest share with which all workers find room.
        n_gpus: GPUs of a worker, such as 0.25; None as for CPUs, where the cluster has GPUs, at most one.
    """

    address: str | None = None
    n_cpus: float | None = None
    n_gpus: float | None = None

    def __post_init__(self) -> None:
        if self.n_cpus is not None and self.n_cpus <= 0:
            raise StudyError(f"`--ray-cpus` must be above 0, but got {self.n_cpus:g}.")
        if self.n_gpus is not None and (self.n_gpus < 0 or (self.n_gpus > 1 and self.n_gpus % 1)):
            raise StudyError(f"`--ray-gpus` must be from 0 to 1, or whole, but got {self.n_gpus:g}.")


class RayActors:
    """An executor whose workers are actors of a Ray cluster.

    Args:
        build: What each actor calls to make its worker; pickled, so a function of a module, or a partial of one.
        n_workers: Actors.
        options: Which cluster, and what an actor has of it.
        layer_types: Layer classes of the space's own, to read the networks that come back.
        on_features: Told how the computing of features goes, clips done and clips in all.
        on_note: Told in a line where the cluster has no room.

    Raises:
        StudyError: Ray is not installed, there is no such cluster, or no node has room for a worker.
    """

    def __init__(
        self,
        build: BuildWorker,
        *,
        n_workers: int,
        options: RayOptions | None = None,
        layer_types: tuple[type, ...] = (),
        on_features: OnFeatures | None = None,
        on_note: Callable[[str], None] | None = None,
    ) -> None:
        self._ray, options = _import_ray(), options or RayOptions()
        self._layer_types = layer_types
        self._on_features = on_features
        self._on_note = on_note or (lambda text: None)
        self._waiting: deque[_Order] = deque()
        self._is_ours = not self._ray.is_initialized()
        if self._is_ours:
            _join(self._ray, options.address)
        try:
            self._share = self._measure(options, n_workers)
            self._build = self._ray.put(build)  # once for all actors
            self._slots = [_Slot(*self._start()) for _ in range(n_workers)]
        except BaseException:
            self._leave()
            raise

    @property
    def n_slots(self) -> int:
        """Actors, those that wait for room included."""
        return len(self._slots)

    def submit(self, job: Job[Any], *, limit: TimeLimit = NO_LIMIT) -> None:
        """Give a job to an actor without one; it waits until one is there."""
        self._waiting.append(_Order(job, limit))

    def next_event(self, on_epoch: OnJobEpoch = ignore_job_epoch) -> Event:
        """What comes next of any job; epochs and features are told while it is waited for."""
        n_ticks = 0
        while True:
            self._hand_out()
            late = next((order for order in self._waiting if order.limit.is_over), None)
            if late is not None:
                self._waiting.remove(late)
                return Late(late.job)
            heard = {slot.stream: slot for slot in self._slots if slot.stream is not None}
            streams, _ = self._ray.wait(list(heard), timeout=_TICK_S)
            for stream in streams:
                event = self._hear(heard[stream], on_epoch)
                if event is not None:
                    return event
            n_ticks += not streams
            if n_ticks == _PATIENCE_TICKS and not any(slot.is_ready for slot in self._slots):
                self._on_note(f"no worker has begun: {self._describe_room()}")

    def close(self) -> None:
        """End all actors, whatever they do, and the cluster where it began with them."""
        with suppress(self._ray.exceptions.RayError):  # where the cluster is gone, so are they
            for slot in self._slots:
                self._ray.kill(slot.actor)
        self._leave()

    def _leave(self) -> None:
        if self._is_ours:
            self._ray.shutdown()

    def _measure(self, options: RayOptions, n_workers: int) -> "Share":
        """What an actor has; told where not all find room now."""
        nodes = [Room(each.get("CPU", 0.0), each.get("GPU", 0.0)) for each in self._list_nodes()]
        share = share_out(nodes, n_workers, options)
        n_now = sum(share.count(node) for node in nodes)
        if n_now < n_workers:
            text = f"for {n_now} of {n_workers} workers of {share}; the others begin when there is"
            self._on_note(f"the Ray cluster has room {text}")
        return share

    def _list_nodes(self) -> list[dict[str, float]]:
        return [node["Resources"] for node in self._ray.nodes() if node["Alive"]]

    def _describe_room(self) -> str:
        free = self._ray.available_resources()
        has = f"{free.get('CPU', 0.0):g} CPUs and {free.get('GPU', 0.0):g} GPUs"
        return f"one takes {self._share}, and the Ray cluster has {has} free"

    def _start(self) -> tuple[Any, Any]:
        """A new actor, and what it will say of its beginning."""
        kind = self._ray.remote(_Trainer).options(
            num_cpus=self._share.n_cpus, num_gpus=self._share.n_gpus, scheduling_strategy="SPREAD", max_restarts=0
        )
        actor = kind.remote(self._build, os.getcwd(), self._share.n_threads, self._share.n_gpus > 0)
        return actor, actor.begin.options(num_returns="streaming").remote()

    def _hand_out(self) -> None:
        for slot in self._slots:
            if self._waiting and slot.is_ready and slot.order is None:
                slot.give(self._waiting.popleft())

    def _hear(self, slot: "_Slot", on_epoch: OnJobEpoch) -> Event | None:
        try:
            kind, value = self._ray.get(next(slot.stream))
        except (self._ray.exceptions.RayError, StopIteration) as error:
            return self._lose(slot, _reason(error))
        if kind == "ready":
            slot.is_ready, slot.n_stillborn, slot.stream = True, 0, None
        elif kind == "begun":
            slot.has_begun = True
        elif kind == "features" and self._on_features is not None:
            self._on_features(*value)
        elif kind == "epoch" and slot.order is not None:
            on_epoch(slot.order.job, EpochRow(**value[0]), value[1])
        elif kind == "fault":
            raise value
        elif kind == "late":
            return Late(slot.take().job)
        elif kind == "done":
            return Done(slot.take().job, Result.from_dict(pickle.loads(value), self._layer_types))
        return None

    def _lose(self, slot: "_Slot", reason: str) -> Event | None:
        """Replace an actor; its job goes to whoever is free next. One that it had not begun is no loss."""
        slot.n_stillborn += not slot.is_ready
        if slot.n_stillborn == MOST_STILLBORN:
            raise StudyError(f"workers cannot start on Ray: the last one ended {reason}. See nas-asc guide searching.")
        order, had_begun = slot.order, slot.has_begun
        self._ray.kill(slot.actor)  # it may only be out of reach
        slot.restart(*self._start())
        if order is None:
            return None
        order.n_lost += had_begun
        if order.n_lost == MOST_LOST:
            return fail_lost(order.job, reason)
        self._waiting.appendleft(order)
        return Lost(order.job, reason) if had_begun else None


@dataclass(frozen=True)
class Room:
    """CPUs and GPUs of a node."""

    n_cpus: float
    n_gpus: float


@dataclass(frozen=True)
class Share:
    """CPUs and GPUs of an actor."""

    n_cpus: float
    n_gpus: float

    def __str__(self) -> str:
        gpus = f" and {self.n_gpus:g} GPUs" if self.n_gpus else ""
        return f"{self.n_cpus:g} CPUs{gpus}"

    @property
    def n_threads(self) -> int:
        """Of its computations."""
        return max(1, int(self.n_cpus))

    def count(self, node: Room) -> int:
        """Actors that find room on a node; a GPU is shared, two are not mixed."""
        found = _n_times(node.n_cpus, self.n_cpus)
        if not self.n_gpus:
            return found
        whole = self.n_gpus >= 1
        of_gpus = _n_times(node.n_gpus, self.n_gpus) if whole else int(node.n_gpus) * _n_times(1.0, self.n_gpus)
        return min(found, of_gpus)


def share_out(nodes: Sequence[Room], n_workers: int, options: RayOptions) -> Share:
    """What each of so many workers has: what is asked, or else the largest share with which all find room.

    Args:
        nodes: Of the cluster.
        n_workers: Workers.
        options: What is asked.

    Raises:
        StudyError: No node has room for one.
    """
    n_gpus = options.n_gpus
    if n_gpus is None:
        n_gpus = _largest_share([1.0] * int(sum(node.n_gpus for node in nodes)), n_workers)
    fitting = [node.n_cpus for node in nodes if node.n_gpus >= n_gpus]
    n_cpus = _largest_share(fitting, n_workers) if options.n_cpus is None else options.n_cpus
    share = Share(n_cpus, n_gpus)
    if not n_cpus or not any(share.count(node) for node in nodes):
        has = ", ".join(f"{node.n_cpus:g} CPUs and {node.n_gpus:g} GPUs" for node in nodes) or "none"
        raise StudyError(f"no node of the Ray cluster has room for a worker of {share}: it has nodes of {has}.")
    return share


def _largest_share(amounts: Sequence[float], n: int) -> float:
    """Most of which n can be cut from amounts, none from two; 0 where there is nothing."""
    shares = {amount / k for amount in amounts for k in range(1, n + 1)}
    fitting = (share for share in shares if share and sum(_n_times(amount, share) for amount in amounts) >= n)
    return int(max(fitting, default=0.0) / _GRAIN) * _GRAIN


def _n_times(amount: float, share: float) -> int:
    return int(amount / share + 1e-6)


@dataclass(eq=False)
class _Order:
    """A job, and how many actors died over it."""

    job: Job[Any]
    limit: TimeLimit
    n_lost: int = 0


@dataclass(eq=False)
class _Slot:
    """One place for an actor, with the job that it has, and the stream of what it says."""

    actor: Any
    stream: Any
    is_ready: bool = False
    order: _Order | None = None
    has_begun: bool = False
    n_stillborn: int = 0

    def give(self, order: _Order) -> None:
        """Let the actor train."""
        left_s = None if order.limit.end is None else order.limit.left_s
        self.order, self.has_begun = order, False
        self.stream = self.actor.train.options(num_returns="streaming").remote(order.job.to_dict(), left_s)

    def take(self) -> _Order:
        """The order, which the slot then has no more."""
        order, self.order, self.stream = self.order, None, None
        assert order is not None
        return order

    def restart(self, actor: Any, stream: Any) -> None:
        """Have another actor instead."""
        self.actor, self.stream, self.is_ready, self.order = actor, stream, False, None


class _Trainer:
    """What an actor is: a worker that says what happens, and trains on a thread of its own meanwhile."""

    def __init__(self, build: BuildWorker, folder: str, n_threads: int, has_gpu: bool) -> None:
        with suppress(OSError):  # relative paths are the searching process's
            os.chdir(folder)
        if not has_gpu:
            os.environ["CUDA_VISIBLE_DEVICES"] = ""  # Ray leaves all GPUs to who asked for none
        prepare_process()
        torch.set_num_threads(min(n_threads, torch.get_num_threads()))
        self._build = build
        self._said: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()

    def begin(self) -> Iterator[tuple[str, Any]]:
        """Make the worker."""
        try:
            self._worker = self._build(lambda done, total: self._say("features", (done, total)))
        except NasAscError as error:
            yield "fault", _with_node(error)
        else:
            yield "ready", None

    def train(self, values: dict[str, Any], left_s: float | None) -> Iterator[tuple[str, Any]]:
        """Train a job; the last word is what became of it."""
        yield "begun", None
        thread = threading.Thread(
            target=self._train, args=(Job.from_dict(values), TimeLimit.after(left_s)), daemon=True
        )
        thread.start()
        kind = ""
        while kind not in ("done", "late", "fault", "error"):
            kind, value = self._said.get()
            if kind == "error":
                raise value
            yield kind, value

    def _train(self, job: Job[Any], limit: TimeLimit) -> None:
        try:
            result = self._worker.attempt(job, limit=limit, on_epoch=self._say_epoch)
            self._say("done", pickle.dumps(result.to_dict()))  # arrays would be Ray's, to be read alone
        except DeadlineError:
            self._say("late")
        except NasAscError as error:
            self._say("fault", _with_node(error))
        except BaseException as error:
            self._say("error", error)

    def _say(self, kind: str, value: Any = None) -> None:
        self._said.put((kind, value))

    def _say_epoch(self, row: EpochRow, n_epochs: int) -> None:
        self._say("epoch", (vars(row), n_epochs))


def _with_node(error: NasAscError) -> NasAscError:
    return type(error)(f"{error} (on the Ray node {_import_ray().util.get_node_ip_address()})")


def _import_ray() -> Any:
    try:
        import ray
    except ImportError:
        raise StudyError("`--executor ray` needs Ray. Install it: pip install 'nas-asc[ray]'.") from None
    return ray


def _join(ray: Any, address: str | None) -> None:
    """Join a cluster, or begin a small one."""
    where = address or os.environ.get("RAY_ADDRESS") or "local"
    small: dict[str, Any] = {}
    if where == "local":
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        small = {"num_cpus": count_cores(), "include_dashboard": False, "object_store_memory": _OBJECT_STORE_BYTES}
    try:
        _knock(where)
        ray.init(where, log_to_driver=False, logging_level=logging.ERROR, **small)
    except Exception as error:  # Ray's are of many kinds, bare ones too
        reason = " ".join(str(error).split())
        fault = f"`--ray-address` must be that of a running Ray cluster, but {where!r} cannot be joined"
        raise StudyError(f"{'Ray cannot begin on this machine' if where == 'local' else fault}: {reason}") from None


def _knock(address: str) -> None:
    """Check that somebody is there: Ray itself would try for minutes.

    Raises:
        OSError: Nobody is.
        ValueError: It is an address of another kind.
    """
    if address in ("local", "auto"):
        return
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal():
        raise ValueError("give host:port, such as 10.0.0.5:6379")
    socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_S).close()


def _reason(error: Exception) -> str:
    """How an actor ended, to follow "ended"."""
    name, lines = type(error).__name__, [line.strip() for line in str(error).splitlines() if line.strip()]
    if name == "OutOfMemoryError":
        return "because its node was short of memory"
    if name == "ActorUnavailableError":
        return "because its node cannot be reached"
    found = re.search(r"because (its [^.]+)\.", str(error))
    return f"because {found[1]}" if found else f"by {lines[-1] if lines else name}"
