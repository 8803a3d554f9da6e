"""`nas-asc dashboard`: a study in Optuna's own dashboard."""

from typing import Annotated

import typer

from nas_asc.cli import options as opt


def dashboard(
    study: opt.StudyName,
    port: Annotated[
        int, typer.Option("--port", help="Port of this machine that the dashboard listens on.", min=1024, max=65535)
    ] = 8080,
) -> None:
    """Show a copy of a study in Optuna's dashboard, on this machine alone, until Ctrl-C.

    It needs optuna-dashboard: pip install optuna-dashboard. What is changed in it is not kept.

    Example: nas-asc dashboard my-study
    """
    from nas_asc.study import find_study, show_dashboard

    def tell(address: str) -> None:
        print(f"a copy of study {study}: {address} (Ctrl-C ends it)", flush=True)

    code = show_dashboard(find_study(study), port=port, on_start=tell)
    raise typer.Exit(code)
