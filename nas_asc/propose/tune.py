"""The recipe of the best of the first networks is tuned before networks are grown from it.

Short searches gain most from three changes. A higher peak of the learning rate and clips that are not mixed are tried
together, in one training; where that scores a tenth worse, or a space offers one of them alone, each is tried by
itself. Then clips are no longer shifted in pitch. What pays stays in whatever grows from this network.

Conventions:
    Only the recipe changes: front end, network, and what is pruned or trained in 8 bits stay. Clips that are not mixed
    gained in each of the domains that were measured, and the more the longer the training; one short training may hide
    that, so they have the benefit of the doubt. A change that is in training beside others counts as one that pays.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nas_asc.propose.history import History
from nas_asc.propose.screen import Proposal, Screen
from nas_asc.propose.seconds import SecondsModels
from nas_asc.propose.steps import all_values
from nas_asc.recipe import AugmentationPart, BlockMix, CutMix, FreqMix, Mixup, PitchShift, Recipe
from nas_asc.space import Candidate

IsChange = Callable[[Recipe, Recipe], bool]

_MIXINGS = (Mixup, FreqMix, CutMix, BlockMix)


def raises_rate(before: Recipe, after: Recipe) -> bool:
    """Whether a higher learning rate is all that changes.

    Args:
        before: A recipe.
        after: A changed one.
    """
    rate = after.optimiser.learning_rate
    optimiser = replace(before.optimiser, learning_rate=rate)  # type: ignore[type-var]
    return rate > before.optimiser.learning_rate and after == replace(before, optimiser=optimiser)


def stops_mixing(before: Recipe, after: Recipe) -> bool:
    """Whether clips that are no longer mixed are all that changes.

    Args:
        before: A recipe.
        after: A changed one.
    """
    return _is_without(_MIXINGS, before, after)


def stops_shifting(before: Recipe, after: Recipe) -> bool:
    """Whether clips that are no longer shifted in pitch are all that changes.

    Args:
        before: A recipe.
        after: A changed one.
    """
    return _is_without((PitchShift,), before, after)


def _is_without(kinds: tuple[type[AugmentationPart], ...], before: Recipe, after: Recipe) -> bool:
    kept = tuple(part for part in before.augmentation if not isinstance(part, kinds))
    return kept != before.augmentation and after == replace(before, augmentation=kept)


_DOUBT = 1.1  # a training's luck, and what short trainings do not show yet


@dataclass(frozen=True)
class _Change:
    """A change of the recipe that is tried.

    Args:
        name: What people read.
        parts: Each changes one axis.
        most: It stays where it scores less than so many times what the recipe before did.
    """

    name: str
    parts: Sequence[IsChange]
    most: float = 1.0


# one after the other; of each, the first that stays
_QUESTIONS = (
    (
        _Change("rate and mixing", (raises_rate, stops_mixing), _DOUBT),
        _Change("rate", (raises_rate,)),
        _Change("mixing", (stops_mixing,), _DOUBT),
    ),
    (_Change("pitch", (stops_shifting,)),),
)


class TuneStrategy:
    """Proposes the next change that was not tried.

    Args:
        column: The column of the score among the history's values.
        n_first: How many networks come before, or most of them; the best is tuned.
        seconds: The seconds of candidates.
    """

    def __init__(self, *, column: int, n_first: int, seconds: SecondsModels) -> None:
        self._column = column
        self._n_first = n_first
        self._seconds = seconds
        self._changed: dict[tuple[Candidate, str], Candidate | None] = {}

    def __call__(self, screen: Screen, history: History, rng: np.random.Generator) -> Proposal | None:
        """The next change; None where all were tried, or the space has no such axes."""
        return self._walk(screen, history)[2] if len(history) else None

    def tuned(self, parent: Candidate, screen: Screen, history: History) -> Candidate:
        """One of the first networks with the changes that paid for the best of them, as far as it has the axes.

        Args:
            parent: The network.
            screen: Knows the space.
            history: Trials so far.
        """
        best, kept, _ = self._walk(screen, history)
        if parent == self._best(history):
            return best
        for change in kept:
            parent = self._change(parent, screen, change) or parent
        return parent

    def _best(self, history: History) -> Candidate:
        rows = history.first_rows(self._n_first)
        return history.candidates[rows[np.argmin(history.values[rows, self._column])]]

    def _walk(self, screen: Screen, history: History) -> tuple[Candidate, list[_Change], Proposal | None]:
        """The best first network with what paid so far, what that was, and the next change of it."""
        kept: list[_Change] = []
        scores = dict(zip(history.candidates, history.values[:, self._column].tolist(), strict=True))
        current = self._best(history)
        score = scores[current]
        for question in _QUESTIONS:
            for change in question:
                changed = self._change(current, screen, change)
                if changed is None:
                    continue
                pays = (
                    scores[changed] < change.most * score
                    if changed in scores
                    else _is_running(changed, screen, history)
                )
                if pays:
                    current, score = changed, scores.get(changed, score)
                    kept.append(change)
                    break
                if changed in scores:
                    continue
                proposal = screen.admit(changed, origin=f"tune, {change.name}", seen=history.seen)
                if proposal is not None and self._seconds.affordable({changed: proposal.cost}, history):
                    return current, kept, proposal
        return current, kept, None

    def _change(self, candidate: Candidate, screen: Screen, change: _Change) -> Candidate | None:
        key = candidate, change.name
        if key not in self._changed:
            self._changed[key] = _change(candidate, screen, change.parts)
        return self._changed[key]


def _is_running(candidate: Candidate, screen: Screen, history: History) -> bool:
    return bool(history.running) and screen.space.build(candidate, screen.task).key in history.running


def _change(candidate: Candidate, screen: Screen, parts: Sequence[IsChange]) -> Candidate | None:
    """A candidate with each of these changes; None where there is no axis for one of them."""
    space, task = screen.space, screen.task
    network, log_mel = space.architecture(candidate, task), space.log_mel(candidate, task)

    def keeps_network(changed: Candidate) -> bool:
        return space.architecture(changed, task) == network and space.log_mel(changed, task) == log_mel

    current: Candidate | None = candidate
    for is_change in parts:
        if current is None:
            break
        before = space.training_recipe(current, task)
        found = (each for each in all_values(current, space) if is_change(before, space.training_recipe(each, task)))
        current = next(filter(keeps_network, found), None)
    return current
