"""A search space: axes, requirements, and how they become features, a network, a recipe."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from nas_asc.frontend import LogMel, Task
from nas_asc.layers import Architecture, Layer
from nas_asc.recipe import Recipe
from nas_asc.space.candidate import Candidate
from nas_asc.space.declared import DeclaredSpace
from nas_asc.space.description import AxisRow, describe_axis
from nas_asc.space.design import Builder, Design, whole_log_mel
from nas_asc.space.place import fault
from nas_asc.space.system import (
    System,
)


class Space(DeclaredSpace):
    """Axes declared once by keyword; functions ask for them by the names of their arguments.

        space = Space(width=choice(16, 32, 64), depth=integer(1, 4))

        @space.network
        def network(width, depth):
            for _ in range(depth):
                yield Conv(width, kernel_size=3, norm="batch", activation="relu")
            yield Classifier()

        @space.features
        def features():
            return LogMel(sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=64)

    Args:
        name: For errors and listings; the file's stem by default.
        axes: Forms such as `choice(16, 32)` by the names of their axes.

    Raises:
        SpaceError: An axis is no form, has a reserved name, or asks for an axis that is not there.
    """

    # Candidates -----------------------------------------------------------------------------------------------------

    def candidate(self, **values: Any) -> Candidate:
        """Candidate of named values, one for every active axis.

        Raises:
            SpaceError: A name or value is unknown, one is missing, or a requirement is broken.
        """
        return self.candidate_from(values)

    def candidate_from(self, values: Mapping[str, Any]) -> Candidate:
        """Candidate of a mapping, as `Candidate.values` gave it; lists stand for tuples.

        Raises:
            SpaceError: A name or value is unknown, one is missing, or a requirement is broken.
        """
        candidate = self._resolver.candidate(values, what="the candidate")
        self._validate(candidate, what="the candidate", place=None)
        return candidate

    def decode(self, code: Sequence[Any]) -> Candidate:
        """Candidate of one number an axis; it may break requirements (`broken_requirement`).

        Raises:
            SpaceError: The length is wrong, or a number is out of range.
        """
        return self._resolver.decode(code)

    def broken_requirement(self, candidate: Candidate) -> str | None:
        """Name of the first requirement that a candidate breaks; None when it meets all."""
        return self._random.broken_requirement(candidate)

    def draw(self, rng: np.random.Generator) -> Candidate:
        """Random candidate that meets the requirements.

        Raises:
            SpaceError: Almost no candidate meets them.
        """
        return self._random.draw(rng, 1)[0]

    def draw_many(self, rng: np.random.Generator, n: int) -> list[Candidate]:
        """`n` independent random candidates that meet the requirements: the fast way.

        Raises:
            SpaceError: Almost no candidate meets them.
        """
        return self._random.draw(rng, n)

    def mutate(self, candidate: Candidate, rng: np.random.Generator) -> Candidate:
        """Another candidate that differs in one or few axes and meets the requirements.

        Raises:
            SpaceError: Almost no candidate meets them.
        """
        return self._random.mutate(candidate, rng)

    def cross(self, one: Candidate, other: Candidate, rng: np.random.Generator) -> Candidate:
        """Candidate that has each axis from one of two parents and meets the requirements.

        Raises:
            SpaceError: Almost no candidate meets them.
        """
        return self._random.cross(one, other, rng)

    # What candidates build ------------------------------------------------------------------------------------------

    def architecture(self, candidate: Candidate, task: Task) -> Architecture:
        """Network of a candidate, not yet checked for shapes: the fast way to its cost.

        Raises:
            SpaceError: A function of the space raised or gave something else; names its line.
        """
        return self._builder.architecture(candidate, task)

    def log_mel(self, candidate: Candidate, task: Task) -> LogMel:
        """Front end of a candidate.

        Raises:
            SpaceError: The function raised or gave something else; names its line.
        """
        return self._builder.log_mel(candidate, task)

    def training_recipe(self, candidate: Candidate, task: Task) -> Recipe:
        """Recipe of a candidate; the default one where the space declares none.

        Raises:
            SpaceError: The function raised or gave something else; names its line.
        """
        return self._builder.recipe(candidate, task)

    def training_log_mel(self, candidate: Candidate, task: Task) -> LogMel:
        """Front end whose features a candidate's training reads; see `whole_log_mel`.

        Raises:
            SpaceError: A function of the space raised or gave something else; names its line.
        """
        return whole_log_mel(self.log_mel(candidate, task), self.training_recipe(candidate, task))

    def build(self, candidate: Candidate, task: Task) -> Design:
        """Network with its shapes checked, front end and recipe.

        Raises:
            SpaceError: A function of the space raised or gave something else; names its line.
            LayerError: A layer cannot take its input; names the layer, the shape and the line.
        """
        return self._builder.build(candidate, task)

    def build_system(self, system: System, task: Task | None = None) -> Design:
        """Design of one of the space's systems, with its own recipe where it has one.

        What the space's axes prune is pruned with that recipe too.

        Args:
            system: One of `systems`.
            task: What to build it for; None is what it was built for.

        Raises:
            SpaceError: As `build`.
            LayerError: As `build`.
        """
        design = self.build(system.candidate, task or system.task)
        if system.recipe is None:
            return design
        pruning = design.recipe.pruning or system.recipe.pruning
        return replace(design, recipe=replace(system.recipe, pruning=pruning))

    # What it is -----------------------------------------------------------------------------------------------------

    @property
    def n_candidates(self) -> int | None:
        """Flat combinations of all axes' values, requirements aside; None where an axis is real."""
        sizes = [axis.n_values for axis in self.axes.values()]
        return None if None in sizes else prod(size for size in sizes if size is not None)

    @property
    def layer_types(self) -> tuple[type[Layer], ...]:
        """Layer classes that the space's file defines itself, for `parse_architecture`."""
        home = self._globals.get("__name__")
        values = list(self._globals.values())
        return tuple(
            value
            for value in values
            if isinstance(value, type) and issubclass(value, Layer) and value.__module__ == home
        )

    @cached_property
    def fingerprint(self) -> dict[str, str]:
        """What the space says, part by part: "axis width" to its text, functions to a digest of their code."""
        return self._source.fingerprint(self.axes, [*self.requirements.values(), *self._functions.values()])

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that change when an axis or a function changes, but not with comments."""
        return self._source.digest(self.fingerprint)

    def describe(self) -> tuple[AxisRow, ...]:
        """One row an axis, in declared order, for people; after them those for some targets only."""
        rows = [describe_axis(axis, self._source.condition_text(axis)) for axis in self.axes.values()]
        if self._further is not None:
            condition = f"target is {' or '.join(self._further.targets)}"
            further = list(self._extend_by(self._further).axes.values())[len(rows) :]
            rows += [describe_axis(axis, condition) for axis in further]
        return tuple(rows)

    # Inner ----------------------------------------------------------------------------------------------------------

    @cached_property
    def _builder(self) -> Builder:
        for role, remedy in (("network", "yields layers"), ("features", "returns a LogMel")):
            if role not in self._functions:
                reason = f"space {self.name!r} has no {role}"
                raise fault(reason, f"Add a function under @space.{role} that {remedy}.", self.place)
        functions = self._functions
        replaced = {name: list(self.axes).index(name) for name in self._replaced}
        return Builder(functions["network"], functions["features"], functions.get("recipe"), replaced=replaced)
