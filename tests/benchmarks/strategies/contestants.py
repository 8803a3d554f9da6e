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
from nas_asc.study import RungRecord, TrialRecord, choose_promotion, rung_entries
from tests.benchmarks.strategies.trainings import BUDGET, EPOCHS
from tests.benchmarks.strategies.world import World, to_record, to_scores
from tests.study.records import example_config

Contestant = Callable[[World, int], None]
_REJECTIONS = 20_000  # in all: a loop that finds nothing more has ended
_STOPS = (2, 6, EPOCHS)
_ETA = 3


def ours(sampler: str, *, warm_start: bool = True, rungs: bool = False) -> Contestant:
    """Our search.

    Args:
        sampler: As `--sampler` has it.
        warm_start: Whether guesses and published systems come first.
        rungs: Whether trainings stop after a ninth and a third of their epochs, and one in three goes on.
    """

    def search(world: World, seed: int) -> None:
        config = replace(example_config(budget=BUDGET), sampler=sampler, seed=seed, warm_start=warm_start)
        proposer = build_proposer(world.screen, config)
        records: list[TrialRecord] = []
        proposals: list[Proposal] = []
        while True:
            number = choose_promotion(rung_entries(records, config.objectives), eta=_ETA) if rungs else None
            if number is not None:
                records[number] = _go_on(world, proposals[number], records[number])
                continue
            proposal = proposer.propose(len(records), records)
            if proposal is None:
                return
            proposals.append(proposal)
            if rungs:
                records.append(_go_on(world, proposal, to_record(proposal, len(records), None)))
            else:
                records.append(to_record(proposal, len(records), world.train(proposal)))

    return search


def _go_on(world: World, proposal: Proposal, record: TrialRecord) -> TrialRecord:
    """The trial at its next rung, or complete."""
    level = len(record.rungs)
    log_loss = world.train(proposal, first=_STOPS[level - 1] if level else 0, last=_STOPS[level])
    if _STOPS[level] == EPOCHS:
        return replace(to_record(proposal, record.number, log_loss), rungs=record.rungs)
    return replace(
        record, state="stopped", rungs=(*record.rungs, RungRecord(epochs=_STOPS[level], scores=to_scores(log_loss)))
    )


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
    rungs: list[list[tuple[Proposal, float]]] = [[] for _ in _STOPS]
    promoted: list[set[str]] = [set() for _ in _STOPS]
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
        first = 0 if level == 0 else _STOPS[level - 1]
        rungs[level].append((proposal, world.train(proposal, first=first, last=_STOPS[level])))


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
    "ours, gp with rungs": ours("gp", rungs=True),
    "ours, gp without warm start": ours("gp", warm_start=False),
    "ours, tpe": ours("tpe"),
    "ours, tpe with rungs": ours("tpe", rungs=True),
    "ours, nsga2": ours("nsga2"),
    "feasible random": ours("random", warm_start=False),
    "TPE, pruned": plain(_tpe, prunes=True),
    "TPE, constraints": plain(_tpe, prunes=False),
    "multivariate TPE, pruned": plain(_multivariate_tpe, prunes=True),
    "NSGA-II, constraints": plain(_nsga2, prunes=False),
    "NSGA-II of 20, pruned": plain(_small_nsga2, prunes=True),
    "GP, constraints": plain(_gp, prunes=False),
    "successive halving": halving,
}
