"""A network of a study as a file: what it scores, and what it says of recordings."""

import json
import wave

import numpy as np
import pytest
import soundfile

from nas_asc.budget import Budget
from nas_asc.cost import FORECAST_CORES, list_obstacles
from nas_asc.errors import ExportError, NothingFitsError, StudyError, WriteError
from nas_asc.export import CORES, can_emulate, can_run_here
from nas_asc.handover import ensemble_study, export_study
from nas_asc.layers import parse_architecture
from nas_asc.metrics import score_predictions
from nas_asc.prediction import ModelFile, read_tflite_metadata
from nas_asc.space import Space, choice
from nas_asc.study import load_records
from tests.search import tiny
from tests.search.tiny import BUDGET, ask, ask_of, prepare, run, space, worker


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Folder and data of a finished study."""
    folder, prepared = tmp_path_factory.mktemp("study"), prepare(tmp_path_factory.mktemp("cache"))
    run(ask(prepared), space, prepared, n_trials=3, folder=folder)
    return folder, prepared


@pytest.fixture(scope="module")
def record(study):
    """The first complete trial."""
    return next(record for record in load_records(study[0]) if record.is_complete)


@pytest.mark.parametrize(("bits", "kind"), [(8, "int8"), (16, "fp16"), (32, "fp32")])
def test_scores_are_those_of_the_file(study, record, bits, kind):
    folder, prepared = study
    result = export_study(folder, worker(prepared), number=record.number, bits=bits)
    exported = result.exported
    assert exported.path == folder / "export" / f"tiny-trial-{record.number}-{kind}.onnx"
    validation = prepared.validation_clips(record.log_mel)
    found = ModelFile(exported.path).probabilities(np.asarray(validation.clips.features, dtype=np.float32))
    assert exported.scores == score_predictions(validation.labels, found.astype(np.float32), validation.devices)
    assert exported.network_scores.accuracy == pytest.approx(record.scores.accuracy)
    assert exported.agreement >= (0.8 if bits == 8 else 1)
    assert exported.file_bytes == exported.path.stat().st_size > exported.weight_bytes
    assert bool(exported.noise) == (bits == 8)
    assert exported.integer_share == (bits == 8)


def test_tflite_scores_are_those_of_the_file(study, record, tmp_path):
    pytest.importorskip("tflite_micro", reason="needs pip install 'nas-asc[tflite]'")
    folder, prepared = study
    result = export_study(
        folder, worker(prepared), number=record.number, file_format="tflite", out=tmp_path, c_header=True
    )
    exported = result.exported
    assert exported.path == tmp_path / f"tiny-trial-{record.number}-int8.tflite"
    validation = prepared.validation_clips(record.log_mel)
    file = ModelFile(exported.path)
    arena = file.arena
    found = file.probabilities(np.asarray(validation.clips.features, dtype=np.float32)).astype(np.float32)
    assert exported.scores == score_predictions(validation.labels, found, validation.devices)
    assert exported.network_scores.accuracy == pytest.approx(record.scores.accuracy)
    assert exported.agreement >= 0.8
    assert exported.integer_share == 1
    assert arena.total == exported.arena_bytes >= arena.activations + arena.persistent
    assert arena.activations == exported.activation_bytes >= record.cost.peak_ram_bytes
    card = json.loads(result.card.read_text())
    assert card["arena_bytes"] == arena.total
    beside = json.loads(exported.path.with_suffix(".json").read_text())
    assert beside["input"]["type"] == beside["output"]["type"] == "int8"
    assert beside["classes"] == list(prepared.data_set.classes)
    assert read_tflite_metadata(exported.path.read_bytes()).log_mel == record.log_mel
    assert exported.path.with_suffix(".h").read_text().count("0x") == exported.file_bytes


def test_c_hears_what_the_tflite_file_hears_and_its_card_says_what_was_shown(study, record, tmp_path):
    pytest.importorskip("tflite_micro", reason="needs pip install 'nas-asc[tflite]'")
    if not can_run_here():
        pytest.skip("needs make, cc and c++")
    folder, prepared = study
    result = export_study(folder, worker(prepared), number=record.number, file_format="c", out=tmp_path)
    exported, file = (
        result.exported,
        export_study(folder, worker(prepared), number=record.number, file_format="tflite", out=tmp_path).exported,
    )
    assert exported.path == tmp_path / f"tiny-trial-{record.number}-int8-c"
    assert (exported.scores, exported.weight_bytes) == (file.scores, file.weight_bytes)
    assert exported.file_bytes == sum(
        path.stat().st_size
        for path in exported.path.rglob("*")
        if path.is_file() and path not in (result.card, result.model_card)
    )
    card = json.loads(result.card.read_text())
    assert card["c"]["is_checked"]
    assert card["c"]["n_equal_clips"] == len(prepared.split.validation)
    assert card["c"]["arena_bytes"] <= file.activation_bytes
    assert card["c"]["size"]["text"] > exported.weight_bytes
    assert [core["core"] for core in card["c"]["cores"]] == (list(CORES) if can_emulate() else [])
    assert list(card["c"]["forecast"]) == list(FORECAST_CORES)
    for core in card["c"]["cores"]:
        if core["core"] in FORECAST_CORES:
            assert card["c"]["forecast"][core["core"]] == pytest.approx(core["instructions"], rel=0.05)
    assert not [path for path in exported.path.rglob("*") if path.suffix in (".o", ".elf")]
    rate, samples = prepared.data_set.sample_rate, prepared.data_set.n_samples
    with wave.open(str(exported.path / "golden" / "recording.wav")) as recording:
        assert (recording.getframerate(), recording.getnframes(), recording.getsampwidth()) == (rate, samples, 2)


@pytest.mark.slow
def test_a_front_end_that_is_not_centred_goes_all_the_way(tmp_path):
    pytest.importorskip("tflite_micro", reason="needs pip install 'nas-asc[tflite]'")
    own = Space(
        "streamed",
        width=choice(4, 6),
        depth=choice(1),
        kernel_size=choice(3),
        activation=choice("relu"),
        learning_rate=choice(0.01),
    )
    for role in ("network", "features", "recipe"):
        getattr(own, role)(getattr(tiny, role))
    own.features_on("c", center=choice(False, guess=False))
    prepared, searched = prepare(tmp_path / "cache"), own.for_target("c")
    config = ask_of("streamed", searched, prepared, target="c", budget=BUDGET.on_target("c"))
    run(config, searched, prepared, n_trials=2, folder=tmp_path / "study", refit=False)
    record = next(each for each in load_records(tmp_path / "study") if each.is_complete)
    assert not record.log_mel.center
    assert parse_architecture(record.architecture).in_shape == (1, 16, 14)
    options = {"number": record.number, "out": tmp_path}
    who = worker(prepared, searched)
    for file_format in ("onnx", "tflite"):
        exported = export_study(tmp_path / "study", who, file_format=file_format, **options).exported
        assert not ModelFile(exported.path).metadata.log_mel.center
        assert exported.agreement >= 0.8
    if can_run_here():
        card = json.loads(export_study(tmp_path / "study", who, file_format="c", **options).card.read_text())
        assert card["c"]["is_checked"]


def test_card_tells_what_was_measured(study, record):
    folder, prepared = study
    result = export_study(folder, worker(prepared), number=record.number)
    network = parse_architecture(record.architecture)
    card = json.loads(result.card.read_text())
    assert card["scores"]["accuracy"] == result.exported.scores.accuracy
    assert (card["trial"], card["trained_on"], card["bits"]) == (record.number, "training clips", 8)
    assert card["cost"]["params"] == record.cost.params
    assert set(card["forecast"]) == (set(FORECAST_CORES) if not list_obstacles(network, "c") else set())
    told = result.model_card.read_text()
    assert f"| network: operations | {2 * record.cost.macs:,} | {2 * record.cost.macs:,} a decision |" in told
    assert ("network: instructions on m4f, forecast" in told) == bool(card["forecast"])
    assert card["noise"][0]["sqnr_db"] <= card["noise"][-1]["sqnr_db"]
    metadata = ModelFile(result.exported.path).metadata
    beside = json.loads(result.exported.path.with_suffix(".json").read_text())
    assert {name: beside[name] for name in json.loads(metadata.to_json())} == json.loads(metadata.to_json())
    assert 0 <= card["saturated"] < 0.02
    assert 0 <= card["saturating_sums"] <= 1
    assert metadata.classes == prepared.data_set.classes
    assert metadata.log_mel == record.log_mel


def test_file_hears_in_recordings_what_the_network_heard_in_features(study, record, tmp_path):
    folder, prepared = study
    rows = prepared.split.validation
    paths = [tmp_path / f"{row}.wav" for row in rows]
    for path, row in zip(paths, rows, strict=True):
        soundfile.write(path, prepared.data_set.waveform(row).ravel(), prepared.data_set.sample_rate, "FLOAT")
    exported = export_study(folder, worker(prepared), number=record.number, bits=32, out=tmp_path / "out").exported
    file = ModelFile(exported.path)
    validation = prepared.validation_clips(record.log_mel).clips
    expected = file.probabilities(np.asarray(validation.features, dtype=np.float32))
    found = np.array([list(prediction.probabilities.values()) for prediction in file.classify(paths)])
    assert np.abs(found - expected).max() < 0.01  # features on disk are float16


def test_c_header_holds_the_file(study, record, tmp_path):
    folder, prepared = study
    path = export_study(folder, worker(prepared), number=record.number, out=tmp_path, c_header=True).exported.path
    text = path.with_suffix(".h").read_text()
    assert text.count("0x") == path.stat().st_size
    assert f"tiny_trial_{record.number}_int8_len" in text


def test_final_network_is_the_default_and_says_so(study):
    folder, prepared = study
    result = export_study(folder, worker(prepared))
    assert result.is_refit
    assert result.exported.path.name == "tiny-final-int8.onnx"
    assert json.loads(result.card.read_text())["trained_on"] == "training and validation clips"


def test_what_cannot_be_exported_is_told(study, record, tmp_path):
    folder, prepared = study
    with pytest.raises(StudyError, match="no complete trial 99"):
        export_study(folder, worker(prepared), number=99)
    with pytest.raises(ExportError, match="`bits` must be 8, 16 or 32, but got bits=4"):
        export_study(folder, worker(prepared), number=record.number, bits=4)
    with pytest.raises(ExportError, match="has 8 bits, but got bits=16"):
        export_study(folder, worker(prepared), number=record.number, bits=16, file_format="tflite")
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="cannot be written"):
        export_study(folder, worker(prepared), number=record.number, out=tmp_path / "file")


def test_ensemble_is_one_file_within_the_budget(tmp_path):
    prepared = prepare(tmp_path / "cache")
    run(ask(prepared), space, prepared, n_trials=6, folder=tmp_path / "study", refit=False)
    budget = Budget(max_params=5_000)
    result = ensemble_study(tmp_path / "study", worker(prepared), budget=budget, n_most=3)
    numbers = [record.number for record in result.records]
    assert result.exported.cost["params"] == sum(record.cost.params for record in result.records) <= 5_000
    assert result.exported.network_scores.log_loss <= min(
        record.scores.log_loss for record in load_records(tmp_path / "study") if record.is_complete
    )
    assert json.loads(result.card.read_text())["trials"] == numbers
    card = result.model_card.read_text(encoding="utf-8")
    assert result.model_card.name == f"{result.exported.path.stem}-card.md"
    *most, last = map(str, numbers)
    assert f"It gives the mean class probabilities of the trials {', '.join(most)} and {last} of the study" in card
    for name, scores in (
        ("this file", result.exported.scores),
        *((f"trial {each.number} alone, in float", each.network_scores) for each in result.records),
    ):
        assert f"| {name} | {100 * scores.accuracy:.1f} % |" in card
    assert f"| training | {' | '.join(f'trial {number}' for number in numbers)} |" in card
    assert f"| params | {result.exported.cost['params']:,} |" in card
    assert "These networks were trained on the training clips alone." in card
    assert "chosen among" in card
    file = ModelFile(result.exported.path)
    assert file.metadata.classes == prepared.data_set.classes
    with pytest.raises(NothingFitsError, match="no network of 'tiny' fits"):
        ensemble_study(tmp_path / "study", worker(prepared), budget=Budget(max_params=1))
