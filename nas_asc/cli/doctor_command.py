"""`nas-asc doctor`: whether a study can be trusted, and what to do."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_asc.cli import options as opt
from nas_asc.cli.terminal import print_json, say

if TYPE_CHECKING:
    from nas_asc.health import Card, Evidence

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
    from nas_asc.session import read_evidence
    from nas_asc.study import find_study

    folder = find_study(study)
    evidence = read_evidence(folder)
    cards = diagnose(evidence)
    if json:
        print_json(_facts(evidence, cards))
    else:
        say(evidence.config.budget.describe())
        for card in cards:
            say(_text(card))
        say(f"study {evidence.config.name}: {_tally(cards)}")
    if strict and count_warnings(cards):
        raise typer.Exit(1)


def _facts(evidence: "Evidence", cards: "tuple[Card, ...]") -> dict[str, Any]:
    from dataclasses import asdict

    from nas_asc.health import axis_effects
    from nas_asc.session import find_importance

    config, records, importance = evidence.config, evidence.records, find_importance(evidence)
    return {
        "study": config.name,
        "cards": [card.to_dict() for card in cards],
        "finals": None if evidence.summary is None else evidence.summary.to_dict(),
        "score": config.score,
        "importance": [asdict(each) | {"is_above_chance": each.is_above_chance} for each in importance],
        "effects": [effect.to_dict() for effect in axis_effects(records, config)],
    }


def _text(card: "Card") -> str:
    from nas_asc.study import name_options

    advice = f"\n         -> {name_options(card.advice)}" if card.advice else ""
    return f"{_MARKS[card.verdict]}  {card.title}: {card.finding}{advice}"


def _tally(cards: "tuple[Card, ...]") -> str:
    verdicts = [card.verdict for card in cards]
    names = {"fine": "fine", "warning": "warnings", "unknown": "unknown"}
    return ", ".join(f"{verdicts.count(verdict)} {name}" for verdict, name in names.items())  # type: ignore[arg-type]
