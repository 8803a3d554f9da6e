"""Which candidates may be trained: those that can be built, fit the budget, and are new."""

import math
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from math import prod

from nas_asc.budget import Budget
from nas_asc.compression import can_prune
from nas_asc.cost import Cost
from nas_asc.errors import LayerError, SpaceError
from nas_asc.frontend import LogMel, Task
from nas_asc.space import Candidate, Design, Space
from nas_asc.survey import Obstacles, Refuse, count_candidate

_MOST_COSTS = 20_000


@dataclass(frozen=True, eq=False)
class Proposal:
    """A candidate that fits, ready to be trained.

    Args:
        candidate: The point of the space.
        design: What it builds.
        cost: What it takes.
        origin: What proposed it.
    """

    candidate: Candidate
    design: Design
    cost: Cost
    origin: str


class Screen:
    """The gate before training: nothing over the budget passes.

    A candidate on which a function of the space raises does not pass either; `faults` keeps the reason.

    Args:
        space: Where candidates come from.
        task: What they are built for.
        budget: What they must fit.
        target: Runtime whose integers must suffice; see `list_obstacles`.
        min_share: Least share of its limit that a candidate must use of one limited resource or more; None is none.
        on_fault: Told once of every different fault of the space's functions.
        refuse: Tells of a front end why its features cannot be kept; None where they can.
        features_s: Tells how long a front end's features take to compute; 0 where they are there.
    """

    def __init__(
        self,
        space: Space,
        task: Task,
        *,
        budget: Budget,
        target: str = "any",
        min_share: float | None = None,
        on_fault: Callable[[str], None] | None = None,
        refuse: Refuse | None = None,
        features_s: Callable[[LogMel], float] = lambda log_mel: 0.0,
    ) -> None:
        self.space = space
        self.task = task = replace(task, target=target)
        self.budget = budget
        self.target = target
        self.min_share = min_share
        self.features_s = features_s
        self.faults: set[str] = set()
        self._on_fault = on_fault
        self._obstacles = Obstacles(space, task, budget, target=target, refuse=refuse)
        self._costs: dict[Candidate, Cost | None] = {}

    def cost(self, candidate: Candidate) -> Cost | None:
        """What a candidate takes; None where it cannot be built."""
        if candidate not in self._costs:
            if len(self._costs) >= _MOST_COSTS:
                self._costs.clear()
            self._costs[candidate] = self._count(candidate, ram_target=self.budget.ram_target)
        return self._costs[candidate]

    def fits(self, candidate: Candidate, cost: Cost) -> bool:
        """Whether a candidate of this cost keeps every limit, uses enough of one, and nothing stands against it."""
        uses_enough = self.min_share is None or self.share(cost) >= self.min_share
        return uses_enough and self.budget.fits(cost) and not self._obstacles(candidate)

    def cost_if_fits(self, candidate: Candidate) -> Cost | None:
        """What a candidate takes where it fits; else None.

        Where RAM is counted on a target, which takes far longer than all else, the rest is looked at first.
        """
        if self.budget.ram_target is not None and candidate not in self._costs:
            rough = self._count(candidate, ram_target=None)
            if rough is None or any(excess.resource != "ram" for excess in self.budget.check(rough)):
                return None
            if self._least_ram(candidate) > self.budget.limits.get("ram", math.inf) or self._obstacles(candidate):
                return None
        cost = self.cost(candidate)
        return cost if cost is not None and self.fits(candidate, cost) else None

    def _least_ram(self, candidate: Candidate) -> int:
        """Bytes that a candidate takes at least: the buffers of its front end, and a clip of it twice."""
        log_mel = self.space.log_mel(candidate, self.task)
        return log_mel.buffer_bytes + 2 * prod(log_mel.shape(self.task.clip_s))

    def share(self, cost: Cost) -> float:
        """Largest share of a limit that a cost uses; 1 where there are no limits."""
        return self.budget.share(cost)

    def _count(self, candidate: Candidate, *, ram_target: str | None) -> Cost | None:
        try:
            return count_candidate(self.space, candidate, self.task, ram_target=ram_target)
        except SpaceError as error:
            self._note_fault(str(error))
            return None

    def excess(self, candidate: Candidate) -> float:
        """How far a candidate is over the budget: sum of log(used / limit); 0 fits, infinite cannot be built.

        Each thing that stands against it counts one more; see `Obstacles`.
        """
        cost = self.cost(candidate)
        if cost is None:
            return math.inf
        over = sum(math.log(excess.ratio) for excess in self.budget.check(cost))
        return over + self._obstacles.excess(candidate)

    def admit(self, candidate: Candidate, *, origin: str, seen: Collection[str] = ()) -> Proposal | None:
        """Proposal of a candidate that fits and whose design's key is not in `seen`; else None.

        Here alone is looked at whether its pruning can reach the limits for which its cost stands: that takes
        milliseconds, where a cost takes microseconds.
        """
        cost = self.cost(candidate)
        if cost is None or not self.fits(candidate, cost):
            return None
        try:
            design = self.space.build(candidate, self.task)
            if design.key in seen or not can_prune(design.architecture, design.recipe.pruning):
                return None
        except LayerError:
            return None
        except SpaceError as error:
            self._note_fault(str(error))
            return None
        return Proposal(candidate, design, cost, origin)

    def admit_all(
        self, candidates: Iterable[Candidate], *, origin: str, seen: Collection[str] = (), n_most: int
    ) -> list[Proposal]:
        """The first `n_most` proposals of some candidates, each design once."""
        admitted: dict[str, Proposal] = {}
        for candidate in candidates:
            proposal = self.admit(candidate, origin=origin, seen=seen)
            if proposal is not None:
                admitted.setdefault(proposal.design.key, proposal)
                if len(admitted) == n_most:
                    break
        return list(admitted.values())

    def _note_fault(self, fault: str) -> None:
        if fault not in self.faults:
            self.faults.add(fault)
            if self._on_fault is not None:
                self._on_fault(f"left a candidate out: {fault}")
