"""What the features of a front end take, and whether there is room for them."""

from dataclasses import dataclass
from pathlib import Path

from nas_asc.features.storage import most_kept_bytes, most_table_bytes
from nas_asc.features.table import bytes_per_clip
from nas_asc.frontend import LogMel
from nas_asc.units import format_short


@dataclass(frozen=True)
class FeatureRoom:
    """Room for the features of some clips.

    Args:
        n_clips: Whose features are kept together.
        clip_s: Their length in seconds.
        most_bytes: That one front end's features may take.
        kept_bytes: That all kept features take at most; the least used go first.
        is_asked: Whether the user set the limit, not the disk.
    """

    n_clips: int
    clip_s: float
    most_bytes: int
    kept_bytes: int
    is_asked: bool = False

    @classmethod
    def of_disk(cls, n_clips: int, clip_s: float, *, cache_dir: Path | None, cache_bytes: int | None) -> "FeatureRoom":
        """The room that there is now.

        Args:
            n_clips: Whose features are kept together.
            clip_s: Their length in seconds.
            cache_dir: Where features are kept; None is the user's cache folder.
            cache_bytes: Most bytes of features kept there; None is a fifth of the free disk.
        """
        most, kept = most_table_bytes(cache_dir, cache_bytes), most_kept_bytes(cache_dir, cache_bytes)
        return cls(n_clips, clip_s, most, kept, is_asked=most == cache_bytes)

    def n_bytes(self, log_mel: LogMel) -> int:
        """What a front end's features take.

        >>> FeatureRoom(139_620, 1.0, most_bytes=10**12, kept_bytes=10**11).n_bytes(LogMel())
        4646553600
        """
        return self.n_clips * bytes_per_clip(log_mel, self.clip_s)

    def refusal(self, log_mel: LogMel) -> str | None:
        """Why a front end cannot be used, in a few words; None where its features fit.

        >>> FeatureRoom(139_620, 1.0, most_bytes=4 * 10**9, kept_bytes=10**9).refusal(LogMel())
        'features larger than the disk (4GB)'
        """
        if self.n_bytes(log_mel) <= self.most_bytes:
            return None
        return f"features larger than {'the cache' if self.is_asked else 'the disk'} ({format_short(self.most_bytes)}B)"
