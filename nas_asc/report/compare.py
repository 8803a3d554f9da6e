"""Several studies on one page: their fronts in one plot, the networks they recommend, the settings that differ."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nas_asc.errors import StudyError
from nas_asc.metrics import wilson_interval
from nas_asc.report.compare_figure import COLOURS, MARKERS, Study, draw_fronts, key_html
from nas_asc.report.facts import Facts, gather_facts, scores_of
from nas_asc.report.history_figure import volume_history
from nas_asc.report.page import put_together
from nas_asc.report.quantity import SCORES, drawn_resources, use_text, used_of
from nas_asc.report.section import Section, switch_html
from nas_asc.report.text import escape, format_percent, format_value, html_table
from nas_asc.report.trial_table import hover_text
from nas_asc.study import load_config, load_records, write_file
from nas_asc.units import format_duration

_NAV = {"fronts": "Fronts", "networks": "Networks", "settings": "Settings"}
_NAMED = 3  # classes that an error names


def write_comparison(folders: Sequence[Path], path: Path) -> Path:
    """Path of a page that compares studies, written anew.

    Args:
        folders: The folders of the studies, two or more.
        path: The path of the page.

    Raises:
        StudyError: They cannot be compared, or one of them cannot be read; says which and why.
        WriteError: The page cannot be written.
    """
    found = [gather_facts(folder, load_config(folder), load_records(folder), space=None) for folder in folders]
    _validate(found)
    names = [facts.config.name for facts in found]
    labels = names if len(set(names)) == len(names) else [folder.as_posix() for folder in folders]
    studies = tuple(Study(*each) for each in zip(labels, found, COLOURS, MARKERS, strict=False))
    write_file(path, comparison_html(studies).encode())
    return path


def _validate(found: Sequence[Facts]) -> None:
    first, *others = found
    if len({facts.folder.resolve() for facts in found}) < len(found):
        raise StudyError("a study is named twice. Name each study that is compared once.")
    if len(found) > len(COLOURS):
        raise StudyError(f"at most {len(COLOURS)} studies fit on one page, but got {len(found)}. Name fewer.")
    for facts in found:
        if facts.recommended is None:
            name = facts.config.name
            raise StudyError(
                f"study {name!r} has no complete trial to compare. Go on with `nas-asc resume {name}`, or leave it out."
            )
    for facts in others:
        if set(facts.config.classes) != set(first.config.classes):
            raise StudyError(
                f"studies {first.config.name!r} and {facts.config.name!r} cannot be compared, as they tell other"
                f" classes apart: {_only(first, facts)}; {_only(facts, first)}. Name studies of the same classes."
            )


def _only(one: Facts, other: Facts) -> str:
    known = set(other.config.classes)
    names = [name for name in one.config.classes if name not in known]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED]) or 'nothing'}{more} only in {one.config.name!r}"


def comparison_html(studies: Sequence[Study]) -> str:
    """The whole page, one self-contained file.

    Args:
        studies: Two or more, each with a complete trial.
    """
    title = " and ".join(escape(study.label) for study in studies)
    sections = (
        _fronts(studies),
        Section("networks", "The networks to ship", _networks_html(studies)),
        Section("settings", "Settings that differ", _settings_html(studies)),
    )
    hover = {
        f"{place} {record.number}": f"<b>{escape(study.label)}</b>, {hover_text(study.facts, record)}"
        for place, study in enumerate(studies)
        for record in study.facts.ranked
    }
    head = f"<h1>{title}</h1><p>{len(studies)} studies compared</p>"
    footer = "nas-asc · " + ", ".join(f"{escape(each.label)}: {len(each.facts.records)} trials" for each in studies)
    return put_together(title, head, sections, nav=_NAV, hover=hover, footer=footer)


def _fronts(studies: Sequence[Study]) -> Section:
    configs = [study.facts.config for study in studies]
    resources = [
        each for each in drawn_resources(configs[0]) if all(each in other.budget.resources for other in configs)
    ]
    drawings = {name: [draw_fronts(studies, each, score) for each in resources] for name, score in SCORES.items()}
    switch, groups = switch_html(drawings)
    legend = "".join(f"<li>{key_html(study)}{escape(study.label)}</li>" for study in studies)
    lead = (
        "<p>Each line joins the trials of one study that no other trial of it beats in the two quantities shown; the"
        " large mark is the network that the study recommends. A red line is a limit.</p>"
    )
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in _notes(studies))
    html = f'{lead}{notes}{switch}<ul class="legend">{legend}</ul>{groups}'
    return Section("fronts", "Pareto fronts", html, tuple(each for found in drawings.values() for each in found))


def _notes(studies: Sequence[Study]) -> Iterator[str]:
    """What stands against reading a difference as one of the networks."""
    configs = [study.facts.config for study in studies]
    if len({(config.data_digest, config.split_digest) for config in configs}) > 1:
        yield (
            "Beware: these studies were validated on other clips. A difference between their scores may be one between"
            " the clips."
        )
    if len({config.scored for config in configs}) > 1:
        yield "Beware: some studies score int8 files and others networks in float."
    if len({config.clip_s for config in configs}) > 1:
        yield "Beware: their clips have other lengths, and MACs are those of one clip."


def _networks_html(studies: Sequence[Study]) -> str:
    """A column a study, so that nothing needs scrolling sideways."""
    volumes = _volumes(studies)
    columns = [_network_cells(study) for study in studies]
    names = [name for name in columns[0] if all(name in column for column in columns)]
    rows = [(name, *(column[name] for column in columns)) for name in names]
    if volumes:
        rows.append(("hypervolume of the study (of the box)", *map(format_percent, volumes)))
    note = (
        '<p class="note">Intervals count clips alone (Wilson’s binomial interval): where they overlap, the difference'
        " may be luck. A network was chosen by this very score, so expect somewhat less on other clips.</p>"
    )
    heads = ("recommended network", *(study.label for study in studies))
    return html_table(heads, rows, caption="the recommended network of each study") + note


def _network_cells(study: Study) -> dict[str, str]:
    """What is known of the network that a study recommends, and what the study took, by its name in the table."""
    facts, record = study.facts, _best(study)
    scores, standing, budget = scores_of(record), facts.standings[0], facts.config.budget
    low, high = wilson_interval(scores.accuracy, scores.n_clips)
    costs = {
        resource.title: use_text(resource, used_of(resource, record.cost, budget)) for resource in budget.resources
    }
    return {
        "trial": str(record.number),
        "accuracy": format_percent(scores.accuracy),
        "95 % interval": f"{100 * low:.1f} to {format_percent(high)} of {scores.n_clips:,} clips",
        "log loss (nats)": f"{scores.log_loss:.3f}",
        "macro accuracy": format_percent(scores.macro_accuracy),
        **costs,
        "trainings that it was compared by": f"{standing.n_trainings} of {standing.epochs} epochs",
        "trials of the study": str(len(facts.records)),
        "time in trials": format_duration(sum(each.seconds for each in facts.records)),
    }


def _best(study: Study) -> Any:
    record = study.facts.recommended
    assert record is not None  # such studies are refused
    return record


def _volumes(studies: Sequence[Study]) -> list[float]:
    """Hypervolume of each study as a share of one box; empty where they have none in common."""
    boxes = {(study.facts.config.objectives, study.facts.config.reference_point) for study in studies}
    if len(boxes) > 1 or not studies[0].facts.config.reference_point:
        return []
    return [volume_history(study.facts).shares[-1] for study in studies]


def _settings_html(studies: Sequence[Study]) -> str:
    found = [dict(_flatten(study.facts.config.to_dict())) for study in studies]
    names = [name for name in dict.fromkeys(name for each in found for name in each) if name != "name"]
    rows = [(name, *(_shown(each.get(name)) for each in found)) for name in names]
    differing = [row for row in rows if len(set(row[1:])) > 1]
    if not differing:
        return "<p>The studies were asked the same.</p>"
    heads = ("setting, as in study.toml", *(study.label for study in studies))
    table = html_table(heads, differing, caption="settings that differ between the studies")
    return f'{table}<p class="note">{len(rows) - len(differing)} other settings are the same.</p>'


def _flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _shown(value: Any) -> str:
    return ", ".join(map(format_value, value)) or "–" if isinstance(value, list | tuple) else format_value(value)
