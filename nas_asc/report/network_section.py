"""The recommended network drawn: its layers in order, the map that each gives, and where parameters, MACs and RAM go.

Conventions:
    Maps are boxes: frames across, mel bands upward, channels in depth. A share is of the whole network; RAM is compared
    with its peak, since layers use the same memory one after another. Nothing is told by colour alone.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

from nas_asc.cost import CostRow, count_rows
from nas_asc.errors import NasAscError, StudyError
from nas_asc.frontend import LogMel
from nas_asc.layers import Architecture, Shape, parse_architecture
from nas_asc.report.facts import Facts
from nas_asc.report.text import escape, format_percent
from nas_asc.report.theme import NOTHING
from nas_asc.study import TrialRecord, load_architecture, trial_dir
from nas_asc.units import format_count, format_short

_SIDE, _LEAST, _DEPTH = 34.0, 3.0, 14.0  # pixels of the largest map's sides, of the smallest ones, and of its depth
_WIDTH = math.ceil(_LEAST + _SIDE + 0.7 * (2 + _DEPTH)) + 2  # of every drawing, so that the numbers stand in a line
_SMALL = 0.005  # a share that would be rounded to nothing


@dataclass(frozen=True)
class _Column:
    """One quantity that the layers take.

    Args:
        title: The title of the column.
        value: The value of a layer.
        whole: What a layer's value is a share of.
    """

    title: str
    value: Callable[[CostRow], int]
    whole: int


def network_html(facts: Facts) -> str:
    """The drawing, as HTML; where the network's layers are not known, its text.

    Args:
        facts: The facts of the study.
    """
    record = facts.recommended
    if record is None:
        return f"<p>{NOTHING}</p>"
    text = _stored_text(facts, record)
    details = f"<details><summary>The network as text</summary><pre>{escape(text)}</pre></details>"
    try:
        architecture = parse_architecture(text, facts.layer_types)
        rows = count_rows(architecture)
    except NasAscError as error:
        return f"<p>The network of trial {record.number} cannot be drawn: {escape(str(error))}</p>{details}"
    columns = _columns(rows, n_bytes=(record.cost.bits or 8) // 8)
    lead = f"<p>Trial {record.number}, {len(rows)} layers. {_most(rows, columns)}{escape(_pruned(record, columns))}</p>"
    return lead + _table(architecture, record.log_mel, rows, columns) + details


def _stored_text(facts: Facts, record: TrialRecord) -> str:
    """Of the network that the trial's weights belong to: channels may have been pruned from the one proposed."""
    try:
        return load_architecture(trial_dir(facts.folder, record.number))
    except StudyError:
        return record.architecture


def _columns(rows: Sequence[CostRow], *, n_bytes: int) -> tuple[_Column, ...]:
    return (
        _Column("parameters", lambda row: row.params, sum(row.params for row in rows)),
        _Column("MACs", lambda row: row.macs, sum(row.macs for row in rows)),
        _Column("RAM (bytes)", lambda row: n_bytes * row.ram_bytes, n_bytes * max(row.ram_bytes for row in rows)),
    )


def _most(rows: Sequence[CostRow], columns: Sequence[_Column]) -> str:
    """Which layers take most, in words."""
    params, macs, ram = columns
    return (
        f"Most parameters lie in {_fullest(rows, params)}, most MACs in {_fullest(rows, macs)}. RAM is fullest in"
        f" {_fullest(rows, ram)}, {format_count(ram.whole)} bytes: the layers use it one after another."
    )


def _fullest(rows: Sequence[CostRow], column: _Column) -> str:
    """The layer that takes most of a quantity, or all that take as much."""
    most = max(map(column.value, rows))
    found = [row for row in rows if column.value(row) == most]
    names = " and ".join(dict.fromkeys(escape(row.name) for row in found))
    share = "" if column.whole == most else f", {format_percent(most / max(1, column.whole), 0)}"
    if len(found) == 1:
        return f"layer {found[0].index} ({names}{share})"
    return f"layers {', '.join(str(row.index) for row in found)} ({names}{f'{share} each' if share else ''})"


def _pruned(record: TrialRecord, columns: Sequence[_Column]) -> str:
    """What pruning leaves, where the layers do not show it."""
    cost, params = record.cost, columns[0].whole
    if cost.params != params:
        return (
            f" After its pruning the trial counts {format_count(cost.params)} parameters; the layers are shown before."
        )
    if cost.nonzero_params < cost.all_params:
        left = f"{format_count(cost.nonzero_params)} of {format_count(cost.all_params)}"
        return f" Its pruning leaves {left} values other than zero; the table counts all."
    return ""


