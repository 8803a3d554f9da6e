"""Digests: they change with what is searched, not with comments, docstrings, systems or guesses."""

from pathlib import Path

import pytest

from nas_asc.space import describe_change, load_space

TEXT = Path(__file__).with_name("user_space.py").read_text()


def load_text(folder, text):
    path = folder / "mine.py"
    path.write_text(text)
    return load_space(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# fmt: skip", "# another comment"),
        ('"""A user\'s own space:', '"""My space:'),
        ("space.guess(width=64, mixup=None)", "space.guess(width=32, mixup=None)"),
        ('space.system("Example"', 'space.system("Renamed"'),
        ("\n\n\n@space.network", "\n\n\n\n\n@space.network"),
    ],
)
def test_digest_stays_where_the_search_stays(tmp_path, old, new):
    assert old in TEXT
    before = load_text(tmp_path, TEXT)
    fingerprint = before.fingerprint
    after = load_text(tmp_path, TEXT.replace(old, new))
    assert describe_change(fingerprint, after.fingerprint) is None
    assert after.digest == before.digest


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        ("powers_of_two(8, 64", "powers_of_two(8, 128", "its axis 'width' has changed"),
        ("lambda depth: depth > 1", "lambda depth: depth > 2", "its axis 'inner' has changed"),
        ("prior=(2, 1, 1)", "prior=(3, 1, 1)", "its axis 'reach' has changed"),
        ("multiple_of=4", "multiple_of=2", "its axis 'neck' has changed"),
        ("reach < 7 or", "reach < 6 or", "its requirement 'far_reach_needs_depth' has changed"),
        ("yield Separated(neck)", "yield Separated(width)", "its network has changed"),
        ("n_mels=64", "n_mels=40", "its features has changed"),
        ("return Recipe(", "return Recipe(batch_size=8, ", "its recipe has changed"),
        ("side = self.reach // 2", "side = (self.reach - 1) // 2", "its file has changed"),
    ],
)
def test_change_of_the_search_is_named(tmp_path, old, new, change):
    assert old in TEXT
    before = load_text(tmp_path, TEXT)
    fingerprint = before.fingerprint
    after = load_text(tmp_path, TEXT.replace(old, new))
    assert describe_change(fingerprint, after.fingerprint) == change
    assert after.digest != before.digest


def test_rows_say_form_values_condition_and_guess(tmp_path):
    rows = {row.axis: row[1:] for row in load_text(tmp_path, TEXT).describe()}
    assert rows["width"] == ("powers of two", "8, 16, 32, 64", "", "16")
    assert rows["neck"] == ("fraction of width", "0.25, 0.5, 1", "", "0.5")
    assert rows["inner"] == ("choice", "1, 2", "depth > 1", "")
    assert rows["hop_length"] == ("integer", "256..512 in steps of 64", "", "512")
    assert rows["has_mixup"] == ("choice", "False, True", "", "True")
    assert rows["mixup"] == ("real", "0.1..1", "has_mixup", "0.3")
    assert rows["learning_rate"] == ("real, log", "0.0001..0.01", "", "0.001")
