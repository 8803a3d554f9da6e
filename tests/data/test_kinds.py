"""Every kind of data that people have is read as it is meant, or refused in one line, by the guide's own command."""

import json
import shlex

import pytest

from nas_asc.cli import main
from nas_asc.guide import load_page
from tests.data.kinds import CASES
from tests.manual import spans, tables


def commands():
    """By kind, the words after `nas-asc` of the guide's command, the path as the last one."""
    table = next(rows for rows in tables(load_page("data").text) if rows[0][0] == "kind")
    return {row[0]: shlex.split(spans(row[1])[0])[1:] for row in table[1:]}


def test_the_guide_lists_every_kind_and_each_has_three_cases():
    kinds = [case.kind for case in CASES]
    assert commands().keys() == set(kinds)
    assert [kind for kind in set(kinds) if kinds.count(kind) < 3] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.name}")
def test_it_is_read_as_it_is_meant(tmp_path, capsys, case):
    *words, _ = commands()[case.kind]
    code = main([*words, str(case.write(tmp_path / "set")), "--json"])
    out, err = capsys.readouterr()
    assert [
        text
        for text in case.says
        if text not in (json.dumps(json.loads(out), ensure_ascii=False) if out else err) + err
    ] == []
    if case.clips is None:
        assert code == 2
        assert err.count("\n") == 1
        return
    assert (code, err) == (0, "")
    *classes, total = json.loads(out)["classes"]
    assert {row["class"]: row["clips"] for row in classes} == case.clips
    if case.parts is not None:
        assert tuple(total.get(part, 0) for part in ("train", "validation", "test")) == case.parts
