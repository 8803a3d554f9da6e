"""Clips made of blocks in time of other clips of their class."""

from typing import NamedTuple

import torch
from torch import Tensor

from nas_asc.augmentation.draw import draw
from nas_asc.augmentation.facts import BatchFacts
from nas_asc.recipe import BlockMix


class BlockDraw(NamedTuple):
    """Where every block of every clip comes from.

    Args:
        sources: (B, n_blocks) row of the clip that the block is taken from.
    """

    sources: Tensor

    def apply(self, features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Batch of joined blocks, and their targets, which are those of the class unless they were mixed before."""
        return apply_blocks(features, targets, self.sources)


def draw_blocks(labels: Tensor, cities: Tensor | None, *, n_blocks: int, generator: torch.Generator) -> Tensor:
    """Source (B, n_blocks) of each block: uniform over the class's clips of other cities, or else over all of them.

    Args:
        labels: (B,) class of each clip.
        cities: (B,) city of each clip; None where unknown.
        n_blocks: Blocks of a clip.
        generator: Source of randomness.

    Source:
        NTU, submission to DCASE 2020 Task 1B.
    """
    fits = labels[:, None] == labels
    if cities is not None:
        elsewhere = fits & (cities[:, None] != cities)
        fits = torch.where(elsewhere.any(dim=1, keepdim=True), elsewhere, fits)
    return torch.multinomial(fits.float(), n_blocks, replacement=True, generator=generator)


def apply_blocks(features: Tensor, targets: Tensor, sources: Tensor) -> tuple[Tensor, Tensor]:
    """Batch (B, C, F, T) whose frame t of clip i is that of clip sources[i, t * n_blocks // T], and targets (B, K).

    Targets are the mean of the frames' ones, so that the order among augmentations that mix targets does not matter.

    >>> features = torch.tensor([[0.0, 1, 2, 3], [10, 11, 12, 13]]).view(2, 1, 1, 4)
    >>> joined, _ = apply_blocks(features, torch.ones(2, 1), torch.tensor([[0, 1], [0, 0]]))
    >>> joined.view(2, 4).tolist()
    [[0.0, 1.0, 12.0, 13.0], [0.0, 1.0, 2.0, 3.0]]
    """
    n_frames, n_blocks = features.shape[3], sources.shape[1]
    sources = sources.to(features.device)
    block_of = torch.arange(n_frames, device=features.device) * n_blocks // n_frames
    source_of = sources[:, block_of]
    blocks = torch.arange(n_blocks, device=features.device)
    shares = ((block_of == blocks[:, None]).sum(dim=1) / n_frames).to(targets)
    joined = features.gather(0, source_of[:, None, None, :].expand(features.shape))
    return joined, torch.einsum("bnk,n->bk", targets[sources], shares)


@draw.register
def _(part: BlockMix, batch: BatchFacts, generator: torch.Generator) -> BlockDraw:
    return BlockDraw(draw_blocks(batch.labels, batch.cities, n_blocks=part.n_blocks, generator=generator))
