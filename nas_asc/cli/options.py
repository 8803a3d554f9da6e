"""Options that several commands share, each declared once with its help."""

from pathlib import Path
from typing import Annotated

import typer

from nas_asc.study import OPTUNA_PREFIX, SAMPLERS
from nas_asc.units import parse_duration_s

_DATA = "Data"
_BUDGET = "Budget"
_SEARCH = "Search"

SpaceName = Annotated[
    str, typer.Option("--space", help="Search space: a name from `nas-asc spaces`, or the path of a space file.")
]
DataFolder = Annotated[
    str | None,
    typer.Option(
        "--data",
        help="TAU 2020/2022, ESC-50/ESC-10, a folder with one sub-folder a class, or a CSV. Default: synthetic scenes.",
        rich_help_panel=_DATA,
    ),
]
Subset = Annotated[
    int | None,
    typer.Option(
        "--subset",
        help="TAU 2022: the 2024 split of 5, 10, 25, 50 or 100 %. ESC-50: 10 is ESC-10.",
        rich_help_panel=_DATA,
    ),
]
Clip = Annotated[
    str | None,
    typer.Option(
        "--clip",
        help="Folder, CSV or ESC: cut and pad every clip to this length, such as 2s.",
        rich_help_panel=_DATA,
    ),
]
TestFold = Annotated[
    int | None,
    typer.Option("--test-fold", help="Fold that the search never sees (data sets with folds).", rich_help_panel=_DATA),
]
CacheFolder = Annotated[
    Path | None,
    typer.Option("--cache", help="Folder of cached features. Default: ~/.cache/nas-asc.", rich_help_panel=_DATA),
]
Params = Annotated[str | None, typer.Option("--budget", help="Most parameters, such as 128k.", rich_help_panel=_BUDGET)]
Macs = Annotated[
    str | None,
    typer.Option("--macs", help="Most multiply-accumulates of one clip, such as 30M.", rich_help_panel=_BUDGET),
]
Size = Annotated[str | None, typer.Option("--size", help="Most bytes at int8, such as 128kB.", rich_help_panel=_BUDGET)]
Ram = Annotated[
    str | None,
    typer.Option("--ram", help="Most bytes of live activations at int8, such as 256KiB.", rich_help_panel=_BUDGET),
]
RulesName = Annotated[
    str | None,
    typer.Option(
        "--rules",
        help="A DCASE rule set: dcase2020-1b, dcase2021, dcase2022, dcase2023, dcase2024 or dcase2025.",
        rich_help_panel=_BUDGET,
    ),
]
Bits = Annotated[
    int,
    typer.Option("--bits", help="Bits a parameter where the rules limit bytes: 8, 16 or 32.", rich_help_panel=_BUDGET),
]
TargetName = Annotated[
    str,
    typer.Option(
        "--target",
        help="Leave out what onnxruntime or tflite-micro cannot run as integers. Default: any, nothing.",
        rich_help_panel=_BUDGET,
    ),
]
Objectives = Annotated[
    str,
    typer.Option(
        "--objectives",
        help="What is minimised: log_loss, error, params, macs, int8_bytes, peak_ram.",
        rich_help_panel=_SEARCH,
    ),
]
ModeName = Annotated[
    str,
    typer.Option(
        "--mode",
        help="pareto: the trade-off of all objectives; best: the best score under the limits.",
        rich_help_panel=_SEARCH,
    ),
]
SamplerName = Annotated[
    str,
    typer.Option(
        "--sampler",
        help=f"Who proposes: {', '.join(SAMPLERS)}, or {OPTUNA_PREFIX}NAME, such as {OPTUNA_PREFIX}GPSampler.",
        rich_help_panel=_SEARCH,
    ),
]
WarmStart = Annotated[
    bool,
    typer.Option(
        "--warm-start/--no-warm-start",
        help="Begin with the space's starting guesses and published systems, shrunk where they do not fit.",
        rich_help_panel=_SEARCH,
    ),
]
MinShare = Annotated[
    float | None,
    typer.Option(
        "--min-share",
        help="Train only networks that use at least this share of one of the limits, such as 0.1.",
        rich_help_panel=_SEARCH,
    ),
]
ScoreName = Annotated[
    str | None,
    typer.Option(
        "--score",
        help="What is scored: int8 is each trial's int8 file, float its network. Default: int8; with --bits 16, float.",
        rich_help_panel=_SEARCH,
    ),
]
Refit = Annotated[
    bool,
    typer.Option(
        "--refit/--no-refit",
        help="At the end, train the recommended network once more on training and validation clips.",
        rich_help_panel=_SEARCH,
    ),
]
FinalLength = Annotated[
    float,
    typer.Option(
        "--final-length",
        help="Epochs of the last training, in trainings of a trial: search briefly, train what is shipped for longer.",
        rich_help_panel=_SEARCH,
    ),
]
FinalSeeds = Annotated[
    int,
    typer.Option(
        "--final-seeds",
        help="Trainings of each network of the front in all, within a quarter of --timeout; 1: no further ones.",
        rich_help_panel=_SEARCH,
        min=1,
    ),
]
Twin = Annotated[
    bool,
    typer.Option(
        "--twin",
        help="Then search at random at equal cost, to see what the search gained. Takes as long again.",
        rich_help_panel=_SEARCH,
    ),
]
Trials = Annotated[
    int | None,
    typer.Option("--trials", help="Trials in all, resumed ones included. Default: 30.", rich_help_panel=_SEARCH),
]
Timeout = Annotated[
    str | None,
    typer.Option(
        "--timeout",
        help="Wall time in all, such as 90s, 20m or 2h. Default: 8m when --trials is not given either.",
        rich_help_panel=_SEARCH,
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the split, the proposals and the trainings.")]
Epochs = Annotated[
    int | None,
    typer.Option(
        "--epochs", help="Epochs of every training. Default: by the number of clips.", rich_help_panel=_SEARCH
    ),
]
Rungs = Annotated[
    str,
    typer.Option(
        "--rungs",
        help="Stop trainings early and go on with the best: none, 3 levels (each eta times as long), or 10%,30%.",
        rich_help_panel=_SEARCH,
    ),
]
RungClips = Annotated[
    str | None,
    typer.Option(
        "--rung-clips",
        help="With --rungs: shares of the training clips that train until each rung, such as 25%,50%. Default: all.",
        rich_help_panel=_SEARCH,
    ),
]
Eta = Annotated[float, typer.Option("--eta", help="With --rungs: one in how many goes on.", rich_help_panel=_SEARCH)]
TorchDevice = Annotated[
    str, typer.Option("--torch-device", help="Where networks train: auto, cpu or cuda.", rich_help_panel=_SEARCH)
]
StudyName = Annotated[str, typer.Argument(help="Name of a study under ./studies, or the path of its folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

INTERRUPTED = 130  # exit code of what Ctrl-C ended after saving


def parse_timeout(timeout: str | None) -> float | None:
    """Seconds that `--timeout` says; None where it is not given.

    Raises:
        UnitError: It is no duration.
    """
    return None if timeout is None else float(parse_duration_s(timeout, what="--timeout"))
