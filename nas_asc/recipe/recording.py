"""Augmentations that change how a clip was recorded, as plain data: level, device, pitch."""

from dataclasses import dataclass

from nas_asc.recipe.augmentation import AugmentationPart


@dataclass(frozen=True)
class Gain(AugmentationPart):
    """Every clip louder or softer by a random level.

    The level is added in the log domain, which is exact where the mel power is far above the front end's `log_offset`.
    Of clips that came standardised already, the deviation of every band is taken as one.

    Args:
        max_db: The level is uniform over -max_db..max_db.

    Source:
        Koutini et al., "Efficient training of audio transformers with patchout", Interspeech 2022, on waveforms.
    """

    max_db: float = 6.0

    def __post_init__(self) -> None:
        self.check_number("max_db")


@dataclass(frozen=True)
class PitchShift(AugmentationPart):
    """Every clip on a mel filterbank of another upper edge, which moves its sounds along the mel axis.

    The log-mels are stretched by linear interpolation. Exact are the places of the new bands and the change of power
    with their width, one number for all bands. Approximated are values between bands, which are right where the
    spectrum is smooth over a band; the lowest band of a lowered edge, which lies below all old ones, and the highest
    ones of a raised edge, about which nothing is known: both repeat the nearest band. An edge above half the sample
    rate is not drawn. The front end of the clips must be known.

    Args:
        range_hz: Width of the range around the front end's upper edge that the new edge is uniform over.

    Source:
        Koutini, Schlüter, Widmer, "CPJKU submission to DCASE21: cross-device audio scene classification with wide
        sparse frequency-damped CNNs".
    """

    range_hz: float = 1_000.0

    def __post_init__(self) -> None:
        self.check_number("range_hz")


@dataclass(frozen=True)
class DeviceResponse(AugmentationPart):
    """Clips as if recorded once more by another device, whose impulse response is drawn at random.

    A response is applied as its power in each mel band, the mean of |H|^2 over the band's filter, added in the log
    domain. That is the effect of a convolution with a response much shorter than the window, as devices have (a room's
    has not), where the clip's spectrum or |H|^2 is flat over a band and the mel power far above `log_offset`. Responses
    are scaled so that white noise keeps its power: the level is left to `Gain`. The front end of the clips must be
    known.

    Args:
        p: Probability that a clip is changed.
        folder: The folder of responses as WAV files, also in folders below; None draws synthetic cheap microphones.
        n_responses: Synthetic responses to choose from.
        strength_db: Deviation of the synthetic responses within their band.
        seed: The seed of the synthetic responses.
        reference_only: Whether clips of other devices than the first, the reference, stay as they are; where no
            devices are known, none does.

    Source:
        Morocutti et al., "Device-robust acoustic scene classification via impulse response augmentation", EUSIPCO 2023.
    """

    p: float = 0.5
    folder: str | None = None
    n_responses: int = 64
    strength_db: float = 4.0
    seed: int = 0
    reference_only: bool = False

    def __post_init__(self) -> None:
        self.check_share("p")
        self.check_count("n_responses")
        self.check_number("strength_db")
        self.check_count("seed", at_least=0)
        if self.folder is not None and (not isinstance(self.folder, str) or not self.folder):
            raise self.fault("folder", "the path of a folder, or None")
        if not isinstance(self.reference_only, bool):
            raise self.fault("reference_only", "True or False")
