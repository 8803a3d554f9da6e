"""The strategies that are compared: ours, and what a user would write with plain Optuna.

Conventions:
    A contestant spends the epochs of a world until `SpentError` is raised. Plain Optuna samples every axis of the
    flat space; what does not fit or breaks a requirement costs it no epoch, and is told as the strategy says.
"""

from collections.abc import Callable
from dataclasses import replace
from math import log10

import numpy as np
import optuna

from nas_asc.pareto import front_ranks
from nas_asc.search import Proposal, build_proposer
from nas_asc.search.optuna_study import model_distributions
from nas_asc.study import TrialRecord
from tests.benchmarks.strategies.trainings import BUDGET, EPOCHS
from tests.benchmarks.strategies.world import World, to_record
from tests.study.records import example_config

Contestant = Callable[[World, int], None]
_REJECTIONS = 20_000  # in all: a loop that finds nothing more has ended
_HALVING = (2, 6, EPOCHS)
_ETA = 3


def ours(sampler: str) -> Contestant:
    """Our search without rungs."""

    def search(world: World, seed: int) -> None:
        config = replace(example_config(budget=BUDGET), sampler=sampler, seed=seed)
        proposer = build_proposer(world.screen, config)
        records: list[TrialRecord] = []
        while (proposal := proposer.propose(len(records), records)) is not None:
            records.append(to_record(proposal, len(records), world.train(proposal)))

    return search


def plain(build_sampler: Callable[[int], optuna.samplers.BaseSampler], *, prunes: bool) -> Contestant:
    """A user's loop around plain Optuna.

    Args:
        build_sampler: Of a seed.
        prunes: Whether what does not fit raises TrialPruned; else its excess is told as a constraint, with the worst
            values, since it was never trained.
    """

    def search(world: World, seed: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(directions=["minimize"] * 3, sampler=build_sampler(seed))
        distributions = model_distributions(world.screen.space)
        for _ in range(_REJECTIONS):
            trial = study.ask(distributions)
            proposal, excess = _admit(world, [trial.params[name] for name in distributions])
            if not prunes:
                trial.set_constraint("excess", excess)
            if proposal is not None:
                study.tell(trial, _values(proposal, world.train(proposal)))
            elif prunes:
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            else:
                study.tell(trial, [np.log(10), 8.0, 6.0])

    return search


def halving(world: World, seed: int) -> None:
    """Feasible random candidates, successive halving, promotion by plain non-dominated rank of scores and costs."""
    rng = np.random.default_rng(seed)
    rungs: list[list[tuple[Proposal, float]]] = [[] for _ in _HALVING]
    promoted: list[set[str]] = [set() for _ in _HALVING]
    seen: set[str] = set()
    while True:
        level, proposal = _next_promotion(rungs, promoted)
        if proposal is None:
            candidates = world.screen.space.draw_many(rng, 64)
            found = world.screen.admit_all(candidates, origin="random", seen=seen, n_most=1)
            if not found:
                continue
            proposal, level = found[0], 0
            seen.add(proposal.design.key)
        first = 0 if level == 0 else _HALVING[level - 1]
        rungs[level].append((proposal, world.train(proposal, first=first, last=_HALVING[level])))


def _next_promotion(rungs: list[list[tuple[Proposal, float]]], promoted: list[set[str]]) -> tuple[int, Proposal | None]:
    for level in reversed(range(len(rungs) - 1)):
        rung = rungs[level]
        n_top = len(rung) // _ETA
        ranks = front_ranks([_values(proposal, log_loss) for proposal, log_loss in rung]) if n_top else []
        for row in np.argsort(ranks, kind="stable")[:n_top]:
            proposal = rung[row][0]
            if proposal.design.key not in promoted[level]:
                promoted[level].add(proposal.design.key)
                return level + 1, proposal
    return 0, None


def _admit(world: World, code: list[float]) -> tuple[Proposal | None, float]:
    screen = world.screen
    candidate = screen.space.decode(code)
    if screen.space.broken_requirement(candidate) is not None:
        return None, 10.0
    proposal = screen.admit(candidate, origin="plain")
    return proposal, 0.0 if proposal is not None else min(screen.excess(candidate), 10.0)


def _values(proposal: Proposal, log_loss: float) -> list[float]:
    return [log_loss, log10(max(proposal.cost.macs, 1)), log10(max(proposal.cost.int8_bytes, 1))]


def _tpe(seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.TPESampler(seed=seed)


def _multivariate_tpe(seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.TPESampler(seed=seed, multivariate=True)


def _nsga2(seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.NSGAIISampler(seed=seed)


def _small_nsga2(seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.NSGAIISampler(seed=seed, population_size=20)


def _gp(seed: int) -> optuna.samplers.BaseSampler:
    return optuna.samplers.GPSampler(seed=seed)


CONTESTANTS: dict[str, Contestant] = {
    "ours, gp": ours("gp"),
    "ours, tpe": ours("tpe"),
    "ours, nsga2": ours("nsga2"),
    "feasible random": ours("random"),
    "TPE, pruned": plain(_tpe, prunes=True),
    "TPE, constraints": plain(_tpe, prunes=False),
    "multivariate TPE, pruned": plain(_multivariate_tpe, prunes=True),
    "NSGA-II, constraints": plain(_nsga2, prunes=False),
    "NSGA-II of 20, pruned": plain(_small_nsga2, prunes=True),
    "GP, constraints": plain(_gp, prunes=False),
    "successive halving": halving,
}
