"""Log-mels as a filterbank of another upper edge would have them, from the log-mels alone."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nas_asc.augmentation.draw import draw
from nas_asc.augmentation.facts import BatchFacts
from nas_asc.augmentation.mel import hz_to_mel
from nas_asc.frontend import LogMel
from nas_asc.recipe import PitchShift


class PitchDraw(NamedTuple):
    """How every clip's bands are made of its old ones.

    Args:
        stretches: (B,) span of the new filterbank on the mel scale, as a multiple of the old one's.
        mean: (F,) mean that was taken from each band.
        std: (F,) deviation that each band was divided by.
    """

    stretches: Tensor
    mean: Tensor
    std: Tensor

    def apply(self, features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Stretched batch, and the targets as they are."""
        return apply_stretches(features, self), targets


def draw_stretches(log_mel: LogMel, n_clips: int, *, range_hz: float, generator: torch.Generator) -> Tensor:
    """Stretches (B,) of the mel scale by upper edges uniform over `range_hz` around the front end's.

    Args:
        log_mel: The front end.
        n_clips: Clips of the batch.
        range_hz: Width of the range; what is above half the sample rate, or in the lower half of
            f_min..f_max, is cut off.
        generator: Source of randomness.

    Source:
        Koutini, Schlüter, Widmer, "CPJKU submission to DCASE21".
    """
    lowest = max(log_mel.upper_edge - range_hz / 2, (log_mel.f_min + log_mel.upper_edge) / 2)
    highest = min(log_mel.upper_edge + range_hz / 2, log_mel.sample_rate / 2)
    edges = lowest + (highest - lowest) * torch.rand(n_clips, generator=generator, dtype=torch.float64)
    low, high = hz_to_mel(np.array([log_mel.f_min, log_mel.upper_edge]))
    return torch.from_numpy((hz_to_mel(edges.numpy()) - low) / (high - low)).float()


def apply_stretches(features: Tensor, pitch: PitchDraw) -> Tensor:
    """Batch (B, C, F, T) whose band i of a clip lies where the old place (i + 1) * stretch - 1 was.

    Between two old bands the logarithms are interpolated linearly, beyond the first and last they are repeated. A
    filter's width grows with the stretch, and its power for a smooth spectrum with it.

    >>> features = torch.tensor([0.0, 1.0, 2.0, 3.0]).view(1, 1, 4, 1)
    >>> pitch = PitchDraw(torch.tensor([0.5]), torch.zeros(4), torch.ones(4))
    >>> (apply_stretches(features, pitch) - torch.tensor(0.5).log()).flatten().tolist()
    [0.0, 0.0, 0.5, 1.0]
    """
    (stretches, mean, std), n_bands = (value.to(features.device) for value in pitch), features.shape[2]
    places = ((torch.arange(n_bands, device=features.device) + 1) * stretches[:, None] - 1).clamp(0, n_bands - 1)
    lower = places.long()
    upper = (lower + 1).clamp(max=n_bands - 1)
    share = places - lower
    # each old band is put back to its logarithm, and what comes out is standardised as the band that it now is
    from_lower, from_upper = (1 - share) * std[lower] / std, share * std[upper] / std
    shift = (torch.lerp(mean[lower], mean[upper], share) + stretches.log()[:, None] - mean) / std
    stretched = _pick(features, lower).mul_(_on_bands(from_lower, features))
    stretched.addcmul_(_pick(features, upper), _on_bands(from_upper, features))
    return stretched.add_(_on_bands(shift, features))


def _on_bands(values: Tensor, features: Tensor) -> Tensor:
    return values.to(features)[:, None, :, None]


def _pick(features: Tensor, bands: Tensor) -> Tensor:
    """Copy (B, C, F, T), channels last, of band bands[i, f] of clip i; by rows, which is faster than `gather`."""
    n_clips, n_channels, n_bands, n_frames = features.shape
    rows = features.permute(0, 2, 3, 1).reshape(n_clips * n_bands, -1)
    first = n_bands * torch.arange(n_clips, device=bands.device)[:, None]
    picked = rows.index_select(0, (bands + first).flatten())
    return picked.view(n_clips, n_bands, n_frames, n_channels).permute(0, 3, 1, 2)


@draw.register
def _(part: PitchShift, batch: BatchFacts, generator: torch.Generator) -> PitchDraw:
    log_mel = batch.front_end(of=part)
    stretches = draw_stretches(log_mel, batch.n_clips, range_hz=part.range_hz, generator=generator)
    return PitchDraw(stretches, batch.mean, batch.std)
