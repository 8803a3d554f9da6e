"""The model card of an exported file: what it is, of which data, how it scores, what it takes, what it cannot do."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from nas_asc.budget import RULES, Budget, list_counts
from nas_asc.cost import Cost
from nas_asc.data import DataSet, Split, find_licences
from nas_asc.evaluation import Exported
from nas_asc.frontend import LogMel
from nas_asc.metrics import Scores, wilson_interval
from nas_asc.recipe import Recipe
from nas_asc.study import RepeatedTrial, StudyConfig, TrialRecord

_CONFUSIONS = 5


@dataclass(frozen=True, eq=False)
class CardNetwork:
    """A trained network in the file.

    Args:
        record: The record of its trial.
        recipe: The recipe that it was trained with, with its epochs.
        seed: The seed of its training.
        trained_on: Device and precision of its training, in words; empty where they are not known.
    """

    record: TrialRecord
    recipe: Recipe
    seed: int
    trained_on: str

    @classmethod
    def of(cls, record: TrialRecord, trained: Mapping[str, Any] | None = None) -> "CardNetwork":
        """A network as its trial trained it, or as another training did.

        Args:
            record: The record of its trial.
            trained: The card of the other training; None is the trial's.
        """
        trained = trained or record.to_dict()
        on = f"{trained['torch_device']}, in {trained['precision']}" if trained.get("torch_device") else ""
        return cls(record, Recipe.from_dict(trained["recipe"]), trained.get("seed", record.seed), on)


@dataclass(frozen=True, eq=False)
class CardFacts:
    """What a card tells of.

    Args:
        config: The config of the study.
        networks: The networks in the file, the best first; of several it gives the mean class probabilities.
        is_refit: Whether the network was trained on training and validation clips.
        exported: The file and what was measured of it.
        network: The network, or all of them as one, as text.
        log_mel: The front end.
        data_set: The recordings.
        split: Who trained, validated and tests.
        repeated: What further trainings of the network say; None where there are none.
        n_trials: Complete trials that it was chosen from.
        versions: The versions of what computed it, by package.
    """

    config: StudyConfig
    networks: tuple[CardNetwork, ...]
    is_refit: bool
    exported: Exported
    network: str
    log_mel: LogMel
    data_set: DataSet
    split: Split
    repeated: RepeatedTrial | None
    n_trials: int
    versions: dict[str, str]

    @property
    def record(self) -> TrialRecord:
        """The record of the first network's trial."""
        return self.networks[0].record

    @property
    def is_ensemble(self) -> bool:
        """Whether the file has several networks."""
        return len(self.networks) > 1


def format_model_card(facts: CardFacts) -> str:
    """The card as Markdown.

    Args:
        facts: The facts of the file.
    """
    sections = {
        "Use": _use(facts),
        "Data": _data(facts),
        "Split": _split(facts),
        "Scores": _scores(facts),
        "Costs": _costs(facts),
        "Recipe": _recipe(facts),
        "Limits": _limits(facts),
    }
    exported, kinds = facts.exported, {8: "integers of 8 bits", 16: "float16", 32: "float32"}
    lines = [
        f"# {facts.exported.path.name}",
        f"A sound classifier for {len(facts.config.classes)} classes and clips of {facts.config.clip_s:g} s."
        f" {_what(facts)} of the study {facts.config.name!r}, found by nas-asc. Its weights are"
        f" {kinds[exported.bits]}; it takes {exported.file_bytes:,} bytes on disk.",
    ]
    for title, parts in sections.items():
        lines += [f"## {title}", *parts]
    return "\n\n".join(lines) + "\n"


def _what(facts: CardFacts) -> str:
    if not facts.is_ensemble:
        return f"It is trial {facts.record.number}"
    numbers = [str(each.record.number) for each in facts.networks]
    return f"It gives the mean class probabilities of the trials {', '.join(numbers[:-1])} and {numbers[-1]}"


