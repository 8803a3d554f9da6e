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
import re
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from nas_asc.clock import NO_LIMIT, TimeLimit
from nas_asc.errors import StudyError
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
from nas_asc.search.ray_share import RayOptions, Room, Share, share_out
from nas_asc.search.ray_trainer import Trainer
from nas_asc.training import EpochRow, count_cores

_OBJECT_STORE_BYTES = 200_000_000  # a network's weights are a few; the recordings' names may be tens
_TICK_S = 5.0  # between two looks at whose time is over
_PATIENCE_TICKS = 12  # without a worker, until it is told
_KNOCK_S = 10.0


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
        kind = self._ray.remote(Trainer).options(
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
            raise StudyError(f"workers cannot start on Ray: the last one ended {reason}. See nas-asc guide machines.")
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


def _import_ray() -> Any:
    try:
        import ray
    except ImportError:
        raise StudyError("`executor=\"ray\"` needs Ray. Install it: pip install 'nas-asc[ray]'.") from None
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
        fault = f"`address` must be that of a running Ray cluster, but {where!r} cannot be joined"
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
