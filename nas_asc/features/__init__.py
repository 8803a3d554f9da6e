"""Log-mels of recordings: the one definition of the front end, computed once and kept on disk.

Conventions:
    Features are (n, C, F, T) float16 on disk: two bytes a value, so `bytes_per_clip` a clip. Natural logarithms of
    mel powers of recordings lie between log(log_offset), -11.5, and about 16 at full scale, where float16 is off by at
    most 0.004 (0.008 above 16): far inside its range. Standardisation is per mel band, with mean and deviation of
    training clips only.
"""

from nas_asc.features.compute import iterate_batches
from nas_asc.features.decoded import forget_waveforms
from nas_asc.features.log_mel import log_mel_batch, resample, validate_front_end
from nas_asc.features.recordings import Recordings, count_recording_bytes, load_recordings
from nas_asc.features.room import FeatureRoom
from nas_asc.features.standardiser import fit_standardiser
from nas_asc.features.storage import clear_cache, count_cached_bytes, default_cache_bytes, default_cache_dir
from nas_asc.features.table import FeatureTable, bytes_per_clip, compute_features, features_file

__all__ = [
    "FeatureRoom",
    "FeatureTable",
    "Recordings",
    "bytes_per_clip",
    "clear_cache",
    "compute_features",
    "count_cached_bytes",
    "count_recording_bytes",
    "default_cache_bytes",
    "default_cache_dir",
    "features_file",
    "fit_standardiser",
    "forget_waveforms",
    "iterate_batches",
    "load_recordings",
    "log_mel_batch",
    "resample",
    "validate_front_end",
]