def _table(architecture: Architecture, log_mel: LogMel, rows: Sequence[CostRow], columns: Sequence[_Column]) -> str:
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("layer", "output", *(each.title for each in columns)))
    draw = _Maps([architecture.in_shape, *_shapes(rows)])
    body = "".join(_rows(rows, columns, draw))
    totals = "".join(f'<td data-name="{each.title}">{format_count(each.whole)}</td>' for each in columns)
    front_end = (
        f'<tr class="input"><th scope="row"><b>Log-mel</b> <code>{log_mel.n_mels} bands, {log_mel.sample_rate:,} Hz,'
        f" a frame every {1000 * log_mel.hop_length / log_mel.sample_rate:.4g} ms</code></th>"
        f'{_output(architecture.in_shape, draw)}<td colspan="3" class="none">front end; no limit counts it</td></tr>'
    )
    return (
        '<table class="network"><caption class="unseen">the network layer by layer: output, and share of parameters,'
        f" MACs and RAM</caption><thead><tr>{heads}</tr></thead><tbody>{front_end}{body}</tbody>"
        f'<tfoot><tr><th scope="row">in all; RAM at its peak</th><td class="map"></td>{totals}</tr></tfoot></table>'
        '<p class="note">Boxes are maps: frames across, mel bands upward, channels in depth; the numbers are channels ×'
        " bands × frames. MACs are pure ones of one clip, RAM is that of integer activations.</p>"
    )


def _rows(rows: Sequence[CostRow], columns: Sequence[_Column], draw: "_Maps", *, depth: int = 0) -> Iterator[str]:
    """Rows of the table; those of an ensemble's members follow it, alike members once."""
    for row in rows:
        n_members = len(row.members)
        name = f"Ensemble of {n_members} networks" if n_members else row.name
        settings = "" if n_members else row.text[len(row.name) + 1 : -1]
        cells = "".join(_bar(column, row) for column in columns)
        kind = ' class="member"' if depth else ""
        yield (
            f'<tr{kind}><th scope="row"><i>{row.index}</i> <b>{escape(name)}</b> <code>{escape(settings)}</code></th>'
            f"{_output(row.out_shape, draw)}{cells}</tr>"
        )
        for member, n_alike in Counter(row.members).items():
            which = f"each of {n_alike} alike" if n_alike > 1 else f"member {row.members.index(member) + 1}"
            yield f'<tr class="member"><th scope="rowgroup" colspan="5">{which}</th></tr>'
            yield from _rows(member, columns, draw, depth=depth + 1)


def _bar(column: _Column, row: CostRow) -> str:
    value, share = column.value(row), _share(column, row)
    if not value:
        return f'<td data-name="{column.title}" class="none">0</td>'
    percent = format_percent(share, 0) if share >= _SMALL else "&lt; 1 %"
    text = "peak" if share == 1 and column.title.startswith("RAM") else percent
    return (
        f'<td data-name="{column.title}"><span class="share"><span style="width:{share:.1%}"></span></span>'
        f"<b>{format_short(value)}</b> <small>{text}</small></td>"
    )


def _share(column: _Column, row: CostRow) -> float:
    return column.value(row) / max(1, column.whole)


def _shapes(rows: Sequence[CostRow]) -> Iterator[Shape]:
    for row in rows:
        yield row.out_shape
        for member in row.members:
            yield from _shapes(member)


def _output(shape: Shape, draw: "_Maps") -> str:
    return f'<td class="map" data-name="output">{draw(shape)}<span>{" × ".join(map(str, shape))}</span></td>'


class _Maps:
    """Draws maps as boxes, to one scale: the square root of the size, so that small ones are seen.

    Args:
        shapes: All that are drawn.
    """

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self._most = [max(sizes) for sizes in zip(*map(_box, shapes), strict=True)]

    def __call__(self, shape: Shape) -> str:
        """One map as inline SVG; numbers stand beside it, so it is hidden from who hears the page."""
        channels, bands, frames = (math.sqrt(size / most) for size, most in zip(_box(shape), self._most, strict=True))
        depth = 2 + _DEPTH * channels
        width, height = (_LEAST + _SIDE * each for each in (frames, bands))
        across, upward = depth * 0.7, depth * 0.5
        right, top, low = width + across, upward, upward + height
        return (
            f'<svg width="{_WIDTH}" height="{low + 2:.0f}" viewBox="-1 -1 {_WIDTH} {low + 2:.1f}"'
            ' aria-hidden="true">'
            f'<path d="M0 {top:.1f}L{across:.1f} 0H{right:.1f}L{width:.1f} {top:.1f}z"/>'
            f'<path d="M{width:.1f} {top:.1f}L{right:.1f} 0V{height:.1f}L{width:.1f} {low:.1f}z"/>'
            f'<path class="face" d="M0 {top:.1f}H{width:.1f}V{low:.1f}H0z"/></svg>'
        )


def _box(shape: Shape) -> tuple[int, int, int]:
    channels, bands, frames = shape if len(shape) == 3 else (prod(shape), 1, 1)
    return channels, bands, frames
