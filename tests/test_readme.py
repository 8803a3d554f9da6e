"""The README's Python runs as it stands."""

import re
from pathlib import Path

import pytest
import torch

from nas_asc.augmentation import BatchFacts

_TEXT = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"```python\n(.*?)```", _TEXT, flags=re.DOTALL)


@pytest.mark.parametrize("block", _BLOCKS, ids=lambda block: block.splitlines()[0])
def test_python_of_the_readme_runs(block):
    exec(compile(block, "README.md", "exec"), {"__name__": f"readme_{abs(hash(block))}"})


def test_the_readmes_augmentation_does_what_it_says():
    (block,) = [block for block in _BLOCKS if "AugmentationPart" in block]
    names = {"__name__": "readme_flip"}
    exec(compile(block.replace("class Flip", "class FlipAgain"), "README.md", "exec"), names)
    features, targets = torch.randn(4, 1, 3, 5), torch.eye(4)
    labels, mean, std = torch.zeros(4, dtype=torch.int64), torch.zeros(3), torch.ones(3)
    batch = BatchFacts(shape=features.shape, labels=labels, mean=mean, std=std)
    apply = names["FlipAgain"](p=1.0).draw(batch, torch.Generator())
    assert torch.equal(apply(features, targets)[0], features.flip(3))
