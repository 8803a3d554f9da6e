"""A study that version 0.1.0 wrote is read, scored, exported and gone on with; see version_0_1_0/README.md."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from nas_asc.cli import main
from nas_asc.data import load_data_set
from nas_asc.search.change import installed_versions
from nas_asc.study import load_config
from tests.study.version_0_1_0.recordings import PERIODS, write_recordings

_HERE = Path(__file__).parent / "version_0_1_0"
_SPACE = _HERE / "space.py"
_STUDY = Path("studies") / "small"
_RECORDED = (
    "number", "state", "values", "key", "architecture", "log_mel", "cost", "scores", "network_scores", "file", "rungs",
    "objectives", "seconds", "reason", "seed", "origin",
)  # fmt: skip
_SCORES = {
    "n_clips", "log_loss", "accuracy", "macro_accuracy", "class_accuracy", "device_accuracy", "device_log_loss",
    "confusion", "calibration_error",
}  # fmt: skip
_ON_CPU = ["--torch-device", "cpu"]
_ALONE = ["--no-refit", "--final-seeds", "1", "--accept-version-change", *_ON_CPU]


def _expected(name):
    return json.loads((_HERE / "expected" / f"{name}.json").read_text())


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    return write_recordings(tmp_path_factory.mktemp("recordings") / "sounds")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def copy(tmp_path, monkeypatch, cache):
    """Folder of a copy, as it is on another machine; commands run where it is found by its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NAS_ASC_CACHE", str(cache))
    return Path(shutil.copytree(_HERE / "small", tmp_path / _STUDY))


@pytest.fixture
def study(copy, sounds):
    """Folder of a copy that was told where its space and its recordings are."""
    _write(copy, {"elsewhere/space.py": str(_SPACE), "elsewhere/sounds": str(sounds)})
    return copy


def _write(folder, changes):
    text = (folder / "study.toml").read_text()
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    (folder / "study.toml").write_text(text)


