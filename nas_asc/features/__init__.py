"""Log-mels of recordings: the one definition of the front end, computed once and kept on disk.

Conventions:
    Features are (n, C, F, T) float16 on disk: two bytes a value, so `bytes_per_clip` a clip. Natural logarithms of
    mel powers lie between about -12 and 12, where float16 is exact to 0.004. Standardisation is per mel band, with
    mean and deviation of training clips only.
"""

from nas_asc.features.log_mel import log_mel_batch, resample, validate_front_end
from nas_asc.features.standardiser import fit_standardiser
from nas_asc.features.table import FeatureTable, bytes_per_clip, compute_features, default_cache_dir

__all__ = [
    "FeatureTable",
    "bytes_per_clip",
    "compute_features",
    "default_cache_dir",
    "fit_standardiser",
    "log_mel_batch",
    "resample",
    "validate_front_end",
]
