"""Hypothesis strategies and examples of configs and records."""

from hypothesis import strategies as st

from nas_asc.budget import Budget
from nas_asc.cost import Cost
from nas_asc.frontend import LogMel
from nas_asc.metrics import Scores
from nas_asc.recipe import Recipe
from nas_asc.study import EXECUTORS, Ask, Repeat, RungRecord, StudyConfig, TrialRecord

counts = st.integers(0, 10**9)
shares = st.floats(0, 1)
words = st.text(max_size=20)
plain = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**50), 2**50), st.floats(allow_nan=False, allow_infinity=False), words
)
costs = st.builds(Cost, *[counts] * 8)
scores = st.builds(
    Scores,
    n_clips=counts,
    log_loss=st.floats(0, 50),
    accuracy=shares,
    macro_accuracy=shares,
    class_accuracy=st.lists(st.none() | shares, max_size=4).map(tuple),
    device_accuracy=st.dictionaries(words, shares, max_size=3),
    device_log_loss=st.dictionaries(words, shares, max_size=3),
    confusion=st.lists(st.tuples(counts, counts), max_size=3).map(tuple),
    calibration_error=shares,
)
asks = st.builds(Ask, index=counts, n_known=counts, pending=st.lists(counts, max_size=3).map(tuple))
records = st.builds(
    TrialRecord,
    number=counts,
    state=st.sampled_from(["complete", "failed", "stopped"]),
    values=st.dictionaries(words, plain | st.tuples(plain, plain), max_size=5),
    key=words,
    architecture=words,
    log_mel=st.builds(LogMel, n_mels=st.integers(1, 256)),
    recipe=st.builds(Recipe, epochs=st.none() | st.integers(1, 100)),
    cost=costs,
    scores=st.none() | scores,
    rungs=st.lists(st.builds(RungRecord, epochs=st.integers(1, 100), scores=scores), max_size=2).map(tuple),
    objectives=st.lists(st.floats(0, 1e9), max_size=3).map(tuple),
    seconds=st.floats(0, 1e6),
    reason=st.none() | words,
    seed=counts,
    torch_device=words,
    precision=words,
    origin=words,
    asked=st.none() | asks,
)
configs = st.builds(
    StudyConfig,
    name=words,
    space=words,
    space_digest=words,
    data_digest=words,
    split_digest=st.none() | words,
    classes=st.lists(words, max_size=4).map(tuple),
    clip_s=st.floats(0.1, 60),
    budget=st.builds(Budget, max_params=st.none() | st.integers(1, 10**9), rules=st.sampled_from([None, "dcase2022"])),
    fingerprint=st.dictionaries(words, words, max_size=4),
    data=st.none() | words,
    objectives=st.sampled_from([("log_loss",), ("error", "macs"), ("log_loss", "macs", "int8_bytes")]),
    mode=st.sampled_from(["pareto", "best"]),
    n_workers=st.integers(1, 64),
    executor=st.sampled_from(EXECUTORS),
    reference_point=st.lists(st.floats(0, 1e9), max_size=3).map(tuple),
    sampler=st.sampled_from(["auto", "gp", "optuna:GPSampler"]),
    warm_start=st.booleans(),
    seed=st.integers(0, 2**62),
    subset=st.none() | st.integers(5, 100),
    test_fold=st.none() | st.integers(1, 5),
    epochs=st.none() | st.integers(1, 100),
    rungs=st.sampled_from([(), (0.1,), (1 / 9, 1 / 3)]),
    eta=st.floats(1.1, 9),
    n_trials=st.none() | st.integers(1, 100),
    timeout_s=st.none() | st.floats(1, 1e6),
    torch_device=st.none() | words,
    precision=st.none() | words,
    versions=st.dictionaries(words, words, max_size=3),
    created=words,
)


def example_record(number: int = 0, **changes: object) -> TrialRecord:
    """A plausible complete trial."""
    values = {
        "number": number,
        "state": "complete",
        "values": {"width": 16, "kernel_size": (3, 1)},
        "key": f"{number:016x}",
        "architecture": "in 1x64x51",
        "log_mel": LogMel(),
        "recipe": Recipe(epochs=3),
        "cost": Cost(1000, 1100, 1100, 20_000, 21_000, 1500, 4000, 100),
        "scores": Scores(10, 1.5, 0.5, 0.5, (0.5, None)),
        "objectives": (1.5, 20_000.0, 1500.0),
        "seconds": 2.0,
    }
    return TrialRecord(**(values | changes))


def example_config(name: str = "tau25", **changes: object) -> StudyConfig:
    """A plausible study."""
    values = {
        "name": name,
        "space": "cp_mobile",
        "space_digest": "0123456789abcdef",
        "data_digest": "fedcba9876543210",
        "split_digest": "00112233445566",
        "classes": ("airport", "bus"),
        "clip_s": 1.0,
        "budget": Budget(max_params=128_000),
    }
    return StudyConfig(**(values | changes))


def example_repeat(number: int, index: int, **changes: object) -> Repeat:
    """A plausible training of a trial's network with a seed of its own; failed where it has no scores."""
    state = "failed" if changes.get("scores", 0) is None else "complete"
    trial = example_record(number, state=state, seed=index, **changes)
    return Repeat.of(trial, index)
