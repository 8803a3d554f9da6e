"""What a worker has of a Ray cluster: its share of a node's CPUs and GPUs."""

from collections.abc import Sequence
from dataclasses import dataclass

from nas_asc.errors import StudyError

_GRAIN = 1e-4  # of what Ray counts


@dataclass(frozen=True)
class RayOptions:
    """Which cluster, and what a worker has of it.

    Args:
        address: The address of a running cluster, or "auto" for the one that this machine is of. None is the one
            that the variable RAY_ADDRESS names; without it a small one begins on this machine, and ends with the
            search.
        n_cpus: CPUs of a worker, such as 0.5; None is the largest share with which all workers find room.
        n_gpus: GPUs of a worker, such as 0.25; None as for CPUs, where the cluster has GPUs, at most one.
    """

    address: str | None = None
    n_cpus: float | None = None
    n_gpus: float | None = None

    def __post_init__(self) -> None:
        if self.n_cpus is not None and self.n_cpus <= 0:
            raise StudyError(f"`n_cpus` must be above 0, but got {self.n_cpus:g}.")
        if self.n_gpus is not None and (self.n_gpus < 0 or (self.n_gpus > 1 and self.n_gpus % 1)):
            raise StudyError(f"`n_gpus` must be from 0 to 1, or whole, but got {self.n_gpus:g}.")


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
        nodes: The nodes of the cluster.
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
