"""`nas-asc spaces` and `nas-asc systems`: what can be searched, and what was published in it."""

from typing import Annotated

import typer

from nas_asc.cli.options import Json
from nas_asc.cli.terminal import build_console, build_table, print_json
from nas_asc.space import Space, list_spaces, load_space


def spaces(
    name: Annotated[str | None, typer.Argument(help="A space's name or the path of a space file.")] = None,
    json: Json = False,
) -> None:
    """List the search spaces, or describe one: its axes, its size, its systems.

    Example: nas-asc spaces cp_mobile
    """
    found = [load_space(each) for each in ([name] if name else list_spaces())]
    if json:
        print_json([_plain(space) for space in found])
        return
    console = build_console()
    if name is None:
        rows = [(space.name, len(space.axes), _size(space), len(space.systems), _headline(space)) for space in found]
        console.print(build_table(("space", "axes", "candidates", "systems", "what it is"), rows))
        return
    (space,) = found
    console.print(space.description, markup=False)
    axes = [(row.axis, row.form, row.values, row.condition, row.guess) for row in space.describe()]
    console.print(build_table(("axis", "form", "values", "when", "guess"), axes))
    console.print(
        f"{_size(space)} combinations before requirements: {', '.join(space.requirements) or 'none'}", markup=False
    )
    console.print(f"systems: {', '.join(space.systems) or 'none'}", markup=False)


def systems(json: Json = False) -> None:
    """Print published beside reproduced counts; exits with 1 when any differs other than by a documented slip.

    Example: nas-asc systems
    """
    from nas_asc.survey import systems_table

    rows = systems_table(list_spaces())
    if json:
        print_json([row.to_dict() for row in rows])
    else:
        cells = [
            (
                row.space,
                row.system,
                row.quantity,
                row.published if row.slip is None else row.slip.printed,
                row.reproduced,
                "DIFFERS" if not row.matches else "=" if row.slip is None else "slip",
                row.convention if row.slip is None else f"{row.convention}; {row.slip.reason}",
            )
            for row in rows
        ]
        columns = ("space", "system", "quantity", "published", "reproduced", "", "convention")
        build_console().print(build_table(columns, cells))
    if not all(row.matches for row in rows):
        raise typer.Exit(1)


def _plain(space: Space) -> dict[str, object]:
    return {
        "name": space.name,
        "description": space.description,
        "n_candidates": space.n_candidates,
        "axes": [row.to_dict() for row in space.describe()],
        "requirements": list(space.requirements),
        "systems": list(space.systems),
    }


def _size(space: Space) -> str:
    return "unbounded" if space.n_candidates is None else f"{space.n_candidates:.2e}"


def _headline(space: Space) -> str:
    return space.description.strip().splitlines()[0] if space.description.strip() else ""