def _use(facts: CardFacts) -> Iterator[str]:
    name = facts.exported.path.name
    if facts.exported.c is not None:
        yield (
            "C source with the front end: a stream of samples in, decisions out. `make check` compares it with what was"
            " trained."
        )
        return
    yield f"```console\n$ nas-asc predict {name} recordings/\n```"
    yield f'From Python, without torch: `nas_asc.load_model("{name}").predict("street.wav")`.'


def _data(facts: CardFacts) -> Iterator[str]:
    data_set, config = facts.data_set, facts.config
    licences = find_licences(data_set)
    synthetic = "none needed: synthetic scenes, made by nas-asc" if data_set.root is None else ""
    rows = [
        ("data set", f"{data_set.name} ({data_set.kind})"),
        ("licence", "; ".join(licences) or synthetic or "the data set names none: ask whoever made it"),
        ("clips", f"{len(data_set):,} of {data_set.clip_s:g} s"),
        ("sample rate", f"{data_set.sample_rate:,} Hz"),
        ("classes", ", ".join(data_set.classes)),
        ("digest", config.data_digest),
    ]
    yield _table(("of", "is"), rows)


def _split(facts: CardFacts) -> Iterator[str]:
    data_set, split = facts.data_set, facts.split
    how = f"{split.note[:1].upper()}{split.note[1:]}. " if split.note else ""
    yield f"{how}No {data_set.group_word} is in two parts (digest {split.digest})."
    parts = {"training": split.train, "validation": split.validation, "test": split.test}
    yield _table(
        ("part", "clips", f"{data_set.group_word}s"),
        [(name, f"{len(rows):,}", f"{len(set(data_set.groups[rows])):,}") for name, rows in parts.items()],
    )
    whose = "These networks were" if facts.is_ensemble else "This network was"
    on = "the training and the validation clips" if facts.is_refit else "the training clips alone"
    yield f"{whose} trained on {on}. The search never read the test clips."


def _scores(facts: CardFacts) -> Iterator[str]:
    exported, record = facts.exported, facts.record
    heads = ("scored", "accuracy", "95 % interval", "log loss (nats)", "macro accuracy", "calibration error")
    kind = "C folder" if exported.c is not None else "file"
    if facts.is_refit:
        yield (
            "It was trained on the validation clips too, so their scores would say nothing of it. The trial's own"
            " training, without these clips, was scored on them:"
        )
        found = [(f"the trial's training, {_whose(facts)}", record.scores)] if record.scores else []
    else:
        in_float = "its networks in float, together" if facts.is_ensemble else "its network in float"
        found = [(f"this {kind}", exported.scores), (in_float, exported.network_scores), *_alone(facts)]
    yield _table(heads, [(name, *_score_cells(scores)) for name, scores in found])
    yield "Intervals count validation clips alone (Wilson). Clips of one place are alike, so true intervals are wider."
    if facts.repeated is not None and facts.repeated.n_seeds > 1:
        accuracy, loss = facts.repeated.accuracy, facts.repeated.log_loss
        yield (
            f"Mean of {facts.repeated.n_seeds} trainings of this design: accuracy {_percent(accuracy.mean)}, 95 %"
            f" interval {_percent(accuracy.low)} to {_percent(accuracy.high)}; log loss {loss.mean:.3f},"
            f" {loss.low:.3f} to {loss.high:.3f} (over seeds and recording groups)."
        )
    yield (
        f"{kind.capitalize()} and network{'s' if facts.is_ensemble else ''} in float say the same class for"
        f" {_percent(exported.agreement)} of {exported.scores.n_clips:,} clips. Test clips were not read for this card"
        f"{'' if facts.is_ensemble else f': `nas-asc evaluate {facts.config.name}` scores them'}."
    )
    scores = found[0][1] if found else None
    if scores is not None:
        yield _table(("class", "clips", "accuracy", "95 % interval"), _class_rows(facts, scores))
        if scores.device_accuracy:
            yield _table(
                ("device", "accuracy"), [(name, _percent(each)) for name, each in scores.device_accuracy.items()]
            )


