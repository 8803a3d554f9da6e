"""A trained network with its front end as one module: waveforms in, logits out."""

from torch import Tensor, nn

from nas_asc.errors import FrontEndError
from nas_asc.evaluation.network import TrainedNetwork
from nas_asc.features import log_mel_batch


class WaveformNetwork(nn.Module):
    """A trained network in float that takes waveforms; softmax over its logits gives its probabilities.

    The log-mel is computed in float32 whatever the network's precision, and gradients pass through it. Mean and
    deviation of the bands are buffers, so that the state dict is all that another instance needs.

    Shape: input (B, N) or (B, C, N) at `log_mel.sample_rate`, from -1 to 1, output (B, K) logits.

    Args:
        trained: The network.

    Attributes:
        architecture: What is run.
        log_mel: Front end.
        network: The network alone, which takes standardised log-mels (B, C, F, T).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, trained: TrainedNetwork) -> None:
        super().__init__()
        self.architecture, self.log_mel = trained.architecture, trained.log_mel
        self.network, mean, std = trained.load()
        self.register_buffer("mean", mean.clone())
        self.register_buffer("std", std.clone())
        self.eval()

    def forward(self, waveforms: Tensor) -> Tensor:
        """The logits.

        Raises:
            FrontEndError: The waveforms have another shape than the network takes.
        """
        features = log_mel_batch(self._with_channels(waveforms).float(), self.log_mel)
        if tuple(features.shape[1:]) != self.architecture.in_shape:
            raise FrontEndError(
                f"`waveforms` must give log-mels of {self.architecture.in_shape}, but give {tuple(features.shape[1:])}."
                f" Use clips of the length that the network was trained on, at {self.log_mel.sample_rate} Hz."
            )
        standardised = (features - self.mean.float()[:, None]) / self.std.float()[:, None]
        logits: Tensor = self.network(standardised.to(self.mean.dtype))
        return logits

    def _with_channels(self, waveforms: Tensor) -> Tensor:
        n_channels = self.log_mel.n_channels
        if waveforms.dim() == 2 and n_channels == 1:
            return waveforms[:, None]
        if waveforms.dim() != 3 or waveforms.shape[1] != n_channels:
            shape = f"(B, {n_channels}, N)" if n_channels > 1 else "(B, N) or (B, 1, N)"
            raise FrontEndError(f"`waveforms` must be {shape}, but got shape {tuple(waveforms.shape)}.")
        return waveforms

    def extra_repr(self) -> str:
        """The front end."""
        return str(self.log_mel)
