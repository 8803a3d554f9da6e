"""What an actor of a Ray cluster is: a worker that says what happens, and trains on a thread of its own meanwhile."""

import os
import pickle
import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import torch

from nas_asc.clock import TimeLimit
from nas_asc.errors import NasAscError
from nas_asc.evaluation import Job
from nas_asc.search.executor import BuildWorker
from nas_asc.training import DeadlineError, EpochRow, prepare_process


class Trainer:
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
    import ray  # an extra, which is there where this runs

    return type(error)(f"{error} (on the Ray node {ray.util.get_node_ip_address()})")
