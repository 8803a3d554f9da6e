"""The strategies that are compared: ours, and what a user would write with plain Optuna.

Conventions:
    A contestant spends the epochs of a world until `SpentError` is raised. Plain Optuna samples every axis of the
    flat space; what does not fit or breaks a requirement costs it no epoch, and is told as the strategy says.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from importlib.util import find_spec
from math import log10

import numpy as np
import optuna

from nas_asc.pareto import front_ranks
from nas_asc.propose import Proposal, build_proposer
from nas_asc.propose.optuna_study import model_distributions
from nas_asc.propose.reference_point import reference_point
from nas_asc.study import RungRecord, StudyConfig, TrialRecord, choose_promotion, rung_entries
from tests.benchmarks.strategies.surrogate import build_screen
from tests.benchmarks.strategies.trainings import BUDGET, EPOCHS
from tests.benchmarks.strategies.world import World, to_record, to_scores
from tests.study.records import example_config

Contestant = Callable[[World, int], None]
_REJECTIONS = 20_000  # in all: a loop that finds nothing more has ended
_STOPS = (2, 6, EPOCHS)
_ETA = 3


def ours(sampler: str, *, warm_start: bool = True, rungs: tuple[int, ...] = (), eta: float = 3.0) -> Contestant:
    """Our search.

    Args:
        sampler: As `--sampler` has it.
        warm_start: Whether guesses and published systems come first.
        rungs: Epochs after which trainings stop.
        eta: One in how many goes on.
    """

    def search(world: World, seed: int) -> None:
        OurSearch(world, our_config(sampler, seed, warm_start=warm_start), rungs=rungs, eta=eta).run()

    return search


def our_config(sampler: str, seed: int, *, warm_start: bool = True) -> StudyConfig:
    """Config of a study on the table."""
    config = replace(example_config(budget=BUDGET), sampler=sampler, seed=seed, warm_start=warm_start)
    return replace(config, reference_point=reference_point(config.objectives, build_screen(), seed=seed))


class OurSearch:
    """Our search on the table, which can be ended and gone on with at any trial.

    Args:
        world: Trains.
        config: Of the study.
        rungs: Epochs after which trainings stop.
        eta: One in how many goes on.
        records: What an earlier run left.
    """

    def __init__(
        self,
        world: World,
        config: StudyConfig,
        *,
        rungs: tuple[int, ...] = (),
        eta: float = 3.0,
        records: Sequence[TrialRecord] = (),
    ) -> None:
        self.records = list(records)
        self._world = world
        self._objectives = config.objectives
        self._stops, self._eta = (*rungs, EPOCHS), eta
        self._proposer = build_proposer(build_screen(), config)

    def run(self, n_trials: int | None = None) -> None:
        """Go on until so many trials have begun or the epochs are spent.

        Raises:
            SpentError: No epoch is left.
        """
        while n_trials is None or len(self.records) < n_trials:
            entries = rung_entries(self.records, self._objectives) if len(self._stops) > 1 else ()
            number = choose_promotion(entries, eta=self._eta) if entries else None
            if number is not None:
                proposal = self._proposal_of(self.records[number])
                self.records[number] = self._go_on(proposal, self.records[number])
                continue
            proposal = self._proposer.propose(len(self.records), self.records)
            if proposal is None:
                return
            self.records.append(self._go_on(proposal, to_record(proposal, len(self.records), None)))

    def _proposal_of(self, record: TrialRecord) -> Proposal:
        candidate = self._world.screen.space.candidate_from(record.values)
        proposal = self._world.screen.admit(candidate, origin=record.origin)
        assert proposal is not None
        return proposal

    def _go_on(self, proposal: Proposal, record: TrialRecord) -> TrialRecord:
        """The trial at its next rung, or complete."""
        level, stops = len(record.rungs), self._stops
        log_loss = self._world.train(proposal, first=stops[level - 1] if level else 0, last=stops[level])
        if stops[level] == EPOCHS:
            return replace(to_record(proposal, record.number, log_loss), rungs=record.rungs)
        rung = RungRecord(epochs=stops[level], scores=to_scores(log_loss))
        return replace(record, state="stopped", rungs=(*record.rungs, rung))


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
            proposal, level = _draw_random(world, rng, seen), 0
        first = 0 if level == 0 else _STOPS[level - 1]
        rungs[level].append((proposal, world.train(proposal, first=first, last=_STOPS[level])))


def syne_tune(world: World, seed: int) -> None:
    """Feasible random candidates, of which syne-tune's MO-ASHA says at each rung which go on.

    Raises:
        ModuleNotFoundError: syne-tune is not installed.
    """
    from syne_tune.backend.trial_status import Trial
    from syne_tune.optimizer.schedulers.multiobjective.moasha import MOASHA

    np.random.seed(seed)  # it draws brackets from numpy's own generator
    rng, seen = np.random.default_rng(seed), set[str]()
    names = ["log_loss", "macs", "bytes"]
    scheduler = MOASHA({}, names, max_t=EPOCHS, grace_period=_STOPS[0], reduction_factor=_ETA, time_attr="epoch")
    while True:
        proposal = _draw_random(world, rng, seen)
        trial = Trial(len(seen), {}, datetime.now())
        scheduler.on_trial_add(trial)
        for first, last in zip((0, *_STOPS), _STOPS, strict=False):
            values = _values(proposal, world.train(proposal, first=first, last=last))
            if scheduler.on_trial_result(trial, dict(zip(names, values, strict=True)) | {"epoch": last}) == "STOP":
                break


def _draw_random(world: World, rng: np.random.Generator, seen: set[str]) -> Proposal:
    while True:
        candidates = world.screen.space.draw_many(rng, 64)
        found = world.screen.admit_all(candidates, origin="random", seen=seen, n_most=1)
        if found:
            seen.add(found[0].design.key)
            return found[0]


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
    "ours, gp, rungs 2 and 6": ours("gp", rungs=(2, 6)),
    "ours, gp, rung 6": ours("gp", rungs=(6,), eta=2.0),
    "ours, gp without warm start": ours("gp", warm_start=False),
    "ours, tpe": ours("tpe"),
    "ours, tpe, rungs 2 and 6": ours("tpe", rungs=(2, 6)),
    "ours, nsga2": ours("nsga2"),
    "feasible random": ours("random", warm_start=False),
    "TPE, pruned": plain(_tpe, prunes=True),
    "TPE, constraints": plain(_tpe, prunes=False),
    "multivariate TPE, pruned": plain(_multivariate_tpe, prunes=True),
    "NSGA-II, constraints": plain(_nsga2, prunes=False),
    "NSGA-II of 20, pruned": plain(_small_nsga2, prunes=True),
    "GP, constraints": plain(_gp, prunes=False),
    "successive halving": halving,
    "MO-ASHA of syne-tune": syne_tune,
}


def available() -> list[str]:
    """Contestants whose libraries are installed: syne-tune is not among what the project's own extras install."""
    has_syne_tune = find_spec("syne_tune") is not None
    return [name for name in CONTESTANTS if has_syne_tune or CONTESTANTS[name] is not syne_tune]
