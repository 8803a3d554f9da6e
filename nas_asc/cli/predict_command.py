"""`nas-asc predict`: recordings classified by an exported model file, without torch."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_asc.cli import options as opt
from nas_asc.cli.terminal import build_console, build_table, print_json

if TYPE_CHECKING:
    from nas_asc.prediction import Prediction

_COLUMNS = ("recording", "class", "probability")


def predict(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An exported model, such as model.onnx.")],
    audio: Annotated[
        list[Path], typer.Argument(metavar="AUDIO...", help="Recordings, or folders of which all recordings are taken.")
    ],
    top: Annotated[
        int | None,
        typer.Option("--top", min=1, help="Most probable classes to show. Default: 1; with --json all."),
    ] = None,
    json: opt.Json = False,
) -> None:
    """Classify recordings with an exported model file; needs no torch.

    Recordings may have any sample rate. One longer than the network's clips is cut into clips, whose probabilities are
    averaged. One that cannot be used is named on stderr, the others go on, and the exit code is 2.

    Example: nas-asc predict model.onnx recordings/ street.wav --top 3
    """
    from nas_asc.prediction import ModelFile

    model = ModelFile(file)
    faults: list[str] = []

    def tell(fault: object) -> None:
        faults.append(str(fault))
        print(f"nas-asc: {fault}", file=sys.stderr, flush=True)

    predictions = list(model.classify(_find_recordings(audio, tell), on_fault=tell))
    if json:
        print_json([_plain(prediction, top) for prediction in predictions])
    elif predictions:
        build_console().print(build_table(_COLUMNS, _rows(predictions, top or 1)))
    if faults:
        raise typer.Exit(2)


def _find_recordings(audio: Sequence[Path], tell: Callable[[object], None]) -> Iterator[Path]:
    from nas_asc.data import find_recordings

    for path in audio:
        found = find_recordings(path) if path.is_dir() else [path]
        if not path.exists():
            tell(f"{path}: there is no such file or folder")
        elif not found:
            tell(f"{path}: no recordings in this folder")
        else:
            yield from found


def _plain(prediction: "Prediction", top: int | None) -> dict[str, Any]:
    return {
        "path": str(prediction.path),
        "class": prediction.class_name,
        "probability": prediction.probability,
        "n_clips": prediction.n_clips,
        "probabilities": prediction.best(top),
    }


def _rows(predictions: Sequence["Prediction"], top: int) -> Iterator[tuple[str, str, str]]:
    for prediction in predictions:
        for place, (name, probability) in enumerate(prediction.best(top).items()):
            yield ("" if place else str(prediction.path), name, f"{100 * probability:.1f} %")
