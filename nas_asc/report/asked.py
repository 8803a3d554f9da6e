"""The foot of the page: failed trials with their reasons, and what the study was asked."""

from nas_asc.report.facts import Facts
from nas_asc.report.summary import command_html
from nas_asc.report.text import definition_list, format_value, html_table
from nas_asc.study import format_rungs
from nas_asc.units import format_duration


def failed_html(facts: Facts) -> str:
    """Failed trials, as HTML; a sentence where there are none.

    Args:
        facts: The facts of the study.
    """
    if not facts.failed:
        return "<p>No trial failed.</p>"
    rows = (
        (
            str(record.number),
            record.reason or "no reason kept",
            format_duration(record.seconds),
            ", ".join(f"{name}={format_value(value)}" for name, value in record.values.items()),
        )
        for record in facts.failed
    )
    return html_table(("trial", "reason", "time", "axes"), rows, caption="failed trials with their reasons")


def asked_html(facts: Facts) -> str:
    """What the study was asked and with what it was computed, as HTML.

    Args:
        facts: The facts of the study.
    """
    config = facts.config
    asked = {
        "study": config.name,
        "created": config.created or "–",
        "search space": f"{config.space} (digest {config.space_digest})",
        "data": f"{config.data or 'embedded synthetic scenes'} (digest {config.data_digest})",
        "classes": ", ".join(config.classes),
        "clip length": f"{config.clip_s:g} s",
        "limits": config.budget.describe(),
        "objectives": ", ".join(config.objectives),
        "mode": config.mode,
        "reference point": ", ".join(f"{value:,.10g}" for value in config.reference_point) or "–",
        "sampler": config.sampler,
        "seed": str(config.seed),
        "rungs": f"{format_rungs(config.rungs)}; one in {config.eta:g} goes on" if config.rungs else "none",
        "clips of the rungs": format_rungs(config.rung_clips) if config.rung_clips else "all",
        "epochs": "by the recipe and the number of clips" if config.epochs is None else str(config.epochs),
    }
    optional = {
        "training split (%)": config.subset,
        "test fold": config.test_fold,
        "validation share": None if config.test_fold else config.validation_share,
        "clips cut or padded to (s)": config.clip_length_s,
        "trials asked": config.n_trials,
        "timeout (s)": config.timeout_s,
        "trained on": config.torch_device and f"{config.torch_device}, in {config.precision}",
    }
    asked |= {name: format_value(value) for name, value in optional.items() if value is not None}
    asked |= {f"version of {package}": version for package, version in config.versions.items()}
    asked["time in trials"] = format_duration(sum(record.seconds for record in facts.records))
    resume = f"nas-asc resume {config.name} --trials {len(facts.records) + 20}"
    return f"{definition_list(asked)}<h3>Go on</h3>{command_html(resume)}"
