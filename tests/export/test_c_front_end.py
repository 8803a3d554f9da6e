"""The front end as C against the training's in float64: clips, streams, and what it refuses."""

import numpy as np
import pytest

from nas_asc.errors import ExportError
from nas_asc.export import build_c, build_copy
from nas_asc.export.c.front_end import quantise_clip
from nas_asc.frontend import LogMel
from tests.export.c_code import build_system, draw_recordings, needs_compiler, write_system

FRONT_ENDS = {
    "asc": LogMel(sample_rate=16_000, n_fft=512, win_length=400, hop_length=320, n_mels=40),
    "odd rate": LogMel(sample_rate=22_050, n_fft=1024, win_length=882, hop_length=441, n_mels=64, f_min=50.0),
    "default": LogMel(),
    "full band": LogMel(sample_rate=44_100, n_fft=2048, win_length=1764, hop_length=882, n_mels=64, f_max=16_000.0),
    "stereo": LogMel(sample_rate=22_050, n_fft=2048, win_length=2048, hop_length=512, n_mels=96, n_channels=2),
    "not centred": LogMel(sample_rate=16_000, n_fft=1024, win_length=640, hop_length=320, n_mels=40, center=False),
    "kept bands": LogMel(
        sample_rate=16_000,
        n_fft=512,
        win_length=401,
        hop_length=500,
        n_mels=32,
        center=False,
        n_channels=2,
        kept_bands=tuple(range(3, 20)),
    ),
    "smallest": LogMel(sample_rate=8_000, n_fft=16, win_length=15, hop_length=8, n_mels=4),
}
N_CLIPS, CLIP_S = 100, 0.5
MOST_DIFFERENT = 1 / 5_000


@pytest.mark.parametrize("log_mel", FRONT_ENDS.values(), ids=list(FRONT_ENDS))
def test_features_are_those_of_training(log_mel, tmp_path):
    needs_compiler()
    network, metadata, _ = write_system(tmp_path, log_mel, clip_s=CLIP_S)
    clips = draw_recordings(log_mel, CLIP_S, N_CLIPS, seed=1)
    into = network.model.quantisation(network.input)
    expected = np.stack([quantise_clip(clip, metadata, into) for clip in clips]).astype(int)
    with build_copy(tmp_path) as build:
        found = np.frombuffer(build.run("log_mel", clips.swapaxes(1, 2)), np.int8).reshape(expected.shape)
    different = np.abs(found - expected)
    assert len(np.unique(expected)) > 100
    assert different.max() <= 1
    assert (different > 0).mean() <= MOST_DIFFERENT


def test_transform_of_another_length_is_told():
    network, metadata, recordings = build_system(LogMel(sample_rate=8_000, n_fft=400, win_length=400, n_mels=16))
    with pytest.raises(ExportError, match=r"`n_fft` must be a power of two from 16 on for C, but got n_fft=400"):
        build_c(network, metadata, recordings[0])