def _alone(facts: CardFacts) -> Iterator[tuple[str, Scores]]:
    """Scores of each of several networks, in float."""
    for each in facts.networks if facts.is_ensemble else ():
        scores = each.record.network_scores or each.record.scores
        if scores is not None:
            yield f"trial {each.record.number} alone, in float", scores


def _whose(facts: CardFacts) -> str:
    return f"{facts.record.file.kind} file" if facts.config.scored == "int8" and facts.record.file else "in float"


def _score_cells(scores: Scores) -> tuple[str, ...]:
    low, high = wilson_interval(scores.accuracy, scores.n_clips)
    return (
        _percent(scores.accuracy),
        f"{_percent(low)} to {_percent(high)} of {scores.n_clips:,} clips",
        f"{scores.log_loss:.3f}",
        _percent(scores.macro_accuracy),
        _percent(scores.calibration_error),
    )


def _class_rows(facts: CardFacts, scores: Scores) -> Iterator[tuple[str, ...]]:
    counts = [sum(row) for row in scores.confusion] or [0] * len(facts.config.classes)
    for name, n, accuracy in zip(facts.config.classes, counts, scores.class_accuracy, strict=False):
        if accuracy is None or not n:
            yield name, "0", "–", "–"
        else:
            low, high = wilson_interval(accuracy, n)
            yield name, f"{n:,}", _percent(accuracy), f"{_percent(low)} to {_percent(high)}"


def _costs(facts: CardFacts) -> Iterator[str]:
    cost, exported = _cost(facts), facts.exported
    rows = [(count.column, f"{count.value(cost):,}", count.rule) for count in list_counts()]
    rows.append(("weight_bytes", f"{exported.weight_bytes:,}", "weights, biases, scales and zero points as written"))
    if exported.arena_bytes is not None:
        rows.append(("arena_bytes", f"{exported.arena_bytes:,}", "all memory that TensorFlow Lite Micro needs"))
    if exported.c is not None:
        rows.append(
            ("ram_bytes", f"{exported.c.ram_bytes:,}", "of the C source, its front end included, without stack")
        )
    yield _table(("cost of one clip", "value", "how it is counted"), rows)
    yield _on_microcontroller(facts)
    yield _table(("rules", "allowed"), [(name, _verdict(name, cost, exported.bits)) for name in RULES])
    yield f"The study's own {facts.config.budget.describe()}."


def _on_microcontroller(facts: CardFacts) -> str:
    """What front end and network take, for a clip and for a step of a stream."""
    exported, front_end = facts.exported, facts.exported.front_end
    operations, ram = f"{2 * exported.cost['macs']:,}", f"{_cost(facts).peak_ram_bytes:,}"
    clip, frame = f"{front_end.clip_operations:,}", f"{front_end.frame_operations:,} a frame"
    rows = [
        ("front end: operations", clip, frame),
        ("front end: RAM in bytes", f"{front_end.clip_bytes + front_end.spectrum_bytes:,}", f"{front_end.ram_bytes:,}"),
        ("network: operations", operations, f"{operations} a decision"),
        ("network: RAM in bytes, int8 activations", ram, ram),
    ]
    for core, parts in exported.forecast.items():
        clip, frame, network = (f"{parts[part]:,}" for part in ("clip", "frame", "network"))
        rows.append((f"front end: instructions on {core}, forecast", clip, f"{frame} a frame"))
        rows.append((f"network: instructions on {core}, forecast", network, f"{network} a decision"))
    return _table(("on a microcontroller", "a clip", "a step of a stream"), rows)


def _cost(facts: CardFacts) -> Cost:
    """Cost of the file; values other than zero as the trials counted them, where it has the same networks."""
    cost, own = Cost.from_dict(dict(facts.exported.cost)), [each.record.cost for each in facts.networks]
    is_same = sum(each.all_params for each in own) == cost.all_params
    return replace(cost, nonzero_params=sum(each.nonzero_params for each in own)) if is_same else cost


