import pytest
from hypothesis import given

from nas_asc.budget import Budget
from nas_asc.errors import StudyError
from nas_asc.study import create_study_dir, load_config, save_config
from nas_asc.study.config import StudyConfig
from tests.study.records import configs, example_config


@given(configs)
def test_a_config_survives_its_tables(config):
    assert StudyConfig.from_dict(config.to_dict()) == config


def test_a_config_survives_its_file(tmp_path):
    config = example_config(fingerprint={"axis width": "choice: 8, 16"}, versions={"torch": "2.13.0"}, epochs=4)
    create_study_dir(tmp_path / "tau25", config)
    assert load_config(tmp_path / "tau25") == config


def test_saving_a_config_leaves_no_other_file(tmp_path):
    create_study_dir(tmp_path / "tau25", example_config())
    save_config(tmp_path / "tau25", example_config(seed=3))
    assert load_config(tmp_path / "tau25").seed == 3
    assert [path.name for path in (tmp_path / "tau25").iterdir()] == ["study.toml"]


def test_the_mode_best_minimises_the_first_score_alone():
    objectives = ("macs", "error", "log_loss")
    assert example_config(objectives=objectives, mode="best").minimised == ("error",)
    assert example_config(objectives=objectives).minimised == objectives


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objectives": ("log_loss", "flops")}, "`objectives` must be among .*peak_ram, but got 'flops'"),
        ({"objectives": ("log_loss", "log_loss")}, "must not repeat a name, but got log_loss,log_loss"),
        ({"objectives": ("macs",)}, "must have log_loss, error.* or .*, but got macs"),
        ({"objectives": ()}, "must have log_loss, error.* or .*, but got none"),
        ({"mode": "fastest"}, "`mode` must be pareto or best, but got 'fastest'"),
        ({"sampler": "cmaes"}, "`sampler` must be among auto, gp, tpe, .*optuna:NAME, but got 'cmaes'"),
        ({"min_share": 1.0}, "`min_share` must be above 0 and below 1, but got 1.0"),
        ({"min_share": 0.1, "budget": Budget()}, "`min_share` must have a limit to be a share of"),
        ({"epochs": 0}, "`epochs` must be 1 or more, but got 0"),
        ({"rungs": (0.5, 0.1)}, "`rungs` must ascend from above 0 % to below 100 %, but got 50%,10%"),
        ({"eta": 1.0}, "`eta` must be above 1, but got 1"),
        ({"n_trials": 0}, "`n_trials` must be 1 or more, but got 0"),
        ({"timeout_s": 0.0}, "`timeout_s` must be above 0 s, but got 0.0"),
    ],
)
def test_a_value_out_of_range_is_named(changes, message):
    with pytest.raises(StudyError, match=message):
        example_config(**changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed = ", r"study\.toml cannot be read: Invalid value.*Mend it"),
        ("seed = 0", r"it has no 'space'"),
        ("\0", r"study\.toml cannot be read"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, text, message):
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(StudyError, match=message):
        load_config(tmp_path)


def test_a_missing_study_is_named(tmp_path):
    with pytest.raises(StudyError, match=r"no study in .*it has no study\.toml"):
        load_config(tmp_path)
