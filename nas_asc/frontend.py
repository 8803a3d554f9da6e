"""The front end as plain data: how a clip becomes a log-mel, and what shape that has.

Conventions:
    Times are in samples of `sample_rate`, frequencies in Hz; shapes are (C, F, T). torchaudio's spelling.
"""

import math
from dataclasses import asdict, dataclass
from functools import lru_cache

from nas_asc.errors import BudgetError, FrontEndError, nearest

TARGETS = ("any", "onnxruntime", "tflite-micro", "c")
MICROCONTROLLERS = ("tflite-micro", "c")

_SAMPLE_BYTES, _FLOAT_BYTES = 2, 4
_NEGLIGIBLE = 1e-9  # height of a mel filter that rounding has left


def validate_target(name: str) -> str:
    """The name of a target, as it was given.

    Raises:
        BudgetError: There is none of that name; names the nearest.
    """
    if name in TARGETS:
        return name
    remedy = nearest(name, TARGETS, what="targets")
    raise BudgetError(f"`target` must be a known target, but got {name!r}. {remedy}")


@dataclass(frozen=True)
class Task:
    """What is asked of a network: the clip's length, the number of classes, and what it runs on.

    Args:
        n_classes: Number of classes, at least two.
        clip_s: Length of one clip in seconds.
        sample_rate: Hz of the recordings, the highest one; None where unknown.
        n_devices: Recording devices that are named; None where none is, or not for every recording.
        target: One of `TARGETS`.
    """

    n_classes: int = 10
    clip_s: float = 1.0
    sample_rate: int | None = None
    n_devices: int | None = None
    target: str = "any"

    def __post_init__(self) -> None:
        if self.n_classes < 2:
            raise FrontEndError(f"`n_classes` must be 2 or more, but got n_classes={self.n_classes}.")
        if not self.clip_s > 0:
            raise FrontEndError(f"`clip_s` must be above 0 s, but got clip_s={self.clip_s}.")
        validate_target(self.target)


@dataclass(frozen=True)
class FrontEndCost:
    """What a front end takes on a microcontroller, as the C that is exported has it: 16-bit samples, float32, int8 out.

    Operations are additions and multiplications of floats, a logarithm being one; a multiply-accumulate is two.

    Args:
        window_bytes: RAM of the last window of samples, a ring.
        spectrum_bytes: RAM of one transform.
        column_bytes: RAM of the mel columns of one clip in int8, a ring.
        clip_bytes: RAM of the samples of a clip, where clips are heard whole: then instead of both rings.
        frame_operations: The operations of one frame, that is of `hop_length` samples of a stream.
        clip_operations: The operations of all frames of a clip.
    """

    window_bytes: int
    spectrum_bytes: int
    column_bytes: int
    clip_bytes: int
    frame_operations: int
    clip_operations: int

    @property
    def buffer_bytes(self) -> int:
        """RAM of a stream without the mel columns: a window of samples, and the transform."""
        return self.window_bytes + self.spectrum_bytes

    @property
    def ram_bytes(self) -> int:
        """RAM of a stream: both rings and the transform."""
        return self.buffer_bytes + self.column_bytes

    def outweighs(self, macs: int) -> bool:
        """Whether a clip takes more operations than so many multiply-accumulates of a network."""
        return self.clip_operations > 2 * macs

    def to_dict(self) -> dict[str, int]:
        """Plain data for JSON."""
        return asdict(self) | {"ram_bytes": self.ram_bytes}


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

    def count(self, clip_s: float) -> FrontEndCost:
        """What it takes on a microcontroller.

        Args:
            clip_s: Length of a clip in seconds.

        Raises:
            FrontEndError: The clip is shorter than the one frame that it must hold.

        >>> cost = LogMel(sample_rate=16000, n_fft=512, win_length=512, hop_length=320, n_mels=40).count(1.0)
        >>> cost.ram_bytes, cost.frame_operations
        (5120, 13438)
        """
        n_frames, frame = self.n_frames(clip_s), self.n_channels * _count_frame(self)
        return FrontEndCost(
            window_bytes=_SAMPLE_BYTES * self.win_length * self.n_channels,
            spectrum_bytes=_FLOAT_BYTES * (self.n_fft + 2),
            column_bytes=self.n_channels * self.n_bands * n_frames,
            clip_bytes=_SAMPLE_BYTES * self.n_samples(clip_s) * self.n_channels,
            frame_operations=frame,
            clip_operations=n_frames * frame,
        )

    @property
    def buffer_bytes(self) -> int:
        """RAM that it takes in a stream whatever the clips' length: a window of samples, and one transform."""
        return _SAMPLE_BYTES * self.win_length * self.n_channels + _FLOAT_BYTES * (self.n_fft + 2)

    def count_filter_weights(self) -> int:
        """Heights of all mel filters that are not zero.

        >>> LogMel(sample_rate=16000, n_fft=512, win_length=512, n_mels=40).count_filter_weights()
        493
        """
        return _count_weights(self)


def _count_frame(log_mel: LogMel) -> int:
    """Operations of one channel of a frame: window, transform, power, mel filters, logarithm and scale.

    A transform of n real points is one of n / 2 complex ones: passes of radix 4 (34 operations for four points), one
    of radix 2 (4 for two) where their number is odd, and 24 operations for each pair of bins that are taken apart.
    """
    n = log_mel.n_fft / 2
    n_passes = math.log2(n)
    n_fours = math.floor(n_passes / 2)
    transform = n * (8.5 * n_fours + 2 * (n_passes - 2 * n_fours) + 12) + 4
    return round(transform) + log_mel.win_length + 2 * _count_weights(log_mel) + 4 * log_mel.n_bands


@lru_cache(maxsize=2**12)
def _count_weights(log_mel: LogMel) -> int:
    lowest, highest = (2595 * math.log10(1 + hz / 700) for hz in (log_mel.f_min, log_mel.upper_edge))
    mels = [lowest + (highest - lowest) * i / (log_mel.n_mels + 1) for i in range(log_mel.n_mels + 2)]
    edges = [700 * (10 ** (mel / 2595) - 1) for mel in mels]
    n_bins = log_mel.n_fft // 2
    width = (log_mel.sample_rate // 2) / n_bins
    bands = range(log_mel.n_mels) if log_mel.kept_bands is None else log_mel.kept_bands

    def is_inside(place: int, band: int) -> bool:
        low, middle, high = edges[band : band + 3]
        hz = place * width
        return min((hz - low) / (middle - low), (high - hz) / (high - middle)) > _NEGLIGIBLE

    total = 0
    for band in bands:
        first, last = math.floor(edges[band] / width), min(math.ceil(edges[band + 2] / width), n_bins)
        while first <= last and not is_inside(first, band):
            first += 1
        while last >= first and not is_inside(last, band):
            last -= 1
        total += last - first + 1
    return total
