"""The norms that torch does not bring.

Conventions:
    Tensors are (B, C, F, T), in channels-last memory or not.
"""

import torch
from torch import Tensor, nn


class SubSpectralNorm(nn.Module):
    """Batch normalisation of each channel in sub-bands of its own.

    Shape: input (B, C, F, T) with F a multiple of `n_bands`, output the same.

    Args:
        channels: C.
        n_bands: Sub-bands of equal width.
        per_band: Whether each sub-band has scale and bias of its own; else a channel's sub-bands share them.

    Source:
        Chang et al., "SubSpectral normalization for neural audio data processing", ICASSP 2021.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, n_bands: int, *, per_band: bool = False) -> None:
        super().__init__()
        self.n_bands = n_bands
        self.momentum = 0.1
        n_trained = n_bands if per_band else 1
        self.weight = nn.Parameter(torch.ones(channels, n_trained))
        self.bias = nn.Parameter(torch.zeros(channels, n_trained))
        self.register_buffer("running_mean", torch.zeros(channels * n_bands))
        self.register_buffer("running_var", torch.ones(channels * n_bands))

    def extra_repr(self) -> str:
        """The sub-bands, for print."""
        return f"n_bands={self.n_bands}"

    def forward(self, x: Tensor) -> Tensor:
        """Each channel's sub-bands with mean 0 and deviation 1 over clips and positions, scaled and shifted."""
        if x.is_contiguous(memory_format=torch.channels_last):
            return self._norm_last(x)
        n_clips, channels, n_bins, n_frames = x.shape
        weight, bias = (value.expand(channels, self.n_bands).reshape(-1) for value in (self.weight, self.bias))
        bands = x.reshape(n_clips, channels * self.n_bands, n_bins // self.n_bands, n_frames)
        return self._norm(bands, self.running_mean, self.running_var, weight, bias).reshape(x.shape)

    def _norm_last(self, x: Tensor) -> Tensor:
        """The same of channels-last maps, to channels-last maps: channels side by side within a band."""
        n_clips, channels, n_bins, n_frames = x.shape
        by_band = (self.n_bands, channels)
        weight, bias = (value.t().expand(by_band).reshape(-1) for value in (self.weight, self.bias))
        kept = [value.view(by_band[::-1]).t() for value in (self.running_mean, self.running_var)]
        mean, var = (value.clone(memory_format=torch.contiguous_format).view(-1) for value in kept)
        shape = (n_clips, self.n_bands, n_bins // self.n_bands, n_frames, channels)
        bands = x.permute(0, 2, 3, 1).reshape(shape).permute(0, 2, 3, 1, 4).flatten(3).permute(0, 3, 1, 2)
        normed = self._norm(bands, mean, var, weight, bias).permute(0, 2, 3, 1).unflatten(3, by_band)
        if self.training:
            for value, found in zip(kept, (mean, var), strict=True):
                value.copy_(found.view(by_band))
        return normed.permute(0, 3, 1, 2, 4).flatten(1, 2).permute(0, 3, 1, 2)

    def _norm(self, bands: Tensor, mean: Tensor, var: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return nn.functional.batch_norm(bands, mean, var, weight, bias, training=self.training, momentum=self.momentum)


class ChannelNorm(nn.LayerNorm):
    """Layer normalisation over the channels of each position.

    Shape: input (B, C, F, T), output the same.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Each position's channels with mean 0 and deviation 1, scaled and shifted."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class FrequencyInstanceNorm(nn.Module):
    """Each band of each clip normalised over channels and frames, plus `residual` times the input.

    Shape: input (B, C, F, T), output the same.

    Args:
        residual: Weight of the input; 0 adds nothing.

    Source:
        Kim et al., "Domain generalization with relaxed instance frequency-wise normalization", 2022.
    """

    def __init__(self, residual: float = 0.0) -> None:
        super().__init__()
        self.residual = residual

    def extra_repr(self) -> str:
        """The weight of the input, for print."""
        return f"residual={self.residual}"

    def forward(self, x: Tensor) -> Tensor:
        """Bands with mean 0 and deviation 1, and the share of the input."""
        if torch.compiler.is_exporting():  # an exporter would store a map of ones as the weights that there are not
            centred = x - x.mean((1, 3), keepdim=True)
            normed = centred * torch.rsqrt((centred * centred).mean((1, 3), keepdim=True) + 1e-5)
        else:
            bands = x.permute(0, 2, 3, 1)  # channels-last maps lie in memory like this, which spares a copy
            normed = nn.functional.layer_norm(bands, bands.shape[2:]).permute(0, 3, 1, 2)
        return torch.add(normed, x, alpha=self.residual) if self.residual else normed
