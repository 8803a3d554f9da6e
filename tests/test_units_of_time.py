"""Durations as people write them."""

import pytest

from nas_asc.errors import UnitError
from nas_asc.units import parse_duration_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("0.5s", 0.5), (".5s", 0.5), ("1.5s", 1.5), ("90s", 90), ("90", 90), ("1h30m", 5400),
     ("1h 30m", 5400), ("2d", 172_800), ("2D12H", 216_000), ("1.5h", 5400)],
)  # fmt: skip
def test_durations_are_read(text, seconds):
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "-3s", "1m1h", "1h30", "1h1h", "5x", "1,5s", "s", "1..5s", "1e3s"])
def test_what_is_no_duration_is_refused_in_one_line(text):
    with pytest.raises(UnitError, match="`--clip` must be a duration such as 500ms, 90s, 20m or 1h30m, but got"):
        parse_duration_s(text, what="--clip")
