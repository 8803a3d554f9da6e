"""Rungs: where a study's trainings stop, how that is written, and what its records say of them.

Conventions:
    A rung is a share of a training's epochs, in (0, 1); the end of the training is none of them.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from nas_asc.errors import StudyError
from nas_asc.study.objective import OBJECTIVES, objective_values
from nas_asc.study.promotion import RungAgreement, RungEntry
from nas_asc.study.record import TrialRecord

_MOST_RUNGS = 6


def parse_rungs(text: str, *, eta: float) -> tuple[float, ...]:
    """Shares of a training after which it stops; none for "none".

    Args:
        text: "none"; a number of levels with the whole training the last one, each `eta` times as long as the one
            before; or shares such as "10%,30%".
        eta: How many times as long.

    Raises:
        StudyError: It is neither.

    >>> parse_rungs("none", eta=3), parse_rungs("3", eta=2), parse_rungs("10%,30%", eta=3)
    ((), (0.25, 0.5), (0.1, 0.3))
    """
    must = f"`rungs` must be none, a number from 2 to {_MOST_RUNGS}, or shares such as 10%,30%, but got {text!r}."
    if text == "none":
        return ()
    if text.isdecimal():
        if not 2 <= int(text) <= _MOST_RUNGS:
            raise StudyError(must)
        validate_rungs((), eta=eta)
        return tuple(eta**-power for power in range(int(text) - 1, 0, -1))
    try:
        shares = tuple(_parse_percent(part) for part in text.split(","))
    except ValueError:
        raise StudyError(must) from None
    validate_rungs(shares, eta=eta)
    return shares


def parse_rung_clips(text: str | None, *, rungs: Sequence[float]) -> tuple[float, ...]:
    """Shares of the training clips on which each rung trains; none where all train throughout.

    Args:
        text: Shares such as "25%,50%", one a rung; None for none.
        rungs: The rungs of the study.

    Raises:
        StudyError: It is none of these.

    >>> parse_rung_clips(None, rungs=(0.1,)), parse_rung_clips("25%,50%", rungs=(0.1, 0.3))
    ((), (0.25, 0.5))
    """
    if text is None:
        return ()
    try:
        shares = tuple(_parse_percent(part) for part in text.split(","))
    except ValueError:
        raise StudyError(f"`rung_clips` must be shares such as 25%,50%, but got {text!r}.") from None
    validate_rung_clips(shares, rungs=rungs)
    return shares


def validate_rung_clips(shares: Sequence[float], *, rungs: Sequence[float]) -> None:
    """Raise unless there is none, or one a rung above 0 and at most 1 that do not descend.

    Raises:
        StudyError: It is otherwise; with what came.
    """
    if not shares:
        return
    if len(shares) != len(rungs):
        raise StudyError(f"`rung_clips` must have one share for each of the {len(rungs)} rungs, but got {len(shares)}.")
    if not shares[0] > 0 or not shares[-1] <= 1 or any(low > high for low, high in pairwise(shares)):
        raise StudyError(
            f"`rung_clips` must not descend, from above 0 % to at most 100 %, but got {format_rungs(shares)}."
        )


def format_rungs(shares: Sequence[float]) -> str:
    """Rungs as a person reads them.

    >>> format_rungs(()), format_rungs((1 / 9, 1 / 3))
    ('none', '11.1%,33.3%')
    """
    return ",".join(f"{100 * share:.3g}%" for share in shares) or "none"


def validate_rungs(shares: Sequence[float], *, eta: float) -> None:
    """Raise unless the shares ascend within (0, 1), and eta is above 1.

    Raises:
        StudyError: They do not; with what came.
    """
    if not 1 < eta < math.inf:
        raise StudyError(f"`eta` must be above 1, but got {eta:g}.")
    inner = [0.0, *shares, 1.0]
    if any(not low < high for low, high in pairwise(inner)):
        raise StudyError(f"`rungs` must ascend from above 0 % to below 100 %, but got {format_rungs(shares)}.")


def rung_epochs(shares: Sequence[float], n_epochs: int) -> tuple[int, ...]:
    """Epochs after which a training of so many stops at each rung, at least one.

    >>> rung_epochs((1 / 9, 1 / 3), 27), rung_epochs((1 / 9, 1 / 3), 2)
    ((3, 9), (1, 1))
    """
    return tuple(max(1, round(share * n_epochs)) for share in shares)


def expected_share(shares: Sequence[float], *, eta: float, clips: Sequence[float] = ()) -> float:
    """Mean share of a training on all clips that a trial takes, where one in `eta` goes on from each rung.

    Args:
        shares: The shares of the training's epochs, after which it stops.
        eta: One in how many goes on.
        clips: Share of the clips that trains until each stop; empty for all.

    >>> expected_share((), eta=3), expected_share((0.25, 0.5), eta=2)
    (1.0, 0.5)
    >>> expected_share((0.25, 0.5), eta=2, clips=(0.5, 1.0))
    0.375
    """
    lengths = [high - low for low, high in pairwise((0.0, *shares, 1.0))]
    seen = [*(clips or [1.0] * len(shares)), 1.0]
    return sum(length * part / eta**level for level, (length, part) in enumerate(zip(lengths, seen, strict=True)))


def rung_entries(records: Sequence[TrialRecord], objectives: Sequence[str]) -> list[RungEntry]:
    """What the rule of promotion knows of a study's trials; failed ones and those without rungs are left out.

    The scores are those of networks in float, at the end too. The cost is the product of all costs among the
    objectives; without one all trials are of one band.

    Args:
        records: Finished and stopped trials.
        objectives: Names of the study's objectives.
    """
    scored = [name for name in objectives if OBJECTIVES[name].is_score]
    costs = [name for name in objectives if not OBJECTIVES[name].is_score]
    found = []
    for record in records:
        if record.is_failed or not record.rungs:
            continue
        reached = [rung.scores for rung in record.rungs]
        last = record.network_scores or record.scores
        if last is not None:
            reached.append(last)
        cost = math.prod(max(1.0, value) for value in objective_values(costs, record.cost, reached[0]))
        rows = tuple(objective_values(scored, record.cost, scores) for scores in reached)
        found.append(RungEntry(record.number, cost, rows, record.is_stopped))
    return found


def agreement_lines(agreements: Sequence[RungAgreement], *, n_rungs: int) -> list[str]:
    """How well each rung told the next one, a line each.

    Args:
        agreements: The agreements of a study's trials.
        n_rungs: Rungs of the study.

    >>> agreement_lines([RungAgreement(0, 9, 0.25)], n_rungs=1)[0][:60]
    'rung 1 to the end: rank correlation 0.25 of 9 trials, which '
    """
    lines = []
    for found in agreements:
        target = "the end" if found.rung + 1 == n_rungs else f"rung {found.rung + 2}"
        value = "too few to say" if found.correlation is None else f"rank correlation {found.correlation:.2f}"
        trials = "1 trial" if found.n_trials == 1 else f"{found.n_trials} trials"
        low = ", which is low, so more go on from there" if found.is_low else ""
        lines.append(f"rung {found.rung + 1} to {target}: {value} of {trials}{low}")
    return lines


def _parse_percent(text: str) -> float:
    if not text.strip().endswith("%"):
        raise ValueError(text)
    return float(text.strip().removesuffix("%")) / 100
