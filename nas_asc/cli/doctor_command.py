"""`nas-asc doctor`: whether a study can be trusted, and what to do."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from nas_asc.cli import options as opt
from nas_asc.cli.terminal import print_json
from nas_asc.errors import NasAscError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nas_asc.cli.setup import Setup
    from nas_asc.health import Card, Evidence
    from nas_asc.space import Space
    from nas_asc.study import StudyConfig

T = TypeVar("T")

_MARKS = {"fine": "fine   ", "warning": "WARNING", "unknown": "unknown"}


def doctor(
    study: opt.StudyName,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 where a check warns.")] = False,
    json: opt.Json = False,
) -> None:
    """Check a study's health: noise, clips, limits, axes, gain over random search, failures.

    Example: nas-asc doctor my-study --json
    """
    from nas_asc.health import count_warnings, diagnose
    from nas_asc.study import find_study

    folder = find_study(study)
    evidence = read_evidence(folder)
    cards = diagnose(evidence)
    if json:
        print_json(_facts(evidence, cards))
    else:
        print(evidence.config.budget.describe())
        for card in cards:
            print(_text(card))
        print(f"study {evidence.config.name}: {_tally(cards)}")
    if strict and count_warnings(cards):
        raise typer.Exit(1)


def read_evidence(folder: Path, *, space: "Space | None" = None, setup: "Setup | None" = None) -> "Evidence":
    """Evidence of a study; where its space or data cannot be read now, without them.

    Args:
        folder: Of the study.
        space: Its search space, where it has been read already.
        setup: Its space and data, where they have been read already.
    """
    from nas_asc.cli.setup import reopen_data
    from nas_asc.cli.space_source import load_studied_space
    from nas_asc.health import count_validation, gather_evidence
    from nas_asc.study import load_config, load_records

    config = load_config(folder)
    if setup is None:
        space, data = space or _or_none(load_studied_space, config), _or_none(reopen_data, config)
    else:
        space, data = setup.space, (setup.data_set, setup.split)
    is_known = data is not None and data[0].digest == config.data_digest
    validation = count_validation(*data) if data is not None and is_known else None
    return gather_evidence(folder, config, load_records(folder), space=space, validation=validation)


def _or_none(read: "Callable[[StudyConfig], T]", config: "StudyConfig") -> "T | None":
    try:
        return read(config)
    except NasAscError:
        return None


def _facts(evidence: "Evidence", cards: "tuple[Card, ...]") -> dict[str, Any]:
    from dataclasses import asdict

    from nas_asc.health import axis_effects
    from nas_asc.propose import axis_importance

    config, records, space = evidence.config, evidence.records, evidence.space
    importance = () if space is None else axis_importance(records, config, space)
    return {
        "study": config.name,
        "cards": [card.to_dict() for card in cards],
        "finals": None if evidence.finals is None else evidence.finals.to_dict(),
        "score": config.score,
        "importance": [asdict(each) | {"is_above_chance": each.is_above_chance} for each in importance],
        "effects": [effect.to_dict() for effect in axis_effects(records, config)],
    }


def _text(card: "Card") -> str:
    advice = f"\n         -> {card.advice}" if card.advice else ""
    return f"{_MARKS[card.verdict]}  {card.title}: {card.finding}{advice}"


def _tally(cards: "tuple[Card, ...]") -> str:
    verdicts = [card.verdict for card in cards]
    names = {"fine": "fine", "warning": "warnings", "unknown": "unknown"}
    return ", ".join(f"{verdicts.count(verdict)} {name}" for verdict, name in names.items())  # type: ignore[arg-type]
