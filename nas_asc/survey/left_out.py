"""Candidates that are left out: a target cannot run them, a cache not hold them, or a part of them not pay; and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nas_asc.cost import Cost
from nas_asc.space import Candidate
from nas_asc.survey.fit import Obstacles

Costed = tuple[Candidate, Cost]


@dataclass(frozen=True)
class LeftOut:
    """How many of the candidates that can be built are left out, and why.

    Args:
        target: One of `nas_asc.frontend.TARGETS`.
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
            n_drawn: How many candidates were drawn.
        """
        share = f"{100 * self.n / n_drawn:.0f} % of draws"
        reasons = ", ".join(f"{obstacle} {100 * n / n_drawn:.0f} %" for obstacle, n in self.reasons.items())
        target = "" if self.target == "any" else f" for {self.target}"
        return f"left out{target}: {share}" + (f": {reasons}" if reasons else "")

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
        fails, remedy = "can be trained", "Give more `cache_bytes` or another `cache`"
        if self.target != "any":
            fails, remedy = (
                f"runs as integers on {self.target}",
                'Add other values to these axes, or give `target="any"`',
            )
        return f"none of {len(candidates):,} drawn candidates {fails}: {'; '.join(parts)}. {remedy}."


def leave_out(costed: Sequence[Costed], obstacles: Obstacles) -> tuple[LeftOut, list[Costed]]:
    """What is left out of some candidates, and those that are kept.

    Args:
        costed: Candidates that can be built.
        obstacles: Tells what stands against each.
    """
    against = [obstacles(candidate) for candidate, _ in costed]
    kept = [pair for pair, found in zip(costed, against, strict=True) if not found]
    reasons = dict(Counter(each for found in against for each in found).most_common())
    values = [candidate.values for candidate, _ in costed]
    causes = {each: _find_cause(values, [each in found for found in against]) for each in reasons}
    known = {each: cause for each, cause in causes.items() if cause is not None}
    return LeftOut(obstacles.target, len(costed) - len(kept), reasons, known), kept


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
