"""A network of a study as a file."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas_asc.errors import ExportError
from nas_asc.evaluation import Exported, Worker, export_network
from nas_asc.export import format_c_header
from nas_asc.handover.model_card import CardFacts, CardNetwork, format_model_card
from nas_asc.handover.stored import StoredNetwork, find_network
from nas_asc.layers import format_architecture
from nas_asc.search import installed_versions
from nas_asc.study import (
    FILE_KINDS,
    StudyConfig,
    TrialRecord,
    load_config,
    load_records,
    load_refit_card,
    load_repeat_summary,
    write_file,
)
from nas_asc.training import EpochRow, Run, ignore_epoch

EXPORT = "export"


@dataclass(frozen=True)
class ExportResult:
    """A model file of a study's network.

    Args:
        record: The record of its trial.
        is_refit: Whether the network was trained on the validation clips too, so that their scores say nothing.
        exported: The file and what was measured of it.
        card: Where all of this is written down, as JSON.
        model_card: What whoever uses the file should know, as Markdown.
    """

    record: TrialRecord
    is_refit: bool
    exported: Exported
    card: Path
    model_card: Path

    @property
    def path(self) -> Path:
        """Of the file."""
        return self.exported.path


def export_study(
    folder: Path,
    worker: Worker,
    *,
    number: int | None = None,
    bits: int | None = None,
    file_format: str = "onnx",
    out: Path | None = None,
    qat_epochs: int = 0,
    on_epoch: Callable[[EpochRow], None] = ignore_epoch,
    c_header: bool = False,
) -> ExportResult:
    """Write the final network, or one trial's, to a file, and score the file on the validation clips.

    Args:
        folder: The folder of the study.
        worker: Trains and predicts, on the study's clips.
        number: The number of a trial; None is the final network, and where there is none yet, the recommended
            trial's.
        bits: 8, 16 or 32; None is 8 for TensorFlow Lite and C, and else the trial's own precision, or 8.
        file_format: "onnx"; "tflite" for 8 bits in TensorFlow Lite; or "c" for a folder of C with the front end.
        out: Folder of the files; None is "export" in the study's.
        qat_epochs: Passes over the training clips in 8 bits before the file is written; 0 calibrates alone.
        on_epoch: Called after every such epoch.
        c_header: Whether to write the file's bytes as a C header too.

    Raises:
        StudyError: There is no such trial, or none is complete, or the data or their split are not those of the study.
        ExportError: The network cannot be written.
        TrainingError: Training in 8 bits diverged.
    """
    stored = find_network(folder, worker.prepared, number=number, layer_types=worker.layer_types)
    record, config = stored.record, load_config(folder)
    bits = bits or (record.bits if file_format == "onnx" else 8)
    source = "final" if stored.is_refit else f"trial-{record.number}"
    if qat_epochs and bits != 8:
        raise ExportError(f"`qat_epochs` trains in 8 bits, but the file has {bits}. Give `bits=8`, or leave it out.")
    stem = f"{config.name}-{source}-{FILE_KINDS.get(bits, bits)}{'-qat' if qat_epochs else ''}"
    ending = "-c" if file_format == "c" else f".{file_format}"
    path = (out or folder / EXPORT) / f"{stem}{ending}"
    exported = export_network(
        path,
        stored.network,
        worker.prepared,
        name=f"{config.name} {source.replace('-', ' ')}",
        bits=bits,
        recipe=record.recipe,
        qat_epochs=qat_epochs,
        qat_run=Run(record.seed, worker.torch_device, on_epoch=on_epoch),
    )
    card = path / "card.json" if file_format == "c" else path.with_name(f"{path.stem}-card.json")
    if c_header:
        text = format_c_header(
            path.read_bytes(),
            name=path.stem,
            comment=f"{path.name}, {config.name} {source}",
            classes=worker.prepared.data_set.classes,
        )
        write_file(path.with_suffix(".h"), text.encode())
    write_file(card, _format_card(config.name, record, exported, is_refit=stored.is_refit))
    model_card = card.with_suffix(".md")
    write_file(model_card, format_model_card(_card_facts(folder, config, stored, exported, worker)).encode())
    return ExportResult(record, stored.is_refit, exported, card, model_card)


def _card_facts(
    folder: Path, config: StudyConfig, stored: StoredNetwork, exported: Exported, worker: Worker
) -> CardFacts:
    records, record = load_records(folder), stored.record
    summary = load_repeat_summary(folder, config, records)
    return CardFacts(
        config=config,
        networks=(CardNetwork.of(record, load_refit_card(folder) if stored.is_refit else None),),
        is_refit=stored.is_refit,
        exported=exported,
        network=format_architecture(stored.network.architecture),
        log_mel=stored.network.log_mel,
        data_set=worker.prepared.data_set,
        split=worker.prepared.split,
        repeated=None if summary is None else summary.find(record.number),
        n_trials=sum(each.is_complete for each in records),
        versions=installed_versions(),
    )


def _format_card(study: str, record: TrialRecord, exported: Exported, *, is_refit: bool) -> bytes:
    values: dict[str, Any] = {
        "study": study,
        "trial": record.number,
        "trained_on": "training and validation clips" if is_refit else "training clips",
        "scored_on": "validation clips",
        **exported.to_dict(),
        "versions": installed_versions(),
    }
    values["path"] = exported.path.name
    return (json.dumps(values, indent=2) + "\n").encode()