def _verdict(name: str, cost: Cost, bits: int) -> str:
    over = Budget(rules=name, bits=RULES[name].fixed_bits or bits).check(cost)
    return "no: " + ", ".join(f"{each.resource} {each.used:,} of {each.limit:,}" for each in over) if over else "yes"


def _recipe(facts: CardFacts) -> Iterator[str]:
    qat = f" Then {facts.exported.qat_epochs} epochs in 8 bits." if facts.exported.qat_epochs else ""
    for each in facts.networks:
        who = f"Trial {each.record.number} was trained" if facts.is_ensemble else "Trained"
        where = f" on {each.trained_on}" if each.trained_on else ""
        yield f"{who} for {each.recipe.epochs} epochs{where}, with the seed {each.seed}.{qat}"
    rows = [(field.name, getattr(facts.log_mel, field.name)) for field in fields(facts.log_mel)]
    yield _table(("front end (log-mel)", "value"), [(name, _shown(value)) for name, value in rows if value is not None])
    heads = [f"trial {each.record.number}" for each in facts.networks] if facts.is_ensemble else ["value"]
    yield _table(("training", *heads), _training_rows([each.recipe for each in facts.networks]))
    yield "The networks:" if facts.is_ensemble else "The network:"
    yield f"```text\n{facts.network.rstrip()}\n```"
    yield "Versions: " + ", ".join(f"{package} {version}" for package, version in facts.versions.items()) + "."


def _training_rows(recipes: Sequence[Recipe]) -> Iterator[tuple[str, ...]]:
    """What recipes have, one column each; what none of them has is left out."""
    for name in (field.name for field in fields(Recipe) if field.name != "epochs"):
        values = [getattr(recipe, name) for recipe in recipes]
        if any(value not in (None, ()) for value in values):
            yield name, *("–" if value in (None, ()) else _shown(value) for value in values)


def _shown(value: Any) -> str:
    return ", ".join(map(repr, value)) if isinstance(value, tuple) else str(value)


def _limits(facts: CardFacts) -> Iterator[str]:
    data_set, config = facts.data_set, facts.config
    groups = len(set(data_set.groups[facts.split.validation]))
    devices = sorted(set(data_set.devices) - {""})
    scores = facts.record.scores if facts.is_refit else facts.exported.scores
    points = [
        f"It answers with one of its {len(config.classes)} classes whatever it hears: there is no answer for other"
        " sounds.",
        f"It was scored on {groups:,} {data_set.group_word}s of one data set. Other places, microphones and levels may"
        " give other scores.",
        f"Recording devices in the data: {', '.join(devices)}. Others were not heard."
        if devices
        else "The data name no recording devices, so nothing is known of how scores differ between devices.",
        f"It decides on clips of {config.clip_s:g} s. Recordings below {facts.log_mel.sample_rate:,} Hz lack the upper"
        " bands that it was trained with.",
        f"{'Its networks were' if facts.is_ensemble else 'It was'} chosen among {facts.n_trials} trials by the score"
        f" {'of their mean ' if facts.is_ensemble else ''}on the validation clips: expect somewhat less on others.",
        *([_confusions(config.classes, scores)] if scores is not None and scores.confusion else []),
    ]
    yield "\n".join(f"- {point}" for point in points)


def _confusions(classes: Sequence[str], scores: Scores) -> str:
    counts = np.array(scores.confusion)
    np.fill_diagonal(counts, 0)
    pairs = [divmod(int(place), counts.shape[1]) for place in np.argsort(-counts, axis=None, kind="stable")]
    worst = [
        f"{classes[true]} for {classes[said]} ({counts[true, said]:,} of {sum(scores.confusion[true]):,} clips)"
        for true, said in pairs[:_CONFUSIONS]
        if counts[true, said]
    ]
    return f"It most often takes {', '.join(worst)}." if worst else "It mistook no validation clip."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")
