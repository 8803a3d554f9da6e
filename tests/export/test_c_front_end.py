"""The front end as C against the training's in float64: clips, streams, and what it refuses."""

import subprocess

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
COUNTER = r"""
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
static long n_operations;
struct Counted {
    float value;
    Counted() = default;
    constexpr Counted(float given) : value(given) {}
    explicit operator int8_t() const { return (int8_t)value; }
};
static Counted count(float value) { n_operations++; return value; }
static Counted operator+(Counted a, Counted b) { return count(a.value + b.value); }
static Counted operator-(Counted a, Counted b) { return count(a.value - b.value); }
static Counted operator*(Counted a, Counted b) { return count(a.value * b.value); }
static Counted &operator+=(Counted &a, Counted b) { return a = a + b; }
static bool operator<(Counted a, Counted b) { return a.value < b.value; }
static bool operator>(Counted a, Counted b) { return a.value > b.value; }
static Counted logf(Counted a) { return count(logf(a.value)); }
static Counted rintf(Counted a) { return rintf(a.value); }
#define float Counted
#include "log_mel.c"
#include "log_mel_tables.c"
#undef float
#include "classify.h"
static int16_t samples[LOG_MEL_CLIP_SAMPLES * LOG_MEL_N_CHANNELS];
static int8_t features[CLASSIFY_COLUMN_BYTES];
int main()
{
    log_mel_clip(samples, features);
    printf("%zu %zu %d %d %d %ld", sizeof work, sizeof heard, CLASSIFY_COLUMN_BYTES, LOG_MEL_RAM_BYTES,
           LOG_MEL_N_WEIGHTS, n_operations);
}
"""
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


@pytest.mark.parametrize("log_mel", FRONT_ENDS.values(), ids=list(FRONT_ENDS))
def test_memory_and_operations_are_those_of_the_c(log_mel, tmp_path):
    needs_compiler()
    write_system(tmp_path, log_mel, clip_s=CLIP_S)
    (tmp_path / "count.cpp").write_text(COUNTER)
    command = ["c++", "-std=c++17", "-w", "-I.", "count.cpp", "-o", "count"]
    subprocess.run(command, cwd=tmp_path, check=True)
    printed = subprocess.run([tmp_path / "count"], capture_output=True, text=True, check=True).stdout
    found = log_mel.count(CLIP_S)
    columns = log_mel.n_channels * log_mel.n_bands * log_mel.n_frames(CLIP_S)
    assert [*map(int, printed.split())] == [
        found.spectrum_bytes,
        found.window_bytes,
        found.column_bytes,
        found.buffer_bytes,
        log_mel.count_filter_weights(),
        found.clip_operations,
    ]
    assert (found.column_bytes, found.ram_bytes) == (columns, log_mel.buffer_bytes + columns)
    assert found.clip_bytes == 2 * log_mel.n_channels * log_mel.n_samples(CLIP_S)
    assert found.clip_operations == log_mel.n_frames(CLIP_S) * found.frame_operations


def test_transform_of_another_length_is_told():
    network, metadata, recordings = build_system(LogMel(sample_rate=8_000, n_fft=400, win_length=400, n_mels=16))
    with pytest.raises(ExportError, match=r"`n_fft` must be a power of two from 16 on for C, but got n_fft=400"):
        build_c(network, metadata, recordings[0])
