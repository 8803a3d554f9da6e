"""`nas-asc predict`: recordings classified by an exported model file, without torch."""

import csv
import json as json_text
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_asc.cli import options as opt
from nas_asc.cli import words
from nas_asc.cli.predict_challenge import write_challenge_table
from nas_asc.cli.terminal import build_console, build_table, print_json
from nas_asc.errors import UnitError

if TYPE_CHECKING:
    from nas_asc.prediction import Event, ModelFile, Prediction, Window

FORMATS = ("table", "csv", "jsonl", "audacity", "dcase2024", "dcase2025")
_LINES, _TABLES = ("csv", "jsonl", "audacity"), ("dcase2024", "dcase2025")
_COLUMNS = ("recording", "class", "probability")
_TIME_COLUMNS = ("recording", "from (s)", "to (s)", "class", "probability")


def predict(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="An exported model: model.onnx, or model.tflite (pip install 'nas-asc\\[tflite]')."
        ),
    ],
    audio: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="AUDIO",
            help="Recordings, or folders of which all recordings are taken. With --listing: where its names start.",
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option("--top", min=1, help="Most probable classes to show. Default: 1; with --json all."),
    ] = None,
    step: Annotated[
        str | None, typer.Option("--step", help="A time line: what is heard every so often, such as 0.5s.")
    ] = None,
    smooth: Annotated[
        str | None, typer.Option("--smooth", help="With --step: mean over the last such stretch, such as 3s.")
    ] = None,
    threshold: Annotated[
        str | None, typer.Option("--threshold", help="Events alone: where a class is this probable, such as 80%.")
    ] = None,
    hold: Annotated[
        str | None,
        typer.Option("--hold", help="With --threshold: stretches that lie no farther apart are one event, such as 2s."),
    ] = None,
    output: Annotated[
        str,
        typer.Option(
            "--format",
            help="table, csv, jsonl; audacity, a label track (with --step); dcase2024 or dcase2025, the challenge's"
            " table (with --listing).",
        ),
    ] = "table",
    listing: Annotated[
        Path | None,
        typer.Option("--listing", help="Clips of a challenge's table, such as evaluation_setup/fold1_test.csv."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The challenge's table; an interrupted run goes on with it. Default: output.csv."),
    ] = None,
    json: opt.Json = False,
) -> None:
    """Classify recordings with an exported model file; needs no torch.

    Recordings may have any sample rate and last for hours. One longer than the network's clips is cut into clips, whose
    probabilities are averaged, or with --step told over time. One that cannot be used is named on stderr, the others go
    on, and the exit code is 2. Ctrl-C keeps what has come.

    Example: nas-asc predict model.onnx night.wav --step 0.5s --smooth 3s --threshold 80% --format csv
    """
    from nas_asc.cli.progress import HearingProgress
    from nas_asc.prediction import ModelFile

    asked = _Asked(step, smooth, threshold, hold, output)
    _check_listing(audio or [], output, listing=listing, out=out, others={"--step": step, "--top": top})
    model = ModelFile(file)
    faults: list[str] = []

    def note(text: object) -> None:
        print(f"nas-asc: {text}", file=sys.stderr, flush=True)

    def tell(fault: object) -> None:
        faults.append(str(fault))
        note(fault)

    if listing is not None:
        folder, table = next(iter(audio or []), None), out or Path("output.csv")
        write_challenge_table(model, listing, folder, table, challenge=output, json=json, tell=tell, note=note)
        return
    found = list(_find_recordings(audio or [], tell))
    output = "json" if json else output
    with HearingProgress(len(found), is_quiet=output in _LINES and sys.stdout.isatty()) as progress:
        paths = progress.track(found)
        if asked.step_s is not None:
            rows: Iterable[dict[str, Any]] = _time_rows(model, paths, asked, tell, note, progress.on_heard)
        else:
            heard = model.classify(paths, on_fault=tell, on_note=note, on_heard=progress.on_heard)
            rows = (_plain(prediction, top) for prediction in heard)
        kept, was_interrupted = _take(rows, output)
    _show(kept, output, top=top or 1, is_timed=asked.step_s is not None)
    if was_interrupted:
        note("interrupted: these are the results so far")
        raise typer.Exit(opt.INTERRUPTED)
    if faults:
        raise typer.Exit(2)


class _Asked:
    """What is asked of a time line, in seconds and shares."""

    def __init__(
        self, step: str | None, smooth: str | None, threshold: str | None, hold: str | None, output: str
    ) -> None:
        if output not in FORMATS:
            raise UnitError(f"`--format` must be {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, but got {output!r}.")
        self.step_s = words.parse_clip(step, "--step")
        self.smooth_s = words.parse_clip(smooth, "--smooth")
        self.threshold = words.parse_share(threshold, "--threshold")
        self.hold_s = words.parse_clip(hold, "--hold") or 0.0
        if self.step_s is not None and not self.step_s > 0:
            raise UnitError("`--step` must be above 0 s.")
        needy = {"--smooth": smooth, "--threshold": threshold, "--format audacity": output == "audacity" or None}
        for option, given in needy.items():
            if given is not None and step is None:
                raise UnitError(f"`{option}` belongs to a time line. Give --step too, such as --step 0.5s.")
        if hold is not None and threshold is None:
            raise UnitError("`--hold` belongs to events. Give --threshold too, such as --threshold 80%.")


