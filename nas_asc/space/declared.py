"""What a space file declares: axes, requirements, functions, systems, guesses; and the space of each target."""

import inspect
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeVar

from nas_asc.frontend import Task
from nas_asc.recipe import Recipe
from nas_asc.space.axis import Axis
from nas_asc.space.candidate import Candidate
from nas_asc.space.declaration import declare_axes
from nas_asc.space.form import Form
from nas_asc.space.function import TASK_NAMES, Function, bind_function
from nas_asc.space.further import FurtherAxes
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


class DeclaredSpace:
    """The declarations of a space; see `Space`.

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
        self._origin: Self | None = None  # that this one is made of
        self._further: FurtherAxes | None = None
        self._replaced: tuple[str, ...] = ()  # axes that are fields of the front end
        self._declare_axes(axes)

    def _declare_axes(self, forms: Mapping[str, Form]) -> None:
        self._forms = forms
        self.axes: Mapping[str, Axis] = declare_axes(forms, space_name=self.name, place=self.place)
        self.requirements: dict[str, Function] = {}
        self.systems: dict[str, System] = {}
        self.guesses: list[Candidate] = []
        self._functions: dict[str, Function] = {}
        self._resolver = Resolver(self.axes.values(), space_name=self.name)
        self._random = RandomCandidates(self._resolver, self.requirements, place=self.place)

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
        """Declare, as a decorator, the generator of layers; it may also ask for n_classes, in_shape, clip_s, target.

        Raises:
            SpaceError: It is no generator, asks for an unknown axis, or is the second one.
        """
        function = self._declare_function("network", call)
        if not inspect.isgeneratorfunction(call):
            raise fault("the network must be a generator of layers", "Write `yield Conv(...)`.", function.place)
        return call

    def features(self, call: F) -> F:
        """Declare, as a decorator, the function that returns a LogMel; it may also ask for n_classes, clip_s, target.

        Raises:
            SpaceError: It asks for an unknown axis, or is the second one.
        """
        function = self._declare_function("features", call)
        if "in_shape" in function.asks:
            raise fault("features must not ask for 'in_shape', which follows from them", "Drop it.", function.place)
        return call

    def features_on(self, *targets: str, **axes: Form) -> None:
        """Declare further axes of the front end for some targets, each a field of `LogMel` that `features` leaves open.

            space.features_on("tflite-micro", "c", center=choice(True, False, guess=True))

        Systems and guesses take the guess of each. For other targets the space stays as it is without them.

        Raises:
            SpaceError: A target, a field or a form is none, an axis is there already or has no guess.
        """
        place = caller_place()
        if self._further is not None:
            raise fault("`features_on` is there already", "Keep one.", place)
        for name in axes:
            if name in self.axes:
                raise fault(f"axis {name!r} is there already", "Leave one of them out.", place)
        self._further = FurtherAxes(targets, axes, place)
        declare_axes({**self._forms, **axes}, space_name=self.name, place=place)

    def recipe(self, call: F) -> F:
        """Declare, as a decorator, the function that returns a Recipe; it may also ask for n_classes, clip_s, target.

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

    @property
    def as_declared(self) -> Self:
        """The space as its file has it, without further axes."""
        return self if self._origin is None else self._origin

    @property
    def targets(self) -> tuple[str, ...]:
        """Those for which it has further axes."""
        return () if self._further is None else self._further.targets

    def for_target(self, target: str) -> Self:
        """The space as it is searched for a target: with what `features_on` declares for that one.

        Args:
            target: One of `nas_asc.frontend.TARGETS`.
        """
        return self if self._further is None or target not in self.targets else self._extend_by(self._further)

    def _extend_by(self, further: FurtherAxes) -> Self:
        space = copy(self)
        for name in ("_builder", "fingerprint"):  # what is kept of this one
            vars(space).pop(name, None)
        space._origin, space._further = self, None
        space._declare_axes({**self._forms, **further.forms})
        space._replaced = tuple(further.forms)
        for name, function in self.requirements.items():
            space.requirements[name] = space._bind(function.call, function.role, with_task=False)
        for role, function in self._functions.items():
            space._functions[role] = space._bind(function.call, role, with_task=True)
        space.guesses += [space._extend(guess, "a guess", further.place) for guess in self.guesses]
        for name, system in self.systems.items():
            candidate = space._extend(system.candidate, f"system {name!r}", system.place)
            space.systems[name] = replace(system, candidate=candidate)
        return space

    def _extend(self, candidate: Candidate, what: str, place: Place) -> Candidate:
        return self._resolver.candidate(candidate.values, what=what, place=place, with_guesses=True)

    # Inner ----------------------------------------------------------------------------------------------------------

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
        broken = self._random.broken_requirement(candidate)
        if broken is not None:
            function = self.requirements[broken]
            asked = ", ".join(
                f"{name}={value!r}" for name, value in zip(function.asks, function.pick(candidate.row), strict=True)
            )
            raise fault(f"{what} breaks requirement {broken!r}: {asked}", "Change one of these values.", place)
