"""The top of the page: the recommended network, what it takes of each limit, and how far its score can be believed."""

from collections.abc import Sequence

from nas_asc.budget import RESOURCES
from nas_asc.cost import forecast_network, forecast_on_cores
from nas_asc.errors import LayerError
from nas_asc.layers import parse_architecture
from nas_asc.metrics import MINIMISED_SCORES, wilson_interval
from nas_asc.report.facts import Facts, scores_of
from nas_asc.report.text import escape, format_percent
from nas_asc.study import OBJECTIVES, TrialRecord, refit_dir, scores_by_epochs, trial_dir
from nas_asc.units import format_count, format_short

# Source: results table in the README of the DCASE 2024 Task 1 baseline, 0.42 to 1.11 points over its five splits.
_SEED_NOISE = (
    "Another seed alone moves the accuracy of the official DCASE 2024 baseline by 0.4 to 1.1 points, one"
    " standard deviation: differences below about a point say nothing."
)


def summary_html(facts: Facts) -> str:
    """What to ship, as HTML; where nothing is complete, how to go on.

    Args:
        facts: The facts of the study.
    """
    record = facts.recommended
    if record is None:
        return _nothing(facts)
    return (
        f'<p class="lead">Ship <strong>trial {record.number}</strong>: {_rank_text(facts)}.</p>'
        f"{_tiles(record)}"
        '<div class="columns">'
        f"<section><h3>What it takes</h3>{bars_html(facts, record)}</section>"
        f"<section><h3>Can I believe it?</h3>{_belief(facts, record)}</section>"
        "</div>"
        f"<h3>Use it</h3>{_commands(facts, record)}"
    )


def bars_html(facts: Facts, record: TrialRecord) -> str:
    """Use of every cost beside its limit, as HTML.

    Args:
        facts: The facts of the study.
        record: A trial.
    """
    budget = facts.config.budget
    rows = []
    for name, used in budget.used(record.cost).items():
        limit, resource = budget.limits.get(name), RESOURCES[name]
        title, unit = escape(resource.title), f" {resource.unit}".rstrip()
        if limit is None:
            rows.append(f"<tr><th scope=row>{title}</th><td>{format_count(used)}{unit}</td><td>no limit</td></tr>")
            continue
        share = used / limit
        rows.append(
            f"<tr><th scope=row>{title}</th><td>{format_count(used)}<small> of {format_count(limit)}{unit}</small></td>"
            f'<td><div class="bar" role="img" aria-label="{share:.0%} of the limit">'
            f'<span style="width:{min(1, share):.1%}"></span></div><small>{format_percent(share)}</small></td></tr>'
        )
    return f'<table class="bars">{"".join(rows)}</table><p>{_front_end_text(facts, record)}</p>'


def _front_end_text(facts: Facts, record: TrialRecord) -> str:
    """What the front end takes on a microcontroller, in one sentence."""
    found = record.log_mel.count(facts.config.clip_s)
    network = _forecast_network(facts, record)
    taken = [
        f"{format_short(parts['clip'])}{f' and {format_short(network[core])}' if network else ''} on the core {core}"
        for core, parts in forecast_on_cores(record.log_mel, facts.config.clip_s).items()
    ]
    whose = "of the front end and of the network" if network else "of the front end"
    forecast = f" Instructions of a clip {whose}, forecast for exported C: {', '.join(taken)}." if taken else ""
    return (
        f"The front end takes {format_count(found.ram_bytes)} bytes of RAM on a microcontroller and"
        f" {format_short(found.clip_operations)} operations a clip ({format_short(found.frame_operations)} a frame),"
        f" beside {format_count(record.cost.peak_ram_bytes)} bytes and {format_short(2 * record.cost.macs)} operations"
        f" of the network, which a stream takes once a decision.{forecast}"
    )


def _forecast_network(facts: Facts, record: TrialRecord) -> dict[str, int]:
    """Instructions of the network by core; empty where the C does not run it, or its layers are not known."""
    try:
        return forecast_network(parse_architecture(record.architecture, facts.layer_types))
    except LayerError:
        return {}


def close_trials(facts: Facts, record: TrialRecord) -> list[TrialRecord]:
    """Other trials within the budget whose accuracy lies inside the 95 % interval of one, fewest MACs first."""
    scores = scores_of(record)
    low, high = wilson_interval(scores.accuracy, scores.n_clips)
    fitting = [other for other in facts.ranked if facts.config.budget.fits(other.cost)]
    close = [other for other in fitting if low <= scores_of(other).accuracy <= high]
    return sorted((other for other in close if other.number != record.number), key=lambda other: other.cost.macs)


