"""Several trained networks as one, and the choice of which."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray

from nas_asc.budget import Budget
from nas_asc.cost import cost_on_target, count_cost
from nas_asc.errors import CompressionError
from nas_asc.evaluation.network import TrainedNetwork
from nas_asc.evaluation.quantised_state import PREFIX
from nas_asc.layers import Architecture, Ensemble, expand_architecture

_N_STARTS = 20  # pairs that are tried with further members
_SMALLEST = 1e-12


@dataclass(frozen=True, eq=False)
class Member:
    """A trained network that may be one of several.

    Args:
        number: The number of its trial.
        network: The network.
        probabilities: (n, K) of the validation clips.
    """

    number: int
    network: TrainedNetwork
    probabilities: NDArray[np.floating]


def join_networks(members: Sequence[Member]) -> TrainedNetwork:
    """One network whose class probabilities are the mean of those of its members, with their weights, in 8 bits too.

    Args:
        members: One or more on the same front end; one alone stays as it is.

    Raises:
        CompressionError: They differ in what they take, so that no one input serves all.
    """
    first = members[0].network
    if len(members) == 1:
        return first
    shapes = {(one.network.architecture.in_shape, one.network.architecture.n_classes) for one in members}
    shared = {name: value for name, value in first.state.items() if name.startswith("standardiser.")}
    same = all(torch.equal(member.network.state[name], value) for member in members for name, value in shared.items())
    if len(shapes) != 1 or not same:
        numbers = ", ".join(str(member.number) for member in members)
        raise CompressionError(f"trials {numbers} take different inputs, so they cannot be one network.")
    architecture = _join_architectures(members)
    names = (operation.name for operation in expand_architecture(architecture)[0].operations)
    state = dict(shared)
    for member in members:
        for prefix, name in zip(_operations(member.network.architecture), names, strict=False):
            for kind in ("", PREFIX):
                own = f"{kind}{prefix}"
                values = {key: value for key, value in member.network.state.items() if key.startswith(f"{own}.")}
                state |= {f"{kind}0.{name}{key.removeprefix(own)}": value for key, value in values.items()}
    return TrainedNetwork(architecture, first.log_mel, state)


def choose_members(
    members: Sequence[Member], labels: NDArray[np.int64], budget: Budget, *, n_most: int
) -> tuple[Member, ...]:
    """The set of at most so many members within the budget whose mean probabilities have the least log loss.

    All single members and pairs are tried; the best pairs are then extended by the member that helps most, as long as
    one helps and fits. Costs are those of the joined network.

    Args:
        members: All on the same front end.
        labels: (n,) true classes of the validation clips.
        budget: Limits of the whole.
        n_most: Most members.

    Returns:
        The set, the best member first; empty where none fits alone.
    """
    losses: dict[tuple[Member, ...], float] = {
        (member,): _log_loss([member], labels) for member in members if _fits([member], budget)
    }
    fitting = sorted(losses, key=losses.__getitem__)
    single = [found[0] for found in fitting]
    if n_most > 1:
        losses |= {pair: _log_loss(pair, labels) for pair in combinations(single, 2)}
    best: tuple[Member, ...] = fitting[0] if fitting else ()
    starts = 0
    for found in sorted(losses, key=losses.__getitem__):
        if starts == _N_STARTS:
            break
        if not _fits(found, budget):
            continue
        starts += 1
        whole = _extend(found, single, labels, budget, n_most=n_most)
        if _log_loss(whole, labels) < _log_loss(best, labels):
            best = whole
    return tuple(sorted(best, key=single.index))


def _extend(
    found: tuple[Member, ...], members: Sequence[Member], labels: NDArray[np.int64], budget: Budget, *, n_most: int
) -> tuple[Member, ...]:
    while len(found) < n_most:
        before = _log_loss(found, labels)
        larger = sorted(
            ((*found, member) for member in members if member not in found), key=lambda some: _log_loss(some, labels)
        )
        fitting = (some for some in larger if _log_loss(some, labels) < before and _fits(some, budget))
        next_found = next(fitting, None)
        if next_found is None:
            break
        found = next_found
    return found


def _operations(architecture: Architecture) -> Iterator[str]:
    """Prefix in the state of each operation, in order."""
    for number, expansion in enumerate(expand_architecture(architecture)):
        for operation in expansion.operations:
            yield f"{number}.{operation.name}"


def _fits(members: Sequence[Member], budget: Budget) -> bool:
    architecture, log_mel = _join_architectures(members), members[0].network.log_mel
    return budget.fits(cost_on_target(count_cost(architecture), architecture, log_mel, budget.ram_target))


def _join_architectures(members: Sequence[Member]) -> Architecture:
    """Of one network alone its own."""
    first = members[0].network.architecture
    if len(members) == 1:
        return first
    layers = (Ensemble(tuple(member.network.architecture.layers for member in members)),)
    return Architecture(layers, first.in_shape, first.n_classes)


def _log_loss(members: Sequence[Member], labels: NDArray[np.int64]) -> float:
    mean = np.mean([member.probabilities for member in members], axis=0)
    return float(-np.log(np.maximum(mean[np.arange(len(labels)), labels], _SMALLEST)).mean())
