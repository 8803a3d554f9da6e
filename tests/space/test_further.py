"""Axes that a space has for some targets only: what they change there, and that nothing else changes elsewhere."""

from pathlib import Path

import numpy as np
import pytest

from nas_asc.budget import Budget
from nas_asc.errors import LayerError, SpaceError
from nas_asc.frontend import MICROCONTROLLERS, LogMel, Task
from nas_asc.layers import Classifier, Conv
from nas_asc.propose import FeasibleSampler
from nas_asc.space import Space, choice, describe_change, integer, list_spaces, load_space, optional
from nas_asc.survey import count_candidate, survey_space

TEXT = Path(__file__).with_name("user_space.py").read_text()
FURTHER = '\nspace.features_on("c", center=choice(True, False, guess=True))\n'


def load_text(folder, text):
    path = folder / "mine.py"
    path.write_text(text)
    return load_space(path)


def build():
    space = Space("small", width=choice(4, 8), shift=optional(integer(1, 3, guess=2)))

    @space.network
    def network(width, shift):
        yield Conv(width + (shift or 0), 3)
        yield Classifier()

    @space.features
    def features(target):
        return LogMel(sample_rate=8_000, n_fft=256, win_length=256, hop_length=80, n_mels=16 if target == "c" else 24)

    space.guess(width=4, shift=None)
    space.features_on("c", center=choice(False, True, guess=True), f_max=optional(choice(3_000.0, guess=3_000.0)))
    space.system("S", published={}, width=8, shift=3)
    return space


def test_the_space_of_other_targets_is_what_it_was(tmp_path):
    before = load_text(tmp_path, TEXT)
    fingerprint, digest, drawn = before.fingerprint, before.digest, before.draw_many(np.random.default_rng(3), 50)
    after = load_text(tmp_path, TEXT + FURTHER)
    for target in ("any", "onnxruntime", "tflite-micro"):
        assert after.for_target(target) is after
    assert (after.fingerprint, after.digest) == (fingerprint, digest)
    assert after.draw_many(np.random.default_rng(3), 50) == drawn
    assert after.guesses == before.guesses
    assert list(after.axes) == list(before.axes)


def test_the_space_of_a_target_has_the_axis_and_names_the_change(tmp_path):
    space = load_text(tmp_path, TEXT + FURTHER)
    known, found = space.fingerprint, space.for_target("c")
    assert list(found.axes) == [*space.axes, "center"]
    assert found.for_target("c") is found
    assert found.as_declared is space.as_declared is space
    assert describe_change(known, found.fingerprint) == "its axis 'center' is new"
    assert found.digest != space.digest
    assert space.describe()[-1] == ("center", "choice", "True, False", "target is c", "True")
    drawn = found.draw_many(np.random.default_rng(0), 60)
    assert {found.log_mel(each, Task()).center for each in drawn} == {True, False}
    for each in drawn:
        again = found.decode(each.code)
        assert found.log_mel(again, Task()).center == again.values["center"]
        assert found.candidate_from(again.values) == each
        assert found.broken_requirement(each) is None


def test_guesses_and_systems_take_the_guess_of_a_further_axis():
    space = build()
    found = space.for_target("c")
    assert found.guesses[0].values == {**space.guesses[0].values, "center": True, "has_f_max": True, "f_max": 3_000.0}
    assert found.systems["S"].candidate.values["center"] is True
    assert found.build_system(found.systems["S"], Task(target="c")).log_mel.f_max == 3_000
    assert space.build_system(space.systems["S"]).log_mel == LogMel(
        sample_rate=8_000, n_fft=256, win_length=256, hop_length=80, n_mels=24
    )


def test_functions_may_ask_for_the_target():
    space = build()
    guess = space.guesses[0]
    assert [space.log_mel(guess, Task(target=target)).n_mels for target in ("any", "tflite-micro", "c")] == [24, 24, 16]


def test_a_sampler_for_a_target_proposes_of_its_space():
    sampler = FeasibleSampler(build(), Budget(max_params=10**4), target="c")
    assert "center" in sampler.distributions
    assert sampler.task.target == "c"
    assert "center" not in FeasibleSampler(build(), Budget(max_params=10**4)).distributions


def test_a_clip_shorter_than_a_frame_that_is_not_centred_cannot_be_built():
    space, task = build().for_target("c"), Task(clip_s=0.03)
    centred, streamed = (space.candidate(width=4, shift=None, center=each, has_f_max=False) for each in (True, False))
    assert count_candidate(space, centred, task) is not None
    assert count_candidate(space, streamed, task) is None
    with pytest.raises(LayerError, match=r"`n_fft` must not exceed a clip's samples .* clips of 240 samples .*line"):
        space.build(streamed, task)
    survey = survey_space(space, task, Budget(), target="c", n_draws=100)
    assert 0 < survey.n_unbuildable < 100


@pytest.mark.parametrize("name", list_spaces())
def test_only_asc_asks_for_more_on_a_microcontroller(name):
    space = load_space(name)
    further = [set(space.for_target(target).axes) - set(space.axes) for target in MICROCONTROLLERS]
    assert further == ([{"center"}] * 2 if name == "asc" else [set()] * 2)


@pytest.mark.parametrize(
    ("declare", "reason"),
    [
        (
            lambda space: space.features_on("d", center=choice(True, guess=True)),
            r"target named 'd' \(.*test_further\.py, ",
        ),
        (lambda space: space.features_on("any", center=choice(True, guess=True)), "no target named 'any'"),
        (lambda space: space.features_on("c"), "needs targets and axes"),
        (
            lambda space: space.features_on("c", centre=choice(True, guess=True)),
            "no field 'centre'.*Did you mean",
        ),
        (lambda space: space.features_on("c", center=choice(True, False)), "'center' has no guess"),
        (lambda space: space.features_on("c", center=True), "'center' must be a form"),
        (lambda space: space.features_on("c", n_mels=choice(40, guess=40)), "axis 'n_mels' is there already"),
    ],
)
def test_what_is_wrong_with_a_further_axis_is_named(declare, reason):
    space = Space("wrong", n_mels=choice(16, 24))
    with pytest.raises(SpaceError, match=reason):
        declare(space)


def test_two_declarations_of_further_axes_are_refused():
    space = build()
    with pytest.raises(SpaceError, match="`features_on` is there already"):
        space.features_on("tflite-micro", center=choice(True, guess=True))