def validation_text(facts: Facts) -> str:
    """How candidates were scored, in one sentence."""
    config = facts.config
    if config.test_fold is not None:
        return (
            f"Validated on the fold after test fold {config.test_fold}; fold {config.test_fold} itself was never read"
            " by the search"
        )
    share = format_percent(config.validation_share, 0)
    return (
        "Validated on whole recording groups that the training never saw (the data set’s own validation rows or fold"
        f" where it names one, else {share} of the training rows, drawn with seed {config.seed})"
    )


def _nothing(facts: Facts) -> str:
    reason = "no trial is complete yet" if not facts.ranked else "no complete trial is within the budget"
    return (
        f'<p class="lead">There is no network to ship: {reason}.</p><p>{len(facts.records)}'
        f" {_plural(len(facts.records), 'trial')} ran, {len(facts.failed)} failed. Go on with:</p>"
        f"{command_html(f'nas-asc resume {facts.config.name} --trials {len(facts.records) + 20}')}"
    )


def _tiles(record: TrialRecord) -> str:
    scores = scores_of(record)
    low, high = wilson_interval(scores.accuracy, scores.n_clips)
    tiles = (
        ("accuracy", format_percent(scores.accuracy), f"95 % interval {100 * low:.1f} to {format_percent(high)}"),
        ("log loss", f"{scores.log_loss:.3f}", "nats, mean of the true class"),
        ("macro accuracy", format_percent(scores.macro_accuracy), "mean over classes"),
        ("calibration error", format_percent(scores.calibration_error), "expected, 15 bins"),
    )
    cells = (
        f'<div class="tile"><b>{value}</b><span>{name}</span><small>{note}</small></div>' for name, value, note in tiles
    )
    return f'<div class="tiles">{"".join(cells)}</div>'


def _belief(facts: Facts, record: TrialRecord) -> str:
    scores = scores_of(record)
    low, high = wilson_interval(scores.accuracy, scores.n_clips)
    points = [
        f"{escape(validation_text(facts))}: {scores.n_clips:,} clips.",
        _file_text(facts, record),
        f"Counting {scores.n_clips:,} clips alone leaves {100 * low:.1f} to {100 * high:.1f} % (95 %, Wilson’s binomial"
        " interval). Clips of one place are alike, so the true interval is wider.",
        _seeds_text(facts, record),
        _length_text(facts, record),
        _unraced_text(facts),
        f"It was chosen as the best of {len(facts.ranked)} by this very score: expect somewhat less on clips that no"
        " search has seen."
        if len(facts.ranked) > 1
        else "",
        _close_text(facts, record),
    ]
    return f"<ul>{''.join(f'<li>{point}</li>' for point in points if point)}</ul>"


def _seeds_text(facts: Facts, record: TrialRecord) -> str:
    """How often it was trained, and what that says."""
    found = None if facts.summary is None else facts.summary.find(record.number)
    if found is None or found.n_seeds == 1:
        return f"At the length by which it was chosen it was trained once. {_SEED_NOISE}"
    mean, ties = found.accuracy, ", ".join(map(str, found.ties))
    tied = f"It ties with {_plural(len(found.ties), 'trial')} {ties}." if ties else "It ties with no other finalist."
    return (
        f"Trained with {found.n_seeds} seeds, its mean accuracy is {format_percent(mean.mean)}, 95 % interval"
        f" {100 * mean.low:.1f} to {format_percent(mean.high)} over seeds and recording groups. {tied}"
    )


def _file_text(facts: Facts, record: TrialRecord) -> str:
    """Whose scores these are, and what the other one scores."""
    network, file = record.network_scores, record.file
    if network is None or file is None:
        return "These are scores of the network in float; it has no file."
    whose, other, accuracy = (
        (f"its {file.kind} file, run by onnxruntime", "The network in float", network.accuracy)
        if facts.config.scored == "int8"
        else ("the network in float", f"Its {file.kind} file, run by onnxruntime,", file.scores.accuracy)
    )
    return (
        f"These are scores of {whose}. {other} is right for {format_percent(accuracy)};"
        f" both say the same for {format_percent(file.agreement)} of the clips. The file has"
        f" {format_count(file.file_bytes)} bytes, {format_count(file.weight_bytes)} of them weights and scales."
    )


def _close_text(facts: Facts, record: TrialRecord) -> str:
    close = close_trials(facts, record)
    if not close:
        return "No other complete trial lies inside that interval." if len(facts.ranked) > 1 else ""
    cheapest = close[0]
    verb = "lies" if len(close) == 1 else "lie"
    words = f"{len(close)} other {_plural(len(close), 'trial')} {verb} inside that interval: the order is mostly noise."
    if cheapest.cost.macs >= record.cost.macs:
        return f"{words} None of them takes fewer MACs."
    return (
        f"{words} The cheapest of them is trial {cheapest.number}: {format_percent(scores_of(cheapest).accuracy)}, with"
        f" {format_percent(cheapest.cost.macs / record.cost.macs, 0)} of the MACs and"
        f" {format_percent(cheapest.cost.int8_bytes / record.cost.int8_bytes, 0)} of the int8 size."
    )


