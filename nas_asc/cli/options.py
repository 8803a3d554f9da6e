"""Options of several commands, each declared once with its help, and groups of them that a command takes as one."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_asc.budget import RESOURCES, RULES, Budget, parse_budget
from nas_asc.cli.group import option_parameter
from nas_asc.cli.words import parse_clip, parse_columns, parse_final_length, parse_share, parse_timeout
from nas_asc.metrics import MINIMISED_SCORES

if TYPE_CHECKING:
    from nas_asc.session import Course
    from nas_asc.study import StudyConfig

DEFAULT_FINAL_SEEDS = 3
INTERRUPTED = 130  # exit code of what Ctrl-C ended after saving

*_FIRST_RULES, _LAST_RULES = RULES
_data, _budget, _search = (partial(typer.Option, rich_help_panel=panel) for panel in ("Data", "Budget", "Search"))

DataFolder = Annotated[
    str | None,
    _data(
        "--data",
        help="TAU 2020/2022, TUT 2016/2017, ESC-50/ESC-10, UrbanSound8K, Speech Commands, Edge Impulse, a folder with"
        " one sub-folder a class, or a CSV. Default: synthetic scenes.",
    ),
]
Subset = Annotated[
    int | None, _data("--subset", help="TAU 2022: the 2024 split of 5, 10, 25, 50 or 100 %. ESC-50: 10 is ESC-10.")
]
Clip = Annotated[
    str | None,
    _data("--clip", help="Length of every clip, such as 500ms or 2s: longer recordings are cut into such clips."),
]
ClipStep = Annotated[
    str | None, _data("--clip-step", help="With --clip: from one clip to the next, such as 0.5s. Default: end to end.")
]
TestFold = Annotated[int | None, _data("--test-fold", help="Fold that the search never sees (data sets with folds).")]
Layout = Annotated[
    str,
    _data(
        "--layout",
        help="auto recognises it; folder takes the sub-folders as classes, grouped those a level below them.",
    ),
]
Columns = Annotated[
    str | None,
    _data("--columns", help="Of a CSV: which columns are what, such as path=wavname,label=kind. Default: by names."),
]
AllowDamaged = Annotated[
    str | None,
    _data("--allow-damaged", help="Share of the recordings that may be left out as they cannot be used. Default: 5%."),
]
CacheFolder = Annotated[Path | None, _data("--cache", help="Folder of cached features. Default: ~/.cache/nas-asc.")]
CacheSize = Annotated[
    str | None,
    _data(
        "--cache-size",
        help="Most bytes of cached features, such as 20GB; the least used go first. Default: a fifth of the free disk.",
    ),
]
Refit = Annotated[
    bool,
    _search(
        "--refit/--no-refit",
        help="Do not train the recommended network once more, on training and validation clips, at the end.",
    ),
]
FinalSeeds = Annotated[
    int,
    _search(
        "--final-seeds",
        help="Most further trainings of one length of each leader; with --final-length 3 and its like trainings of each"
        " network of the front in all. 1: none.",
        min=1,
    ),
]
Twin = Annotated[
    bool,
    _search("--twin", help="Then search at random at equal cost, to see what the search gained. Takes as long again."),
]
Trials = Annotated[int | None, _search("--trials", help="Trials in all. Default: 30.")]
Timeout = Annotated[
    str | None,
    _search(
        "--timeout",
        help="Wall time in all, such as 90s, 20m or 2h. Default: 8m when --trials is not given either.",
    ),
]
Epochs = Annotated[int | None, _search("--epochs", help="Epochs of every training. Default: by the number of clips.")]
TorchDevice = Annotated[str, _search("--torch-device", help="Where networks train: auto, cpu or cuda.")]
Seed = Annotated[int, typer.Option("--seed", help="Seed of the split, the proposals and the trainings.")]
StudyName = Annotated[str, typer.Argument(help="Name of a study under ./studies, or the path of its folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Limits(dict[str, str]):
    """What the options of limits say, by the name of their resource: an option for each resource that has one."""

    @classmethod
    def parameters(cls) -> Iterator[inspect.Parameter]:
        """The options of the resources that are known by now."""
        for resource in RESOURCES.values():
            if resource.option is not None:
                option = Annotated[str | None, _budget(resource.option, help=resource.help)]
                yield option_parameter(_parameter_name(resource.option), None, option)

    @classmethod
    def gather(cls, values: Mapping[str, Any]) -> "Limits":
        """Those that were given, out of all options' values.

        Args:
            values: By the names of the parameters.
        """
        options = {name: resource.option for name, resource in RESOURCES.items() if resource.option is not None}
        words = {name: values[_parameter_name(option)] for name, option in options.items()}
        return cls({name: word for name, word in words.items() if word is not None})


@dataclass(frozen=True, kw_only=True)
class BudgetOptions:
    """The limits of the network, as words."""

    limits: Limits = field(default_factory=Limits)
    rules: Annotated[
        str | None, _budget("--rules", help=f"A DCASE rule set: {', '.join(_FIRST_RULES)} or {_LAST_RULES}.")
    ] = None
    bits: Annotated[
        int | None, _budget("--bits", help="Bits a parameter where the rules limit bytes: 8, 16 or 32. Default: 8.")
    ] = None

    @property
    def is_given(self) -> bool:
        """Whether a limit or a rule set is given."""
        return bool(self.limits) or self.rules is not None

    def parse(self, start: Budget | None = None) -> Budget:
        """The limits as numbers.

        Args:
            start: What holds where an option is not given; None has no limits.

        Raises:
            UnitError: A word is no count or size; names the option.
            BudgetError: A limit is not positive, or there is no such rule set.
        """
        return parse_budget(self.limits, rules=self.rules, bits=self.bits, start=start)


@dataclass(frozen=True, kw_only=True)
class ClipOptions:
    """How recordings are read, and which are kept for the test, as words."""

    subset: Subset = None
    clip: Clip = None
    clip_step: ClipStep = None
    test_fold: TestFold = None
    layout: Layout = "auto"
    columns: Columns = None
    allow_damaged: AllowDamaged = None

    @property
    def clip_s(self) -> float | None:
        """Length of every clip in seconds."""
        return parse_clip(self.clip)

    @property
    def clip_step_s(self) -> float | None:
        """From one clip to the next, in seconds."""
        return parse_clip(self.clip_step, "--clip-step")

    @property
    def column_names(self) -> dict[str, str]:
        """Columns of a CSV by what they are."""
        return parse_columns(self.columns)

    @property
    def damaged_share(self) -> float | None:
        """Share of the recordings that may be left out."""
        return parse_share(self.allow_damaged, "--allow-damaged")


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """What a search is asked for: the options of `search` and `plan`, in the order of their help."""

    space: Annotated[
        str, typer.Option("--space", help="Search space: a name from `nas-asc spaces`, or the path of a space file.")
    ] = "asc"
    data: DataFolder = None
    clips: ClipOptions = field(default_factory=ClipOptions)
    cache: CacheFolder = None
    cache_size: CacheSize = None
    budget: BudgetOptions = field(default_factory=BudgetOptions)
    target: Annotated[
        str,
        _budget(
            "--target",
            help="Leave out what onnxruntime, tflite-micro or c (exported source) cannot run as integers."
            " Default: any, nothing.",
        ),
    ] = "any"
    objectives: Annotated[str, lambda: _search("--objectives", help=f"What is minimised: {_list_objectives()}.")] = (
        "log_loss,macs,int8_bytes"
    )
    mode: Annotated[
        str,
        _search("--mode", help="pareto: the trade-off of all objectives; best: the best score under the limits."),
    ] = "pareto"
    sampler: Annotated[
        str,
        _search(
            "--sampler",
            help="Who proposes: auto, gp, tpe, nsga2, nsga3, random, or optuna:NAME, such as optuna:GPSampler.",
        ),
    ] = "auto"
    warm_start: Annotated[
        bool,
        _search(
            "--warm-start/--no-warm-start",
            help="Do not begin with the space's guesses and published systems.",
        ),
    ] = True
    min_share: Annotated[
        float | None,
        _search(
            "--min-share", help="Train only networks that use at least this share of one of the limits, such as 0.1."
        ),
    ] = None
    min_accuracy: Annotated[
        str | None,
        _search(
            "--min-accuracy",
            help="Accuracy below which no network is of use, such as 70%. Default: by the best network found.",
        ),
    ] = None
    max_log_loss: Annotated[
        float | None,
        _search("--max-log-loss", help="Log loss in nats above which no network is of use, such as 0.8."),
    ] = None
    score: Annotated[
        str | None,
        _search(
            "--score",
            help="What is scored: int8 is each trial's int8 file, float its network. Default: int8; with --bits 16,"
            " float.",
        ),
    ] = None
    trials: Trials = None
    timeout: Timeout = None
    epochs: Epochs = None
    rungs: Annotated[
        str,
        _search(
            "--rungs",
            help="Stop trainings early and go on with the best: none, 3 levels (each eta times as long), or 10%,30%.",
        ),
    ] = "none"
    eta: Annotated[float, _search("--eta", help="With --rungs: one in how many goes on.")] = 3.0
    rung_clips: Annotated[
        str | None,
        _search(
            "--rung-clips",
            help="With --rungs: shares of the training clips that train until each rung, such as 25%,50%. Default:"
            " all.",
        ),
    ] = None
    refit: Refit = True
    final_length: Annotated[
        str,
        _search(
            "--final-length",
            help="Epochs of the last training, in trainings of a trial, such as 3. auto: as long as it gains, in the"
            " time that there is.",
        ),
    ] = "auto"
    final_seeds: FinalSeeds = DEFAULT_FINAL_SEEDS
    twin: Twin = False
    torch_device: TorchDevice = "auto"
    seed: Seed = 0

    def asked(self, name: str) -> "StudyConfig":
        """What a study is asked.

        Args:
            name: The name of the study; empty for one of space, data and date.

        Raises:
            NasAscError: An option is out of range; says which.
        """
        from nas_asc.session import to_source
        from nas_asc.study import StudyConfig, parse_rung_clips, parse_rungs

        budget, rungs = self.resolved, parse_rungs(self.rungs, eta=self.eta)
        scored: Any = self.score or ("int8" if budget.bits == 8 else "float")  # checked where the config is made
        mode: Any = self.mode
        return StudyConfig(
            name=name,
            space=to_source(self.space),
            data=None if self.data is None else str(Path(self.data).resolve()),
            budget=budget,
            objectives=tuple(self.objectives.split(",")),
            mode=mode,
            sampler=self.sampler,
            warm_start=self.warm_start,
            min_share=self.min_share,
            scored=scored,
            target=self.target,
            seed=self.seed,
            subset=self.clips.subset,
            test_fold=self.clips.test_fold,
            clip_length_s=self.clips.clip_s,
            clip_step_s=self.clips.clip_step_s,
            layout=self.clips.layout,
            columns=self.clips.column_names,
            allow_damaged=self.clips.damaged_share,
            epochs=self.epochs,
            rungs=rungs,
            eta=self.eta,
            rung_clips=parse_rung_clips(self.rung_clips, rungs=rungs),
            final_length=parse_final_length(self.final_length),
            min_accuracy=parse_share(self.min_accuracy, "--min-accuracy"),
            max_log_loss=self.max_log_loss,
            n_trials=self.course.n_trials,
            timeout_s=self.course.timeout_s,
        )

    @property
    def resolved(self) -> Budget:
        """The limits as numbers, RAM as the target needs it.

        Raises:
            UnitError: A word is no count or size; names the option.
            BudgetError: A limit is not positive, or there is no such rule set.
        """
        return self.budget.parse().on_target(self.target, self.objectives.split(","))

    @property
    def course(self) -> "Course":
        """How far the search goes; without --trials and --timeout as far as a first look does."""
        from nas_asc.session import Course

        timeout_s = parse_timeout(self.timeout)
        return Course.of(self.trials, timeout_s, n_seeds=self.final_seeds, refits=self.refit, twin=self.twin)


def _list_objectives() -> str:
    costs = [resource.objective for resource in RESOURCES.values() if resource.objective is not None]
    return ", ".join([*MINIMISED_SCORES, *costs])


def _parameter_name(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")
