"""What is in training, as a study keeps it."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.study import Ask, PendingTrial, load_pending, save_pending
from tests.study.records import asks, plain, words

values = st.dictionaries(words, plain | st.tuples(plain, plain), max_size=5)
pending = st.lists(st.builds(PendingTrial, asks, values, words), max_size=4)


@given(pending)
def test_what_is_saved_is_loaded(trials):
    with tempfile.TemporaryDirectory() as folder:
        save_pending(Path(folder), trials)
        assert load_pending(Path(folder)) == trials
        save_pending(Path(folder), [])
        assert not list(Path(folder).iterdir())


@pytest.mark.parametrize("text", ["", "torn {", "[]", '{"trials": [{"origin": "gp"}]}', '{"trials": 3}'])
def test_a_file_that_cannot_be_read_is_as_none(tmp_path, text):
    save_pending(tmp_path, [PendingTrial(Ask(index=3, n_known=1), {"width": 8}, "gp")])
    (tmp_path / "pending.json").write_text(text)
    assert load_pending(tmp_path) == []
