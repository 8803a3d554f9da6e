"""A norm by itself."""

from nas_asc.layers.check import NORMS, check_count, check_flag, check_number, check_word, fail, set_field
from nas_asc.layers.instance_norm import RESIDUAL, FrequencyInstanceNorm
from nas_asc.layers.layer import Layer
from nas_asc.layers.operation import SubSpectralNorm
from nas_asc.layers.tape import Tape, Value


class Norm(Layer):
    """A norm that follows no convolution; the shape stays.

    Args:
        kind: "batch", "layer" (over the channels of each position), "frequency_instance" (each band of a clip over
            channels and frames, no weights), or "residual" (that plus a share of the input).
        n_bands: Sub-bands that a batch norm treats apart (sub-spectral normalisation), a divisor of the frequency bins.
        per_band: Whether each sub-band has scale and bias of its own; else a channel's sub-bands share them.
        residual: Share of the input that a residual norm adds, lambda in its paper.

    Raises:
        LayerError: A value is out of range, or another norm than batch has sub-bands.

    Source:
        Chang et al., "SubSpectral normalization for neural audio data processing", ICASSP 2021; Kim et al., "Domain
        generalization with relaxed instance frequency-wise normalization", 2022, for the last two kinds.
    """

    kind: str = "batch"
    n_bands: int = 1
    per_band: bool = False
    residual: float = RESIDUAL

    def __post_init__(self) -> None:
        check_word(self, "kind", NORMS)
        if self.kind is None:
            raise fail(self, "kind", must="a name", value=None, remedy='Use "batch".')
        check_count(self, "n_bands")
        check_flag(self, "per_band")
        if self.kind != "batch" and self.n_bands > 1:
            raise fail(self, "n_bands", must=f"1 with kind={self.kind!r}", value=self.n_bands)
        check_number(self, "residual", low=0, high=1, open_low=True)
        if self.kind != "residual":
            set_field(self, "residual", RESIDUAL)
        if self.n_bands == 1:
            set_field(self, "per_band", False)

    def expand(self, tape: Tape, x: Value) -> Value:
        """The norm."""
        if self.n_bands > 1:
            return tape.apply(SubSpectralNorm(self.n_bands, per_band=self.per_band), x)
        if self.kind == "residual":
            return tape.apply(FrequencyInstanceNorm(self.residual), x)
        return tape.normalise(x, self.kind)
