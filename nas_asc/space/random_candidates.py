"""Random candidates: drawn, mutated and crossed until the requirements are met, and not for ever."""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from nas_asc.errors import SpaceError
from nas_asc.space.axis import Code
from nas_asc.space.candidate import Candidate
from nas_asc.space.function import Function
from nas_asc.space.place import Place, fault
from nas_asc.space.resolver import Resolver

_BATCH = 16
_PATIENCE = 20_000  # draws in a row that break a requirement: one in 20,000 is no space to search
_TRIES = 64


class RandomCandidates:
    """Draws, mutants and children of one space.

    Args:
        resolver: Makes candidates of codes.
        requirements: By name; it may still grow.
        place: The place of the space, for errors.
    """

    def __init__(self, resolver: Resolver, requirements: Mapping[str, Function], *, place: Place) -> None:
        self._resolver = resolver
        self._requirements = requirements
        self._place = place

    def broken_requirement(self, candidate: Candidate) -> str | None:
        """Name of the first requirement that a candidate breaks; None when it meets all."""
        for name, function in self._requirements.items():
            if not function.is_true(candidate.row):
                return name
        return None

    def draw(self, rng: np.random.Generator, n: int) -> list[Candidate]:
        """`n` independent candidates, uniform over the codes of those that meet the requirements.

        Raises:
            SpaceError: Almost no candidate meets them; names the one that fails most.
        """
        drawn: list[Candidate] = []
        broken: Counter[str] = Counter()
        while len(drawn) < n:
            for candidate in self._draw_any(rng, max(_BATCH, n - len(drawn))):
                name = self.broken_requirement(candidate)
                if name is None:
                    drawn.append(candidate)
                    broken.clear()
                else:
                    broken[name] += 1
            if broken.total() >= _PATIENCE:
                raise self._hopeless(broken)
        return drawn[:n]

    def _draw_any(self, rng: np.random.Generator, n: int) -> list[Candidate]:
        return self._resolver.resolve_columns([axis.draw_codes(rng, n) for axis in self._resolver.axes])

    def mutate(self, candidate: Candidate, rng: np.random.Generator) -> Candidate:
        """A different candidate: one axis changed, half of the time a second one, and so on.

        Raises:
            SpaceError: Almost no candidate meets the requirements.
        """
        for _ in range(_TRIES):
            code = self._awake(candidate, rng)
            active = [index for index in range(len(code)) if index not in candidate.inactive]
            for index in rng.permutation(active)[: rng.geometric(0.5)]:
                code[index] = self._resolver.axes[index].draw_neighbour(code[index], rng)
            mutant = self._resolver.resolve(code)
            if mutant != candidate and self.broken_requirement(mutant) is None:
                return mutant
        return self.draw(rng, 1)[0]

    def cross(self, one: Candidate, other: Candidate, rng: np.random.Generator) -> Candidate:
        """A candidate with each axis from either parent; a mutant of the first where that never fits.

        Raises:
            SpaceError: Almost no candidate meets the requirements.
        """
        first, second = self._awake(one, rng), self._awake(other, rng)
        for _ in range(_TRIES):
            heads = rng.random(len(first)) < 0.5
            child = self._resolver.resolve([a if head else b for a, b, head in zip(first, second, heads, strict=True)])
            if child not in (one, other) and self.broken_requirement(child) is None:
                return child
        return self.mutate(one, rng)

    def _awake(self, candidate: Candidate, rng: np.random.Generator) -> list[Code]:
        """Code whose inactive axes are random, for when they become active."""
        code = list(candidate.code)
        for index in candidate.inactive:
            code[index] = self._resolver.axes[index].draw_codes(rng, 1)[0]
        return code

    def _hopeless(self, broken: Mapping[str, int]) -> SpaceError:
        worst, n_broken = max(broken.items(), key=lambda item: item[1])
        total = sum(broken.values())
        return fault(
            f"no candidate met the requirements in {total:,} draws; {worst!r} failed {n_broken:,} of them",
            "Loosen that requirement, or narrow the axes that it asks for.",
            self._requirements[worst].place,
        )
