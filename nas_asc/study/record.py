"""One training as plain data: finished, or stopped at a rung; of a trial with what the search knows of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, Self

from nas_asc.cost import Cost
from nas_asc.frontend import LogMel
from nas_asc.layers import parse_architecture
from nas_asc.metrics import Scores
from nas_asc.recipe import Recipe
from nas_asc.space import Design

State = Literal["complete", "failed", "stopped"]


FILE_KINDS: Mapping[int, str] = {8: "int8", 16: "fp16", 32: "fp32"}  # by bits; a file is named by its kind


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """What was measured of a trial's network as a file.

    Args:
        scores: The scores of the file, run by onnxruntime on the validation clips.
        agreement: Share of these clips of which network and file say the same class.
        weight_bytes: Bytes of its constants: weights, biases, and the scales and zero points of integers.
        file_bytes: Bytes of the file.
        bits: The bits of its weights: 8 is an int8 file.
    """

    scores: Scores
    agreement: float
    weight_bytes: int
    file_bytes: int
    bits: int = 8

    @property
    def kind(self) -> str:
        """Of its weights: "int8", "fp16" or "fp32"."""
        return FILE_KINDS[self.bits]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "FileRecord":
        """Record from plain data."""
        return cls(**{**values, "scores": Scores.from_dict(values["scores"])})


@dataclass(frozen=True, kw_only=True)
class RungRecord:
    """What a trial scored at a rung.

    Args:
        epochs: Epochs done, of the recipe's.
        scores: On the validation clips, of the network in float as it then was.
    """

    epochs: int
    scores: Scores

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "RungRecord":
        """Record from plain data."""
        return cls(epochs=values["epochs"], scores=Scores.from_dict(values["scores"]))


@dataclass(frozen=True, kw_only=True)
class TrainingRecord:
    """One training of a design with a seed: what was trained, what it takes, how it scored.

    Args:
        state: "complete", "failed" where the training did not end well, or "stopped" at the last of its rungs.
        key: The key of the design: equal designs have equal keys.
        architecture: Canonical text of the design's network.
        log_mel: Front end; where its bands were selected, with these as soon as the training is complete.
        recipe: Training recipe, with the number of epochs that was trained.
        cost: The cost of the network.
        scores: On the validation clips, of the network or of its file, as the study scores; None where it failed, is
            stopped, or was trained on these clips.
        network_scores: The scores of the network in float; None where there are no scores.
        file: The scores of its file, int8 unless its recipe says other bits; None where none was written.
        rungs: What it scored at each rung that it reached, in order.
        seconds: Wall clock from the first step to the scores, without what passed while it was stopped.
        reason: Why it failed, in one line; None where it did not.
        seed: The seed of the training.
        torch_device: What it was trained on: "cpu", or a GPU's name; empty where that is not known.
        precision: Type of forward passes in training, such as "float32"; empty where that is not known.
    """

    state: State
    key: str
    architecture: str
    log_mel: LogMel
    recipe: Recipe
    cost: Cost
    scores: Scores | None = None
    network_scores: Scores | None = None
    file: FileRecord | None = None
    rungs: tuple[RungRecord, ...] = ()
    seconds: float = 0.0
    reason: str | None = None
    seed: int = 0
    torch_device: str = ""
    precision: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether the training ended well."""
        return self.state == "complete"

    @property
    def is_failed(self) -> bool:
        """Whether the training did not end well."""
        return self.state == "failed"

    @property
    def is_stopped(self) -> bool:
        """Whether the training waits at a rung."""
        return self.state == "stopped"

    @property
    def epochs(self) -> int:
        """Epochs of the whole training."""
        return self.recipe.epochs or 0

    @property
    def bits(self) -> int:
        """Bits of the weights in its file: its recipe's, or else 8."""
        return self.recipe.bits or 8

    @property
    def file_name(self) -> str:
        """Name of its file, such as "int8.onnx"."""
        return f"{FILE_KINDS[self.bits]}.onnx"

    @property
    def last_scores(self) -> Scores | None:
        """Scores, or where it is stopped those at its last rung, as a rule worse; None where it failed."""
        return self.rungs[-1].scores if self.is_stopped else self.scores

    def design(self, layer_types: tuple[type, ...] = ()) -> Design:
        """Network, front end and recipe, without the space that they came from.

        Args:
            layer_types: Layer classes of the space's own.

        Raises:
            LayerError: The network has a layer of an unknown class; names it.
        """
        return Design(parse_architecture(self.architecture, layer_types), self.log_mel, self.recipe)

    def begin_again(self) -> Self:
        """The record of the same training as it is before the first step; "failed" until it has gone well."""
        blank = replace(self, scores=None, network_scores=None, file=None, rungs=())
        return replace(blank, state="failed", seconds=0.0, reason=None)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` gives the record back."""
        return asdict(self) | {"recipe": self.recipe.to_dict(), "cost": self.cost.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Record from what `to_dict` gave, also after a way through JSON; what else is in it is left out.

        Raises:
            KeyError, TypeError, ValueError: The data is no record.
        """
        names = {field.name for field in fields(cls)}
        restored = {name: value for name, value in values.items() if name in names}
        restored["log_mel"] = LogMel(**values["log_mel"])
        restored["recipe"] = Recipe.from_dict(values["recipe"])
        restored["cost"] = Cost.from_dict(values["cost"])
        for name in ("scores", "network_scores"):
            restored[name] = None if values.get(name) is None else Scores.from_dict(values[name])
        restored["file"] = None if values.get("file") is None else FileRecord.from_dict(values["file"])
        restored["rungs"] = tuple(RungRecord.from_dict(rung) for rung in values.get("rungs", ()))
        return cls(**restored)


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A proposal among others that train at the same time.

    Args:
        index: From 0, in the order of the proposals; it seeds proposal and training.
        n_known: Trials that were recorded when it was made.
        pending: Indices of the proposals that were in training then.
    """

    index: int
    n_known: int
    pending: tuple[int, ...] = ()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Ask":
        """Ask from plain data."""
        return cls(**{**values, "pending": tuple(values["pending"])})


@dataclass(frozen=True, kw_only=True)
class TrialRecord(TrainingRecord):
    """The training of a candidate that a search proposed; it may be stopped at a rung and go on.

    Args:
        number: From 0, in the order of the study: that of arrival.
        values: Value of every active axis.
        objectives: Values in the order of the study's objectives, all minimised; empty where it failed or is stopped.
        origin: What proposed it, such as "guess", "system DampedR8", "random", "tpe".
        asked: Which proposal it was; None where that knew all trials before it, and no other was in training.
    """

    number: int
    values: Mapping[str, Any]
    objectives: tuple[float, ...] = ()
    origin: str = "random"
    asked: Ask | None = None

    @property
    def ask(self) -> int:
        """Index of its proposal; the trial's number unless others trained at the same time."""
        return self.number if self.asked is None else self.asked.index

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Record from what `to_dict` gave, also after a way through JSON.

        Raises:
            KeyError, TypeError, ValueError: The data is no record.
        """
        asked = None if values.get("asked") is None else Ask.from_dict(values["asked"])
        axes, objectives = freeze_values(values["values"]), tuple(values["objectives"])
        return replace(super().from_dict(values), values=axes, objectives=objectives, asked=asked)


def freeze_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of axes as they were before a way through JSON."""
    return {name: _freeze(value) for name, value in values.items()}


def _freeze(value: Any) -> Any:
    return tuple(_freeze(item) for item in value) if isinstance(value, list | tuple) else value
