"""Published counts beside reproduced ones."""

from pathlib import Path

import pytest

from nas_asc.space import list_spaces, load_space
from nas_asc.survey import systems_table
from tests.survey import small


def test_packaged_systems_are_reproduced_to_the_integer():
    rows = systems_table(list_spaces())
    assert [row for row in rows if not row.matches] == []
    systems = {(space, name) for space in list_spaces() for name in load_space(space).systems}
    assert {(row.space, row.system) for row in rows} == systems


def test_slips_of_the_reports_are_shown_beside_what_their_other_numbers_say():
    rows = [row for row in systems_table(list_spaces()) if row.slip]
    found = {(row.system, row.quantity): (row.slip.printed, row.published) for row in rows}
    assert found.items() >= {
        (("Shared-N3-3", "params"), (601_000, 601_862)),
        (("CP-ResNet-ch64-3", "params"), (887_000, 896_774)),
        (("NTU-Inception-pruned", "nonzero_params"), (34_181, 34_183)),
    }


@pytest.mark.parametrize(
    ("system", "quantity", "count"),
    [
        ("CP-Mobile-2024", "params", 61_148),
        ("CP-Mobile-2024", "official_macs", 29_419_156),
        ("Baseline-2022", "params", 46_118),
        ("Baseline-2022", "official_macs", 29_271_638),
        ("DampedR7NB", "params", 504_104),
        ("DampedR7NB", "receptive_field", 135),
        ("Dense-W384-G32", "params", 2_027_156),
    ],
)
def test_row_holds_the_count_that_the_report_states(system, quantity, count):
    (row,) = [row for row in systems_table(list_spaces()) if (row.system, row.quantity) == (system, quantity)]
    assert (row.published, row.reproduced) == (count, count)


def test_only_numbers_that_follow_from_the_architecture_are_compared():
    (row,) = systems_table([small.__file__])
    assert (row.system, row.quantity, row.source) == ("one", "params", small.SOURCE)
    assert row.convention == "TRAIN: every trainable parameter"


def test_wrong_number_does_not_match(tmp_path):
    text = Path(small.__file__).read_text(encoding="utf-8").replace('"params": 38', '"params": 39')
    path = tmp_path / "wrong.py"
    path.write_text(text, encoding="utf-8")
    (row,) = systems_table([str(path)])
    assert not row.matches
    assert row.to_dict()["reproduced"] == 38
