"""The application: every command by name, and the one place where errors become one line and an exit code."""

import signal
import sys
from types import FrameType

import typer
from typer.exceptions import TyperException

from nas_asc.cli.argument import explain
from nas_asc.cli.command import Command
from nas_asc.cli.count_command import count
from nas_asc.cli.dashboard_command import dashboard
from nas_asc.cli.data_command import data_app
from nas_asc.cli.doctor_command import doctor
from nas_asc.cli.ensemble_command import ensemble
from nas_asc.cli.export_command import export
from nas_asc.cli.finalists_command import finalists
from nas_asc.cli.front_command import front
from nas_asc.cli.guide_command import guide
from nas_asc.cli.plan_command import plan
from nas_asc.cli.predict_command import predict
from nas_asc.cli.search_command import resume, search
from nas_asc.cli.spaces_command import spaces, systems
from nas_asc.cli.study_command import evaluate, report, status
from nas_asc.cli.train_command import train
from nas_asc.cli.twin_command import twin
from nas_asc.errors import NasAscError, NothingFitsError, is_refused

app = typer.Typer(
    name="nas-asc",
    help="Find the sound classifiers that score best inside a parameter, MAC and size budget.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
for command in (
    search,
    resume,
    status,
    front,
    report,
    dashboard,
    doctor,
    finalists,
    twin,
    evaluate,
    train,
    export,
    ensemble,
    predict,
    plan,
    count,
    spaces,
    systems,
    guide,
):
    app.command(cls=Command)(command)
app.add_typer(data_app, name="data")


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> int:
    """Exit code of the command line; prints one line on stderr for input that is wrong.

    Args:
        arguments: Words after `nas-asc`; None takes them from the process.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        code = typer.main.get_command(app).main(arguments, prog_name="nas-asc", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except NothingFitsError as error:
        return _say(explain(error), code=3)
    except NasAscError as error:
        return _say(explain(error), code=2)
    except TyperException as error:
        return _say(_usage_line(error), code=2)
    except (KeyboardInterrupt, typer.Abort):
        return _say("interrupted", code=130)
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except OSError as error:
        if not is_refused(error):
            raise
        return _say(f"{error.filename or 'a file'} cannot be used: {error.strerror}.", code=2)


def _usage_line(error: TyperException) -> str:
    message = getattr(error, "format_message", lambda: str(error))()
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "nas-asc"
    return f"{message.strip()} See `{path} --help`."


def _say(message: str, *, code: int) -> int:
    print(f"nas-asc: {' '.join(message.split())}", file=sys.stderr)
    return code
