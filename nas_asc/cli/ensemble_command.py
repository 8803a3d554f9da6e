"""`nas-asc ensemble`: the best set of a study's networks under one budget, as one file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas_asc.cli import options as opt
from nas_asc.cli.group import spread_groups
from nas_asc.cli.terminal import build_console, build_table, print_json, say

if TYPE_CHECKING:
    from nas_asc.handover import EnsembleResult


@spread_groups
def ensemble(
    study: opt.StudyName,
    budget: opt.BudgetOptions,
    members: Annotated[int, typer.Option("--members", help="Most networks in the set.", min=1)] = 4,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the files. Default: export/ in the study's folder.")
    ] = None,
    cache: opt.CacheFolder = None,
    torch_device: opt.TorchDevice = "auto",
    json: opt.Json = False,
) -> None:
    """Choose the networks of a study that together score best under one budget, and write them as one file.

    Without limits, those of the study hold for the whole.

    Example: nas-asc ensemble my-study --budget 128k --macs 30M
    """
    from nas_asc.cli.study_command import reopen

    limits = budget.parse() if budget.is_given else None
    if limits is not None and not json:
        say(limits.describe())
    session = reopen(study, cache=cache, torch_device=torch_device, quiet=json or budget.is_given)
    result = session.ensemble(budget=limits, n_most=members, bits=budget.bits or 8, out=out)
    if json:
        print_json({"trials": [record.number for record in result.records], **result.exported.to_dict()})
        return
    _print_result(result)


def _print_result(result: "EnsembleResult") -> None:
    from nas_asc.units import format_count, format_short

    exported, rows = result.exported, []
    for record in result.records:
        scores = record.network_scores or record.scores
        if scores is not None:
            costs = (record.cost.params, record.cost.macs)
            rows.append((f"trial {record.number}", f"{100 * scores.accuracy:.2f} %", f"{scores.log_loss:.4f}", *costs))
    costs = (exported.cost["params"], exported.cost["macs"])
    for name, scores in (("together", exported.network_scores), (f"file, {exported.bits} bits", exported.scores)):
        rows.append((name, f"{100 * scores.accuracy:.2f} %", f"{scores.log_loss:.4f}", *costs))
    cells = [(*row[:3], *map(format_short, row[3:])) for row in rows]
    build_console().print(build_table(("on the validation clips", "accuracy", "log loss", "params", "MACs"), cells))
    say(
        f"chosen on these clips among {result.n_networks} networks with {result.n_front_ends} front ends:"
        " expect somewhat less on others"
    )
    say(
        f"wrote {exported.path} of {format_count(exported.file_bytes)} bytes, its settings (.json), {result.card.name}"
        f" and the model card {result.model_card.name}"
    )
