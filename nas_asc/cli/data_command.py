"""`nas-asc data`: look at a data set, or write the synthetic one."""

from pathlib import Path
from typing import Annotated

import typer

from nas_asc.cli import options as opt
from nas_asc.cli.terminal import build_console, build_table, print_json

data_app = typer.Typer(help="Look at a data set, or write the synthetic scenes as recordings.", no_args_is_help=True)


@data_app.command("show")
def show(
    data: Annotated[str | None, typer.Argument(help="A folder or CSV. Default: the synthetic scenes.")] = None,
    subset: opt.Subset = None,
    clip: opt.Clip = None,
    test_fold: opt.TestFold = None,
    seed: opt.Seed = 0,
    json: opt.Json = False,
) -> None:
    """Show what a data set holds, how it would be split, and which recordings are damaged.

    Example: nas-asc data show recordings/
    """
    from nas_asc.data import check_audio, load_data_set, split_data_set
    from nas_asc.units import parse_duration_s

    clip_s = None if clip is None else float(parse_duration_s(clip, what="--clip"))
    data_set = load_data_set(data, subset=subset, clip_s=clip_s)
    split = split_data_set(data_set, seed=seed, test_fold=test_fold)
    damage = check_audio(data_set, range(len(data_set)))
    parts = {"training": split.train, "validation": split.validation, "test": split.test}
    rows = [
        (name, *(int((data_set.labels[each] == label).sum()) for each in parts.values()))
        for label, name in enumerate(data_set.classes)
    ]
    if json:
        counts = {row[0]: dict(zip(parts, row[1:], strict=True)) for row in rows}
        facts = {"name": data_set.name, "kind": data_set.kind, "n_clips": len(data_set), "clip_s": data_set.clip_s}
        print_json(facts | {"sample_rate": data_set.sample_rate, "classes": counts, "damaged": list(damage.faults)})
        return
    print(
        f"{data_set.name} ({data_set.kind}): {len(data_set):,} clips of {data_set.clip_s:g} s"
        f" at {data_set.sample_rate:,} Hz"
    )
    print(split.note)
    build_console().print(build_table(("class", *parts), rows))
    if data_set.has_devices:
        devices = sorted(set(data_set.devices.tolist()))
        counts_of = [
            (each, *(int((data_set.devices[part] == each).sum()) for part in parts.values())) for each in devices
        ]
        build_console().print(build_table(("device", *parts), counts_of))
    for line in (*data_set.notes, damage.describe()):
        if line:
            print(line)


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
