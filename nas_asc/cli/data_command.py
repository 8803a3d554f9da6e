"""`nas-asc data`: look at a data set, write the synthetic one, or clear what is kept of any."""

from pathlib import Path
from typing import Annotated

import typer

from nas_asc.cli import options as opt
from nas_asc.cli import words
from nas_asc.cli.terminal import build_console, build_table, print_json

data_app = typer.Typer(
    help="Look at a data set, write the synthetic scenes as recordings, or clear kept features.", no_args_is_help=True
)


@data_app.command("show")
def show(
    data: Annotated[str | None, typer.Argument(help="A folder or CSV. Default: the synthetic scenes.")] = None,
    subset: opt.Subset = None,
    clip: opt.Clip = None,
    clip_step: opt.ClipStep = None,
    test_fold: opt.TestFold = None,
    layout: opt.Layout = "auto",
    columns: opt.Columns = None,
    allow_damaged: opt.AllowDamaged = None,
    all_clips: Annotated[
        bool, typer.Option("--all", help="Listen to all clips for silence and other faults, not to 2,000.")
    ] = False,
    seed: opt.Seed = 0,
    json: opt.Json = False,
) -> None:
    """Show what a data set holds, how it would be split, and which recordings are damaged.

    Example: nas-asc data show recordings/
    """
    from nas_asc.data import (
        check_audio,
        count_oddities,
        load_data_set,
        split_data_set,
        spread_rows,
        summarise_data_set,
    )

    data_set = load_data_set(
        data,
        subset=subset,
        clip_s=words.parse_clip(clip),
        clip_step_s=words.parse_clip(clip_step, "--clip-step"),
        layout=layout,
        columns=words.parse_columns(columns),
        allow_damaged=words.parse_share(allow_damaged, "--allow-damaged"),
    )
    split = split_data_set(data_set, seed=seed, test_fold=test_fold)
    summary = summarise_data_set(data_set, split)
    damage = check_audio(data_set, range(len(data_set)))
    rows = range(len(data_set)) if all_clips else spread_rows(len(data_set))
    oddities = count_oddities(data_set, rows)
    if json:
        heard = {each.name: each.n for each in oddities}
        print_json(
            summary.to_dict()
            | {"n_clips": len(data_set), "damaged": list(damage.faults), "rates": dict(damage.rates), "odd": heard}
        )
        return
    for name, value in summary.facts:
        print(f"{name}: {value}")
    build_console().print(build_table(summary.columns, summary.rows))
    if damage.describe():
        print(damage.describe())
    for each in oddities:
        print(f"{each.name}: {each.n} of {len(rows):,} clips listened to, such as {each.example}")


@data_app.command("synth")
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


@data_app.command("cache")
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
