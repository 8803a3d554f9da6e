"""The best set of a study's networks under one budget, as one file."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nas_asc.budget import Budget
from nas_asc.errors import NothingFitsError
from nas_asc.evaluation import (
    Exported,
    Member,
    PreparedData,
    Worker,
    choose_members,
    export_network,
    join_networks,
)
from nas_asc.frontend import LogMel
from nas_asc.handover.export import EXPORT
from nas_asc.handover.model_card import CardFacts, CardNetwork, format_model_card
from nas_asc.handover.stored import StoredNetwork, find_network, no_trials
from nas_asc.layers import format_architecture
from nas_asc.metrics import score_predictions
from nas_asc.search import installed_versions
from nas_asc.study import FILE_KINDS, TrialRecord, load_config, load_records, rank_trials, write_file
from nas_asc.training import Clips

_N_MOST = 60  # trials that are considered


@dataclass(frozen=True)
class EnsembleResult:
    """Networks of a study that together score best under a budget.

    Args:
        records: The records of the members, the best first.
        exported: The file of all together, and what was measured of it.
        n_networks: Trials that were considered, the best ones of the study.
        n_front_ends: Front ends among them; members share one.
        card: Where all of this is written down, as JSON.
        model_card: What whoever uses the file should know, as Markdown.
    """

    records: tuple[TrialRecord, ...]
    exported: Exported
    n_networks: int
    n_front_ends: int
    card: Path
    model_card: Path


def ensemble_study(
    folder: Path,
    worker: Worker,
    *,
    budget: Budget | None = None,
    n_most: int = 4,
    bits: int = 8,
    out: Path | None = None,
) -> EnsembleResult:
    """The set of trials whose mean class probabilities have the least log loss on validation, as one file.

    Members take one input, so they have one front end; the costs of all together are within the budget.

    Args:
        folder: The folder of the study.
        worker: Predicts, on the study's clips.
        budget: Limits of the whole; None is the study's.
        n_most: Most members.
        bits: The bits of the file: 8, 16 or 32.
        out: Folder of the files; None is "export" in the study's.

    Raises:
        StudyError: The study has no complete trial, or the data or their split are not those of the study.
        NothingFitsError: No network is within the budget.
        ExportError: The whole cannot be written.
    """
    config = load_config(folder)
    limits = config.budget if budget is None else budget
    records = {record.number: record for record in rank_trials(load_records(folder), objective=config.score)[:_N_MOST]}
    if not records:
        raise no_trials(config.name)
    types = worker.layer_types
    networks = [find_network(folder, worker.prepared, number=number, layer_types=types) for number in records]
    groups: dict[LogMel, list[StoredNetwork]] = defaultdict(list)
    for network in networks:
        groups[network.network.log_mel].append(network)
    chosen = _choose(groups, worker, limits, n_most=n_most)
    if not chosen:
        raise NothingFitsError(f"no network of {config.name!r} fits the {limits.describe()}. Loosen it.")
    found = tuple(records[member.number] for member in chosen)
    numbers = "-".join(str(member.number) for member in chosen)
    path = (out or folder / EXPORT) / f"{config.name}-ensemble-{numbers}-{FILE_KINDS.get(bits, bits)}.onnx"
    exported, text = _export(path, chosen, found[0], worker.prepared, bits=bits)
    card = _write_card(path, config.name, chosen, exported)
    facts = CardFacts(
        config=config,
        networks=tuple(map(CardNetwork.of, found)),
        is_refit=False,
        exported=exported,
        network=text,
        log_mel=chosen[0].network.log_mel,
        data_set=worker.prepared.data_set,
        split=worker.prepared.split,
        repeated=None,
        n_trials=len(networks),
        versions=installed_versions(),
    )
    write_file(card.with_suffix(".md"), format_model_card(facts).encode())
    return EnsembleResult(found, exported, len(networks), len(groups), card, card.with_suffix(".md"))


def _write_card(path: Path, study: str, chosen: tuple[Member, ...], exported: Exported) -> Path:
    values = {"study": study, "trials": [member.number for member in chosen], **exported.to_dict()}
    values |= {"path": path.name, "scored_on": "validation clips, on which the members were chosen"}
    values |= {"versions": installed_versions()}
    card = path.with_name(f"{path.stem}-card.json")
    write_file(card, (json.dumps(values, indent=2) + "\n").encode())
    return card


def _choose(
    groups: Mapping[LogMel, Sequence[StoredNetwork]], worker: Worker, budget: Budget, *, n_most: int
) -> tuple[Member, ...]:
    """The best set of any front end; empty where no network fits."""
    found = []
    for log_mel, group in groups.items():
        validation = worker.prepared.validation_clips(log_mel)
        members = [_to_member(stored, validation.clips, worker) for stored in group]
        chosen = choose_members(members, validation.labels, budget, n_most=n_most)
        if chosen:
            mean = np.mean([member.probabilities for member in chosen], axis=0)
            found.append((score_predictions(validation.labels, mean).log_loss, chosen))
    return min(found, key=lambda one: one[0])[1] if found else ()


def _to_member(stored: StoredNetwork, clips: Clips, worker: Worker) -> Member:
    probabilities = stored.network.predict(clips, torch_device=worker.torch_device)
    return Member(stored.record.number, stored.network, probabilities)


def _export(
    path: Path, chosen: tuple[Member, ...], first: TrialRecord, prepared: PreparedData, *, bits: int
) -> tuple[Exported, str]:
    """The file, and its network as text, which lies beside it."""
    network = join_networks(chosen)
    exported = export_network(
        path,
        network,
        prepared,
        recipe=first.recipe,
        name=f"trials {', '.join(str(member.number) for member in chosen)}",
        bits=bits,
        measures_noise=False,
    )
    text = f"{format_architecture(network.architecture).rstrip()}\n"
    write_file(path.with_name(f"{path.stem}.txt"), text.encode())
    return exported, text
