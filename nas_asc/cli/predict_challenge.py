"""The table of a challenge, for `nas-asc predict`: written clip by clip, gone on with after an interruption."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from nas_asc.cli import options as opt
from nas_asc.cli.terminal import print_json

if TYPE_CHECKING:
    from nas_asc.prediction import ModelFile

Say = Callable[[object], None]


def write_challenge_table(
    model: "ModelFile",
    listing: Path,
    folder: Path | None,
    out: Path,
    *,
    challenge: str,
    json: bool,
    tell: Say,
    note: Say,
) -> None:
    """Write the table, or go on with it, and say where it is.

    Args:
        model: The network.
        listing: Names of the clips.
        folder: Where the names start; None is beside the listing.
        out: The table.
        challenge: Whose table.
        json: Say it as JSON.
        tell: Told of each clip that cannot be used.
        note: Told what else there is to know.

    Raises:
        NasAscError: The listing, the network or the table will not do.
        Exit: Not all clips have a row, or Ctrl-C ended it.
    """
    from nas_asc.cli.progress import HearingProgress
    from nas_asc.data import find_listed
    from nas_asc.prediction import ChallengeTable

    found = find_listed(listing, folder=folder)
    table = ChallengeTable(out, list(found), challenge=challenge, model=model)
    missing = table.missing()
    if table.n_rows:
        note(f"{table.beside} has {table.n_rows:,} of {len(found):,} clips already")
    try:
        with HearingProgress(len(missing)) as progress:
            paths = progress.track(found[name] for name in missing)
            for name, path in zip(missing, paths, strict=True):
                for prediction in model.classify([path], on_fault=tell, on_note=note, on_heard=progress.on_heard):
                    table.add(name, prediction.probabilities)
    except KeyboardInterrupt:
        note(f"interrupted: {table.beside} has {table.n_rows:,} of {len(found):,} clips; the same command goes on")
        raise typer.Exit(opt.INTERRUPTED) from None
    is_whole = table.finish()
    if json:
        print_json({"path": str(out if is_whole else table.beside), "n_clips": len(found), "n_rows": table.n_rows})
    elif is_whole:
        print(f"wrote {out}: {len(found):,} clips")
    if not is_whole:
        note(
            f"{len(found) - table.n_rows:,} of {len(found):,} clips have no row, so there is no {out} yet. Mend their"
            f" files and give the same command again; {table.beside} has the other rows."
        )
        raise typer.Exit(2)
