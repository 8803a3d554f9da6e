"""`nas-asc front`: the front of a study under other limits than its own."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_asc.budget import RESOURCES, Budget
from nas_asc.cli import options as opt
from nas_asc.cli.group import spread_groups
from nas_asc.cli.terminal import build_console, print_json, say

if TYPE_CHECKING:
    from nas_asc.study import FrontCut


@spread_groups
def front(
    study: opt.StudyName,
    budget: opt.BudgetOptions,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV, with the columns of front.csv.")] = False,
    json: opt.Json = False,
) -> None:
    """Show a study's front under other limits, the recommended network first; nothing is trained.

    A limit that is not given stays that of the study.

    Example: nas-asc front my-study --budget 64k --macs 10M
    """
    from nas_asc.errors import StudyError
    from nas_asc.study import cut_front, find_study, load_config, load_records

    if csv and json:
        raise StudyError("`--csv` and `--json` both say what is printed. Leave one of them out.")
    folder = find_study(study)
    config, records = load_config(folder), load_records(folder)
    limits = budget.parse(config.budget)
    cut = cut_front(folder, config, records, limits)
    if csv:
        from nas_asc.report import front_csv

        sys.stdout.write(front_csv(folder, config, records, cut.shown))
    elif json:
        print_json({"study": config.name, "budget": limits.describe(), **_facts(cut, limits)})
    else:
        _print(study, cut, limits)
    for line in _notes(config.budget, limits):
        print(line, file=sys.stderr, flush=True)


def _facts(cut: "FrontCut", limits: Budget) -> dict[str, Any]:
    trials = [record.to_dict() | {"used": limits.used(record.cost)} for record in cut.shown]
    return {
        "limits": limits.limits,
        "recommended": cut.recommended.number,
        "front": [record.number for record in cut.front],
        "trials": trials,
    }


def _print(study: str, cut: "FrontCut", limits: Budget) -> None:
    from nas_asc.cli.display import front_table

    number = cut.recommended.number
    say(limits.describe())
    title = f"front within these limits, {len(cut.front)} trials, the recommended one first"
    build_console().print(front_table(cut.front, first=cut.recommended, title=title))
    say(f"recommended: trial {number}")
    say(f"write it as an int8 file: nas-asc export {study} --trial {number}")


def _notes(own: Budget, limits: Budget) -> list[str]:
    """What the cut cannot show: networks beyond the limits that the study was searched with."""
    wider = [name for name, limit in own.limits.items() if limits.limits.get(name, limit + 1) > limit]
    nouns = " and ".join(RESOURCES[name].noun for name in wider)
    return (
        [f"note: the study has no networks beyond its own limit on {nouns}; a new search finds them"] if wider else []
    )
