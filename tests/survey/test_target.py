"""What a target leaves out of a space, against every candidate of it."""

from collections import Counter

import numpy as np
import pytest

from nas_asc.budget import Budget
from nas_asc.cost import Cost, count_arena_of, count_cost, list_obstacles
from nas_asc.errors import BudgetError, NothingFitsError
from nas_asc.frontend import LogMel, Task
from nas_asc.layers import Classifier, Conv
from nas_asc.space import Space, choice
from nas_asc.survey import count_candidate, survey_space

TASK = Task(n_classes=4, clip_s=0.5)


def build(activations=("relu", "prelu", "gelu", "hardswish"), norms=("batch", "layer")):
    space = Space(
        "targets", width=choice(4, 8, 16), activation=choice(*activations), norm=choice(*norms), depth=choice(1, 2)
    )

    @space.network
    def network(width, activation, norm, depth):
        yield Conv(width, kernel_size=3, stride=2, norm="batch", activation="relu")
        for _ in range(depth):
            yield Conv(width, kernel_size=3, norm=norm, activation=activation)
        yield Classifier()

    @space.features
    def features():
        return LogMel(sample_rate=8_000, n_fft=256, win_length=256, hop_length=200, n_mels=24)

    return space


@pytest.mark.parametrize("target", ["onnxruntime", "tflite-micro"])
def test_shares_and_rows_are_those_of_the_candidates_that_run(target):
    space = build()
    survey = survey_space(space, TASK, Budget(max_params=2_000), target=target, n_draws=3_000)
    lacking = {"onnxruntime": 3, "tflite-micro": 1}[target]
    share = 1 - (4 - lacking) / 4 / 2  # half of the norms, some of four activations
    assert survey.left_out.n / 3_000 == pytest.approx(share, abs=0.03)
    assert sum(survey.left_out.reasons.values()) >= survey.left_out.n
    for row in survey.rows:
        smallest = space.candidate(**row.smallest)
        assert list_obstacles(space.architecture(smallest, TASK), target) == ()
    norm = next(each for each in survey.left_out.reasons if each.startswith("layer norm"))
    assert survey.left_out.reasons[norm] / 3_000 == pytest.approx(0.5, abs=0.03)
    assert survey.left_out.describe(3_000).startswith(f"left out for {target}: {100 * survey.left_out.n / 3_000:.0f} %")


def test_no_target_leaves_nothing_out():
    survey = survey_space(build(), TASK, Budget(), n_draws=500)
    assert (survey.left_out.n, survey.share_fits, survey.left_out.reasons) == (0, 1, {})


def test_axis_values_to_blame_are_named_when_nothing_is_left():
    space = build(("prelu", "gelu"))
    with pytest.raises(NothingFitsError, match="none of 500 drawn candidates runs as integers on onnxruntime") as error:
        survey_space(space, TASK, Budget(), target="onnxruntime", n_draws=500)
    text = str(error.value)
    assert "PReLU (float in onnxruntime) comes with activation='prelu'" in text
    assert "GELU (float in onnxruntime) comes with activation='gelu'" in text
    assert "layer norm (float in onnxruntime) comes with norm='layer'" in text


def test_obstacle_of_every_network_is_told_as_such():
    with pytest.raises(NothingFitsError, match=r"GELU \(missing in TFLite Micro\) is in every network of the space"):
        survey_space(build(("gelu",)), TASK, Budget(), target="tflite-micro", n_draws=200)


def test_nearest_runs_on_the_target_and_the_message_says_what_was_left_out():
    space, budget = build(), Budget(max_params=50)
    survey = survey_space(space, TASK, budget, target="onnxruntime", n_draws=500)
    values = Counter(survey.nearest.values)
    assert (values["activation"], values["norm"]) == ("relu", "batch")
    assert survey.nearest.used["params"] == count_cost(space.architecture(space.candidate(**values), TASK)).params
    with pytest.raises(NothingFitsError, match=r"Loosen the budget\. Left out for onnxruntime: "):
        survey.validate()


def test_unknown_target_is_told():
    with pytest.raises(BudgetError, match="`target` must be a known target, but got 'arm'"):
        survey_space(build(), TASK, Budget(), target="arm", n_draws=10)


@pytest.mark.parametrize("target", ["c", "tflite-micro"])
def test_ram_on_a_microcontroller_is_network_and_front_end(target):
    space, budget = build(activations=("relu", "hardswish"), norms=("batch",)), Budget(max_ram=4_000)
    on_target = budget.on_target(target)
    assert (budget.on_target("onnxruntime"), Budget(max_params=9).on_target(target).ram_target) == (budget, None)
    fits = {True: 0, False: 0}
    for candidate in space.draw_many(np.random.default_rng(0), 40):
        plain = count_candidate(space, candidate, TASK)
        found = count_candidate(space, candidate, TASK, ram_target=target)
        architecture, log_mel = space.architecture(candidate, TASK), space.log_mel(candidate, TASK)
        front_end = log_mel.count(TASK.clip_s).ram_bytes
        assert found.ram_bytes == count_arena_of(architecture, target) + front_end
        assert (plain.ram_bytes, plain.target_ram_bytes) == (found.peak_ram_bytes, None)
        assert on_target.fits(found) == (found.ram_bytes <= 4_000)
        assert Cost.from_dict(found.to_dict()) == found
        fits[on_target.fits(found)] += 1
    assert min(fits.values()) > 0
    survey = survey_space(space, TASK, on_target, target=target, n_draws=200)
    ram = next(row for row in survey.rows if row.resource == "ram")
    assert ram.minimum > survey.front_end.ram_bytes[0] > 0
    assert 0 < survey.share_fits < 1
