"""Which stopped trial goes on to the next rung: a rule on plain numbers, without any training.

Conventions:
    A rung is a place where trainings stop and are scored, from 0; the row after the last rung is that of the end. All
    scores are minimised.

Source:
    Li et al., "A system for massively parallel hyperparameter tuning" (ASHA), MLSys 2020, for promotion without
    waiting; ranks within bands of cost are our own, since ranks over costs would keep tiny networks for their cost
    alone, and ranks over scores alone would keep the dear ones.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nas_asc.metrics import rank_correlation
from nas_asc.pareto import front_ranks

N_BANDS = 3
FEWEST_PAIRS = 8
LOW_CORRELATION = 0.5


@dataclass(frozen=True)
class RungEntry:
    """What the rule knows of one trial.

    Args:
        number: The number of the trial.
        cost: What its network takes, in any unit; bands are cut in it.
        scores: One row for each rung that it reached, in order, and one more where its training is over.
        is_open: Whether it stands at its last row's rung and may go on from there.
    """

    number: int
    cost: float
    scores: tuple[tuple[float, ...], ...]
    is_open: bool = True


@dataclass(frozen=True)
class RungAgreement:
    """How far the order at a rung is that at the next one, among the trials that went on.

    Args:
        rung: From 0.
        n_trials: Trials that were scored at both.
        correlation: Spearman's, of the first score; None where there are too few trials to say.
    """

    rung: int
    n_trials: int
    correlation: float | None

    @property
    def is_low(self) -> bool:
        """Whether enough trials say that the rung tells little of the next one."""
        return self.n_trials >= FEWEST_PAIRS and self.correlation is not None and self.correlation < LOW_CORRELATION


def choose_promotion(
    entries: Sequence[RungEntry],
    *,
    eta: float = 3.0,
    n_bands: int = N_BANDS,
    at_end: bool = False,
    widens: bool = True,
) -> int | None:
    """Number of the trial that goes on to the next rung; None where none is good enough yet.

    At each rung, the highest one first, the trials that reached it are ranked within bands of cost: by non-dominated
    rank of their scores, then by the first score, then the earlier one. The first 1 / eta of each band go on. There
    are as many bands of equal numbers of trials as have eta squared trials each, `n_bands` at most.

    Args:
        entries: Trials with one rung or more; those that failed later are left out.
        eta: One in how many goes on, above 1.
        n_bands: Bands of cost at most; equal costs are never apart.
        at_end: Whether no new trial will come: there are `n_bands` bands however few trials, and of each band's trials
            at a rung at least one goes on, so that a search of few trials ends with finished ones too.
        widens: Whether eta is brought half the way to 1 at a rung that tells little of the next one; see
            `RungAgreement.is_low`.

    >>> nets = [RungEntry(number, cost=1.0, scores=((loss,),)) for number, loss in enumerate([0.9, 0.7, 0.8])]
    >>> choose_promotion(nets), choose_promotion(nets[:2]), choose_promotion(nets[:2], at_end=True)
    (1, None, 1)
    """
    bands = cut_bands([entry.cost for entry in entries], n_bands if at_end else _n_bands(len(entries), eta, n_bands))
    for rung in reversed(range(max((len(entry.scores) for entry in entries if entry.is_open), default=0))):
        rate = _rate(entries, rung, eta) if widens else eta
        found = sorted(_promotable(entries, bands, rung, rate=rate, at_end=at_end))
        if found:
            return found[0][1]
    return None


def cut_bands(costs: Sequence[float], n_bands: int) -> list[int]:
    """Band of each cost, from 0 for the cheapest: bands of equal numbers as far as equal costs allow.

    >>> cut_bands([5, 1, 3, 3, 9, 7], 3)
    [1, 0, 1, 1, 2, 2]
    """
    ordered = sorted(costs)
    edges = [ordered[len(ordered) * band // n_bands] for band in range(1, n_bands)] if ordered else []
    return np.searchsorted(edges, costs, side="right").tolist() if edges else [0] * len(ordered)


def agreements(entries: Sequence[RungEntry]) -> list[RungAgreement]:
    """How well each rung tells the order at the next one, the end included; empty while no trial went on.

    Only trials that went on are seen, the better ones: over all trials the orders would agree more.

    Args:
        entries: Trials with one rung or more.
    """
    found = []
    for rung in range(max((len(entry.scores) for entry in entries), default=0) - 1):
        pairs = [
            (entry.scores[rung][0], entry.scores[rung + 1][0]) for entry in entries if len(entry.scores) > rung + 1
        ]
        correlation = rank_correlation([pair[0] for pair in pairs], [pair[1] for pair in pairs])
        found.append(RungAgreement(rung, len(pairs), correlation))
    return found


def _n_bands(n_entries: int, eta: float, n_most: int) -> int:
    return max(1, min(n_most, int(n_entries / eta**2)))


def _rate(entries: Sequence[RungEntry], rung: int, eta: float) -> float:
    found = agreements(entries)
    return 1 + (eta - 1) / 2 if rung < len(found) and found[rung].is_low else eta


def _promotable(
    entries: Sequence[RungEntry], bands: Sequence[int], rung: int, *, rate: float, at_end: bool
) -> Iterator[tuple[float, int]]:
    """Place within its band, as a share, and number of each trial that may go on from a rung."""
    for band in set(bands):
        here = [entry for entry, its in zip(entries, bands, strict=True) if its == band and len(entry.scores) > rung]
        if not here:
            continue
        n_chosen = max(math.floor(len(here) / rate), 1 if at_end else 0)
        for place, entry in enumerate(_rank(here, rung)[:n_chosen]):
            if entry.is_open and len(entry.scores) == rung + 1:
                yield place / len(here), entry.number


def _rank(entries: Sequence[RungEntry], rung: int) -> list[RungEntry]:
    rows = [entry.scores[rung] for entry in entries]
    ranks = front_ranks(rows).tolist() if len(rows[0]) > 1 else [0] * len(rows)  # one score ranks by itself
    keyed = zip(ranks, (entry.scores[rung][0] for entry in entries), (entry.number for entry in entries), strict=True)
    return [entry for _, entry in sorted(zip(keyed, entries, strict=True), key=lambda pair: pair[0])]
