"""The front end as plain data: how a clip becomes a log-mel, and what shape that has.

Conventions:
    Times are in samples of `sample_rate`, frequencies in Hz; shapes are (C, F, T). torchaudio's spelling.
"""

from dataclasses import dataclass

from nas_asc.errors import FrontEndError


@dataclass(frozen=True)
class Task:
    """What a data set asks of a network: the clip's length and the number of classes.

    Args:
        n_classes: Number of classes, at least two.
        clip_s: Length of one clip in seconds.
        sample_rate: Hz of the recordings, the highest one; None where unknown.
        n_devices: Recording devices that are named; None where none is, or not for every recording.
    """

    n_classes: int = 10
    clip_s: float = 1.0
    sample_rate: int | None = None
    n_devices: int | None = None

    def __post_init__(self) -> None:
        if self.n_classes < 2:
            raise FrontEndError(f"`n_classes` must be 2 or more, but got n_classes={self.n_classes}.")
        if not self.clip_s > 0:
            raise FrontEndError(f"`clip_s` must be above 0 s, but got clip_s={self.clip_s}.")


@dataclass(frozen=True, kw_only=True)
class LogMel:
    """A log-mel front end: waveform (n_channels, N) to (n_channels, n_bands, n_frames).

    The spectrogram is the power of a short-time Fourier transform with a periodic Hann window, the mel filters are
    HTK's without normalisation, the logarithm is natural: log(mel + log_offset). Each band is then standardised with
    the mean and deviation of the training clips.

    Args:
        sample_rate: Hz; recordings are resampled to it.
        n_fft: Points of the Fourier transform, at least `win_length`.
        win_length: Window in samples.
        hop_length: Step between frames in samples.
        n_mels: Number of mel bands.
        f_min: Lower edge of the first band, Hz.
        f_max: Upper edge of the last band, Hz; None is half the sample rate.
        log_offset: Added to the mel power before the logarithm.
        center: Whether frames are centred on multiples of `hop_length`, the clip being mirrored beyond its ends; else
            the first frame begins with the clip and the last ends within it.
        n_channels: 1 averages a recording's channels; 2 keeps left and right apart, which are equal where the recording
            is mono.
        kept_bands: Indices of the mel bands that are computed, ascending from 0; None keeps all.

    Raises:
        FrontEndError: A value is out of range, with the value.
    """

    sample_rate: int = 32_000
    n_fft: int = 4_096
    win_length: int = 3_072
    hop_length: int = 500
    n_mels: int = 256
    f_min: float = 0.0
    f_max: float | None = None
    log_offset: float = 1e-5
    center: bool = True
    n_channels: int = 1
    kept_bands: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("sample_rate", "n_fft", "win_length", "hop_length", "n_mels"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise FrontEndError(f"`{name}` must be a whole number above 0, but got {name}={value!r}.")
        if self.win_length > self.n_fft:
            raise FrontEndError(
                f"`win_length` must not exceed n_fft={self.n_fft}, but got win_length={self.win_length}."
            )
        if not 0 <= self.f_min < self.upper_edge <= self.sample_rate / 2:
            raise FrontEndError(
                f"`f_min` and `f_max` must satisfy 0 <= f_min < f_max <= {self.sample_rate / 2:g} Hz,"
                f" but got f_min={self.f_min}, f_max={self.f_max}."
            )
        if not isinstance(self.center, bool):
            raise FrontEndError(f"`center` must be True or False, but got center={self.center!r}.")
        if not self.log_offset > 0:
            raise FrontEndError(f"`log_offset` must be above 0, but got log_offset={self.log_offset}.")
        if self.n_channels not in (1, 2):
            raise FrontEndError(f"`n_channels` must be 1 or 2, but got n_channels={self.n_channels!r}.")
        if self.kept_bands is not None:
            self._check_kept(self.kept_bands)

    def _check_kept(self, kept_bands: tuple[int, ...]) -> None:
        kept = tuple(kept_bands)
        whole = all(type(band) is int for band in kept)
        if not kept or not whole or list(kept) != sorted(set(kept)) or not 0 <= kept[0] <= kept[-1] < self.n_mels:
            raise FrontEndError(
                f"`kept_bands` must be ascending indices below n_mels={self.n_mels}, but got kept_bands={kept_bands!r}."
            )
        object.__setattr__(self, "kept_bands", kept if len(kept) < self.n_mels else None)

    @property
    def n_bands(self) -> int:
        """Mel bands that are computed."""
        return self.n_mels if self.kept_bands is None else len(self.kept_bands)

    @property
    def upper_edge(self) -> float:
        """Upper edge of the last band in Hz."""
        return self.sample_rate / 2 if self.f_max is None else self.f_max

    def n_samples(self, clip_s: float) -> int:
        """Samples of a clip of `clip_s` seconds."""
        return round(clip_s * self.sample_rate)

    def n_frames(self, clip_s: float) -> int:
        """Frames of a clip of `clip_s` seconds: 1 + N // hop_length, or 1 + (N - n_fft) // hop_length if not centred.

        Raises:
            FrontEndError: The clip is shorter than the one frame that it must hold.

        >>> LogMel(sample_rate=32000, hop_length=500).n_frames(1.0)
        65
        """
        n_samples = self.n_samples(clip_s)
        if self.center:
            return 1 + n_samples // self.hop_length
        if n_samples < self.n_fft:
            raise FrontEndError(
                f"`n_fft` must not exceed a clip's samples where frames are not centred, but got n_fft={self.n_fft} for"
                f" clips of {n_samples} samples at {self.sample_rate} Hz. Use a smaller n_fft, or center=True."
            )
        return 1 + (n_samples - self.n_fft) // self.hop_length

    def shape(self, clip_s: float) -> tuple[int, int, int]:
        """(C, F, T) of one clip.

        >>> LogMel().shape(1.0)
        (1, 256, 65)
        """
        return (self.n_channels, self.n_bands, self.n_frames(clip_s))
