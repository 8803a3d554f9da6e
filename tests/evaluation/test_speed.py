"""How long a training takes, from a few steps: exact by a clock of its own, and as long as training is by another."""

from contextlib import nullcontext
from dataclasses import dataclass
from itertools import accumulate, product

import numpy as np
import pytest
import torch
from torch import nn

from nas_asc.clock import TimeLimit
from nas_asc.data import Split
from nas_asc.evaluation import (
    PreparedData,
    Speed,
    Worker,
    choose_arithmetic,
    evaluate_candidate,
    measure_speed,
)
from nas_asc.layers import Classifier, Conv, Layer
from nas_asc.recipe import BandSelection, ClipGrowth, QuantisedTraining, Recipe
from nas_asc.training import CPU, Arithmetic, Run, choose_precision, fastest_arithmetic, list_arithmetics
from nas_asc.training.precision import FORMATS, has_bfloat16_units
from tests.clocks import StepClock
from tests.evaluation.own_layers import CLIP_S, CLOCK, Rotten, Slow, Waiting
from tests.training.tape import Silent, Tape

pytest_plugins = ["tests.evaluation.tones"]
WANTED, SEEN = [Arithmetic()], [[]]
N_TRAIN, N_VALIDATION, BATCH = 20, 100, 8
SLOW = (Conv(4, kernel_size=3, stride=4, norm="batch"), Slow(), Classifier())


class Picker(nn.Module):
    """Gives what it is given; its clips take the clock less time in the arithmetic that is wanted."""

    def forward(self, x):
        is_last = x.is_contiguous(memory_format=torch.channels_last)
        arithmetic = Arithmetic(x.dtype, FORMATS[0] if is_last else FORMATS[1])
        SEEN[0].append(arithmetic)
        CLOCK.seconds += len(x) * (1.0 if arithmetic == WANTED[0] else 2.0)
        return x


@dataclass(frozen=True)
class Picking(Waiting):
    """A primitive of its own."""

    word = "pick"

    def build_module(self, *in_shapes):
        return Picker()


class Picky(Layer):
    """A layer that is faster in one arithmetic."""

    def expand(self, tape, x):
        return tape.apply(Picking(), x)


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


def test_a_cpu_is_measured_in_bfloat16_where_it_has_units_and_in_no_other_memory_format(many, make_design):
    clock = StepClock(0.5)
    found = choose_arithmetic([make_design()], many, torch_device=CPU, clock=clock)
    assert found == Arithmetic()  # as fast in all, by this clock
    assert (clock.n_readings > 0) == has_bfloat16_units(CPU)
    assert {each.memory_format for each in list_arithmetics(CPU)} == {"channels_last"}


def test_a_gpu_is_measured_in_both_formats_of_both_precisions_with_recorded_steps_and_without(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    found = list_arithmetics(torch.device("cuda:0"))
    assert found[0] == Arithmetic()
    assert set(found) == {Arithmetic(*each) for each in product(PRECISIONS, FORMATS, (False, True))}


PRECISIONS = torch.float32, torch.bfloat16
PLAIN, OTHER, ROUNDED, BOTH = (Arithmetic(each, memory_format) for each in PRECISIONS for memory_format in FORMATS)


@pytest.mark.parametrize(
    ("seconds", "fastest"),
    [
        ((1.0, 1.0, 1.0, 1.0), PLAIN),
        ((1.0, 0.96, 0.9, 0.9), PLAIN),  # within the noise
        ((1.0, 0.95, 0.9, 0.9), OTHER),
        ((1.3, 1.3, 1.0, 1.0), ROUNDED),
        ((1.3, 1.1, 1.0, 1.0), OTHER),  # bfloat16 must beat the faster format by a fifth
        ((9.0, 1.3, 1.0, 9.0), ROUNDED),
        ((9.0, 1.3, 9.0, 1.0), BOTH),
    ],
)
def test_the_arithmetic_is_the_clearly_faster_one(seconds, fastest):
    assert fastest_arithmetic(dict(zip((PLAIN, OTHER, ROUNDED, BOTH), seconds, strict=True))) == fastest


@pytest.mark.parametrize("fast", [PLAIN, OTHER, ROUNDED, BOTH])
def test_the_arithmetic_is_the_one_in_which_the_designs_train_faster(fast, many, make_design):
    """Of real steps, by a layer whose clips take less time where it sees what `fast` asks for."""
    design = make_design(layers=(Conv(4, kernel_size=3, stride=4, norm="batch"), Picky(), Classifier()))
    WANTED[:] = [fast]
    found = choose_arithmetic([design], many, torch_device=CPU, clock=CLOCK, candidates=(PLAIN, OTHER, ROUNDED, BOTH))
    assert found == fast


@pytest.mark.parametrize(("gain", "graphs"), [(1.0, False), (1.04, False), (1.06, True)])
def test_recorded_steps_are_chosen_where_they_are_faster_by_a_twentieth(gain, graphs):
    seconds = {Arithmetic(): 1.0, Arithmetic(graphs=True): 1.0 / gain}
    assert fastest_arithmetic(seconds) == Arithmetic(graphs=graphs)


class Fast(Tape):
    """Its replays take no time of the clock."""

    def record(self, compute):
        found, replay = super().record(compute)

        def replay_at_once():
            before = CLOCK.seconds
            replay()
            CLOCK.seconds = before

        return found, replay_at_once


@pytest.mark.parametrize(("record", "graphs"), [(Fast, True), (Tape, False), (Silent, False)])
def test_recorded_steps_are_chosen_where_they_are_faster_and_give_the_same_losses(record, graphs, many, make_design):
    design = make_design(layers=SLOW)
    found = choose_arithmetic(
        [design],
        many,
        torch_device=CPU,
        clock=CLOCK,
        candidates=(Arithmetic(), Arithmetic(graphs=True)),
        record=record,
    )
    assert found == Arithmetic(graphs=graphs)


def test_a_design_that_cannot_be_trained_leaves_the_choice_to_others(many, make_design):
    design = make_design(layers=(*SLOW[:2], Rotten(), Classifier()))
    found = choose_arithmetic([design], many, torch_device=CPU, candidates=(PLAIN, OTHER))
    assert found == Arithmetic(choose_precision(CPU))


def test_without_designs_a_small_block_decides_the_precision(many):
    assert choose_arithmetic([], many, torch_device=CPU) == Arithmetic(choose_precision(CPU))


@pytest.mark.parametrize("memory_format", FORMATS)
def test_a_worker_trains_in_its_memory_format_to_the_same_weights_up_to_rounding(memory_format, prepared, make_design):
    seen = []
    design = make_design(epochs=1, layers=(Conv(4, kernel_size=3, stride=4, norm="batch"), Picky(), Classifier()))
    SEEN[:] = [seen]
    outcome = evaluate_candidate(design, prepared, Run(3, memory_format=memory_format))
    plain = evaluate_candidate(design, prepared, Run(3))
    assert outcome.curve[0].loss == pytest.approx(plain.curve[0].loss, rel=1e-4)
    assert seen[0] == Arithmetic(memory_format=memory_format)
