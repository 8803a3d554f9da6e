"""A norm by itself."""

from nas_asc.layers.check import NORMS, check_count, check_flag, check_word, fail, set_field
from nas_asc.layers.layer import Layer
from nas_asc.layers.operation import SubSpectralNorm
from nas_asc.layers.tape import Tape, Value


class Norm(Layer):
    """A norm that follows no convolution; the shape stays.

    Args:
        kind: "batch", or "layer" (over the channels of each position).
        n_bands: Sub-bands that a batch norm treats apart (sub-spectral normalisation), a divisor of the frequency bins.
        per_band: Whether each sub-band has scale and bias of its own; else a channel's sub-bands share them.

    Raises:
        LayerError: A value is out of range, or a layer norm has sub-bands.

    Source:
        Chang et al., "SubSpectral normalization for neural audio data processing", ICASSP 2021.
    """

    kind: str = "batch"
    n_bands: int = 1
    per_band: bool = False

    def __post_init__(self) -> None:
        check_word(self, "kind", NORMS)
        if self.kind is None:
            raise fail(self, "kind", must="a name", value=None, remedy='Use "batch".')
        check_count(self, "n_bands")
        check_flag(self, "per_band")
        if self.kind != "batch" and self.n_bands > 1:
            raise fail(self, "n_bands", must=f"1 with kind={self.kind!r}", value=self.n_bands)
        if self.n_bands == 1:
            set_field(self, "per_band", False)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The norm."""
        if self.n_bands > 1:
            return tape.apply(SubSpectralNorm(self.n_bands, per_band=self.per_band), x)
        return tape.normalise(x, self.kind)
