"""How long a training takes, from a few steps: exact by a clock of its own, and as long as training is by another."""

from itertools import accumulate

import numpy as np
import pytest
import torch

from nas_asc.clock import TimeLimit
from nas_asc.data import Split
from nas_asc.evaluation import (
    PreparedData,
    Speed,
    Worker,
    choose_training_precision,
    evaluate_candidate,
    measure_speed,
)
from nas_asc.layers import Classifier, Conv
from nas_asc.recipe import BandSelection, ClipGrowth, QuantisedTraining, Recipe
from nas_asc.training import CPU, Run, choose_precision, faster_precision, has_bfloat16_units
from tests.clocks import StepClock
from tests.evaluation.own_layers import CLIP_S, CLOCK, Rotten, Slow

pytest_plugins = ["tests.evaluation.tones"]
N_TRAIN, N_VALIDATION, BATCH = 20, 100, 8
SLOW = (Conv(4, kernel_size=3, stride=4, norm="batch"), Slow(), Classifier())


@pytest.fixture(scope="module")
def many(prepared, tmp_path_factory):
    """More clips to validate on than a file is measured with; who asks for features fails."""

    def fail(done, total):
        raise AssertionError("audio was read")

    rows = np.arange(N_TRAIN + N_VALIDATION)
    split = Split(rows[:N_TRAIN], rows[N_TRAIN:], np.zeros(0, np.int64), "many to validate on")
    return PreparedData(prepared.data_set, split, cache_dir=tmp_path_factory.mktemp("many"), on_progress=fail)


def measure(design, prepared, **options):
    return measure_speed(design, prepared, torch_device=CPU, **{"clock": StepClock(0.5)} | options)


def test_an_epoch_is_as_many_steps_as_it_has_batches(many, make_design):
    speed = measure(make_design(), many)
    assert speed.epoch_s == 0.5 * N_TRAIN / BATCH
    assert speed.quantised_epoch_s == 0.0


def test_a_recipe_with_training_in_8_bits_has_epochs_of_these_too(many, make_design):
    speed = measure(make_design(quantisation=QuantisedTraining(0.25)), many)
    assert speed.epoch_s == speed.quantised_epoch_s == 0.5 * N_TRAIN / BATCH > 0


@pytest.mark.parametrize("bits", [None, 8, 16, 32])
def test_a_file_takes_its_writing_and_its_run_on_all_validation_clips(bits, many, make_design):
    """Written and run on 64 clips in one step of the clock; run on 64 of them once more in another."""
    assert measure(make_design(bits=bits), many).file_s == 0.5 + 0.5 * (N_VALIDATION - 64) / 64


def test_a_file_is_run_on_no_more_clips_than_there_are(prepared, make_design):
    assert prepared.n_validation < 64
    assert measure(make_design(), prepared).file_s == 0.5


@pytest.mark.parametrize("quantisation", [None, QuantisedTraining(0.25)])
def test_a_network_that_cannot_be_exported_has_no_file_to_wait_for(quantisation, many, make_design):
    speed = measure(make_design(layers=SLOW, quantisation=quantisation), many)
    assert speed.file_s == 0.0
    assert speed.epoch_s > 0
    assert (speed.quantised_epoch_s > 0) == (quantisation is not None)


def test_the_first_step_is_left_out_and_the_middle_one_of_the_others_counts(many, make_design):
    class Steps:
        """Steps of a training that take so long; then none takes any time."""

        def __init__(self, *seconds):
            self._readings = iter(accumulate(second for step_s in seconds for second in (0.0, step_s)))
            self._last = 0.0

        def now(self):
            self._last = next(self._readings, self._last)
            return self._last

    speed = measure(make_design(), many, clock=Steps(100.0, 7.0, 1.0, 2.0), n_steps=3)
    assert speed == Speed(2.0 * N_TRAIN / BATCH)


def test_the_forecast_is_the_time_that_an_epoch_then_takes(prepared, make_design):
    """By a clock that goes on with the clips that the network sees."""
    design = make_design(layers=SLOW, epochs=3, quantisation=QuantisedTraining(0.4))
    speed = measure(design, prepared, clock=CLOCK)
    curve = evaluate_candidate(design, prepared, Run(limit=TimeLimit(clock=CLOCK))).curve
    taken = [prepared.n_train / row.clips_per_s for row in curve]
    assert taken == [speed.epoch_s] * 3 + [speed.quantised_epoch_s] == [CLIP_S * prepared.n_train] * 4
    assert speed.scoring_s == CLIP_S * prepared.n_validation
    assert speed.training_s(design.recipe, 3) == sum(taken) + speed.scoring_s


def test_a_training_that_begins_with_fewer_clips_is_measured_with_all_of_a_batch(many, make_design):
    growth = ClipGrowth((4,), (0.5,))
    assert measure(make_design(growth=growth), many) == measure(make_design(), many)


@pytest.mark.parametrize(
    ("recipe", "seconds"),
    [
        (Recipe(), 8 * 2.0 + 3.5),
        (Recipe(quantisation=QuantisedTraining(0.25)), 8 * 2.0 + 2 * 5.0 + 3.5),
        (Recipe(band_selection=BandSelection(epochs=4)), (4 + 8) * 2.0 + 3.5),
        (Recipe(growth=ClipGrowth((4,), (0.5,))), (4 * 0.5 + 4) * 2.0 + 3.5),
    ],
)
def test_the_parts_of_a_training_add_up(recipe, seconds):
    assert Speed(2.0, quantised_epoch_s=5.0, file_s=3.0, scoring_s=0.5).training_s(recipe, 8) == seconds


def test_a_worker_measures_by_its_own_clock(many, make_design):
    design = make_design(quantisation=QuantisedTraining(0.25))
    assert Worker(many, clock=StepClock(0.5)).measure_speed(design) == measure(design, many)


def test_a_layer_that_fails_takes_a_worker_no_time(many, make_design):
    design = make_design(layers=(*SLOW[:2], Rotten(), Classifier()))
    with pytest.raises(KeyError):
        measure(design, many)
    assert Worker(many, clock=StepClock(0.5)).measure_speed(design) == Speed(0.0)


def test_measuring_leaves_the_random_numbers_alone(many, make_design):
    before = torch.get_rng_state()
    measure(make_design(quantisation=QuantisedTraining(0.25)), many)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_precision_is_the_one_in_which_the_designs_train_faster(many, make_design):
    """On a CPU without units of bfloat16 nothing is measured; with them each design is, in both."""
    clock = StepClock(0.5)
    found = choose_training_precision([make_design()], many, torch_device=CPU, clock=clock)
    assert found is torch.float32  # as fast in both, by this clock
    assert (clock.n_readings > 0) == has_bfloat16_units(CPU)
    assert faster_precision({torch.float32: 1.3, torch.bfloat16: 1.0}) is torch.bfloat16
    assert faster_precision({torch.float32: 1.1, torch.bfloat16: 1.0}) is torch.float32


def test_without_designs_a_small_block_decides_the_precision(many):
    assert choose_training_precision([], many, torch_device=CPU) is choose_precision(CPU)
