"""Candidates that a target cannot run as integers, and what it is in them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nas_asc.cost import Cost
from nas_asc.frontend import Task
from nas_asc.space import Candidate, Space
from nas_asc.survey.fit import candidate_obstacles

Costed = tuple[Candidate, Cost]


@dataclass(frozen=True)
class LeftOut:
    """How many of the candidates that can be built a target cannot run as integers, and why.

    Args:
        target: Of `nas_asc.cost.TARGETS`.
        n: Their number.
        reasons: By obstacle, how many have it; the commonest first.
        causes: By obstacle, the axis value that goes with it most closely, such as "activation='gelu'"; obstacles
            that are in every candidate are absent.
    """

    target: str
    n: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    causes: Mapping[str, str] = field(default_factory=dict)

    def describe(self, n_drawn: int) -> str:
        """One line: the share left out, and the obstacles with the shares that have them.

        Args:
            n_drawn: Of how many candidates.
        """
        share = f"{100 * self.n / n_drawn:.0f} % of draws"
        reasons = ", ".join(f"{obstacle} {100 * n / n_drawn:.0f} %" for obstacle, n in self.reasons.items())
        return f"left out for {self.target}: {share}" + (f": {reasons}" if reasons else "")

    def blame(self, candidates: Sequence[Candidate]) -> str:
        """Why nothing is left, in one line.

        Args:
            candidates: All that were left out.
        """
        parts = [
            f"{obstacle} comes with {self.causes[obstacle]}"
            if obstacle in self.causes
            else f"{obstacle} is in every network of the space"
            for obstacle in self.reasons
        ]
        return (
            f"none of {len(candidates):,} drawn candidates runs as integers on {self.target}: {'; '.join(parts)}."
            " Add other values to these axes, or give --target any."
        )


def leave_out(space: Space, task: Task, costed: Sequence[Costed], *, target: str) -> tuple[LeftOut, list[Costed]]:
    """What a target leaves out of some candidates, and those that it keeps.

    Args:
        space: Where they come from.
        task: What they are built for.
        costed: Candidates that can be built.
        target: Of `nas_asc.cost.TARGETS`.
    """
    if target == "any":
        return LeftOut(target, 0), list(costed)
    obstacles = [candidate_obstacles(space, candidate, task, target) for candidate, _ in costed]
    kept = [pair for pair, found in zip(costed, obstacles, strict=True) if not found]
    reasons = dict(Counter(each for found in obstacles for each in found).most_common())
    values = [candidate.values for candidate, _ in costed]
    causes = {each: _find_cause(values, [each in found for found in obstacles]) for each in reasons}
    known = {each: cause for each, cause in causes.items() if cause is not None}
    return LeftOut(target, len(costed) - len(kept), reasons, known), kept


def _find_cause(values: Sequence[Mapping[str, object]], has_it: Sequence[bool]) -> str | None:
    """The axis value whose candidates have an obstacle most more often than all others do; None where all have it."""
    n, n_with = len(values), sum(has_it)
    if n_with == n:
        return None
    of_value: Counter[tuple[str, str]] = Counter()
    with_it: Counter[tuple[str, str]] = Counter()
    for each, has in zip(values, has_it, strict=True):
        pairs = [(name, repr(value)) for name, value in each.items()]
        of_value.update(pairs)
        with_it.update(pairs if has else ())

    def contrast(pair: tuple[str, str]) -> float:
        others = n - of_value[pair]
        return with_it[pair] / of_value[pair] - ((n_with - with_it[pair]) / others if others else 1.0)

    best = max(with_it, key=contrast)
    return f"{best[0]}={best[1]}"
