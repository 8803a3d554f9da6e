"""Clips a second of trainings as large as TAU's, on a GPU or what there is, and where an epoch's time goes.

    python tests/benchmarks/bench_gpu.py --torch-device cuda --clips 139620

CP-Mobile-2024 and the first guess of `asc` are trained by `nas_asc.training.Trainer` on random log-mels, each in
float32 and in bfloat16 where the device has it, in batches of 256. The first epoch, which also prepares memory and
kernels, is left out. Uploading is timed by itself; drawing is the part of an epoch before its first step.
"""

import argparse
import statistics
import time
from dataclasses import replace

import torch

from nas_asc.models import build_model
from nas_asc.recipe import Recipe
from nas_asc.space import Design, load_space
from nas_asc.training import (
    Clips,
    Trainer,
    choose_precision,
    has_bfloat16_units,
    prepare_process,
    resolve_device,
    upload,
)

N_CLASSES = 10


def list_designs() -> dict[str, Design]:
    """The networks, with the front ends and recipes that belong to them."""
    mobile, asc = load_space("cp_mobile"), load_space("asc")
    system = mobile.systems["CP-Mobile-2024"]
    plain = mobile.build(system.candidate, system.task)
    return {
        "CP-Mobile-2024": replace(plain, recipe=Recipe()),
        "first guess of asc": asc.build(asc.guesses[0], system.task),
    }


def make_clips(design: Design, n_clips: int, torch_device: torch.device) -> tuple[Clips, float]:
    """Random clips on the device, and the seconds that they took there."""
    shape, rows = design.architecture.in_shape, torch.arange(n_clips)
    features = torch.zeros(n_clips, *shape, dtype=torch.float16)
    for part in features.split(4_096):
        part.copy_(torch.randn(part.shape))
    started = time.perf_counter()
    there = upload(features.numpy(), torch_device)
    float(there[-1, 0, 0, 0])  # waits for it
    seconds = time.perf_counter() - started
    facts = {"cities": rows % 12, "devices": rows % 9, "device_names": tuple("abcdefghi"), "log_mel": design.log_mel}
    ones = torch.ones(shape[1])
    return Clips(there, rows % N_CLASSES, 0 * ones, ones, **facts), seconds


def time_epoch(trainer: Trainer) -> tuple[float, float]:
    """Seconds of an epoch, and of what it draws before its first step."""
    started, total = time.perf_counter(), torch.zeros((), device=trainer.torch_device)
    with trainer.epoch() as batches:
        drawn_s = time.perf_counter() - started
        for batch in batches:
            total += trainer.step(*trainer.build_batch(batch))
    float(total)
    return time.perf_counter() - started, drawn_s


def main() -> None:
    """Print a line for each network and precision."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch-device", default="auto")
    parser.add_argument("--clips", type=int, default=139_620)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    prepare_process()
    device = resolve_device(options.torch_device)
    print(f"torch {torch.__version__}, {device}, precision chosen: {choose_precision(device)}")
    precisions = [torch.float32, *([torch.bfloat16] if has_bfloat16_units(device) else [])]
    for name, design in list_designs().items():
        clips, uploaded_s = make_clips(design, options.clips, device)
        print(f"{name}: {clips.n_bytes / 1e9:.2f} GB of log-mels, uploaded in {uploaded_s:.2f} s")
        for precision in precisions:
            trainer = Trainer(
                build_model(design.architecture),
                clips,
                recipe=replace(design.recipe, batch_size=options.batch, adaptation=None),
                n_classes=N_CLASSES,
                n_epochs=options.epochs + 1,
                seed=0,
                torch_device=device,
                precision=precision,
            )
            found = [time_epoch(trainer) for _ in range(options.epochs + 1)][1:]
            whole_s, drawn_s = (statistics.median(values) for values in zip(*found, strict=True))
            print(
                f"  {precision}: {options.clips / whole_s:9.0f} clips/s, {whole_s:.2f} s an epoch of"
                f" {trainer.n_batches} steps, {drawn_s:.2f} s of it drawn before the first"
            )


if __name__ == "__main__":
    main()