def _check_listing(
    audio: Sequence[Path], output: str, *, listing: Path | None, out: Path | None, others: dict[str, object]
) -> None:
    """Raise unless recordings are given, or all that a challenge's table needs and nothing else."""
    if output not in _TABLES:
        for option, given in {"--listing": listing, "--out": out}.items():
            if given is not None:
                raise UnitError(f"`{option}` belongs to a challenge's table. Give --format {' or '.join(_TABLES)} too.")
        if not audio:
            raise UnitError("`AUDIO` must be recordings or folders, but none is given.")
        return
    if listing is None:
        raise UnitError(f"`--format {output}` needs a listing, such as --listing evaluation_setup/fold1_test.csv.")
    if len(audio) > 1:
        raise UnitError(f"`AUDIO` must be one folder beside --listing, or nothing, but got {len(audio)}.")
    for option, value in others.items():
        if value is not None:
            raise UnitError(f"`{option}` does not belong to --format {output}. Leave it out.")


def _time_rows(
    model: "ModelFile",
    paths: Iterable[Path],
    asked: _Asked,
    tell: Callable[[object], None],
    note: Callable[[str], None],
    on_heard: Callable[[float, float | None], None],
) -> Iterator[dict[str, Any]]:
    """Windows, or events, of one recording after the other, as they come."""
    from nas_asc.data import ClipError, printable
    from nas_asc.prediction import find_events, smooth

    assert asked.step_s is not None
    for path in paths:
        shown, classes = printable(str(path)), model.metadata.classes
        ends: list[BaseException] = []
        windows = model.follow(path, step_s=asked.step_s, on_note=note, on_heard=on_heard)
        windows = _until_end(windows, (ClipError, KeyboardInterrupt), ends)
        windows = windows if asked.smooth_s is None else smooth(windows, round(asked.smooth_s / asked.step_s))
        if asked.threshold is None:
            yield from (_window_row(shown, window, classes) for window in windows)
        else:
            events = find_events(windows, classes, threshold=asked.threshold, hold_s=asked.hold_s)
            yield from (_event_row(shown, event) for event in events)
        for end in ends:
            if not isinstance(end, ClipError):
                raise end
            tell(end)


def _until_end(
    windows: Iterator["Window"], kinds: tuple[type[BaseException], ...], ends: list[BaseException]
) -> Iterator["Window"]:
    """Windows up to a fault or Ctrl-C, which is kept for later: the events that last until then end there."""
    try:
        yield from windows
    except kinds as end:
        ends.append(end)


def _window_row(path: str, window: "Window", classes: Sequence[str]) -> dict[str, Any]:
    best = int(window.probabilities.argmax())
    return _row(path, window.start_s, window.end_s, classes[best], float(window.probabilities[best]))


def _event_row(path: str, event: "Event") -> dict[str, Any]:
    return _row(path, event.start_s, event.end_s, event.label, event.probability)


def _row(path: str, start_s: float, end_s: float, name: str, probability: float) -> dict[str, Any]:
    times = {"start_s": round(start_s, 6), "end_s": round(end_s, 6)}
    return {"path": path, **times, "class": name, "probability": probability}


def _take(rows: Iterable[dict[str, Any]], output: str) -> tuple[list[dict[str, Any]], bool]:
    """Rows that are to be shown together, the others being printed as they come; whether Ctrl-C ended it."""
    kept: list[dict[str, Any]] = []
    try:
        for number, row in enumerate(rows):
            if output in _LINES:
                _print_row(row, output, is_first=number == 0)
            else:
                kept.append(row)
    except KeyboardInterrupt:
        return kept, True
    return kept, False


def _print_row(row: dict[str, Any], output: str, *, is_first: bool) -> None:
    """One line as soon as it is known."""
    if output == "jsonl":
        print(json_text.dumps(row), flush=True)
        return
    if output == "audacity":
        print(f"{row['start_s']:.6f}\t{row['end_s']:.6f}\t{row['class']}", flush=True)
        return
    plain = {name: value for name, value in row.items() if name != "probabilities"}
    writer = csv.DictWriter(sys.stdout, fieldnames=list(plain), lineterminator="\n")
    if is_first:
        writer.writeheader()
    writer.writerow(plain)
    sys.stdout.flush()


def _show(rows: Sequence[dict[str, Any]], output: str, *, top: int, is_timed: bool) -> None:
    if output == "json":
        print_json(list(rows))
    elif rows and is_timed:
        cells = [
            (row["path"], f"{row['start_s']:.2f}", f"{row['end_s']:.2f}", row["class"], _percent(row["probability"]))
            for row in rows
        ]
        build_console().print(build_table(_TIME_COLUMNS, cells))
    elif rows:
        build_console().print(build_table(_COLUMNS, _cells(rows, top)))


def _find_recordings(audio: Sequence[Path], tell: Callable[[object], None]) -> Iterator[Path]:
    from nas_asc.data import find_recordings, printable

    for path in audio:
        found = find_recordings(path) if path.is_dir() else [path]
        if not path.exists():
            tell(f"{printable(str(path))}: there is no such file or folder")
        elif not found:
            tell(f"{printable(str(path))}: no recordings in this folder")
        else:
            yield from found


def _plain(prediction: "Prediction", top: int | None) -> dict[str, Any]:
    from nas_asc.data import printable

    return {
        "path": printable(str(prediction.path)),
        "class": prediction.class_name,
        "probability": prediction.probability,
        "n_clips": prediction.n_clips,
        "probabilities": prediction.best(top),
    }


def _cells(rows: Sequence[dict[str, Any]], top: int) -> Iterator[tuple[str, str, str]]:
    for row in rows:
        for place, (name, probability) in enumerate(list(row["probabilities"].items())[:top]):
            yield ("" if place else row["path"], name, _percent(probability))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
