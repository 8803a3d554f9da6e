"""How many train at the same time, and where: what the options make of a session."""

from types import SimpleNamespace

import pytest

from nas_asc.cli.worker_options import DeviceOptions
from nas_asc.errors import StudyError
from tests.study.records import example_config


def begin(options, **config):
    """A session as a command begins it with these options."""
    found = SimpleNamespace(config=example_config(**config), torch_devices=options.torch_devices("auto"))
    options.apply(found)
    return found


def test_gpus_say_how_many_train_at_a_time():
    assert begin(DeviceOptions(gpus="0,1", per_gpu=2)).config.n_workers == 4


def test_a_study_keeps_its_workers_unless_others_are_named():
    assert begin(DeviceOptions(), n_workers=3).config.n_workers == 3
    assert begin(DeviceOptions(workers=2), n_workers=3).config.n_workers == 2


def test_what_is_fastest_is_measured_only_where_nothing_says_how_many():
    assert DeviceOptions().is_open
    assert not DeviceOptions(workers=1).is_open
    assert not DeviceOptions(gpus="0").is_open
    assert not DeviceOptions(executor="ray").is_open


@pytest.mark.parametrize(("own", "named"), [("ray", None), ("processes", "ray")])
def test_gpus_of_this_machine_do_not_go_with_a_cluster(own, named):
    with pytest.raises(StudyError, match="`--gpus` names GPUs of this machine"):
        begin(DeviceOptions(gpus="0", executor=named), executor=own)
