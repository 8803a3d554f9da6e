"""Training and prediction speed, measured against the loops that a user would write.

    python tests/benchmarks/bench_training.py --data ../shared/data/esc10

Three loops train the 61k-parameter CP-Mobile (1 x 64 x 251) on the same clips, each in a process of its own, an epoch
at a time in turns, so that they meet the same load:
    decoding: a Dataset that decodes, resamples and computes the log-mel of each item, DataLoader workers, float32;
    cached: the same loop on log-mels kept in memory;
    nas_asc: `nas_asc.training.Trainer` with the default recipe, augmentation included.
All take batches of 32. The user's loops do without augmentation, which favours them. Then 29,680 one-second clips
(1 x 256 x 65) are predicted.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import soundfile
import torch
import torch.multiprocessing as multiprocessing
import torchaudio
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from nas_asc.layers import Architecture, Classifier, Conv, InvertedBottleneck
from nas_asc.models import build_model
from nas_asc.recipe import Recipe
from nas_asc.training import Clips, Trainer, choose_precision, predict, prepare_process

SAMPLE_RATE, CLIP_S, N_MELS, HOP = 22_050, 5, 64, 441
CPU = torch.device("cpu")
N_WORKERS, BATCH_SIZE = 2, 32


def cp_mobile(in_shape: tuple[int, int, int]) -> Architecture:
    """The DCASE 2024 baseline, 61,148 parameters."""
    conv = {"kernel_size": 3, "stride": 2, "padding": 1, "norm": "batch", "activation": "relu"}
    plan = ((32, 1), (32, 1), (32, (1, 2)), (56, (2, 1)), (56, 1), (104, 1))
    blocks = (InvertedBottleneck(width, expansion=2.1, stride=stride) for width, stride in plan)
    return Architecture((Conv(8, **conv), Conv(32, **conv), *blocks, Classifier()), in_shape, 10)


class Recordings(Dataset):
    """Log-mel and label of each file, computed when asked for."""

    def __init__(self, root: Path) -> None:
        self.paths = sorted((root / "audio").glob("*.ogg")) or sorted((root / "audio").glob("*.wav"))
        names = sorted({path.stem.split("-")[-1] for path in self.paths})
        self.labels = [names.index(path.stem.split("-")[-1]) for path in self.paths]
        self.mel = torchaudio.transforms.MelSpectrogram(
            SAMPLE_RATE, n_fft=1024, win_length=882, hop_length=HOP, n_mels=N_MELS
        )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        samples, rate = soundfile.read(self.paths[index], dtype="float32", always_2d=True)
        waveform = torch.from_numpy(samples.mean(axis=1))
        waveform = torchaudio.functional.resample(waveform, rate, SAMPLE_RATE)[: CLIP_S * SAMPLE_RATE]
        waveform = nn.functional.pad(waveform, (0, CLIP_S * SAMPLE_RATE - len(waveform)))
        log_mel = torch.log(self.mel(waveform) + 1e-5)
        return ((log_mel + 4.5) / 5)[None], self.labels[index]


def user_epoch(data: Dataset) -> Callable[[], dict[str, float]]:
    """The loop of a user: DataLoader, eager float32, AdamW."""
    model = build_model(cp_mobile((1, N_MELS, 251)))
    loader = DataLoader(data, batch_size=BATCH_SIZE, shuffle=True, num_workers=N_WORKERS, persistent_workers=True)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def train() -> dict[str, float]:
        model.train()
        for features, labels in loader:
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(features), labels).backward()
            optimiser.step()
        return {}

    return train


def our_epoch(data: TensorDataset) -> Callable[[], dict[str, float]]:
    """The project's trainer, with the time outside forward, backward and optimiser taken apart."""
    prepare_process()
    features, labels = data.tensors
    clips = Clips(features.half(), labels, features.mean(dim=(0, 1, 3)), features.std(dim=(0, 1, 3)))
    model = build_model(cp_mobile((1, N_MELS, 251)))
    precision = choose_precision(CPU)
    options = {"recipe": Recipe(batch_size=BATCH_SIZE), "n_classes": 10, "n_epochs": 1000, "seed": 0}
    trainer = Trainer(model, clips, torch_device=CPU, precision=precision, **options)

    def train() -> dict[str, float]:
        started = time.perf_counter()
        with trainer.epoch() as batches:
            outside = time.perf_counter() - started
            for batch in batches:
                drawn = time.perf_counter()
                built = trainer.build_batch(batch)
                outside += time.perf_counter() - drawn
                trainer.step(*built)
        return {"outside": outside / (time.perf_counter() - started)}

    return train


