"""What a survey says, in a few lines: what `search` and `plan` print before anything trains."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nas_asc.cli.terminal import build_console, build_table, say
from nas_asc.units import format_percent, format_short

if TYPE_CHECKING:
    from nas_asc.space import Space
    from nas_asc.survey import FrontEnds, Survey


def short_lines(survey: "Survey", space: "Space") -> list[str]:
    """What a search prints of its plan before it begins.

    Args:
        survey: The survey of the space.
        space: The search space.
    """
    from nas_asc.study import name_options

    limited = [row for row in survey.rows if row.limit is not None]
    shares = ", ".join(f"{format_percent(row.share or 0)} by {row.resource}" for row in limited)
    spans = ", ".join(
        f"{row.resource} {format_short(row.minimum)} .. {format_short(row.maximum)}" for row in survey.rows
    )
    lines = [
        f"space: {space.name}, {spans}",
        f"plan: {format_percent(survey.share_fits)} of {survey.n_drawn:,} drawn candidates fit"
        f" ({shares or 'no limits'})",
    ]
    return [*lines, name_options(survey.left_out.describe(survey.n_drawn))] if survey.left_out.n else lines


def print_survey(survey: "Survey", space: "Space") -> None:
    """Print what the candidates of a space take, and how many fit.

    Args:
        survey: The survey of the space.
        space: The search space.
    """
    from nas_asc.study import name_options

    console = build_console()
    rows = [
        (
            row.resource,
            row.minimum,
            row.median,
            row.maximum,
            row.limit,
            None if row.share is None else format_percent(row.share),
            row.is_reachable,
        )
        for row in survey.rows
    ]
    columns = ("resource", "minimum", "median", "maximum", "limit", "fit", "reachable")
    console.print(build_table(columns, rows, title=f"space {space.name}, {survey.n_drawn:,} drawn candidates"))
    for row in survey.rows:
        if row.limit is not None:
            values = ", ".join(f"{name}={value}" for name, value in row.smallest.items())
            say(f"smallest in {row.resource}: {row.minimum:,} with {values}")
    if survey.left_out.n:
        say(name_options(survey.left_out.describe(survey.n_drawn)))
    for line in _front_end_lines(survey.front_end):
        say(line)
    unbuildable = format_percent(survey.n_unbuildable / survey.n_drawn)
    say(f"{format_percent(survey.share_fits)} fit the whole budget; {unbuildable} cannot take clips of this shape")


def _front_end_lines(found: "FrontEnds") -> Iterator[str]:
    """What the front ends take on a microcontroller, least, median and most."""
    ram, frame, clip = (
        " .. ".join(map(format_short, span))
        for span in (found.ram_bytes, found.frame_operations, found.clip_operations)
    )
    yield (
        f"front end on a microcontroller (least, median, most): RAM {ram} bytes, operations of a clip {clip},"
        f" of a frame {frame}"
    )
    network = " .. ".join(map(format_short, found.network_operations))
    yield (
        f"network: operations of a clip, and of each decision of a stream {network}; the front end takes more in"
        f" {format_percent(found.share_heavier)} of these candidates"
    )
    for core, parts in found.instructions.items():
        clip, frame, network = (" .. ".join(map(format_short, parts[part])) for part in ("clip", "frame", "network"))
        yield (
            f"instructions on {core}, forecast for exported C: features of a clip {clip}, of a frame {frame},"
            f" network {network}"
        )
