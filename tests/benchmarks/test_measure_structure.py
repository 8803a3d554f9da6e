import json

import pytest

from tests.benchmarks.measure_structure import main, measure_structure

_FILES = {
    "__init__.py": "",
    "errors.py": "class E(Exception):\n    pass\n",
    "data/__init__.py": "from nas_asc.data.one import f\n",
    "data/one.py": "from nas_asc import errors\nimport math\n\n\ndef f(a, /, b, *c, deadline, **d):\n    return a\n",
    "search/__init__.py": "",
    "search/first.py": "def g(prepared):\n    from nas_asc.search.second import h\n    return h\n",
    "search/second.py": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from nas_asc.search import third\n\n\n"
        "class H:\n    def h(self, prepared, torch_device):\n        '''A docstring\n        of two lines.'''\n"
        "        a = 1\n        b = 2\n        return a + b\n"
    ),
    "search/third.py": "import nas_asc.search.first\nfrom nas_asc.data import f\nimport absent\n",
    "cli/__init__.py": "def many(a, b, c, d, e, f, g): ...\n",
}


@pytest.fixture
def tree(tmp_path):
    for name, text in _FILES.items():
        path = tmp_path / "nas_asc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_files_and_lines_are_counted_by_room(tree):
    found = measure_structure(tree)
    assert found["rooms"]["search"] == {"files": 4, "lines": 3 + 12 + 3}
    assert found["rooms"]["errors"] == {"files": 1, "lines": 2}
    assert found["all"] == {"files": 9, "lines": 2 + 1 + 6 + 18 + 1}
    assert found["longest_file"] == {"file": "nas_asc/search/second.py", "lines": 12}


def test_signatures_are_counted_without_self(tree):
    found = measure_structure(tree)
    assert (found["longest_signature"]["name"], found["longest_signature"]["n_parameters"]) == ("many", 7)
    without = found["longest_signature_without_cli"]
    assert (without["name"], without["file"], without["n_parameters"]) == ("f", "nas_asc/data/one.py", 5)
    assert found["carried"] == {"deadline": 1, "torch_device": 1, "prepared": 2}


def test_the_longest_function_is_that_of_most_statements(tree):
    longest = measure_structure(tree)["longest_function"]
    assert (longest["name"], longest["n_lines"]) == ("H.h", 3)


def test_a_circle_through_functions_and_types_is_found(tree):
    circle = ["nas_asc/search/first.py", "nas_asc/search/second.py", "nas_asc/search/third.py"]
    assert measure_structure(tree)["circles"] == [circle]
    (tree / "nas_asc" / "search" / "third.py").write_text("")
    assert measure_structure(tree)["circles"] == []


def test_the_text_and_the_json_say_the_same(tree, capsys):
    main(["--tree", str(tree), "--json"])
    assert json.loads(capsys.readouterr().out) == measure_structure(tree)
    main(["--tree", str(tree)])
    text = capsys.readouterr().out
    assert "longest signature: 7 parameters, many in nas_asc/cli/__init__.py" in text
    assert "circles of files: 1" in text


def test_a_folder_without_the_package_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--tree", str(tmp_path)])
    assert "--tree must hold the folder nas_asc" in capsys.readouterr().err