def serve(kind: str, root: Path, cached: TensorDataset, connection: Connection) -> None:
    """Train an epoch whenever asked, and send its seconds; ends at None."""
    makers = {"decoding": lambda: user_epoch(Recordings(root)), "cached": lambda: user_epoch(cached)}
    train = makers.get(kind, lambda: our_epoch(cached))()
    while connection.recv() is not None:
        started = time.perf_counter()
        extra = train()
        connection.send({"seconds": time.perf_counter() - started} | extra)


def bench_training(root: Path, n_rounds: int) -> None:
    """Print clips a second of the three loops, and their ratios, as medians over rounds in turns."""
    recordings = Recordings(root)
    items = [recordings[index] for index in range(len(recordings))]
    cached = TensorDataset(torch.stack([item[0] for item in items]), torch.tensor([item[1] for item in items]))
    context = multiprocessing.get_context("spawn")
    kinds, pipes, found = ("decoding", "cached", "nas_asc"), {}, {}
    for kind in kinds:
        pipes[kind], theirs = context.Pipe()
        context.Process(target=serve, args=(kind, root, cached, theirs)).start()
    for n_round in range(n_rounds + 1):
        for kind in kinds:
            pipes[kind].send("epoch")
            row = pipes[kind].recv()
            if n_round:
                found.setdefault(kind, []).append(row)
    for pipe in pipes.values():
        pipe.send(None)
    report_training(found, len(items))


def report_training(found: dict[str, list[dict[str, float]]], n_clips: int) -> None:
    """Print one line a loop and the ratios, each the median of the ratios of one round."""
    seconds = {kind: [row["seconds"] for row in rows] for kind, rows in found.items()}
    for kind, values in seconds.items():
        median = statistics.median(values)
        spread = f"{n_clips / max(values):.0f} to {n_clips / min(values):.0f}"
        print(f"{kind:9} {n_clips / median:7.1f} clips/s  ({spread}; {median:.2f} s an epoch of {n_clips} clips)")
    for kind in ("decoding", "cached"):
        ratios = [theirs / ours for theirs, ours in zip(seconds[kind], seconds["nas_asc"], strict=True)]
        print(f"nas_asc against {kind}: {statistics.median(ratios):.2f} times")
    outside = statistics.median(row["outside"] for row in found["nas_asc"])
    print(f"outside forward, backward and optimiser: {100 * outside:.2f} % of an epoch")


def bench_prediction(n_clips: int) -> None:
    """Print clips a second of predicting cached one-second clips in float32 and in bfloat16 (a tenth of them)."""
    model = build_model(cp_mobile((1, 256, 65)))
    rng = np.random.default_rng(0)
    features = rng.standard_normal((n_clips, 1, 256, 65), dtype=np.float32).astype(np.float16)
    for precision, n_used in ((torch.float32, n_clips), (torch.bfloat16, n_clips // 10)):
        clips = Clips(features[:n_used], mean=torch.zeros(256), std=torch.ones(256))
        started = time.perf_counter()
        predict(model, clips, torch_device=CPU, precision=precision)
        seconds = time.perf_counter() - started
        print(f"prediction {precision}: {n_used / seconds:7.1f} clips/s  ({seconds:.1f} s for {n_used} clips)")


def main() -> None:
    """Run both benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of ESC-10 in ESC-50's layout")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--predict", type=int, default=29_680, help="clips to predict")
    options = parser.parse_args()
    prepare_process()
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}")
    print(f"precision chosen: {choose_precision(CPU)}")
    bench_training(options.data, options.rounds)
    bench_prediction(options.predict)


if __name__ == "__main__":
    main()
