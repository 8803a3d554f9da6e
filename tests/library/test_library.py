"""The names that `import nas_asc` gives: what they mean, and that they do what the commands do."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import nas_asc
from nas_asc import Budget, count_cost, open_data, open_study, plan_search, run_search
from nas_asc.cli.options import BudgetOptions, Limits, SearchOptions
from nas_asc.errors import StudyError
from nas_asc.library.asked import ask
from nas_asc.session import Course
from nas_asc.study import load_records, load_repeats
from tests.search.tiny import BUDGET, space

ROOMS = sorted(path.stem for path in Path(nas_asc.__file__).parent.iterdir() if not path.name.startswith("_"))


def _run(code):
    root = str(Path(nas_asc.__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": root}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return found.stdout.strip()


def test_importing_the_package_loads_nothing_heavy():
    heavy = ("torch", "optuna", "pandas", "plotly", "numpy", "onnxruntime")
    assert _run(f"import sys, nas_asc; print([name for name in {heavy!r} if name in sys.modules])") == "[]"


def test_a_model_is_loaded_without_torch():
    code = "import sys; from nas_asc import load_model; print('torch' in sys.modules, 'pandas' in sys.modules)"
    assert _run(code) == "False False"


def test_no_public_name_is_a_room_and_none_changes_when_all_modules_are_imported():
    assert not set(nas_asc.__all__) & set(ROOMS)
    code = (
        "import importlib, pkgutil, nas_asc\n"
        "before = {name: getattr(nas_asc, name) for name in nas_asc.__all__}\n"
        "for module in pkgutil.walk_packages(nas_asc.__path__, 'nas_asc.'):\n"
        "    if not module.name.endswith('__main__'):\n"
        "        importlib.import_module(module.name)\n"
        "assert all(getattr(nas_asc, name) == value for name, value in before.items())\n"
        "assert set(nas_asc.__all__) <= set(dir(nas_asc))\n"
        "print(nas_asc.__version__)"
    )
    assert _run(code)[0].isdigit()


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Spaces'"):
        nas_asc.Spaces  # noqa: B018


@pytest.mark.parametrize("words", [{}, {"trials": 5}, {"timeout": "20m"}])
def test_a_search_is_asked_for_what_the_command_asks_for(words):
    limits = BudgetOptions(limits=Limits({"params": "128k", "macs": "30M"}))
    options = SearchOptions(budget=limits, **words)
    timeout_s = {"20m": 1200.0}.get(words.get("timeout"))
    course = Course.of(words.get("trials"), timeout_s)
    asked = ask("asc", None, Budget(max_params=128_000, max_macs=30_000_000), course, "name", {})
    assert replace(asked, columns={}) == replace(options.asked("name"), columns={})
    assert course == options.course


def test_an_unknown_argument_is_named_with_the_nearest():
    with pytest.raises(StudyError, match=r"'objective'.*objectives"):
        run_search(budget=BUDGET, objective=("error",))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    root = tmp_path_factory.mktemp("library")
    lines = []
    listener = nas_asc.PrintingListener()
    listener.on_note = lines.append
    found = run_search(
        space,
        budget=BUDGET,
        name="tiny",
        n_trials=3,
        n_seeds=1,
        refits=False,
        root=root / "studies",
        cache=root / "cache",
        listener=listener,
        epochs=1,
        objectives=("log_loss", "macs"),
        scored="float",
    )
    return found, lines


@pytest.mark.slow
def test_a_space_that_was_declared_in_a_program_is_searched(study):
    found, lines = study
    assert len(found.trials) + sum("failed" in line for line in lines) == 3
    assert found.recommended.number == found.trials["number"].iloc[0]
    assert set(found.front["number"]) <= set(found.trials["number"])
    assert list(found.front.columns[:5]) == ["number", "log_loss", "accuracy", "params", "macs"]
    assert found.front.columns.is_unique
    assert set(found.front.columns) >= {"accuracy.class.park", "width", "seconds"}
    assert sum(line.startswith("trial ") for line in lines) == 3
    assert lines[0].startswith("data: ")
    assert (found.folder / "report.html").is_file()
    assert "3 trials" in repr(found)


@pytest.mark.slow
def test_a_space_of_a_program_is_searched_and_raced_by_two_workers(study, tmp_path):
    cache = study[0].folder.parents[1] / "cache"
    options = {"root": tmp_path, "cache": cache, "epochs": 1, "scored": "float", "n_workers": 2}
    found = run_search(space, budget=BUDGET, name="two", n_trials=4, n_seeds=2, refits=False, **options)
    records, repeats = load_records(found.folder), load_repeats(found.folder)
    assert [record.number for record in records] == list(range(4))
    assert any(record.asked is not None for record in records)
    assert len({(each.number, each.index) for each in repeats}) == len(repeats) >= 2
    assert found.config.n_workers == 2


@pytest.mark.slow
def test_figures_come_as_plotly_has_them_and_a_wrong_name_says_which_there_are(study):
    found, _ = study
    front = found.plot_front(cost="params")
    assert front.layout.showlegend == (len(front.data) > 1)
    assert found.plot_history().data
    with pytest.raises(StudyError, match="front-log_loss-macs"):
        found.plot_front(cost="watts")


@pytest.mark.slow
def test_a_study_is_opened_gone_on_with_evaluated_and_exported(study, tmp_path):
    found, _ = study
    again = open_study(found.folder, space=space, cache=found.folder.parents[1] / "cache", listener=found._listener)
    assert len(again.resume(n_trials=4, n_seeds=1, refits=False).trials) >= len(found.trials)
    assert "4 trials" in repr(again)
    exported = again.export(tmp_path)
    assert exported.path.parent == tmp_path
    assert 0 <= again.evaluate().scores.accuracy <= 1
    (prediction,) = nas_asc.load_model(exported.path).predict(_a_recording(tmp_path))
    assert set(prediction.probabilities) == set(again.config.classes)
    module = again.module()
    assert module.log_mel == again.recommended.log_mel
    n_samples = module.log_mel.n_samples(open_data().clip_s)
    assert module(torch.zeros(2, n_samples)).shape == (2, len(again.config.classes))
    with pytest.raises(StudyError, match="no complete trial 99"):
        again.module(99)


def _a_recording(folder):
    import numpy as np
    import soundfile

    path = folder / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32), 8_000)
    return path


@pytest.mark.slow
def test_a_plan_says_what_fits_and_how_long_it_takes(tmp_path):
    plan = plan_search("cp_mobile", budget=Budget(max_params=128_000), n_trials=2, cache=tmp_path)
    assert plan.survey.fits_any
    assert plan.forecast.n_trials == 2


def test_recordings_and_costs_are_looked_at_before_anything_trains():
    assert len(open_data().classes) == 10
    assert count_cost("CP-Mobile-2024").params == 61_148
