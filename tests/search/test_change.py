from copy import copy
from dataclasses import fields, replace

import pytest

from nas_asc.budget import Budget
from nas_asc.errors import StudyError
from nas_asc.search.change import accept_changes, device_note, installed_versions
from nas_asc.study import StudyConfig
from tests.study.records import example_config

STORED = example_config(
    fingerprint={"axis width": "choice: 8, 16", "network": "abc"},
    versions={"torch": "2.13.0", "optuna": "5.0.0"},
    torch_device="cpu",
    precision="float32",
)


def test_the_same_again_is_accepted():
    assert accept_changes(STORED, STORED, accepted=()) == STORED


def test_what_a_run_asks_of_time_and_number_is_no_change():
    asked = replace(STORED, n_trials=100, timeout_s=60.0, created="later", reference_point=(1.0,))
    assert accept_changes(STORED, asked, accepted=()) == STORED


CHANGED = {
    "space": (
        {"space_digest": "0", "fingerprint": {"axis width": "choice: 8", "network": "abc"}},
        r"study 'tau25' was made with another search space \(its axis 'width' has changed\)\. Start a new study,"
        r" or give `accepted=..space..`",
    ),
    "data": ({"data_digest": "0"}, r"was made with other data \(files were added.*give `accepted=..data..`"),
    "version": (
        {"versions": {"torch": "2.14.0", "optuna": "5.0.0"}},
        r"was made with other versions \(torch 2\.13\.0, now 2\.14\.0\).*give `accepted=..version..`",
    ),
    "device": (
        {"torch_device": "NVIDIA H200", "precision": "bfloat16"},
        r"was trained on another device \(cpu in float32, now NVIDIA H200 in bfloat16\).*`accepted=..device..`",
    ),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_a_change_is_named_with_the_way_round(kind):
    changes, message = CHANGED[kind]
    asked = replace(STORED, **changes)
    with pytest.raises(StudyError, match=message):
        accept_changes(STORED, asked, accepted={*CHANGED} - {kind})
    assert accept_changes(STORED, asked, accepted={kind}) == asked


def test_a_study_that_does_not_say_its_device_takes_the_first_one_it_meets():
    older = replace(STORED, torch_device=None, precision=None)
    assert accept_changes(older, STORED, accepted=()) == STORED
    assert device_note(older, torch_device="NVIDIA H200", precision="bfloat16") is None


def test_trainings_elsewhere_than_the_study_are_told():
    assert device_note(STORED, torch_device="cpu", precision="float32") is None
    note = device_note(STORED, torch_device="cpu", precision="bfloat16")
    assert note == (
        "study 'tau25' was trained on another device (cpu in float32, now cpu in bfloat16): scores may differ a little"
    )


def test_other_classes_are_never_accepted():
    asked = replace(STORED, data_digest="0", classes=("bus",))
    with pytest.raises(StudyError, match=r"was made with 2 classes, but these data have 1, .*Start a new study"):
        accept_changes(STORED, asked, accepted=("data",))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"budget": Budget(max_params=64_000)}, "made with budget: parameters <= 128,000 .*but got budget: .*64,000"),
        ({"objectives": ("log_loss", "params")}, "made with `objectives` log_loss,macs,int8_bytes, but got"),
        ({"mode": "best"}, "made with `mode` pareto, but got `mode` best"),
        ({"sampler": "random"}, "made with `sampler` auto, but got `sampler` random"),
        ({"target": "tflite-micro"}, "made with `target` any, but got `target` tflite-micro"),
        ({"warm_start": False}, "made with `warm_start` True, but got `warm_start` False"),
        ({"min_share": 0.1}, "made with `min_share` not given, but got `min_share` 0.1"),
        ({"seed": 3}, "made with `seed` 0, but got `seed` 3"),
        ({"epochs": 3}, "made with `epochs` not given, but got `epochs` 3"),
        ({"test_fold": 3}, "`test_fold` 3"),
        ({"subset": 25}, "`subset` 25"),
        ({"validation_share": 0.3}, "made with `validation_share` 0.2, but got `validation_share` 0.3"),
        ({"clip_length_s": 2.0}, "`clip_length_s` 2.0"),
        ({"scored": "int8"}, "made with `scored` float, but got `scored` int8"),
        ({"final_length": 3.0}, "made with `final_length` not given, but got `final_length` 3.0"),
        ({"min_accuracy": 0.5}, "made with `min_accuracy` not given, but got `min_accuracy` 0.5"),
        ({"max_log_loss": 0.5}, "made with `max_log_loss` not given, but got `max_log_loss` 0.5"),
        ({"split_digest": "0"}, "was made with another split of its data: other clips trained, validated or were kept"),
    ],
)
def test_other_options_are_refused_whatever_is_accepted(changes, message):
    with pytest.raises(StudyError, match=message):
        accept_changes(STORED, replace(STORED, **changes), accepted=("space", "data", "version"))


def test_the_versions_of_what_computes_a_study_are_known():
    assert sorted(installed_versions()) == ["nas_asc", "optuna", "torch"]


# what may differ
_FREE = {"name", "space", "data", "n_trials", "timeout_s", "n_workers", "executor"}
_FREE |= {"created", "reference_point", "clip_s"}
_FREE |= {"memory_format", "graphs"}  # which the device is fastest in, and no score is of


@pytest.mark.parametrize("name", [field.name for field in fields(StudyConfig) if field.name not in _FREE])
def test_no_part_of_a_study_changes_without_a_word(name):
    other = {
        "budget": Budget(max_params=1),
        "objectives": ("error",),
        "mode": "best",
        "classes": ("a",),
        "rungs": (0.5,),
    }
    other |= {"target": "tflite-micro", "scored": "int8", "rung_clips": (0.5,), "fingerprint": {"axis x": "1"}}
    values = {"versions": {"torch": "0"}, **other}
    value = values.get(name, 0.5 if isinstance(getattr(STORED, name), float | None) else f"{getattr(STORED, name)}1")
    value = {bool: False, int: 7}.get(type(getattr(STORED, name)), value)
    asked = copy(STORED)
    object.__setattr__(asked, name, value)  # whatever a config's own checks say of the parts together
    if name == "fingerprint":
        object.__setattr__(asked, "space_digest", "0")
    with pytest.raises(StudyError, match=r"was (made with|trained on)"):
        accept_changes(STORED, asked, accepted=())


def test_with_other_data_the_split_is_another_one_too():
    asked = replace(STORED, data_digest="0", split_digest="0")
    assert accept_changes(STORED, asked, accepted=("data",)).split_digest == "0"