def _commands(facts: Facts, record: TrialRecord) -> str:
    name = facts.config.name
    if facts.is_refitted and facts.card is not None:
        place = refit_dir(facts.folder).name
        text = (
            f"Its weights in <code>{escape(place)}/</code> were trained once more on training and validation clips"
            f" together ({int(facts.card.get('n_clips', 0)):,} clips)."
        )
    else:
        place = trial_dir(facts.folder, record.number).relative_to(facts.folder).as_posix()
        other = "" if facts.card is None else f" (<code>final/</code> holds trial {escape(str(facts.card['number']))})"
        text = (
            f"Its weights, as validated above, lie in <code>{escape(place)}/</code>. It has not been trained again on"
            f" all development clips yet{other}; a search does that when it ends."
        )
    return (
        f"<p>{text} Score it on the test clips, which the search never reads; write the file to ship; see what every"
        " layer takes; or search on:</p>"
        + command_html(
            f"nas-asc evaluate {name}",
            f"nas-asc export {name}",
            f"nas-asc count {name}:{record.number}",
            f"nas-asc resume {name} --trials {len(facts.records) + 20}",
        )
    )


def command_html(*lines: str) -> str:
    """Commands to paste, as HTML."""
    return f"<pre>{escape(chr(10).join(lines))}</pre>"


def _rank_text(facts: Facts) -> str:
    """Why this network is recommended: what holds of it by the trainings that there are."""
    first, n = facts.standings[0], len(facts.standings)
    within = ", within the budget" if facts.config.budget.limits else ""
    if n == 1:
        return f"the only complete trial{within}"
    if first.n_compared == n and first.n_trainings == 1:
        return f"the best {_score_word(facts)} of {n} complete trials{within}"
    epochs = f"{first.epochs} {_plural(first.epochs, 'epoch')}"
    of = f"{first.n_trainings} {_plural(first.n_trainings, 'training')} of {epochs}"
    if first.n_compared == 1:
        return f"the only network with {of}, which is more than any other of {n} has had{within}"
    mean = "mean " if first.n_trainings > 1 else ""
    return f"the best {mean}{_score_word(facts)} of the {first.n_compared} networks that have had {of}{within}"


def _unraced_text(facts: Facts) -> str:
    """Which networks score better by fewer or shorter trainings; empty where none does."""
    first, *others = facts.standings
    better = [str(each.record.number) for each in others if each.score < first.score]
    if not better:
        return ""
    verb = "scores" if len(better) == 1 else "score"
    return (
        f"{_plural(len(better), 'Trial')} {', '.join(better)} {verb} better by fewer or shorter trainings: there was no"
        " time to train as often, and as long, what may be luck."
    )


def _length_text(facts: Facts, record: TrialRecord) -> str:
    """What longer trainings of the network reached, and how long the one that ships was."""
    found = scores_by_epochs(record, facts.repeats, facts.config.score, turn=0)
    shown = [
        f"{_mean_score(facts, scores)} after {epochs} epochs{f' ({len(scores)} trainings)' if len(scores) > 1 else ''}"
        for epochs, scores in sorted(found.items())
    ]
    lengths = f"On validation clips it reached {', '.join(shown)}." if len(shown) > 1 else ""
    others = [
        f"{_mean_score(facts, [OBJECTIVES[facts.config.score].value(record.cost, each.scores)])} ({each.epochs} epochs)"
        for each in facts.repeats
        if each.number == record.number and each.turn and each.scores is not None
    ]
    if others:
        lengths = f"{lengths} Where other groups validated, it reached {', '.join(others)}.".strip()
    if not facts.is_refitted or facts.card is None:
        return lengths
    epochs = facts.card["recipe"]["epochs"]
    return f"{lengths} What ships was trained for {epochs} epochs on all development clips.".strip()


def _mean_score(facts: Facts, scores: Sequence[float]) -> str:
    mean = sum(scores) / len(scores)
    score = MINIMISED_SCORES[facts.config.score]
    return format_percent(1 - mean) if score.is_share else f"{mean:.3f} {score.unit}".rstrip()


def _score_word(facts: Facts) -> str:
    return MINIMISED_SCORES[facts.config.score].shown.replace("_", " ")


def _plural(n: int, word: str) -> str:
    return word if n == 1 else f"{word}s"
