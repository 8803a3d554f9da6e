"""The best set of a study's networks under one budget, as one file."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from nas_asc.budget import Budget
from nas_asc.errors import NothingFitsError, StudyError
from nas_asc.evaluation import (
    Exported,
    Member,
    PreparedData,
    choose_members,
    export_network,
    join_networks,
    load_network,
)
from nas_asc.frontend import LogMel
from nas_asc.handover.export import EXPORT
from nas_asc.handover.stored import StoredNetwork, find_network
from nas_asc.layers import format_architecture
from nas_asc.metrics import score_predictions
from nas_asc.search.change import installed_versions
from nas_asc.study import FILE_KINDS, TrialRecord, load_config, load_records, rank_trials, write_file
from nas_asc.training import predict

_N_MOST = 60  # trials that are considered


@dataclass(frozen=True)
class EnsembleResult:
    """Networks of a study that together score best under a budget.

    Args:
        records: Of the members, the best first.
        exported: The file of all together, and what was measured of it.
        n_networks: Trials that were considered, the best ones of the study.
        n_front_ends: Front ends among them; members share one.
        card: Where all of this is written down.
    """

    records: tuple[TrialRecord, ...]
    exported: Exported
    n_networks: int
    n_front_ends: int
    card: Path


def ensemble_study(
    folder: Path,
    prepared: PreparedData,
    *,
    budget: Budget | None = None,
    n_most: int = 4,
    bits: int = 8,
    out: Path | None = None,
    layer_types: tuple[type, ...] = (),
    torch_device: torch.device | None = None,
) -> EnsembleResult:
    """The set of trials whose mean class probabilities have the least log loss on validation, as one file.

    Members take one input, so they have one front end; the costs of all together are within the budget.

    Args:
        folder: Of the study.
        prepared: The study's data, split as the study did.
        budget: Limits of the whole; None is the study's.
        n_most: Most members.
        bits: Of the file: 8, 16 or 32.
        out: Folder of the files; None is "export" in the study's.
        layer_types: Layer classes of the space's own.
        torch_device: Where to predict; None is the CPU.

    Raises:
        StudyError: The study has no complete trial, or the data is not that of the study.
        NothingFitsError: No network is within the budget.
        ExportError: The whole cannot be written.
    """
    config, device = load_config(folder), torch_device or torch.device("cpu")
    limits = config.budget if budget is None else budget
    records = {record.number: record for record in rank_trials(load_records(folder), objective=config.score)[:_N_MOST]}
    if not records:
        raise StudyError(f"study {config.name!r} has no complete trial. Go on with `nas-asc resume {config.name}`.")
    networks = [find_network(folder, prepared, number=number, layer_types=layer_types) for number in records]
    groups: dict[LogMel, list[StoredNetwork]] = defaultdict(list)
    for network in networks:
        groups[network.log_mel].append(network)
    best = _choose(groups, prepared, limits, n_most=n_most, torch_device=device)
    if best is None:
        raise NothingFitsError(f"no network of {config.name!r} fits the {limits.describe()}. Loosen it.")
    log_mel, chosen = best
    found = tuple(records[member.number] for member in chosen)
    numbers = "-".join(str(member.number) for member in chosen)
    path = (out or folder / EXPORT) / f"{config.name}-ensemble-{numbers}-{FILE_KINDS.get(bits, bits)}.onnx"
    exported = _export(path, chosen, found[0], prepared, log_mel=log_mel, bits=bits)
    card = _write_card(path, config.name, chosen, exported)
    return EnsembleResult(found, exported, len(networks), len(groups), card)


def _write_card(path: Path, study: str, chosen: tuple[Member, ...], exported: Exported) -> Path:
    values = {"study": study, "trials": [member.number for member in chosen], **exported.to_dict()}
    values |= {"path": path.name, "scored_on": "validation clips, on which the members were chosen"}
    values |= {"versions": installed_versions()}
    card = path.with_name(f"{path.stem}-card.json")
    write_file(card, (json.dumps(values, indent=2) + "\n").encode())
    return card


def _choose(
    groups: Mapping[LogMel, Sequence[StoredNetwork]],
    prepared: PreparedData,
    budget: Budget,
    *,
    n_most: int,
    torch_device: torch.device,
) -> tuple[LogMel, tuple[Member, ...]] | None:
    """The best set of any front end; None where no network fits."""
    found = []
    for log_mel, group in groups.items():
        members = [_to_member(network, prepared, torch_device) for network in group]
        labels = prepared.validation_clips(log_mel).labels
        chosen = choose_members(members, labels, budget, n_most=n_most)
        if chosen:
            mean = np.mean([member.probabilities for member in chosen], axis=0)
            found.append((score_predictions(labels, mean).log_loss, log_mel, chosen))
    return min(found, key=lambda one: one[0])[1:] if found else None


def _to_member(network: StoredNetwork, prepared: PreparedData, torch_device: torch.device) -> Member:
    model, mean, std = load_network(network.architecture, network.state)
    clips = replace(prepared.validation_clips(network.log_mel).clips, mean=mean, std=std)
    probabilities = predict(model, clips, torch_device=torch_device)
    return Member(network.record.number, network.architecture, network.state, probabilities)


def _export(
    path: Path, chosen: tuple[Member, ...], first: TrialRecord, prepared: PreparedData, *, log_mel: LogMel, bits: int
) -> Exported:
    architecture, state = chosen[0].architecture, chosen[0].state
    if len(chosen) > 1:
        architecture, state = join_networks(chosen)
    exported = export_network(
        path,
        architecture,
        state,
        prepared,
        log_mel=log_mel,
        recipe=first.recipe,
        name=f"trials {', '.join(str(member.number) for member in chosen)}",
        bits=bits,
        measures_noise=False,
    )
    write_file(path.with_name(f"{path.stem}.txt"), f"{format_architecture(architecture).rstrip()}\n".encode())
    return exported
