"""Speed of features, measured against the loop that a user would write.

    python -m tests.benchmarks.bench_features --data ../shared/data/esc10

For each front end, in turns so that all meet the same load, the best round of each:
    loop: each clip decoded, resampled and transformed by itself, kept as float32 in memory; torch has all threads in
        one round and one thread in the next, whichever suits it better;
    first: `compute_features` in a process that has decoded nothing yet, kept on disk;
    next: the same for a further front end of the same recordings;
    read: the same again, from the disk into memory.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import torch
import torchaudio

from nas_asc.data import DataSet, load_data_set
from nas_asc.features import bytes_per_clip, compute_features, forget_waveforms
from nas_asc.frontend import LogMel

FRONT_ENDS = {
    "16 kHz, 64 mels": LogMel(sample_rate=16_000, n_fft=1_024, win_length=640, hop_length=320, n_mels=64),
    "22.05 kHz, 64 mels": LogMel(sample_rate=22_050, n_fft=1_024, win_length=882, hop_length=441, n_mels=64),
    "44.1 kHz, 40 mels": LogMel(sample_rate=44_100, n_fft=2_048, win_length=1_764, hop_length=882, n_mels=40),
    "32 kHz, 256 mels": LogMel(),
}


def compute_in_a_loop(data: DataSet, log_mel: LogMel) -> list[torch.Tensor]:
    """Log-mels one clip after another, as most repositories make them; synthetic scenes are made, not read."""
    mel = torchaudio.transforms.MelSpectrogram(
        log_mel.sample_rate, log_mel.n_fft, log_mel.win_length, log_mel.hop_length, n_mels=log_mel.n_mels
    )
    n_samples = log_mel.n_samples(data.clip_s)
    log_mels = []
    for row in range(len(data)):
        if data.root is None:
            samples = data.waveform(row)[:, None]
        else:
            samples, _ = soundfile.read(data.path(row), dtype="float32", always_2d=True)
        waveform = torch.from_numpy(samples.mean(axis=1))
        waveform = torchaudio.functional.resample(waveform, data.sample_rate, log_mel.sample_rate)[:n_samples]
        waveform = torch.nn.functional.pad(waveform, (0, n_samples - len(waveform)))
        log_mels.append(torch.log(mel(waveform) + log_mel.log_offset))
    return log_mels


def measure_s(call: Callable[[], object]) -> float:
    """Wall clock of one call in seconds."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure_round(data: DataSet, log_mel: LogMel, *, n_loop_threads: int) -> dict[str, float]:
    """Seconds of each way."""
    rows, n_threads = np.arange(len(data)), torch.get_num_threads()
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        torch.set_num_threads(n_loop_threads)
        seconds = {"loop": measure_s(lambda: compute_in_a_loop(data, log_mel))}
        torch.set_num_threads(n_threads)
        forget_waveforms()
        for name, cache in (("first", one), ("next", two), ("read", two)):
            seconds[name] = measure_s(
                lambda at=Path(cache): np.array(compute_features(data, log_mel, rows, cache_dir=at).array)
            )
    return seconds


def main() -> None:
    """Print one line a front end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder of recordings; the synthetic scenes without")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--front-end", choices=FRONT_ENDS, nargs="*", default=list(FRONT_ENDS))
    options = parser.parse_args()
    data = load_data_set(options.data)
    print(
        f"{data.name}: {len(data)} clips of {data.clip_s:g} s at {data.sample_rate} Hz; {os.cpu_count()} cores,"
        f" load {os.getloadavg()[0]:.1f}, torch {torch.__version__}, best of {options.rounds} rounds"
    )
    print(f"{'front end':20} {'kB/clip':>8} {'loop':>9} {'first':>9} {'next':>9} {'read':>9}   clips/s; next / loop")
    for name in options.front_end:
        log_mel = FRONT_ENDS[name]
        threads = [1 if number % 2 else torch.get_num_threads() for number in range(options.rounds)]
        rounds = [measure_round(data, log_mel, n_loop_threads=each) for each in threads]
        speed = {way: len(data) / min(each[way] for each in rounds) for way in rounds[0]}
        columns = " ".join(f"{speed[way]:9,.0f}" for way in speed)
        kilobytes = bytes_per_clip(log_mel, data.clip_s) / 1_000
        print(f"{name:20} {kilobytes:8.1f} {columns}   {speed['next'] / speed['loop']:.1f}", flush=True)


if __name__ == "__main__":
    main()
