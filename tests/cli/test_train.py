"""`nas-asc train`: files, repetition, and what it refuses."""

import json
import shutil

import numpy as np
import pytest
import soundfile
import torch
from safetensors.numpy import load_file

from nas_asc.cli import main
from nas_asc.data import load_data_set, split_data_set
from nas_asc.evaluation import PreparedData
from nas_asc.frontend import LogMel
from nas_asc.handover import read_network
from nas_asc.layers import parse_architecture
from nas_asc.recipe import Distillation, Recipe


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Tones of three pitches, one folder a class."""
    root, rng = tmp_path_factory.mktemp("recordings"), np.random.default_rng(0)
    time = np.arange(22_050) / 22_050
    for name, hz in (("low", 200), ("middle", 1_000), ("high", 4_000)):
        (root / name).mkdir()
        for number in range(8):
            waveform = 0.3 * np.sin(2 * np.pi * hz * time) + 0.05 * rng.standard_normal(len(time))
            soundfile.write(root / name / f"{number}.wav", waveform, 22_050)
    return root


@pytest.fixture
def listing(recordings, tmp_path):
    """The tones in four folds."""
    files = sorted(recordings.glob("*/*.wav"))
    rows = [f"{path},{path.parent.name},{int(path.stem) % 4 + 1}" for path in files]
    place = tmp_path / "listing.csv"
    place.write_text("\n".join(["path,label,fold", *rows]) + "\n")
    return place


def train(recordings, out, *words, network="KT-kernel-3"):
    cache = out.parent / "cache"
    return main(["train", network, "--data", str(recordings), "--out", str(out), "--cache", str(cache), *words])


def test_features_that_may_not_be_kept_are_refused_with_their_size(recordings, tmp_path, capsys):
    assert train(recordings, tmp_path / "out", "--epochs", "1", "--cache-size", "100kB") == 2
    assert "`--cache-size` must hold the features of one front end, but these take" in capsys.readouterr().err
    assert not list((tmp_path / "cache").rglob("*.npy"))
    assert not (tmp_path / "out" / "seed-0").exists()


def test_each_seed_leaves_a_network_that_runs_and_its_scores(recordings, tmp_path, capsys):
    assert train(recordings, tmp_path / "out", "--epochs", "1", "--seeds", "2", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["seed"] for each in told["seeds"]] == [0, 1]
    for seed in (0, 1):
        folder = tmp_path / "out" / f"seed-{seed}"
        card = json.loads((folder / "card.json").read_text())
        assert card["validation_scores"] == told["seeds"][seed]["validation"]
        assert Recipe.from_dict(card["recipe"]).epochs is None or card["epochs"] == 1
        architecture = parse_architecture((folder / "architecture.txt").read_text())
        log_mel = LogMel(**card["log_mel"])
        model, mean, _ = read_network(folder, log_mel).load()
        assert mean.shape == (log_mel.n_bands,)
        assert model(torch.zeros(1, *architecture.in_shape)).shape == (1, len(card["classes"]))
        assert len((folder / "curve.csv").read_text().splitlines()) == 2
    first, second = (load_file(tmp_path / "out" / f"seed-{seed}" / "weights.safetensors") for seed in (0, 1))
    assert not any(np.array_equal(first[name], second[name]) for name in first if name.endswith("conv.weight"))


def test_seeds_that_are_there_are_not_trained_again_and_others_are_refused(recordings, tmp_path, capsys):
    out = tmp_path / "out"
    assert train(recordings, out, "--epochs", "1") == 0
    written = (out / "seed-0" / "weights.safetensors").stat().st_mtime_ns
    assert train(recordings, out, "--epochs", "1", "--seeds", "2") == 0
    assert (out / "seed-0" / "weights.safetensors").stat().st_mtime_ns == written
    assert "seed 0: trained before" in capsys.readouterr().err
    assert train(recordings, out, "--epochs", "2") == 2
    assert (
        "holds a training with seed 0 of something else (other epochs). Give another `--out`."
        in capsys.readouterr().err
    )


def test_training_on_another_split_is_neither_taken_for_this_one_nor_its_teacher(listing, tmp_path, capsys):
    first, second = tmp_path / "first", tmp_path / "second"
    assert train(listing, first, "--epochs", "1", "--test-fold", "4", "--test") == 0
    assert train(listing, first, "--epochs", "1", "--test-fold", "3", "--test") == 2
    assert "something else (other split). Give another `--out`." in capsys.readouterr().err
    assert train(listing, second, "--epochs", "1", "--test-fold", "3", "--teacher", str(first)) == 2
    assert f"{first / 'seed-0'} was trained on another split of these data" in capsys.readouterr().err
    assert train(listing, second, "--epochs", "1", "--test-fold", "4", "--teacher", str(first)) == 0


def test_trial_of_another_split_is_no_teacher(listing, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ["--data", str(listing), "--cache", str(tmp_path / "cache"), "--test-fold", "4"]
    words = ["--space", "cp_mobile", "--trials", "1", "--epochs", "1", "--final-seeds", "1", "--budget", "128k"]
    assert main(["search", *options, *words, "--study", "one"]) == 0
    assert train(listing, tmp_path / "out", "--epochs", "1", "--test-fold", "4", "--teacher", "one:0") == 0
    assert train(listing, tmp_path / "out", "--epochs", "1", "--test-fold", "3", "--teacher", "one:0") == 2
    assert "study 'one' was made with another split of its data" in capsys.readouterr().err


def test_card_that_cannot_be_read_is_named(recordings, tmp_path, capsys):
    (tmp_path / "out" / "seed-0").mkdir(parents=True)
    (tmp_path / "out" / "seed-0" / "card.json").write_text("{")
    assert train(recordings, tmp_path / "out", "--epochs", "1") == 2
    assert "card.json cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("network", "message"),
    [("KT-kernel-4", "no published system named 'KT-kernel-4'"), ("absent:3", "no study 'absent'")],
)
def test_network_that_is_not_there_is_named(recordings, tmp_path, capsys, network, message):
    assert train(recordings, tmp_path / "out", network=network) == 2
    assert message in capsys.readouterr().err


def test_student_learns_from_the_mean_logits_of_its_teachers(recordings, tmp_path, capsys):
    teacher, student = tmp_path / "teacher", tmp_path / "student"
    assert train(recordings, teacher, "--epochs", "1", "--seeds", "2") == 0
    assert train(recordings, student, "--epochs", "1", "--teacher", str(teacher)) == 0
    assert f"learning from {teacher / 'seed-0'}, {teacher / 'seed-1'}" in capsys.readouterr().err
    recipe = Recipe.from_dict(json.loads((student / "seed-0" / "card.json").read_text())["recipe"])
    (path,) = student.glob("teacher-*.safetensors")
    assert (type(recipe.loss), recipe.loss.teacher) == (Distillation, str(path))
    data_set = load_data_set(recordings)
    prepared = PreparedData(data_set, split_data_set(data_set, seed=0), cache_dir=tmp_path / "cache")
    expected = []
    for seed in (0, 1):
        folder = teacher / f"seed-{seed}"
        log_mel = LogMel(**json.loads((folder / "card.json").read_text())["log_mel"])
        model, mean, std = read_network(folder, log_mel).load()
        features = torch.from_numpy(np.asarray(prepared.train_clips(log_mel).features, dtype=np.float32))
        with torch.inference_mode():
            expected.append(model((features - mean[:, None]) / std[:, None]))
    found = torch.from_numpy(load_file(path)["logits"])
    assert torch.allclose(found, torch.stack(expected).mean(dim=0), atol=1e-4)


def test_teacher_that_is_none_is_told(recordings, tmp_path, capsys):
    assert train(recordings, tmp_path / "out", "--teacher", str(tmp_path / "nowhere")) == 2
    assert "a teacher must be study:TRIAL or a folder that `nas-asc train` wrote" in capsys.readouterr().err
    assert train(recordings, tmp_path / "out", "--teacher", "study:last") == 2
    assert "a teacher must be study:TRIAL with the number of a trial, but got 'study:last'" in capsys.readouterr().err
    other = tmp_path / "other" / "seed-0"
    other.mkdir(parents=True)
    (other / "card.json").write_text(json.dumps({"data_digest": "another"}))
    assert train(recordings, tmp_path / "out", "--teacher", str(other.parent)) == 2
    assert f"{other} was trained with other data" in capsys.readouterr().err


def test_recordings_are_read_as_a_search_reads_them(recordings, tmp_path, capsys):
    """Sessions above the classes; a listing of one's own words; clips of long recordings."""
    for day in ("monday", "tuesday", "friday"):
        shutil.copytree(recordings, tmp_path / "days" / day)
        for number, path in enumerate(sorted((tmp_path / "days" / day).rglob("*.wav"))):
            path.write_bytes(path.read_bytes() + bytes(2 * number))  # no copies
    assert train(tmp_path / "days", tmp_path / "a", "--epochs", "1") == 2
    assert "either may be the classes" in capsys.readouterr().err
    assert train(tmp_path / "days", tmp_path / "a", "--epochs", "1", "--layout", "grouped") == 0
    assert card(tmp_path / "a")["classes"] == ["high", "low", "middle"]

    rows = [f"{path},{path.parent.name}" for path in sorted(recordings.glob("*/*.wav"))]
    (tmp_path / "list.csv").write_text("\n".join(["wavname,kind", *rows]) + "\n")
    assert train(tmp_path / "list.csv", tmp_path / "b", "--epochs", "1") == 2
    assert "no column is the path" in capsys.readouterr().err
    words = ["--epochs", "1", "--columns", "path=wavname,label=kind", "--clip", "500ms", "--clip-step", "250ms"]
    assert train(tmp_path / "list.csv", tmp_path / "b", *words) == 0
    assert card(tmp_path / "b")["clip_s"] == 0.5
    data = load_data_set(
        tmp_path / "list.csv", clip_s=0.5, clip_step_s=0.25, columns={"path": "wavname", "label": "kind"}
    )
    assert len(data) == 3 * 8 * 3
    assert card(tmp_path / "b")["data_digest"] == data.digest


