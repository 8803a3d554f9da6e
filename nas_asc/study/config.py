"""What a study was asked: the content of study.toml.

Conventions:
    A value that is None is absent from the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from nas_asc.budget import Budget
from nas_asc.errors import StudyError
from nas_asc.frontend import validate_target
from nas_asc.study.objective import DEFAULT_OBJECTIVES, OBJECTIVES, validate_objectives
from nas_asc.study.rung import validate_rung_clips, validate_rungs

Mode = Literal["pareto", "best"]
Scored = Literal["float", "int8"]
ExecutorKind = Literal["processes", "ray"]
EXECUTORS: tuple[str, ...] = get_args(ExecutorKind)
SAMPLERS = ("auto", "gp", "tpe", "nsga2", "nsga3", "random")
GONE_SAMPLERS = {"handover": "gp"}  # of studies made before: who goes on for them
MOST_FINAL_LENGTH = 100.0
MOST_FOUND_LENGTH = 10.0  # trainings of a trial that a refit takes at most, where the search finds its length
OPTUNA_PREFIX = "optuna:"  # then the name of a class in optuna.samplers


@dataclass(frozen=True, kw_only=True)
class StudyConfig:
    """What a study was asked, and what it was asked of.

    What is asked alone has empty digests, no classes and no reference point: `ask_study` fills them in.

    Args:
        name: The name of the study and its folder.
        space: Name or path of the search space.
        space_digest: The digest of the space's content.
        fingerprint: The fingerprint of the space, part by part, so that a change can be named.
        data: Folder or file of the data set; None is the embedded synthetic scenes.
        data_digest: The digest of the data set's content.
        split_digest: The digest of who trains, validates and tests; None in a study of version 0.1.0.
        classes: Class names, in the order of the labels.
        clip_s: Length of one clip in seconds.
        budget: Limits of the network.
        objectives: What is minimised; in the mode "best" only the first score.
        mode: "pareto" for all objectives, "best" for the best score under the limits.
        reference_point: The reference point of the hypervolume, one value an objective.
        sampler: One of `SAMPLERS`, or "optuna:" and the name of one of Optuna's, such as "optuna:GPSampler"; of an
            older study also one of `GONE_SAMPLERS`.
        warm_start: Whether the first trials are the space's guesses and published systems, as far as they fit.
        min_share: Share of a limit, such as 0.1: only networks that use as much of one limited resource or more are
            trained; None trains small ones too.
        scored: Whose scores count: "int8" those of each trial's file, which is int8 unless its recipe says other bits,
            "float" those of its network.
        target: Runtime whose integers suffice for every candidate; "any" is none.
        seed: The seed of split, proposals and trainings.
        subset: Training split of TAU 2022 in percent.
        test_fold: Fold that is kept for the test.
        validation_share: Share of the training rows that validates.
        clip_length_s: Length that every clip is cut or padded to, in seconds; None where the user named none.
        clip_step_s: From one clip of a long recording to the next, in seconds; None is end to end.
        layout: How folders are read: "auto", "folder" or "grouped"; None as version 0.1.0 read them.
        columns: The columns of a listing: names of columns by what they are, as far as the user said.
        allow_damaged: Share of the recordings that may be left out; None is the usual one.
        epochs: The number of epochs of every training; None leaves it to the recipe and the number of clips.
        rungs: Shares of a training after which it stops, and goes on only if it is promoted; empty trains all through.
        eta: One in how many goes on from a rung.
        rung_clips: Shares of the training clips on which each rung trains; empty for all.
        final_length: Epochs of the refit, in trainings of a trial; None finds the length that gains and for which
            there is time.
        min_accuracy: Accuracy below which no network is of use, in [0, 1]; None leaves it to what is found.
        max_log_loss: Log loss above which no network is of use, in nats; None leaves it to what is found.
        n_workers: Trainings at the same time, each in a process of its own; 1 trains in the searching process, unless
            the executor is another than "processes".
        executor: Where the workers are: "processes" of this machine, or on a "ray" cluster.
        n_trials: Trials in all; None is no number.
        timeout_s: Wall time of one run in seconds; None is no limit.
        torch_device: What its networks train on: "cpu", or a GPU's name; None where an older study does not say.
        precision: Type of forward passes in training, such as "float32"; None with `torch_device`.
        memory_format: Order of a batch's values in memory, in torch's words, such as "channels_last"; None where an
            older study does not say.
        graphs: Whether a GPU recorded steps and replayed them; None where an older study does not say.
        versions: The versions of what computed it, by package.
        created: Date and time, ISO 8601.

    Raises:
        StudyError: A value is out of range, with the value.
    """

    name: str
    space: str
    budget: Budget
    space_digest: str = ""
    data_digest: str = ""
    split_digest: str | None = None
    classes: tuple[str, ...] = ()
    clip_s: float = 0.0
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    data: str | None = None
    objectives: tuple[str, ...] = DEFAULT_OBJECTIVES
    mode: Mode = "pareto"
    reference_point: tuple[float, ...] = ()
    sampler: str = "auto"
    warm_start: bool = True
    min_share: float | None = None
    scored: Scored = "float"
    target: str = "any"
    seed: int = 0
    subset: int | None = None
    test_fold: int | None = None
    validation_share: float = 0.2
    clip_length_s: float | None = None
    clip_step_s: float | None = None
    layout: str | None = "auto"
    columns: Mapping[str, str] = field(default_factory=dict)
    allow_damaged: float | None = None
    epochs: int | None = None
    rungs: tuple[float, ...] = ()
    eta: float = 3.0
    rung_clips: tuple[float, ...] = ()
    final_length: float | None = None
    min_accuracy: float | None = None
    max_log_loss: float | None = None
    n_workers: int = 1
    executor: ExecutorKind = "processes"
    n_trials: int | None = None
    timeout_s: float | None = None
    torch_device: str | None = None
    precision: str | None = None
    memory_format: str | None = None
    graphs: bool | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    created: str = ""

    def __post_init__(self) -> None:
        validate_objectives(self.objectives)
        validate_target(self.target)
        if self.mode not in ("pareto", "best"):
            raise StudyError(f"`mode` must be pareto or best, but got {self.mode!r}.")
        if self.sampler not in (*SAMPLERS, *GONE_SAMPLERS) and not self.sampler.startswith(OPTUNA_PREFIX):
            known = ", ".join([*SAMPLERS, f"{OPTUNA_PREFIX}NAME"])
            raise StudyError(f"`sampler` must be among {known}, but got {self.sampler!r}.")
        if self.min_share is not None and not 0 < self.min_share < 1:
            raise StudyError(f"`min_share` must be above 0 and below 1, but got {self.min_share}.")
        if self.min_share is not None and not self.budget.limits:
            raise StudyError(f"`min_share` must have a limit to be a share of, but got {self.min_share} and none.")
        if self.scored not in ("float", "int8"):
            raise StudyError(f"`scored` must be int8 or float, but got {self.scored!r}.")
        if self.epochs is not None and self.epochs < 1:
            raise StudyError(f"`epochs` must be 1 or more, but got {self.epochs}.")
        if self.n_workers < 1:
            raise StudyError(f"`n_workers` must be 1 or more, but got {self.n_workers}.")
        validate_executor(self.executor)
        validate_rungs(self.rungs, eta=self.eta)
        validate_rung_clips(self.rung_clips, rungs=self.rungs)
        if self.final_length is not None and not 1 <= self.final_length <= MOST_FINAL_LENGTH:
            raise StudyError(
                f"`final_length` must be auto, or from 1 to {MOST_FINAL_LENGTH:g}, but got {self.final_length:g}."
            )
        if self.min_accuracy is not None and not 0 < self.min_accuracy < 1:
            raise StudyError(f"`min_accuracy` must be above 0 and below 1, but got {self.min_accuracy}.")
        if self.max_log_loss is not None and not self.max_log_loss > 0:
            raise StudyError(f"`max_log_loss` must be above 0 nats, but got {self.max_log_loss}.")
        if self.n_trials is not None and self.n_trials < 1:
            raise StudyError(f"`n_trials` must be 1 or more, but got {self.n_trials}.")
        if self.timeout_s is not None and not self.timeout_s > 0:
            raise StudyError(f"`timeout_s` must be above 0 s, but got {self.timeout_s}.")

    @property
    def trains_elsewhere(self) -> bool:
        """Whether other processes than the searching one train."""
        return self.n_workers > 1 or self.executor != "processes"

    @property
    def minimised(self) -> tuple[str, ...]:
        """Objectives that the sampler works on: all, or the first score in the mode "best"."""
        return self.objectives if self.mode == "pareto" else (self.score,)

    @property
    def score(self) -> str:
        """The first score among the objectives, by which a trial is recommended."""
        return next(name for name in self.objectives if OBJECTIVES[name].is_score)

    def to_dict(self) -> dict[str, Any]:
        """Tables of study.toml; `from_dict` gives the config back."""
        study = {name: getattr(self, name) for name in _STUDY_FIELDS}
        data = {name: getattr(self, name) for name in _DATA_FIELDS}
        tables = {
            "space": {"name": self.space, "digest": self.space_digest, "fingerprint": dict(self.fingerprint)},
            "data": {"source": self.data, "digest": self.data_digest, "split": self.split_digest, **data},
            "budget": self.budget.to_dict(),
            "versions": dict(self.versions),
        }
        return _without_none(study | tables)

    @classmethod
    def from_dict(cls, tables: Mapping[str, Any]) -> "StudyConfig":
        """Config from the tables of study.toml.

        Raises:
            StudyError: Something is missing or out of range; names it.
        """
        try:
            space, data = tables["space"], tables["data"]
            found = {name: tables[name] for name in _STUDY_FIELDS if name in tables}
            found |= {"layout": None} | {name: data[name] for name in _DATA_FIELDS if name in data}
            for name in ("objectives", "reference_point", "classes"):
                found[name] = tuple(found[name])
            for name in ("rungs", "rung_clips"):
                found[name] = tuple(found.get(name, ()))
            return cls(
                space=space["name"],
                space_digest=space["digest"],
                fingerprint=space.get("fingerprint", {}),
                data=data.get("source"),
                data_digest=data["digest"],
                split_digest=data.get("split"),
                budget=Budget.from_dict(tables["budget"]),
                versions=tables.get("versions", {}),
                **found,
            )
        except KeyError as error:
            raise StudyError(f"it has no `{error.args[0]}`") from None


def validate_executor(kind: str) -> None:
    """Check the word for where workers are.

    Raises:
        StudyError: It is unknown.
    """
    if kind not in EXECUTORS:
        *some, last = EXECUTORS
        raise StudyError(f"`executor` must be {', '.join(some)} or {last}, but got {kind!r}.")


_STUDY_FIELDS = (
    "name",
    "created",
    "seed",
    "objectives",
    "mode",
    "reference_point",
    "sampler",
    "warm_start",
    "min_share",
    "scored",
    "target",
    "epochs",
    "rungs",
    "eta",
    "rung_clips",
    "final_length",
    "min_accuracy",
    "max_log_loss",
    "n_workers",
    "executor",
    "n_trials",
    "timeout_s",
    "torch_device",
    "precision",
    "memory_format",
    "graphs",
)
_DATA_FIELDS = (
    "subset",
    "test_fold",
    "validation_share",
    "clip_length_s",
    "clip_step_s",
    "layout",
    "columns",
    "allow_damaged",
    "clip_s",
    "classes",
)


def _without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in table.items() if value is not None}
    return {name: _without_none(value) if isinstance(value, Mapping) else value for name, value in kept.items()}
