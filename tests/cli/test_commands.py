"""Every command by one contract, and what bad words get."""

import inspect
import json
import subprocess
import sys
from dataclasses import fields

import pytest
import typer

from nas_asc.cli import app, main
from nas_asc.cli.plan_command import forecast_lines, plan
from nas_asc.cli.search_command import search
from nas_asc.cli.worker_options import DeviceOptions
from nas_asc.plan import Forecast, TimePlan
from nas_asc.session import Course
from nas_asc.space import list_spaces, load_space
from tests.read_only import only_readable


def _commands(group, path=()):
    """Every command below a group, by the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name), command


_COMMANDS = dict(_commands(typer.main.get_command(app)))


def test_a_file_that_the_system_refuses_is_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "studies" / "secret").mkdir(parents=True)
    (tmp_path / "studies" / "secret" / "study.toml").write_text("")
    with only_readable(tmp_path, hidden=("studies/secret/study.toml",)) as copy:
        monkeypatch.chdir(copy)
        assert main(["status", "secret"]) == 2
        monkeypatch.chdir("/")
    assert capsys.readouterr().err == "nas-asc: studies/secret/study.toml cannot be used: Permission denied.\n"


@pytest.mark.parametrize("path", _COMMANDS, ids=" ".join)
def test_command_has_help_with_an_example_that_names_it(path, capsys):
    assert main([*path, "--help"]) == 0
    out = capsys.readouterr().out
    assert "Example:" in out
    assert f"nas-asc {' '.join(path)}" in out


@pytest.mark.parametrize("command", _COMMANDS.values(), ids=map(" ".join, _COMMANDS))
def test_every_option_has_help(command):
    assert [parameter.name for parameter in command.params if not getattr(parameter, "help", None)] == []


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["serach"], 2, "No such command"),
        (["search", "--bugdet", "1"], 2, "--budget"),
        (["search", "--budget", "128q"], 2, "`--budget` must be a count such as 128k or 1.5M, but got '128q'"),
        (["search", "--macs", "3.5"], 2, "`--macs` must be a whole number"),
        (["search", "--size", "1kBB"], 2, "`--size` must be a size"),
        (["search", "--ram", "many"], 2, "`--ram` must be a size"),
        (["search", "--cache-size", "many"], 2, "`--cache-size` must be a size such as 128kB"),
        (["plan", "--cache-size", "20XB"], 2, "`--cache-size` must be a size such as 128kB"),
        (["search", "--gpus", "0,zero"], 2, "`--gpus` must be different numbers of GPUs such as 0,1, but got '0,zero'"),
        (["search", "--gpus", "0,0"], 2, "`--gpus` must be different numbers of GPUs"),
        (["search", "--per-gpu", "2"], 2, "`--per-gpu 2` needs --gpus"),
        (["search", "--gpus", "0,1", "--workers", "3"], 2, "these are 2 trainings at a time"),
        (["search", "--gpus", "0", "--torch-device", "cpu"], 2, "both say where to train"),
        (["export", "none", "--bits", "4"], 2, "`--bits` must be 8, 16 or 32, but got 4"),
        (["export", "none", "--format", "pt"], 2, "`--format` must be onnx, tflite or c, but got 'pt'"),
        (
            ["export", "none", "--format", "c", "--bits", "32"],
            2,
            "`--format c` is written in 8 bits, but got --bits 32",
        ),
        (["export", "none", "--format", "c", "--c-header"], 2, "`--c-header` is for one file, but --format c writes a"),
        (
            ["export", "none", "--format", "tflite", "--bits", "16"],
            2,
            "`--format tflite` is written in 8 bits, but got",
        ),
        (["search", "--rungs", "many"], 2, "`--rungs` must be none, a number from 2 to 6, or shares such as 10%,30%"),
        (["search", "--rungs", "3", "--eta", "1"], 2, "`--eta` must be above 1, but got 1"),
        (["search", "--timeout", "5 days"], 2, "`--timeout` must be a duration such as 500ms, 90s, 20m or 1h30m"),
        (["search", "--rules", "dcase-2024"], 2, "Did you mean 'dcase20"),
        (["search", "--rules", "dcase2022", "--bits", "16"], 2, "`--bits` must be 8 under dcase2022"),
        (["search", "--rules", "dcase2024", "--bits", "4"], 2, "`--bits` must be 8, 16 or 32"),
        (["search", "--space", "cp_mobil"], 2, "cp_mobile"),
        (["search", "--space", "absent.py"], 2, "absent.py"),
        (["search", "--data", "absent"], 2, "absent"),
        (["search", "--test-fold", "1"], 2, "`--test-fold` needs a data set with folds"),
        (["search", "--subset", "5"], 2, "`--subset` does not belong"),
        (["search", "--trials", "many"], 2, "'--trials'"),
        (["search", "--workers", "0"], 2, "'--workers'"),
        (["search", "--objectives", "loss", "--study", "x"], 2, "`--objectives` must be among"),
        (["search", "--mode", "both", "--study", "x"], 2, "`--mode` must be"),
        (["search", "--sampler", "grid", "--study", "x"], 2, "`--sampler` must be among"),
        (["search", "--sampler", "optuna:Grid", "--study", "x"], 2, "must name a sampler of Optuna, but got 'Grid'"),
        (["search", "--sampler", "optuna:GridSampler", "--study", "x"], 2, "cannot be used here: "),
        (["search", "--min-share", "2", "--study", "x"], 2, "`--min-share` must be above 0 and below 1, but got 2"),
        (["search", "--study", "a/b"], 2, "a/b"),
        (["search", "--torch-device", "tpu", "--study", "x"], 2, "tpu"),
        (["search", "--trials", "0", "--study", "x"], 2, "`--trials` must be 1 or more"),
        (["search", "--budget", "10"], 3, "The nearest takes params"),
        (["plan", "--macs", "10"], 3, "The nearest takes macs"),
        (["plan", "--sampler", "grid"], 2, "`--sampler` must be among"),
        (["plan", "--rungs", "9"], 2, "`--rungs` must be"),
        (["resume", "absent"], 2, "absent"),
        (["status", "absent"], 2, "absent"),
        (["front", "absent"], 2, "absent"),
        (["dashboard", "absent"], 2, "absent"),
        (["dashboard", "absent", "--port", "80"], 2, "--port"),
        (["front", "absent", "--budget", "many"], 2, "absent"),
        (["report", "absent"], 2, "absent"),
        (["evaluate", "absent"], 2, "absent"),
        (["doctor", "absent"], 2, "absent"),
        (["twin", "absent"], 2, "absent"),
        (["finalists", "absent"], 2, "absent"),
        (["finalists", "absent", "--timeout", "soon"], 2, "`--timeout` must be a duration"),
        (["predict", "absent.onnx", "a.wav"], 2, "`FILE` must be an exported model file, but there is no file 'absent"),
        (["predict", "absent.onnx"], 2, "AUDIO"),
        (["predict", "absent.onnx", "a.wav", "--top", "0"], 2, "--top"),
        (["count", "CP-Mobil-2024"], 2, "CP-Mobile-2024"),
        (["count", "absent:3"], 2, "absent"),
        (["spaces", "cp_resent"], 2, "cp_resnet"),
        (["data", "show", "absent"], 2, "absent"),
        (["guide", "serching"], 2, "the guide has no topic 'serching'. Did you mean 'searching'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_words_get_one_line_and_a_code(words, code, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == code
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith("nas-asc: ")
    assert message in err
    assert list(tmp_path.rglob("study.toml")) == []


def _declared(parameter):
    (option,) = parameter.annotation.__metadata__
    return parameter.annotation.__origin__, vars(option)


def test_plan_takes_the_options_of_search():
    asked, planned = (inspect.signature(command).parameters for command in (search, plan))
    workers = {each.name for each in fields(DeviceOptions)}
    assert set(asked) - set(planned) == {"study"} | workers - {"workers"}
    assert all(_declared(planned[name]) == _declared(asked[name]) for name in set(asked) & set(planned))
    assert all(planned[name].default == asked[name].default for name in set(asked) & set(planned))


@pytest.mark.parametrize(
    ("course", "length", "lines"),
    [
        (
            {"n_seeds": 3},
            1,
            ["within 7 min 26 s: about 27 trials", "development clips, about 22 s", "within 2 min 30 s"],
        ),
        ({"n_seeds": 1}, 1, ["within 9 min 34 s: about 35 trials", "development clips, about 22 s"]),
        ({"n_seeds": 3}, 15, ["within 4 min 26 s: about 16 trials", "development clips, about 5 min 30 s"]),
        ({"n_seeds": 3}, 40, ["within 0 s: hardly one trial", "development clips, about 14 min 40 s"]),
        ({"n_seeds": 1, "refits": False}, 0, ["within 9 min 56 s: about 37 trials"]),
    ],
)
def test_plan_leaves_to_trials_what_follows_them_does_not_need(course, length, lines):
    plan = TimePlan(600.0, course["n_seeds"], 1.1 * 1.25 * length)
    forecast = Forecast(
        epochs=50,
        measured=(),
        trial_s=(8.0, 16.0, 24.0),
        mean_trial_s=16.0,
        n_trials=None,
        total_s=None,
        plan=plan,
        n_within=int(plan.trials_s(16.0) / 16.0),
    )
    said = "\n".join(forecast_lines(forecast, Course(timeout_s=600.0, **course)))
    assert [line for line in lines if line not in said] == []
    assert ("development clips" in said) == course.get("refits", True)


def test_a_file_that_is_no_architecture_is_named(capsys, tmp_path):
    path = tmp_path / "network.txt"
    path.write_text("Architecture(in_shape=(1, 64, 51), n_classes=10)\nConvv(8)\n")
    assert main(["count", str(path)]) == 2
    err = capsys.readouterr().err
    assert "Convv" in err
    assert "network.txt" in err


def test_count_of_a_system_is_the_published_one(capsys):
    assert main(["count", "cp-mobile-2024", "--static", "--json"]) == 0
    totals = json.loads(capsys.readouterr().out)["totals"]
    assert (totals["params"], totals["official_macs"]) == (61_148, 29_419_156)


def test_counts_measured_on_the_module_equal_the_static_ones_and_thop_is_explained(capsys):
    assert main(["count", "CP-Mobile-2024", "--json"]) == 0
    counted = json.loads(capsys.readouterr().out)
    totals = counted["totals"]
    assert totals["measured_macs"] == totals["macs"] == sum(layer["macs"] for layer in counted["layers"])
    assert totals["measured_official_macs"] == totals["official_macs"]
    assert totals["thop_macs"] - totals["macs"] == sum(totals["thop_differences"].values())


def test_the_members_of_an_ensemble_are_counted_layer_by_layer_and_alike_ones_once(capsys, tmp_path):
    mobile, head = "Conv(8, kernel_size=3, stride=2, padding=1)", "Classifier()"
    path = tmp_path / "network.txt"
    members = f"(({mobile}, {head}), ({mobile}, {head}), ({head},))"
    path.write_text(f"Architecture(in_shape=(1, 64, 51), n_classes=10)\nEnsemble({members})\n")
    assert main(["count", str(path), "--static"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert any(line.startswith("0 Ensemble of 3 networks 1x64x51 10 ") for line in lines)
    starts = ["each of 2 alike:", "Conv(8, ", "Classifier() ", "member 3:", "Classifier() "]
    first = lines.index("each of 2 alike:")
    assert all(line.startswith(start) for line, start in zip(lines[first:], starts, strict=False))


def test_systems_are_all_exact(capsys):
    assert main(["systems", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert all(row["matches"] for row in rows)
    assert {row["system"] for row in rows} == {name for space in list_spaces() for name in load_space(space).systems}


def test_spaces_are_described(capsys):
    assert main(["spaces", "cp_mobile", "--json"]) == 0
    (space,) = json.loads(capsys.readouterr().out)
    assert {row["axis"] for row in space["axes"]} >= {"width", "expansion", "kernel_size", "activation"}


def test_data_show_counts_the_synthetic_scenes(capsys):
    assert main(["data", "show", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    *classes, total = summary["classes"]
    assert summary["facts"]["data"] == "synthetic (synthetic)"
    assert total["clips"] == summary["n_clips"] == sum(each["clips"] for each in classes)
    assert total["train"] + total["validation"] + total["test"] == total["clips"]


def test_the_cache_is_measured_and_cleared(capsys, tmp_path):
    kept = tmp_path / "features" / "table"
    kept.mkdir(parents=True)
    (kept / "features.npy").write_bytes(b"0" * 1000)
    for words, n_bytes in (([], 1000), (["--clear"], 1000), ([], 0)):
        assert main(["data", "cache", "--cache", str(tmp_path), "--json", *words]) == 0
        assert json.loads(capsys.readouterr().out)["bytes"] == n_bytes
    assert not kept.exists()


def test_module_runs_like_the_command():
    done = subprocess.run([sys.executable, "-m", "nas_asc.cli", "spaces"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "cp_mobile" in done.stdout