def card(folder):
    return json.loads((folder / "seed-0" / "card.json").read_text())


@pytest.mark.slow
def test_two_workers_train_the_seeds_that_one_would(recordings, tmp_path, capsys):
    told = {}
    for name, words in (("one", ()), ("two", ("--workers", "2"))):
        assert train(recordings, tmp_path / name, "--epochs", "1", "--seeds", "3", "--json", *words) == 0
        told[name] = json.loads(capsys.readouterr().out)["seeds"]
    assert [each["seed"] for each in told["two"]] == [0, 1, 2]
    for one, two in zip(told["one"], told["two"], strict=True):
        assert two["validation"]["log_loss"] == pytest.approx(one["validation"]["log_loss"], rel=1e-3)
    assert all((tmp_path / "two" / f"seed-{seed}" / "weights.safetensors").is_file() for seed in range(3))


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--ray-address", "auto"), "`--ray-address` must come with --executor ray, but the executor is processes."),
        (("--executor", "dask"), "or ray, but got 'dask'."),
        (("--executor", "ray", "--ray-cpus", "0"), "`--ray-cpus` must be above 0, but got 0."),
    ],
)
def test_workers_that_cannot_be_are_refused(recordings, tmp_path, capsys, words, fault):
    assert train(recordings, tmp_path / "out", "--epochs", "1", *words) == 2
    assert fault in capsys.readouterr().err
