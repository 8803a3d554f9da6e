"""What candidates of a space take, and how many of them fit a budget."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from nas_asc.budget import Budget, Excess
from nas_asc.cost import FORECAST_CORES, Cost, forecast_parts
from nas_asc.errors import NothingFitsError
from nas_asc.frontend import MICROCONTROLLERS, Task
from nas_asc.space import Candidate, Space
from nas_asc.survey.fit import Obstacles, Refuse, count_candidate, count_on_target
from nas_asc.survey.left_out import Costed, LeftOut, leave_out

N_DRAWS = 10_000
_N_FRONT_ENDS = 1_000  # candidates whose front ends are counted
_N_FORECAST = 60  # candidates whose instructions are forecast
_PATIENCE = 120  # mutations in a row that better nothing, then a minimum is taken for one


@dataclass(frozen=True)
class ResourceRow:
    """One resource over the candidates that can be built.

    Args:
        resource: Name of one of the budget's resources.
        minimum: Least that was found, first by drawing, then by changing one axis after another.
        median: Half of the drawn candidates that can be built take no more.
        maximum: Most that was drawn.
        limit: The limit of the budget; None where it has none.
        share: Share of all drawn candidates that can be built and keep this limit; None without one.
        smallest: Axis values of the candidate that takes least.
    """

    resource: str
    minimum: int
    median: int
    maximum: int
    limit: int | None
    share: float | None
    smallest: Mapping[str, Any]

    @property
    def is_reachable(self) -> bool:
        """Whether some candidate keeps the limit."""
        return self.limit is None or self.minimum <= self.limit


@dataclass(frozen=True)
class Nearest:
    """The candidate that comes nearest to a budget.

    Args:
        values: Value of every active axis.
        used: What it takes of every limited resource.
        ratio: Its worst use over limit; at most 1 where it fits.
        over: The limits that it breaks.
    """

    values: Mapping[str, Any]
    used: Mapping[str, int]
    ratio: float
    over: tuple[Excess, ...] = ()


Span = tuple[int, int, int]  # least, median and most


@dataclass(frozen=True)
class FrontEnds:
    """What the front ends of drawn candidates take on a microcontroller beside their networks; see `FrontEndCost`.

    Args:
        ram_bytes: RAM of a stream.
        frame_operations: Of one frame.
        clip_operations: Of one clip.
        network_operations: Of the networks: of one clip, and of each decision of a stream.
        share_heavier: Share of the candidates whose front end takes more operations than their network.
        instructions: By core, the instructions of a clip's features ("clip"), of a frame ("frame") and of the network
            ("network") that are forecast of exported C; empty where the target is no microcontroller, or the C runs
            none of the candidates.
    """

    ram_bytes: Span
    frame_operations: Span
    clip_operations: Span
    network_operations: Span
    share_heavier: float
    instructions: Mapping[str, Mapping[str, Span]]


@dataclass(frozen=True)
class Survey:
    """What was found in a space under a budget.

    Args:
        n_drawn: Candidates drawn at random.
        n_unbuildable: Those whose layers cannot take their input.
        left_out: The candidates that the target cannot run as integers, for whose features there is no room,
            or that cannot pay, how many and why; they stand in no other number.
        share_fits: Share of all drawn candidates that can be built and fit the whole budget.
        rows: One a resource.
        nearest: The candidate with the smallest worst use over limit.
        macs: (m,) MACs of the drawn candidates that fit, ascending.
        front_end: What the front ends of drawn candidates take on a microcontroller.
    """

    n_drawn: int
    n_unbuildable: int
    left_out: LeftOut
    share_fits: float
    rows: tuple[ResourceRow, ...]
    nearest: Nearest
    macs: tuple[int, ...]
    front_end: FrontEnds

    @property
    def fits_any(self) -> bool:
        """Whether some candidate fits the whole budget."""
        return self.nearest.ratio <= 1

    def validate(self) -> None:
        """Check that some candidate fits.

        Raises:
            NothingFitsError: None was found; names the nearest and by how much it is over.
        """
        if self.fits_any:
            return
        over = ", ".join(f"{excess.resource} {excess.used:,} of {excess.limit:,}" for excess in self.nearest.over)
        values = ", ".join(f"{name}={value}" for name, value in self.nearest.values.items())
        beside = f" {self.left_out.describe(self.n_drawn).capitalize()}." if self.left_out.n else ""
        raise NothingFitsError(
            f"no candidate of {self.n_drawn:,} drawn fits. The nearest takes {over}: {values}. Loosen the budget."
            + beside
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        values = asdict(self)
        del values["macs"]
        return values | {"fits_any": self.fits_any}


def survey_space(
    space: Space,
    task: Task,
    budget: Budget,
    *,
    target: str = "any",
    n_draws: int = N_DRAWS,
    seed: int = 0,
    refuse: Refuse | None = None,
) -> Survey:
    """What random candidates, guesses and systems of a space take, and how many fit.

    Minima are sought further down by changing one axis after another; so is the nearest candidate where none that was
    drawn fits.

    Args:
        space: Where to draw.
        task: What candidates are built for.
        budget: What they should fit.
        target: Runtime whose integers must suffice.
        n_draws: Number of random candidates.
        seed: The seed of the draws.
        refuse: Tells of a front end why its features cannot be kept; None where they can.

    Raises:
        NothingFitsError: No candidate can be built at all, or something stands against each; names the axis values
            to blame.
    """
    task = replace(task, target=target)
    rng = np.random.default_rng(seed)
    drawn = space.draw_many(rng, n_draws)
    costs = [(candidate, count_candidate(space, candidate, task)) for candidate in drawn]
    built = [(candidate, cost) for candidate, cost in costs if cost is not None]
    if not built:
        raise NothingFitsError(
            f"none of {n_draws:,} candidates of space {space.name!r} can be built for clips of {task.clip_s:g} s:"
            " every one has a layer that cannot take its input. Use another space or longer clips."
        )
    obstacles = Obstacles(space, task, budget, target=target, refuse=refuse)
    left_out, kept = leave_out(built, obstacles)
    if not kept:
        raise NothingFitsError(left_out.blame([candidate for candidate, _ in built]))
    seek = _Seeker(space, task, budget=budget, obstacles=obstacles, rng=rng)
    known = [(candidate, seek.on_target(candidate, cost)) for candidate, cost in kept]
    used = [budget.used(cost) for _, cost in known]
    fitting = sorted(cost.macs for _, cost in known if budget.fits(cost))
    given = [*space.guesses, *(system.candidate for system in space.systems.values())]
    starts = known + [(each, cost) for each in given if (cost := seek.cost(each)) is not None]
    return Survey(
        n_drawn=n_draws,
        n_unbuildable=n_draws - len(built),
        left_out=left_out,
        share_fits=len(fitting) / n_draws,
        rows=tuple(_row(resource, used, starts, seek, n_drawn=n_draws) for resource in used[0]),
        nearest=seek.nearest(starts),
        macs=tuple(fitting),
        front_end=_count_front_ends(space, known, task),
    )


def _count_front_ends(space: Space, known: Sequence[Costed], task: Task) -> FrontEnds:
    some = known[:_N_FRONT_ENDS]
    costs = [space.log_mel(candidate, task).count(task.clip_s) for candidate, _ in some]
    return FrontEnds(
        ram_bytes=_span([cost.ram_bytes for cost in costs]),
        frame_operations=_span([cost.frame_operations for cost in costs]),
        clip_operations=_span([cost.clip_operations for cost in costs]),
        network_operations=_span([2 * cost.macs for _, cost in some]),
        share_heavier=sum(cost.outweighs(of.macs) for cost, (_, of) in zip(costs, some, strict=True)) / len(some),
        instructions=_forecast(space, known[:_N_FORECAST], task) if task.target in MICROCONTROLLERS else {},
    )


def _forecast(space: Space, known: Sequence[Costed], task: Task) -> dict[str, dict[str, Span]]:
    """Instructions of exported C, by core and part, of the candidates that it runs."""
    found: dict[str, dict[str, list[int]]] = {core: {} for core in FORECAST_CORES}
    for candidate, _ in known:
        taken = forecast_parts(space.architecture(candidate, task), space.log_mel(candidate, task), task.clip_s)
        for core, parts in taken.items():
            for part, number in parts.items():
                found[core].setdefault(part, []).append(number)
    return {core: {part: _span(numbers) for part, numbers in parts.items()} for core, parts in found.items() if parts}


def _span(values: Sequence[int]) -> Span:
    return min(values), int(np.median(values)), max(values)


class _Seeker:
    """Looks for the candidate that takes least, one change of an axis after another."""

    def __init__(
        self, space: Space, task: Task, *, budget: Budget, obstacles: Obstacles, rng: np.random.Generator
    ) -> None:
        self.space, self.task, self.budget, self.obstacles, self.rng = space, task, budget, obstacles, rng

    def cost(self, candidate: Candidate) -> Cost | None:
        """What a candidate takes; None where it cannot be built or something stands against it."""
        cost = self.cost_beside_ram(candidate)
        return None if cost is None else self.on_target(candidate, cost)

    def cost_beside_ram(self, candidate: Candidate) -> Cost | None:
        """As `cost`, but for its RAM on a target."""
        cost = count_candidate(self.space, candidate, self.task)
        return None if cost is None or self.obstacles(candidate) else cost

    def on_target(self, candidate: Candidate, cost: Cost) -> Cost:
        """The cost of a candidate that runs, with its RAM where the budget counts that on a target."""
        return count_on_target(self.space, candidate, self.task, cost, self.budget.ram_target)

    def ratio(self, cost: Cost) -> float:
        """Worst use over limit; 0 without limits."""
        used = self.budget.used(cost)
        ratios = [used[resource] / limit for resource, limit in self.budget.limits.items()]
        return max([*ratios, *(excess.ratio for excess in self.budget.check(cost))], default=0.0)

    def nearest(self, starts: Sequence[Costed]) -> Nearest:
        """The candidate with the smallest worst use over limit."""
        candidate, cost = self.descend(starts, self.ratio, self.cost, enough=1.0)
        used = {resource: self.budget.used(cost)[resource] for resource in self.budget.limits}
        return Nearest(dict(candidate.values), used, self.ratio(cost), self.budget.check(cost))

    def smallest(self, starts: Sequence[Costed], resource: str) -> Costed:
        """The candidate that takes least of a resource."""
        count = self.cost if resource == "ram" else self.cost_beside_ram
        return self.descend(starts, lambda cost: self.budget.used(cost)[resource], count)

    def descend(
        self,
        starts: Sequence[Costed],
        value: Callable[[Cost], float],
        count: Callable[[Candidate], Cost | None],
        *,
        enough: float = 0.0,
    ) -> Costed:
        """The best of some candidates, bettered by mutations until `enough` or until they better nothing."""
        best, cost = min(starts, key=lambda pair: value(pair[1]))
        n_vain = 0
        while n_vain < _PATIENCE and value(cost) > enough:
            candidate = self.space.mutate(best, self.rng)
            changed = count(candidate)
            n_vain += 1
            if changed is not None and value(changed) <= value(cost):
                n_vain = n_vain if value(changed) == value(cost) else 0
                best, cost = candidate, changed
        return best, cost


def _row(
    resource: str, used: Sequence[Mapping[str, int]], starts: Sequence[Costed], seek: _Seeker, *, n_drawn: int
) -> ResourceRow:
    values = np.array([each[resource] for each in used])
    limit = seek.budget.limits.get(resource)
    smallest, cost = seek.smallest(starts, resource)
    return ResourceRow(
        resource=resource,
        minimum=seek.budget.used(cost)[resource],
        median=int(np.median(values)),
        maximum=int(values.max()),
        limit=limit,
        share=None if limit is None else float((values <= limit).sum()) / n_drawn,
        smallest=dict(smallest.values),
    )
