"""What a candidate builds: network, front end and recipe as plain data."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from types import MappingProxyType
from typing import Any

from nas_asc.errors import FrontEndError, LayerError
from nas_asc.frontend import LogMel, Task
from nas_asc.layers import Architecture, Layer, Shape, expand_layer, format_architecture, validate_architecture
from nas_asc.recipe import Recipe
from nas_asc.space.candidate import Candidate
from nas_asc.space.function import Function, add_place, place_error
from nas_asc.space.place import Place, fault

_MOST_LAYERS = 1_000  # a generator without an end must not hang the search


@dataclass(frozen=True)
class Design:
    """A candidate as something to cost, train and score.

    Args:
        architecture: The network, with its input shape and number of classes.
        log_mel: The front end.
        recipe: How it is trained.
    """

    architecture: Architecture
    log_mel: LogMel
    recipe: Recipe

    @cached_property
    def key(self) -> str:
        """Sixteen hexadecimal digits that are equal for equal designs, whatever candidate they came from."""
        text = f"{format_architecture(self.architecture)}\n{self.log_mel}\n{self.recipe}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def whole_log_mel(log_mel: LogMel, recipe: Recipe) -> LogMel:
    """Front end whose features a training reads: with all bands where it chooses among them.

    Args:
        log_mel: The log-mel of the design.
        recipe: The recipe of the design.
    """
    return log_mel if recipe.band_selection is None else replace(log_mel, kept_bands=None)


class Builder:
    """The user's three functions at work; front ends and recipes are made once per values they ask for.

    Args:
        network: Generator of layers.
        features: Gives a LogMel.
        recipe: Gives a Recipe; None is the default one.
        replaced: Fields of the LogMel that axes replace, and the positions of these.
    """

    def __init__(
        self,
        network: Function,
        features: Function,
        recipe: Function | None,
        *,
        replaced: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._network = network
        self._features = features
        self._recipe = recipe
        self._replaced = replaced
        self._front_ends: dict[Any, tuple[LogMel, Shape | None]] = {}  # None where no clip holds a frame
        self._recipes: dict[Any, Recipe] = {}
        self._layer_types: set[type] = set()

    def architecture(self, candidate: Candidate, task: Task) -> Architecture:
        """Network of a candidate, not yet checked for shapes: the fast path.

        Raises:
            SpaceError: A function of the space raised or gave something else; names its line.
            LayerError: The clip is shorter than a frame that is not centred.
        """
        row = candidate.row
        in_shape = self._in_shape(row, task)
        network = self._network
        full = _with_task(row, task, in_shape)
        try:
            layers = tuple(islice(network.call(*network.pick(full)), _MOST_LAYERS))
        except Exception as error:
            raise network.fault(error, full) from error
        if not self._layer_types.issuperset(map(type, layers)):
            self._validate_layers(layers, full)
        if len(layers) == _MOST_LAYERS:
            raise fault(f"the network yields {_MOST_LAYERS:,} layers or more", "End its loop.", network.place)
        if not layers:
            raise fault("the network yields no layer", "Yield one layer or more.", network.place)
        return Architecture(layers, in_shape, task.n_classes)

    def log_mel(self, candidate: Candidate, task: Task) -> LogMel:
        """Front end of a candidate.

        Raises:
            SpaceError: The function raised or gave something else; names its line.
        """
        return self._front_end(candidate.row, task)[0]

    def recipe(self, candidate: Candidate, task: Task) -> Recipe:
        """Recipe of a candidate.

        Raises:
            SpaceError: The function raised or gave something else; names its line.
        """
        if self._recipe is None:
            return Recipe()
        row = _with_task(candidate.row, task, self._in_shape(candidate.row, task))
        key = self._recipe.pick(row)
        if key not in self._recipes:
            self._recipes[key] = _typed(self._recipe, row, Recipe)
        return self._recipes[key]

    def build(self, candidate: Candidate, task: Task) -> Design:
        """Network with its shapes checked, front end and recipe.

        Raises:
            SpaceError: A function of the space raised or gave something else; names its line.
            LayerError: A layer cannot take its input; names the layer, the shape and the line that yielded it.
        """
        architecture = self.architecture(candidate, task)
        try:
            validate_architecture(architecture)
        except LayerError as error:
            full = _with_task(candidate.row, task, architecture.in_shape)
            place = self._yield_place(_failing_layer(architecture), full)
            raise LayerError(add_place(str(error), place)) from None
        return Design(architecture, self.log_mel(candidate, task), self.recipe(candidate, task))

    def _front_end(self, row: tuple[Any, ...], task: Task) -> tuple[LogMel, Shape | None]:
        full = _with_task(row, task, None)
        further = tuple(row[position] for position in self._replaced.values())
        key = (self._features.pick(full), further, task)
        known = self._front_ends.get(key)
        if known is None:
            log_mel = _typed(self._features, full, LogMel)
            try:
                log_mel = replace(log_mel, **dict(zip(self._replaced, further, strict=True)))
            except FrontEndError as error:
                raise place_error(error, self._features.place, self._features.role) from None
            self._front_ends[key] = known = (log_mel, _shape_or_none(log_mel, task))
        return known

    def _in_shape(self, row: tuple[Any, ...], task: Task) -> Shape:
        log_mel, shape = self._front_end(row, task)
        try:
            return shape or log_mel.shape(task.clip_s)
        except FrontEndError as error:
            raise LayerError(add_place(str(error), self._features.place)) from None

    def _validate_layers(self, layers: tuple[Any, ...], full_row: tuple[Any, ...]) -> None:
        for index, layer in enumerate(layers):
            if not isinstance(layer, Layer):
                reason = f"the network yields {layer!r}, which is no layer"
                raise fault(reason, "Yield Conv(...), MaxPool(...).", self._yield_place(index, full_row))
            self._layer_types.add(type(layer))

    def _yield_place(self, index: int, full_row: tuple[Any, ...]) -> Place:
        layers = self._network.call(*self._network.pick(full_row))
        for _ in range(index + 1):
            next(layers)
        return Place(self._network.place.file, layers.gi_frame.f_lineno)


def _with_task(row: tuple[Any, ...], task: Task, in_shape: Shape | None) -> tuple[Any, ...]:
    """Values of all that a function may ask for."""
    return (*row, task.n_classes, in_shape, task.clip_s, task.target)


def _shape_or_none(log_mel: LogMel, task: Task) -> Shape | None:
    try:
        return log_mel.shape(task.clip_s)
    except FrontEndError:
        return None


def _failing_layer(architecture: Architecture) -> int:
    """Index of the layer that cannot take its input; the last one where only the output is wrong."""
    shape = architecture.in_shape
    for index, layer in enumerate(architecture.layers):
        try:
            shape = expand_layer(layer, shape, architecture.n_classes).out_shape
        except LayerError:
            return index
    return len(architecture.layers) - 1


def _typed(function: Function, row: tuple[Any, ...], wanted: type) -> Any:
    made = function(row)
    if isinstance(made, wanted):
        return made
    raise fault(
        f"{function.role} must return a {wanted.__name__}, but got {made!r}",
        f"Write `return {wanted.__name__}(...)`.",
        function.place,
    )
