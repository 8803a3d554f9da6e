"""The page as a browser shows it: figures are drawn, nothing is logged, nothing needs scrolling sideways."""

import re
import shutil
import subprocess

import pytest

from nas_asc.report import write_report
from nas_asc.space import load_space
from nas_asc.study import create_study_dir
from tests.report.example_study import make_config, make_records, write_curves

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")]
_PROBE = """<script>addEventListener("load", () => setTimeout(() => {
  const root = document.documentElement;
  root.dataset.wide = root.scrollWidth - root.clientWidth;
  document.querySelector("#trials th:nth-child(2) button").click();
  const cells = [...document.querySelectorAll("#trials tbody tr td:nth-child(2)")];
  root.dataset.sorted = cells.map((cell) => cell.textContent).join(" ");
}, 3000));</script></body>"""


def _show(path, *, width):
    """What the page has become, and what it logged."""
    options = [
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
