"""The page as a browser shows it: figures are drawn, nothing is logged, nothing needs scrolling sideways."""

import re
import shutil
import subprocess

import pytest

from nas_asc.report import write_comparison, write_report
from nas_asc.space import load_space
from nas_asc.study import create_study_dir
from tests.report.example_study import make_config, make_records, write_curves, write_study

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")]
_PROBE = """<script>
// How far the worst text of the drawing stands out from its ground, as WCAG counts it.
function contrast() {
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
    const [r, g, b] = parts.map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = light(getComputedStyle(document.getElementById("network")).backgroundColor);
  const texts = [...document.querySelectorAll(".network th, .network td, .network b, .network small, .network code")];
  const ratios = texts.map((text) => {
    const pair = [light(getComputedStyle(text).color), ground].sort((one, other) => other - one);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
  });
  return Math.min(...ratios);
}
addEventListener("load", () => setTimeout(() => {
  const root = document.documentElement;
  root.dataset.wide = root.scrollWidth - root.clientWidth;
  const network = document.querySelector(".network");
  const cells = [...network.querySelectorAll("tbody th, tbody td, tfoot td")];
  root.dataset.cut = cells.filter((cell) => cell.scrollWidth > cell.clientWidth + 1).length;
  root.dataset.unseen = [...network.querySelectorAll("tbody td b, tbody td small, tbody svg")].filter(
    (part) => part.getBoundingClientRect().width === 0 || part.getBoundingClientRect().right > root.clientWidth).length;
  root.dataset.bars = [...network.querySelectorAll(".share")].map(
    (bar) => (bar.firstChild.getBoundingClientRect().width / bar.clientWidth).toFixed(2)).join(" ");
  root.dataset.said = [...network.querySelectorAll(".share")].map(
    (bar) => bar.parentElement.querySelector("small").textContent).join(", ");
  root.dataset.contrast = contrast();
  document.querySelector("#trials th:nth-child(2) button").click();
  const losses = [...document.querySelectorAll("#trials tbody tr td:nth-child(2)")];
  root.dataset.sorted = losses.map((cell) => cell.textContent).join(" ");
  parent.postMessage({...root.dataset}, "*");
}, 3000));</script></body>"""
_WIDTH_PROBE = """<script>addEventListener("load", () => setTimeout(() => {
  const root = document.documentElement;
  root.dataset.wide = root.scrollWidth - root.clientWidth;
  const parts = [...document.querySelectorAll(".scroll")];
  root.dataset.sideways = parts.filter((part) => part.scrollWidth > part.clientWidth).length;
}, 3000));</script></body>"""
_FRAME = """<!DOCTYPE html><body style="margin:0"><script>
addEventListener("message", (event) => Object.assign(document.documentElement.dataset, event.data));
</script><iframe src="{page}" style="border:0" width="400" height="900"></iframe></body>"""


def _show(path, *, width, options=()):
    """What the page has become, and what it logged."""
    options = [
        *options,
        "--headless",
        "--no-sandbox",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
        "--enable-logging=stderr",
        "--virtual-time-budget=15000",
    ]
    command = [BROWSER, *options, f"--window-size={width},900", "--dump-dom", path.as_uri()]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    logged = [line for line in ended.stderr.splitlines() if "CONSOLE" in line and "GL Driver" not in line]
    return ended.stdout, logged


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder, records = tmp_path_factory.mktemp("studies") / "example", make_records(60)
    create_study_dir(folder, make_config())
    write_curves(folder, records)
    html = write_report(folder, make_config(), records, space=load_space("cp_mobile")).html
    html.write_text(html.read_text(encoding="utf-8").replace("</body>", _PROBE), encoding="utf-8")
    return html


@pytest.mark.parametrize("width", [1200, 500])  # a window is no narrower than 500
def test_figures_are_drawn_and_nothing_is_logged(page, width):
    found, logged = _show(page, width=width)
    assert logged == []
    assert found.count('class="main-svg"') >= 2
    assert re.search(r'data-wide="(-?\d+)"', found).group(1) == "0"


def test_a_click_on_a_head_sorts_by_its_numbers(page):
    found, _ = _show(page, width=1200)
    losses = [float(text) for text in re.search(r'data-sorted="([^"]+)"', found).group(1).split()]
    assert losses == sorted(losses)
    assert len(losses) > 50


def _facts_of(found):
    """What the probe found."""
    return dict(re.findall(r'data-(\w+)="([^"]*)"', re.search(r"<html[^>]*>", found).group()))


def _check_network(facts):
    """Every layer's bars are as long as their texts say, and no text is cut, hidden or faint."""
    assert (facts["wide"], facts["cut"], facts["unseen"]) == ("0", "0", "0")
    assert float(facts["contrast"]) >= 4.5
    bars, texts = [float(bar) for bar in facts["bars"].split()], facts["said"].split(", ")
    assert len(bars) == len(texts) > 10
    for bar, text in zip(bars, texts, strict=True):
        said = 1.0 if text == "peak" else 0.0 if "1 %" in text and len(text) > 3 else float(text.split()[0]) / 100
        assert abs(bar - said) < 0.02


@pytest.mark.parametrize("width", [1200, 500])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_network_can_be_read_on_a_light_and_on_a_dark_page(page, width, scheme):
    options = [f"--blink-settings=preferredColorScheme={int(scheme == 'light')}"]
    found, _ = _show(page, width=width, options=options)
    _check_network(_facts_of(found))


def test_the_network_can_be_read_on_a_phone(page, tmp_path):
    frame = tmp_path / "phone.html"
    frame.write_text(_FRAME.format(page=page.as_uri()), encoding="utf-8")
    found, logged = _show(frame, width=500)
    assert logged == []
    _check_network(_facts_of(found))


def test_a_comparison_is_drawn_and_nothing_needs_scrolling_sideways(tmp_path):
    folders = [
        write_study(tmp_path / name, make_records(10, seed=seed), make_config(name=name, seed=seed))
        for seed, name in enumerate(("first-of-two", "second-of-two"))
    ]
    html = write_comparison(folders, tmp_path / "page.html")
    html.write_text(html.read_text(encoding="utf-8").replace("</body>", _WIDTH_PROBE), encoding="utf-8")
    found, logged = _show(html, width=1200)
    assert logged == []
    assert found.count('class="main-svg"') >= 2
    facts = _facts_of(found)
    assert (facts["wide"], facts["sideways"]) == ("0", "0")
