"""An augmentation of one's own in a space file: loaded without torch, searched with, and read without the file."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from nas_asc.augmentation import apply_augmentation, draw_augmentation
from nas_asc.errors import RecipeError, SpaceError
from nas_asc.recipe import Recipe
from nas_asc.space import load_space
from nas_asc.study import load_records
from tests.augmentation.facts import make_batch, make_facts
from tests.search.tiny import BUDGET, ask_of, prepare, run

FILE = Path(__file__).with_name("own_augmentation.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A study of two trials of the space."""
    folder = tmp_path_factory.mktemp("study")
    space, prepared = load_space(FILE), prepare(tmp_path_factory.mktemp("cache"))
    config = ask_of("own", space, prepared, space=str(FILE), budget=BUDGET)
    run(config, space, prepared, n_trials=2, folder=folder)
    return folder


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_space_file_with_an_augmentation_of_its_own_is_read_without_torch():
    code = f"import sys; from nas_asc.space import load_space; load_space({str(FILE)!r}); print('torch' in sys.modules)"
    assert run_python(code) == "False"


def test_search_trains_with_the_augmentation(folder):
    records = load_records(folder)
    assert [record.state for record in records] == ["complete", "complete"], [record.reason for record in records]
    assert {record.recipe.augmentation[1].std for record in records} == {0.05, 0.2}


def test_study_is_read_by_a_process_that_has_not_read_the_space_file(folder):
    code = (
        "import json; from pathlib import Path; from nas_asc.study import load_records\n"
        f"records = load_records(Path({str(folder)!r}))\n"
        "print(json.dumps([[repr(each.recipe), each.to_dict()['recipe']] for each in records]))"
    )
    found = json.loads(run_python(code))
    expected = [[repr(record.recipe), record.recipe.to_dict()] for record in load_records(folder)]
    assert found == json.loads(json.dumps(expected))


def test_recipe_that_was_read_before_its_space_file_works_after_it():
    plain = {"augmentation": [{"part": "Noise", "std": 0.5}]}
    code = (
        "import torch; from nas_asc.recipe import Recipe; from nas_asc.space import load_space\n"
        "from nas_asc.augmentation import draw_augmentation\n"
        "from tests.augmentation.facts import make_facts\n"
        f"parts = Recipe.from_dict({plain!r}).augmentation\n"
        "facts = make_facts((2, 1, 4, 4))\n"
        "try:\n    draw_augmentation(parts, facts, torch.Generator())\n"
        "except Exception as error:\n    print(error)\n"
        f"load_space({str(FILE)!r})\n"
        "(drawn,) = draw_augmentation(parts, facts, torch.Generator().manual_seed(0))\n"
        "print(drawn.apply(torch.zeros(2, 1, 4, 4), torch.eye(2))[0].sum().item())"
    )
    complaint, total = run_python(code).splitlines()
    assert complaint.startswith("no recipe part is named 'Noise'. Known are Adam")
    load_space(FILE)
    parts = Recipe.from_dict(plain).augmentation
    drawn = draw_augmentation(parts, make_facts((2, 1, 4, 4)), torch.Generator().manual_seed(0))
    found, _ = apply_augmentation(torch.zeros(2, 1, 4, 4), torch.eye(2), drawn)
    assert found.sum().item() == pytest.approx(float(total))


def test_what_is_known_of_the_batch_reaches_the_augmentation():
    load_space(FILE)
    (noise,) = Recipe.from_dict({"augmentation": [{"part": "Noise", "std": 0.5}]}).augmentation
    features, targets = make_batch((40, 1, 16, 20))
    drawn = draw_augmentation((noise,), make_facts(features.shape), torch.Generator().manual_seed(0))
    changed, _ = apply_augmentation(features, targets, drawn)
    stds = (changed - features).std(dim=(1, 2, 3))
    assert stds[0::2].mean().item() == pytest.approx(1.0, rel=0.03)
    assert stds[1::2].mean().item() == pytest.approx(0.5, rel=0.03)


def test_name_of_a_part_of_ours_is_refused_with_the_line(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(FILE.read_text().replace("class Noise", "class Mixup").replace("Noise(", "Mixup("))
    with pytest.raises(SpaceError, match=r"named 'Mixup' already \(.*mine\.py, line 12\). Give yours another"):
        load_space(path)
    assert Recipe().augmentation[1].alpha == 0.3


def test_unknown_part_that_is_no_augmentation_is_still_refused():
    with pytest.raises(RecipeError, match="no recipe part is named 'Adamant'"):
        Recipe.from_dict({"optimiser": {"part": "Adamant"}})
