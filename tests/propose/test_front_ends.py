"""Front ends whose features are there, or not, or cannot be: what is proposed."""

from dataclasses import replace

import numpy as np
import pytest

from nas_asc.frontend import LogMel, Task
from nas_asc.propose import Screen, read_history
from nas_asc.propose.gp import GpStrategy
from nas_asc.propose.local import LocalStrategy
from nas_asc.propose.pool import fitting
from nas_asc.propose.score_model import ScoreModels
from nas_asc.propose.seconds import MOST_TIME, SecondsModels
from nas_asc.recipe import BandSelection, Recipe
from nas_asc.space import Space, choice
from tests.propose.made_up import BUDGET, CONFIG, build, simulate
from tests.search.tiny import network

TASK = Task(n_classes=4, clip_s=0.25)
NAMES = ("log_loss", "macs", "params")
space = Space(
    "two",
    width=choice(2, 3, 4, 5, 6, 7, 8, 9),
    depth=choice(0, 1, 2),
    activation=choice("relu", "silu", "gelu", "hardswish"),
    hop=choice(100, 120),
)


@space.network
def two_network(width, depth, activation):
    yield from network(width, depth, 3, activation)


@space.features
def features(hop):
    return LogMel(sample_rate=8_000, n_fft=256, win_length=256, hop_length=hop, n_mels=16)


def screen_of(there=(), *, features_s=1e4, **options):
    """Where features take long unless they are of these hops."""
    return Screen(
        space,
        TASK,
        budget=BUDGET,
        features_s=lambda log_mel: 0.0 if log_mel.hop_length in there else features_s,
        **options,
    )


def history_of(n=10):
    records = simulate(build("random", space=space, task=TASK), n)
    return read_history([replace(record, seconds=10.0) for record in records], space, minimised=NAMES)


def propose(strategy, screen, timeout_s, seed):
    history = history_of(10 if strategy == "gp" else 26)  # small moves keep the front end while a study is young
    models, seconds = ScoreModels(space, column=0), SecondsModels(screen, timeout_s=timeout_s)
    if strategy == "gp":
        found = GpStrategy(screen, replace(CONFIG, budget=BUDGET), models, seconds)
    else:
        found = LocalStrategy(models, column=0, seconds=seconds)
    return found(screen, history, np.random.default_rng(seed)).candidate


@pytest.mark.parametrize("strategy", ["gp", "local"])
@pytest.mark.parametrize("there", [100, 120])
def test_with_a_time_limit_the_front_end_that_is_there_comes_first(strategy, there):
    """The gains of the two differ by little: their hops do."""
    found = {propose(strategy, screen_of({there}), 1e9, seed).values["hop"] for seed in range(3)}
    assert found == {there}


def test_without_a_time_limit_and_where_all_are_there_nothing_changes():
    for seed in range(3):
        assert propose("gp", screen_of(), None, seed) == propose("gp", screen_of({100, 120}), None, seed)
        there, quick = (
            propose("gp", screen, 1e9, seed) for screen in (screen_of({100, 120}), screen_of(features_s=1e-9))
        )
        assert there == quick


def test_features_are_among_the_expected_seconds():
    history, screen = history_of(), screen_of({100}, features_s=500.0)
    pool = fitting(space.draw_many(np.random.default_rng(1), 30), screen)
    seconds, plain = (SecondsModels(each, timeout_s=5_000.0) for each in (screen, screen_of({100, 120})))
    more = seconds.predict(pool, history) - plain.predict(pool, history)
    expected = [0.0 if candidate.values["hop"] == 100 else 500.0 for candidate in pool]
    assert more == pytest.approx(expected, abs=1e-6)
    delay = seconds.delay(pool, history)
    assert delay == pytest.approx(np.log(seconds.predict(pool, history) / plain.predict(pool, history)), abs=1e-9)
    assert MOST_TIME * 5_000.0 == 500.0
    assert {candidate.values["hop"] for candidate in seconds.affordable(pool, history)} == {100}


def test_a_front_end_without_room_is_never_proposed():
    reason = "features larger than the disk (1GB)"
    screen = screen_of(refuse=lambda log_mel: reason if log_mel.hop_length == 100 else None)
    drawn = space.draw_many(np.random.default_rng(0), 60)
    assert {candidate.values["hop"] for candidate in fitting(drawn, screen)} == {120}
    narrow = next(each for each in drawn if each.values["hop"] == 100)
    assert screen.excess(narrow) >= 1
    assert screen.admit(narrow, origin="test") is None


def test_features_are_those_of_all_bands_where_bands_are_chosen():
    own = Space("bands", width=choice(2, 3))

    @own.network
    def own_network(width):
        yield from network(width, 0, 3, "relu")

    log_mel = LogMel(sample_rate=8_000, n_fft=256, win_length=256, hop_length=128, n_mels=16, kept_bands=(0, 1, 2, 3))
    own.features(lambda: log_mel)
    own.recipe(lambda: Recipe(band_selection=BandSelection()))
    assert own.training_log_mel(own.draw_many(np.random.default_rng(0), 1)[0], TASK) == replace(
        log_mel, kept_bands=None
    )
