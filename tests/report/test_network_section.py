"""The network drawn: every layer with its shape, shares that are those of the counts, and text where none is known."""

import re
from dataclasses import replace

import pytest

from nas_asc.cost import count_rows
from nas_asc.layers import Architecture, Classifier, Conv, Ensemble, format_architecture, parse_architecture
from nas_asc.report import build_sections, gather_facts
from nas_asc.study import trial_dir
from tests.report.example_study import HOSTILE, make_config, make_records
from tests.report.page import Page


def _draw(folder, record):
    """The section, and the network that it draws."""
    facts = gather_facts(folder, make_config(), [record], space=None)
    (section,) = [section for section in build_sections(facts) if section.name == "network"]
    page = Page(section.html)
    assert page.open == []
    return " ".join(page.text.split()), section.html


@pytest.fixture
def record():
    return next(record for record in make_records(4) if record.is_complete)


def test_every_layer_stands_with_its_shape_and_the_totals_are_the_costs(record, tmp_path):
    text, html = _draw(tmp_path, record)
    rows = count_rows(parse_architecture(record.architecture))
    assert html.count("<svg") == len(rows) + 1
    for row in rows:
        assert f"{row.index} {row.name}" in text
        assert " × ".join(map(str, row.out_shape)) in text
    for total in (record.cost.params, record.cost.macs, record.cost.peak_ram_bytes):
        assert f">{total:,}</td></tr>" in html or f">{total:,}</td><td" in html


def test_bars_are_as_long_as_the_shares(record, tmp_path):
    _, html = _draw(tmp_path, record)
    rows = count_rows(parse_architecture(record.architecture))
    widths = [
        float(width) for width in re.findall(r'data-name="MACs"><span class="share"><span style="width:([\d.]+)%', html)
    ]
    assert widths == pytest.approx([100 * row.macs / record.cost.macs for row in rows if row.macs], abs=0.051)
    assert sum(widths) == pytest.approx(100, abs=1)


def test_the_fullest_layers_are_named(record, tmp_path):
    text, _ = _draw(tmp_path, record)
    rows = count_rows(parse_architecture(record.architecture))
    most = max(row.params for row in rows)
    named = re.search(r"Most parameters lie in layers? ([\d, ]+) \(", text).group(1)
    assert [int(index) for index in named.split(", ")] == [row.index for row in rows if row.params == most]
    assert f"{record.cost.peak_ram_bytes:,} bytes: the layers use it one after another" in text


def test_the_network_of_the_trials_files_is_drawn_as_it_may_have_lost_channels(record, tmp_path):
    network = parse_architecture(record.architecture)
    small = Architecture((Conv(3, kernel_size=3), Classifier()), network.in_shape, network.n_classes)
    folder = trial_dir(tmp_path, record.number)
    folder.mkdir(parents=True)
    (folder / "architecture.txt").write_text(format_architecture(small))
    text, _ = _draw(tmp_path, record)
    assert f"Trial {record.number}, 2 layers." in text
    assert f"After its pruning the trial counts {record.cost.params:,} parameters" in text


def test_masks_are_told(record, tmp_path):
    masked = replace(record, cost=replace(record.cost, nonzero_params=1_000))
    text, _ = _draw(tmp_path, masked)
    assert f"leaves 1,000 of {record.cost.all_params:,} values other than zero" in text


def test_members_of_an_ensemble_are_drawn_and_alike_ones_once(record, tmp_path):
    network = parse_architecture(record.architecture)
    member, other = (Conv(4, kernel_size=3), Classifier()), (Classifier(),)
    text = format_architecture(Architecture((Ensemble((member, member, other)),), network.in_shape, 10))
    text, html = _draw(tmp_path, replace(record, architecture=text))
    assert "Ensemble of 3 networks" in text
    assert "each of 2 alike" in text
    assert "member 3" in text
    assert html.count("<svg") == 1 + 1 + 2 + 1


def test_ram_is_that_of_the_trials_own_precision(record, tmp_path):
    half = replace(record, cost=replace(record.cost, bits=16, peak_ram_bytes=2 * record.cost.peak_ram_bytes))
    _, html = _draw(tmp_path, half)
    assert f'<td data-name="RAM (bytes)">{half.cost.peak_ram_bytes:,}</td>' in html


def test_a_network_of_unknown_layers_is_shown_as_text(record, tmp_path):
    text, html = _draw(
        tmp_path, replace(record, architecture=f"Architecture(in_shape=(1, 64, 51), n_classes=10)\n{HOSTILE}(8)")
    )
    assert f"The network of trial {record.number} cannot be drawn" in text
    assert "<img" not in html