@pytest.fixture
def run(capsys):
    """What a command prints, read as JSON."""

    def run(*words):
        capsys.readouterr()
        assert main([*words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def _files(folder, *names):
    """Content of all files below these folders, by path."""
    paths = [path for name in names for path in sorted(folder.glob(f"{name}/**/*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _handed_over(folder):
    """Further trainings and the final network: five networks of the front twice, and one."""
    files = _files(folder, "final", "trials/*/seeds")
    assert len([name for name in files if name.endswith("/card.json")]) == 11
    return files


def _recorded(records):
    """Of each record what version 0.1.0 said too; scores that came later are left out."""
    return [{name: _said(record[name]) for name in _RECORDED} for record in records]


def _said(value):
    if isinstance(value, dict):
        is_scores = "calibration_error" in value
        return {name: _said(each) for name, each in value.items() if not is_scores or name in _SCORES}
    return [_said(each) for each in value] if isinstance(value, list) else value


def test_a_copy_says_what_to_write_into_its_study_toml(copy, capsys):
    assert main(["evaluate", "small"]) == 2
    assert "at elsewhere/space.py" in (line := capsys.readouterr().err)
    assert "its study.toml: `name` below [space]" in line
    _write(copy, {"elsewhere/space.py": str(_SPACE)})
    assert main(["evaluate", "small"]) == 2
    assert "in elsewhere/sounds" in (line := capsys.readouterr().err)
    assert "its study.toml: `source` below [data]" in line


def test_status_reads_every_record_with_its_scores(copy, run):
    found, expected = run("status", "small"), _expected("status")
    assert _recorded(found["trials"]) == _recorded(expected["trials"])
    for name in ("n_trials", "n_failed", "n_stopped", "front", "recommended", "checkpoint_bytes", "rung_correlations"):
        assert found[name] == expected[name], name
    assert found["hypervolume"] == pytest.approx(expected["hypervolume"], rel=1e-9)


def test_recordings_made_again_are_the_study_s_data(study):
    data, config = load_data_set(load_config(study).data), load_config(study)
    assert (data.digest, data.classes, len(data)) == (config.data_digest, tuple(PERIODS), 72)


def test_finalists_reads_every_further_training(study, run):
    before = _files(study, "final", "trials")
    found = run("finalists", "small", "--seeds", "2", *_ON_CPU)
    assert (found["n_trained"], found["n_left"]) == (0, 0)
    expected = {each["number"]: each for each in _expected("finalists")["finals"]["finalists"]}
    assert len(found["finals"]["finalists"]) == len(expected) == 5
    for each in found["finals"]["finalists"]:
        for name in ("n_seeds", "own", "further"):
            assert each[name] == pytest.approx(expected[each["number"]][name])
        for score in ("log_loss", "accuracy"):
            assert each[score]["mean"] == pytest.approx(expected[each["number"]][score]["mean"])
    assert _files(study, "final", "trials") == before


def test_evaluate_scores_the_final_network_as_before(study, run):
    found, expected = run("evaluate", "small", *_ON_CPU), _expected("evaluate")
    assert (found["trial"], found["is_final"]) == (8, True)
    for name in ("scores", "file_scores"):
        assert found[name]["n_clips"] == 15
        assert found[name]["log_loss"] == pytest.approx(expected[name]["log_loss"], abs=1e-3)
        assert found[name]["accuracy"] == pytest.approx(expected[name]["accuracy"])


def test_export_writes_the_final_network_under_its_old_name(study, run):
    found, expected = run("export", "small", *_ON_CPU), _expected("export")
    assert found["path"] == expected["path"] == (_STUDY / "export" / "small-final-int8.onnx").as_posix()
    assert (study / "export" / "small-final-int8.onnx").is_file()
    assert found["scores"]["log_loss"] == pytest.approx(expected["scores"]["log_loss"], abs=1e-3)
    assert found["cost"] == expected["cost"]
    assert found["weight_bytes"] == expected["weight_bytes"]


def test_predict_takes_the_file_of_a_trial(study, sounds, run):
    clips = [str(sounds / name / "0.wav") for name in PERIODS]
    found = run("predict", str(study / "trials" / "8" / "int8.onnx"), *clips)
    assert len(found) == len(clips)


def test_doctor_knows_space_data_and_further_trainings(study, run):
    found = run("doctor", "small")
    assert found["finals"] is not None
    cards = {card["name"]: card for card in found["cards"]}
    assert cards["noise"]["finding"].startswith("over 2 seeds or more")
    assert cards["groups"]["finding"] == "12 validation clips come from 12 files"
    assert cards["fit"]["verdict"] == "fine"


def test_report_lists_the_complete_trials(study, capsys):
    assert main(["report", "small"]) == 0
    assert capsys.readouterr().out.strip() == str(_STUDY / "report.html")
    assert (study / "report.html").stat().st_size > 100_000
    with (study / "front.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    complete = {each["number"]: each for each in _expected("status")["trials"] if each["state"] == "complete"}
    assert {int(row["number"]) for row in rows} == set(complete)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["gp", "handover"])
def test_resume_adds_a_trial_and_leaves_the_old_ones(study, run, sampler):
    if sampler != "gp":
        _write(study, {'sampler = "gp"': f'sampler = "{sampler}"'})
    before = _handed_over(study)
    assert main(["resume", "small", "--trials", "11", *_ALONE]) == 0
    found = run("status", "small")["trials"]
    assert len(found) == 11
    for new, old in zip(_recorded(found), _recorded(_expected("status")["trials"]), strict=False):
        if old["state"] != "stopped":
            assert new == old
        assert new["rungs"][: len(old["rungs"])] == old["rungs"]
    assert _handed_over(study) == before


@pytest.mark.slow
def test_stopped_trials_go_on_from_their_checkpoints(study, run):
    _write(study, {"eta = 2.0": "eta = 1.01"})
    old = {each["number"]: each for each in run("status", "small")["trials"] if each["state"] == "stopped"}
    curves = {number: (study / "trials" / str(number) / "curve.csv").read_text() for number in old}
    assert main(["resume", "small", "--trials", "11", *_ALONE]) == 0
    gone_on = [each for each in run("status", "small")["trials"][:10] if old.get(each["number"], each) != each]
    assert gone_on
    for each in gone_on:
        folder = study / "trials" / str(each["number"])
        assert each["state"] == "complete"
        assert not list(folder.glob("checkpoint-*"))
        curve = (folder / "curve.csv").read_text()
        assert curve.startswith(curves[each["number"]]), "how fast epochs were would tell another training"
        assert len(curve.splitlines()) == 1 + 6


@pytest.mark.slow
def test_another_training_of_each_network_lies_beside_the_old_ones(study, run):
    before = _files(study, "trials/*/seeds")
    found = run("finalists", "small", "--seeds", "3", *_ON_CPU)
    assert found["n_trained"] == 3  # of the five of the front, those that are of use by what was found since
    after = _files(study, "trials/*/seeds")
    assert {name: after.get(name) for name in before} == before
    new = {name.split("/seeds/")[1] for name in after if name not in before}
    assert {name.split("/")[0] for name in new} == {"2"}
    assert run("evaluate", "small", *_ON_CPU)["is_final"]


@pytest.mark.slow
def test_other_versions_must_be_accepted_and_the_same_ones_need_nothing(study, capsys):
    words = ["resume", "small", "--trials", "10", "--no-refit", "--final-seeds", "1", *_ON_CPU]
    versions = load_config(study).versions
    _write(study, {f'torch = "{versions["torch"]}"': 'torch = "1.0"'})
    assert main(words) == 2
    assert "torch 1.0, now " in (line := capsys.readouterr().err)
    assert "--accept-version-change" in line
    _write(study, {'torch = "1.0"': f'torch = "{versions["torch"]}"'})
    for name, now in installed_versions().items():
        if versions[name] != now:
            _write(study, {f'{name} = "{versions[name]}"': f'{name} = "{now}"'})
    assert main(words) == 0
