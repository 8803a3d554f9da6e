"""`nas-asc data`: look at a data set, write the synthetic one, or clear what is kept of any."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from nas_asc.cli import options as opt
from nas_asc.cli.command import Command
from nas_asc.cli.group import spread_groups
from nas_asc.cli.terminal import build_console, build_table, print_json, say
from nas_asc.errors import DataError

if TYPE_CHECKING:
    from nas_asc.data import Summary

T = TypeVar("T")

_DEVICE = "device "

data_app = typer.Typer(
    help="Look at a data set, write the synthetic scenes as recordings, or clear kept features.", no_args_is_help=True
)


@data_app.command("show", cls=Command)
@spread_groups
def show(
    *,
    data: Annotated[str | None, typer.Argument(help="A folder or CSV. Default: the synthetic scenes.")] = None,
    clips: opt.ClipOptions,
    all_clips: Annotated[
        bool, typer.Option("--all", help="Listen to all clips for silence and other faults, not to 2,000.")
    ] = False,
    seed: opt.Seed = 0,
    json: opt.Json = False,
) -> None:
    """Show what a data set holds, how it would be split, and which recordings are damaged.

    Example: nas-asc data show recordings/
    """
    from nas_asc.data import check_audio, listen, load_data_set, split_data_set, spread_rows, summarise_data_set

    data_set = load_data_set(
        data,
        subset=clips.subset,
        clip_s=clips.clip_s,
        clip_step_s=clips.clip_step_s,
        layout=clips.layout,
        columns=clips.column_names,
        allow_damaged=clips.damaged_share,
    )
    refusals: list[DataError] = []  # raised when all else is said
    split = _try(lambda: split_data_set(data_set, seed=seed, test_fold=clips.test_fold), refusals)
    damage = _try(lambda: check_audio(data_set, range(len(data_set))), refusals)
    summary = summarise_data_set(data_set, split)
    rows = range(len(data_set)) if all_clips else spread_rows(len(data_set))
    heard = listen(data_set, rows)
    ceiling = heard.describe_ceiling(data_set.highest_rate or data_set.sample_rate)
    if json:
        print_json(
            summary.to_dict()
            | {
                "n_clips": len(data_set),
                "damaged": [] if damage is None else list(damage.faults),
                "rates": {} if damage is None else dict(damage.rates),
                "odd": {each.name: each.n for each in heard.oddities},
                "ceiling": ceiling,
                "refused": [str(refusal) for refusal in refusals],
            }
        )
    else:
        say(*(f"{name}: {value}" for name, value in summary.facts))
        _print_tables(summary)
        told = [damage.describe() if damage else "", ceiling]
        told += [
            f"{each.name}: {each.n} of {len(rows):,} clips listened to, such as {each.example}"
            for each in heard.oddities
        ]
        print(*filter(None, told), sep="\n", end="\n" if any(told) else "")
    for refusal in refusals:
        raise refusal


def _print_tables(summary: "Summary") -> None:
    """Print clips by part and fold, and below them by device, so that both have room."""
    of_device = [name.startswith(_DEVICE) for name in summary.columns]
    for is_shown, title in ((False, None), (True, "clips by device")):
        places = [place for place, each in enumerate(of_device) if each == is_shown or place == 0]
        if len(places) > 1:
            columns = [summary.columns[place].removeprefix(_DEVICE) for place in places]
            rows = [[row[place] for place in places] for row in summary.rows]
            build_console().print(build_table(columns, rows, title=title))


def _try(make: Callable[[], T], refusals: list[DataError]) -> T | None:
    try:
        return make()
    except DataError as error:
        refusals.append(error)
        return None


@data_app.command("synth", cls=Command)
def synth(
    folder: Annotated[Path, typer.Argument(help="New folder for the recordings.")],
) -> None:
    """Write the synthetic scenes as 24-bit WAV files in the layout of TAU 2022 Mobile.

    Example: nas-asc data synth scenes/
    """
    from nas_asc.cli.display import FeatureLine
    from nas_asc.data import load_data_set, write_synthetic

    data_set = load_data_set()
    write_synthetic(data_set, folder, on_progress=FeatureLine(what="recordings"))
    print(f"{len(data_set):,} recordings in {folder}; search them with `nas-asc search --data {folder}`")


@data_app.command("cache", cls=Command)
def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove all kept features.")] = False,
    cache_dir: opt.CacheFolder = None,
    json: opt.Json = False,
) -> None:
    """Show where features are kept and how much they take; with --clear remove them.

    They are computed again when needed. What another process is writing stays.

    Example: nas-asc data cache --clear
    """
    from nas_asc.features import clear_cache, count_cached_bytes, default_cache_dir

    folder = cache_dir or default_cache_dir()
    n_bytes = clear_cache(folder) if clear else count_cached_bytes(folder)
    if json:
        print_json({"folder": str(folder), "bytes": n_bytes, "cleared": clear})
        return
    print(f"{folder}: {n_bytes / 1e6:,.1f} MB of features{' removed' if clear else ''}")
