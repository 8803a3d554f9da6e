import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.study.toml import format_toml

scalars = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
tables = st.recursive(
    st.dictionaries(st.text(), scalars | st.lists(scalars, max_size=3), max_size=4),
    lambda inner: st.dictionaries(st.text(), scalars | inner, max_size=4),
    max_leaves=8,
)


@given(tables)
def test_what_is_written_is_read_back(table):
    assert tomllib.loads(format_toml(table)) == table


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_that_a_file_can_hold_survives_the_file(text):
    written = format_toml({text: [text]}).encode()
    assert tomllib.loads(written.decode()) == {text: [text]}


@pytest.mark.parametrize("value", [None, b"bytes", object()])
def test_a_value_without_toml_form_is_named(value):
    with pytest.raises(TypeError, match=r"`seed` must be a string, number, boolean, list or table"):
        format_toml({"space": {"seed": value}})


def test_infinities_keep_their_sign():
    assert tomllib.loads(format_toml({"low": float("-inf"), "high": float("inf")})) == {
        "low": float("-inf"),
        "high": float("inf"),
    }
