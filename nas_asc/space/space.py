"""A search space: axes, requirements, and how they become features, a network, a recipe."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from nas_asc.frontend import LogMel, Task
from nas_asc.layers import Architecture, Layer
from nas_asc.recipe import Pruning, Recipe
from nas_asc.space.axis import Axis
from nas_asc.space.candidate import Candidate
from nas_asc.space.declaration import declare_axes
from nas_asc.space.description import AxisRow, describe_axis
from nas_asc.space.design import Builder, Design, whole_log_mel
from nas_asc.space.form import Form
from nas_asc.space.function import TASK_NAMES, Function, bind_function
from nas_asc.space.place import Place, caller_frame, caller_place, fault
from nas_asc.space.random_candidates import RandomCandidates
from nas_asc.space.resolver import Resolver
from nas_asc.space.source import source_of
from nas_asc.space.system import (
    Slip,
    System,
    validate_convention,
    validate_published,
    validate_recipe,
    validate_slips,
)

F = TypeVar("F", bound=Callable[..., Any])


class Space:
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

    def __init__(self, name: str | None = None, /, **axes: Form) -> None:
        frame = caller_frame()
        self.place = Place(frame.f_code.co_filename, frame.f_lineno)
        self.name = name or Path(self.place.file).stem
        self.description: str = inspect.cleandoc(frame.f_globals.get("__doc__") or "")
        self._source = source_of(self.place.file)
        self._globals: Mapping[str, Any] = frame.f_globals
        self.axes: Mapping[str, Axis] = declare_axes(axes, space_name=self.name, place=self.place)
        self.requirements: dict[str, Function] = {}
        self.systems: dict[str, System] = {}
        self.guesses: list[Candidate] = []
        self._functions: dict[str, Function] = {}
        self._resolver = Resolver(self.axes.values(), space_name=self.name)
        self._random = RandomCandidates(self._resolver, self.requirements, place=self.place)

    # Declarations ---------------------------------------------------------------------------------------------------

    def require(self, call: F) -> F:
        """Declare, as a decorator, a function of axes that is True for every candidate of the space.

        Raises:
            SpaceError: It asks for an unknown axis, its name is taken, or a system or guess breaks it.
        """
        name = getattr(call, "__name__", repr(call))
        function = self._bind(call, f"requirement {name!r}", with_task=False)
        if name in self.requirements:
            taken = self.requirements[name].place.line
            raise fault(f"requirement {name!r} is there already (line {taken})", "Rename one.", function.place)
        self.requirements[name] = function
        for system in self.systems.values():
            self._validate(system.candidate, what=f"system {system.name!r}", place=system.place)
        for guess in self.guesses:
            self._validate(guess, what="a guess", place=function.place)
        return call

    def network(self, call: F) -> F:
        """Declare, as a decorator, the generator of layers; it may also ask for n_classes, in_shape, clip_s.

        Raises:
            SpaceError: It is no generator, asks for an unknown axis, or is the second one.
        """
        function = self._declare_function("network", call)
        if not inspect.isgeneratorfunction(call):
            raise fault("the network must be a generator of layers", "Write `yield Conv(...)`.", function.place)
        return call

    def features(self, call: F) -> F:
        """Declare, as a decorator, the function that returns a LogMel; it may also ask for n_classes, clip_s.

        Raises:
            SpaceError: It asks for an unknown axis, or is the second one.
        """
        function = self._declare_function("features", call)
        if "in_shape" in function.asks:
            raise fault("features must not ask for 'in_shape', which follows from them", "Drop it.", function.place)
        return call

    def recipe(self, call: F) -> F:
        """Declare, as a decorator, the function that returns a Recipe; it may also ask for n_classes, clip_s.

        Raises:
            SpaceError: It asks for an unknown axis, or is the second one.
        """
        self._declare_function("recipe", call)
        return call

    def system(
        self,
        name: str,
        /,
        *,
        published: Mapping[str, Any],
        convention: str = "TRAIN",
        task: Task | None = None,
        recipe: Recipe | None = None,
        source: str = "",
        note: str = "",
        slips: Mapping[str, Slip] | None = None,
        **values: Any,
    ) -> System:
        """Declare a published system.

        Args:
            name: As the report names it.
            published: The report's numbers, by the names `System` lists.
            convention: What its `params` counts: "TRAIN" or "ALL".
            task: What it was built for; ten classes and one second by default.
            recipe: How it was trained, such as one of `nas_asc.recipe.RECIPES`; None is what the space gives it.
            source: The report.
            note: What else to know.
            slips: Numbers that the report printed otherwise by mistake, by name.
            values: One for every active axis.

        Raises:
            SpaceError: The name is taken, a value is not of its axis, a requirement is broken, or the recipe is none.
        """
        place, what = caller_place(), f"system {name!r}"
        if name in self.systems:
            taken = self.systems[name].place.line
            raise fault(f"{what} is there already (line {taken})", "Rename one of them.", place)
        validate_published(published, what=what, place=place)
        validate_convention(convention, what=what, place=place)
        validate_slips(slips or {}, published, what=what, place=place)
        validate_recipe(recipe, what=what, place=place)
        candidate = self._resolver.candidate(values, what=what, place=place)
        self._validate(candidate, what=what, place=place)
        self.systems[name] = System(
            name=name,
            candidate=candidate,
            published=dict(published),
            convention=convention,
            task=task or Task(),
            recipe=recipe,
            source=source,
            note=note,
            place=place,
            slips=dict(slips or {}),
        )
        return self.systems[name]

    def guess(self, **values: Any) -> Candidate:
        """Declare a candidate that every search starts with; axes not named take their own `guess`.

        Raises:
            SpaceError: A value is not of its axis, one is missing, or a requirement is broken.
        """
        place = caller_place()
        candidate = self._resolver.candidate(values, what="a guess", place=place, with_guesses=True)
        self._validate(candidate, what="a guess", place=place)
        if candidate in self.guesses:
            raise fault("the same guess is there already", "Leave one of them out.", place)
        self.guesses.append(candidate)
        return candidate

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

    def pruning(self, candidate: Candidate, task: Task) -> Pruning | None:
        """What is pruned of a candidate's network, which changes its cost; None where nothing is.

        Raises:
            SpaceError: The recipe's function raised or gave something else; names its line.
        """
        return self._builder.recipe(candidate, task).pruning

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
        """One row an axis, in declared order, for people."""
        return tuple(describe_axis(axis, self._source.condition_text(axis)) for axis in self.axes.values())

    # Inner ----------------------------------------------------------------------------------------------------------

    @cached_property
    def _builder(self) -> Builder:
        for role, remedy in (("network", "yields layers"), ("features", "returns a LogMel")):
            if role not in self._functions:
                reason = f"space {self.name!r} has no {role}"
                raise fault(reason, f"Add a function under @space.{role} that {remedy}.", self.place)
        functions = self._functions
        return Builder(functions["network"], functions["features"], functions.get("recipe"))

    def _declare_function(self, role: str, call: Callable[..., Any]) -> Function:
        function = self._bind(call, role, with_task=True)
        if role in self._functions:
            taken = self._functions[role].place.line
            raise fault(f"space {self.name!r} has a {role} already (line {taken})", "Keep one.", function.place)
        self._functions[role] = function
        return function

    def _bind(self, call: Callable[..., Any], role: str, *, with_task: bool) -> Function:
        names = (*self.axes, *TASK_NAMES) if with_task else tuple(self.axes)
        positions = {name: index for index, name in enumerate(names)}
        return bind_function(call, role, positions=positions, space_name=self.name)

    def _validate(self, candidate: Candidate, *, what: str, place: Place | None) -> None:
        broken = self.broken_requirement(candidate)
        if broken is not None:
            function = self.requirements[broken]
            asked = ", ".join(
                f"{name}={value!r}" for name, value in zip(function.asks, function.pick(candidate.row), strict=True)
            )
            raise fault(f"{what} breaks requirement {broken!r}: {asked}", "Change one of these values.", place)
