"""The front over several seeds: means with intervals, ties, and who is probably on the true front."""

import math

from nas_asc.report.facts import Facts
from nas_asc.report.text import escape, format_percent, html_table
from nas_asc.report.theme import FRONT, RECOMMENDED, Drawing, empty_figure
from nas_asc.study import Estimate, RepeatedTrial, RepeatSummary
from nas_asc.units import format_short

_HEADS = (
    "trial", "trainings", "log loss (nats)", "95 % interval", "accuracy", "95 % interval", "MACs",
    "probably on the true front", "probably the best", "ties with",
)  # fmt: skip


def repeats_html(facts: Facts, place: str) -> str:
    """What further seeds say of the front, as HTML; where there are none, how to get them.

    Args:
        facts: The facts of the study.
        place: The place of the figure, as HTML.
    """
    summary = facts.summary
    if summary is None:
        command = escape(f"nas-asc finalists {facts.config.name}")
        return (
            "<p>Every network was trained once, so no difference between two of them can be told from luck. This"
            f" trains the front again with other seeds:</p><pre>{command}</pre>"
        )
    rows = [_row(facts, trial) for trial in summary.trials]
    table = html_table(_HEADS, rows, caption="finalists over several seeds, best mean first")
    return f"<p>{escape(_verdict(summary))} {escape(_optimism(summary))}</p>{place}{table}{_method(summary)}"


def draw_finals(facts: Facts, summary: RepeatSummary) -> Drawing:
    """Log loss of the finalists against MACs with their intervals; those that tie with the best in orange.

    Args:
        facts: The facts of the study.
        summary: What its repeats say.
    """
    macs = {record.number: record.cost.macs for record in facts.records}
    figure = empty_figure(height=340)
    for ties, name, colour in ((False, "worse than the best", FRONT), (True, "ties with the best", RECOMMENDED)):
        shown = [each for each in summary.trials if each.ties_with_best == ties]
        if not shown:
            continue
        figure.add_scatter(
            x=[macs[each.number] for each in shown],
            y=[each.log_loss.mean for each in shown],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [each.log_loss.high - each.log_loss.mean for each in shown],
                "arrayminus": [each.log_loss.mean - each.log_loss.low for each in shown],
                "thickness": 1.5,
                "width": 4,
            },
            mode="markers+text",
            text=[f"{each.number}" for each in shown],
            textposition="middle right",
            name=name,
            marker={"color": colour, "size": 9},
            customdata=[each.number for each in shown],
        )
    known = [math.log10(max(1, macs[each.number])) for each in summary.trials]
    figure.update_xaxes(type="log", title="MACs per clip", tickformat="~s", range=[min(known) - 0.1, max(known) + 0.15])
    figure.update_layout(yaxis={"title": "log loss (nats), mean over seeds", "tickformat": ".2f"})
    label = f"log loss against MACs of {len(summary.trials)} finalists, means over seeds with 95 % intervals"
    return Drawing("finals", label, figure)


def _row(facts: Facts, trial: RepeatedTrial) -> tuple[str, ...]:
    log_loss, accuracy = trial.log_loss, trial.accuracy
    macs = next(record.cost.macs for record in facts.records if record.number == trial.number)
    return (
        str(trial.number),
        str(trial.n_seeds) + (f", {trial.n_failed} failed" if trial.n_failed else ""),
        f"{log_loss.mean:.3f}",
        f"{log_loss.low:.3f} to {log_loss.high:.3f}",
        format_percent(accuracy.mean),
        _percents(accuracy),
        format_short(macs),
        format_percent(trial.front_probability, 0),
        format_percent(trial.best_probability, 0),
        ", ".join(map(str, trial.ties)) or "none",
    )


def _percents(estimate: Estimate) -> str:
    return f"{100 * estimate.low:.1f} to {format_percent(estimate.high)}"


def _verdict(summary: RepeatSummary) -> str:
    best, *others = summary.trials
    tied = [str(each.number) for each in others if each.ties_with_best]
    score = summary.score.replace("_", " ")
    if not tied:
        return f"Trial {best.number} has the best mean {score}, by more than luck among these clips and seeds."
    return f"Trial {best.number} has the best mean {score}, but it ties with {', '.join(tied)}: the order is luck."


def _optimism(summary: RepeatSummary) -> str:
    gap = summary.optimism
    if gap is None:
        return ""
    score = summary.score.replace("_", " ")
    if summary.n_turns > 1:
        better = "better" if gap > 0 else "worse"
        others = "the further ones, which held out other groups"
        return f"The trials’ own trainings scored {abs(gap):.3f} {better} in {score} than {others}."
    if gap <= 0:
        return f"The trials’ own trainings scored no better in {score} than the further ones ({-gap:.3f} worse)."
    return (
        f"The trials’ own trainings, by which the search chose them, scored {gap:.3f} better in {score} than the"
        " further ones: so much of the front was luck."
    )


def _method(summary: RepeatSummary) -> str:
    return (
        f'<p class="note">{escape(summary.describe())} Two tie where the interval of their difference holds zero. The'
        " true front is that of the finalists alone, costs being certain.</p>"
    )
