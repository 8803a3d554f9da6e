"""Made-up evidence of a study: by default one in which nothing is wrong."""

from dataclasses import replace

from nas_asc.budget import Budget
from nas_asc.cost import Cost
from nas_asc.frontend import LogMel
from nas_asc.health import Evidence, Validation
from nas_asc.layers import Classifier, Conv
from nas_asc.metrics import Scores
from nas_asc.space import Space, choice, integer, real
from nas_asc.study import TrialRecord, objective_values
from tests.study.records import example_config, example_record

OBJECTIVES = ("log_loss", "macs")
BUDGET = Budget(max_macs=1_000_000)
VALIDATION = Validation(4000, 40, "location", {"airport": 2000, "bus": 2000}, ("a", "b"), ("a", "b"))


def make_space() -> Space:
    """Axes of every kind."""
    space = Space(
        "edges",
        width=choice(8, 16, 24, 32),
        growth=choice(8, 16, 32, 64),
        depth=integer(0, 8),
        rate=real(0.001, 0.1, log=True),
        activation=choice("relu", "silu", "gelu"),
    )

    @space.network
    def network(width, growth, depth, rate, activation):
        yield Conv(width, kernel_size=3, norm="batch", activation=activation)
        for _ in range(depth):
            yield Conv(growth, kernel_size=3, norm="batch", activation=activation)
        yield Classifier()

    @space.features
    def features():
        return LogMel(sample_rate=8_000, n_fft=256, win_length=256, hop_length=128, n_mels=16)

    return space


def make_record(number: int, *, loss: float, macs: int, accuracy: float = 0.8, **changes: object) -> TrialRecord:
    """A complete trial with these scores and costs."""
    cost = Cost(1000, 1100, 1100, macs, macs, 1500, 4000, 100)
    scores = Scores(4000, loss, accuracy, accuracy, (accuracy, accuracy))
    values = {"width": 16, "growth": 16, "depth": 3, "rate": 0.01, "activation": "relu"}
    changes = {"values": values, "seconds": 10.0, **changes}
    return example_record(
        number, cost=cost, scores=scores, objectives=objective_values(OBJECTIVES, cost, scores), **changes
    )


def fail(record: TrialRecord, reason: str) -> TrialRecord:
    """The trial, failed."""
    return replace(record, state="failed", scores=None, objectives=(), reason=reason)


def make_front(n: int = 6, **values: list[object]) -> tuple[TrialRecord, ...]:
    """A front of n trials from little to much of the limit, the best dearest; axis values by name, one a trial."""
    plain = {
        "width": [8, 16, 24, 32, 16, 24], "growth": [8, 16, 32, 64, 16, 32], "depth": [1, 2, 3, 4, 5, 6],
        "rate": [0.002, 0.004, 0.01, 0.02, 0.04, 0.05], "activation": ["relu"] * 6,
    } | values  # fmt: skip
    return tuple(
        make_record(
            row,
            loss=1.0 - 0.1 * row,
            macs=160_000 * (row + 1),
            accuracy=0.5 + 0.05 * row,
            values={name: column[row] for name, column in plain.items()},
        )
        for row in range(n)
    )


def make_evidence(**changes: object) -> Evidence:
    """Evidence of the study above."""
    config = example_config(objectives=OBJECTIVES, budget=BUDGET, reference_point=(2.0, 1e6))
    return Evidence(**({"config": config, "records": make_front(), "validation": VALIDATION} | changes))
