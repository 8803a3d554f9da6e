"""What a GPU makes of trainings, each part in less than 8 minutes; on a CPU with few clips to see that it runs.

    python tests/benchmarks/bench_gpu.py training features tau search profile --torch-device cuda

training: clips a second of CP-Mobile-2024 and of the first guess of `asc` in batches of 256, in each arithmetic that
    the device may gain by, on random log-mels of TAU's number; the first epoch, which prepares memory and kernels, is
    left out. Uploading is timed by itself; drawing is the part of an epoch before its first step. With the package of
    an earlier commit first in PYTHONPATH (2eca39f is the one before steps without copies), it times that one's loop.
features: seconds in which recordings of TAU's number go to the device and a front end is made of them there, and what
    the CPU's way takes for some of them. The recordings are noise of 1 s.
tau: a training of CP-Mobile-2024 on 139,620 clips of 256 bands and 65 frames, 30 epochs, in the arithmetic that is
    chosen, beside the time in which the device's memory could give and take what its steps read and write.
search: complete trials an hour of `nas-asc search` with 1, 2, 4 and 8 trainings at a time, on the embedded scenes.
profile: launches of a step and the operations that take most of its time.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from nas_asc.data import load_data_set
from nas_asc.models import build_model
from nas_asc.recipe import Recipe
from nas_asc.space import Design, load_space
from nas_asc.training import Clips, Trainer, prepare_process, resolve_device

N_CLASSES, RATE = 10, 44_100
N_STEPS_OF_PROFILE = 20
FRONT_ENDS = 5
LAUNCHES = ("cudaGraphLaunch", "cudaLaunchKernel", "cudaLaunchKernelExC", "cuLaunchKernel")
VIEWS = ("view", "expand", "permute", "slice", "select", "unsqueeze", "squeeze", "detach", "alias", "as_strided", "t")


def list_designs() -> dict[str, Design]:
    """The networks, with the front ends and recipes that belong to them."""
    mobile, asc = load_space("cp_mobile"), load_space("asc")
    system = mobile.systems["CP-Mobile-2024"]
    plain = mobile.build(system.candidate, system.task)
    return {
        "CP-Mobile-2024": replace(plain, recipe=Recipe()),
        "first guess of asc": asc.build(asc.guesses[0], system.task),
    }


def wait(device: torch.device) -> None:
    """Until the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def make_clips(design: Design, n_clips: int, device: torch.device) -> tuple[Clips, float]:
    """Random clips on the device, and the seconds that they took there."""
    shape, rows = design.architecture.in_shape, torch.arange(n_clips)
    features = torch.zeros(n_clips, *shape, dtype=torch.float16)
    for part in features.split(4_096):
        part.copy_(torch.randn(part.shape))
    facts = {"cities": rows % 12, "devices": rows % 9, "device_names": tuple("abcdefghi"), "log_mel": design.log_mel}
    ones = torch.ones(shape[1])
    started = time.perf_counter()
    there = Clips(features.numpy(), rows % N_CLASSES, 0 * ones, ones, **facts).to_device(device)
    wait(device)
    seconds = time.perf_counter() - started
    return replace(there, mean=0 * ones, std=ones), seconds


def list_arithmetics(device: torch.device) -> list[dict[str, Any]]:
    """Options of a trainer that are compared; of an earlier package the precisions alone."""
    try:
        from nas_asc.training import list_arithmetics as list_all
    except ImportError:
        half = [{"precision": torch.bfloat16}] if device.type == "cuda" else []
        return [{"precision": torch.float32}, *half]
    return [vars(each) for each in list_all(device)]


def describe(arithmetic: dict[str, Any]) -> str:
    """An arithmetic in a few words."""
    words = [str(value).removeprefix("torch.") for key, value in arithmetic.items() if key != "graphs"]
    return ", ".join([*words, *(["steps recorded"] if arithmetic.get("graphs") else [])])


def build_trainer(
    design: Design, clips: Clips, options: argparse.Namespace, n_epochs: int, **arithmetic: Any
) -> Trainer:
    """A trainer of the design without its adaptation, in batches of the size that is asked."""
    if arithmetic.pop("graphs", False):
        from nas_asc.training import CudaRecorder

        arithmetic["recorder"] = CudaRecorder(options.device)
    return Trainer(
        build_model(design.architecture),
        clips,
        recipe=replace(design.recipe, batch_size=options.batch, adaptation=None),
        n_classes=N_CLASSES,
        n_epochs=n_epochs,
        seed=0,
        torch_device=options.device,
        **arithmetic,
    )


def time_epoch(trainer: Trainer) -> tuple[float, float]:
    """Seconds of an epoch, and of what it draws before its first step."""
    build: Callable[[Any], tuple[torch.Tensor, ...]] = getattr(trainer, "draw_batch", None) or trainer.build_batch
    started, total = time.perf_counter(), torch.zeros((), device=trainer.torch_device)
    with trainer.epoch() as batches:
        drawn_s = time.perf_counter() - started
        for batch in batches:
            total += trainer.step(*build(batch))
    float(total)
    return time.perf_counter() - started, drawn_s


def training(options: argparse.Namespace) -> Iterator[str]:
    """Clips a second of two networks in each arithmetic."""
    for name, design in list_designs().items():
        clips, uploaded_s = make_clips(design, options.clips, options.device)
        yield f"{name}: {clips.n_bytes / 1e9:.2f} GB of log-mels, uploaded in {uploaded_s:.2f} s"
        for arithmetic in list_arithmetics(options.device):
            trainer = build_trainer(design, clips, options, options.epochs + 1, **arithmetic)
            found = [time_epoch(trainer) for _ in range(options.epochs + 1)][1:]
            whole_s, drawn_s = (statistics.median(values) for values in zip(*found, strict=True))
            yield (
                f"  {describe(arithmetic)}: {options.clips / whole_s:9.0f} clips/s, {whole_s:.2f} s"
                f" an epoch of {trainer.n_batches} steps, {drawn_s:.2f} s of it drawn before the first"
            )
            del trainer


def features(options: argparse.Namespace) -> Iterator[str]:
    """Seconds of front ends made on the device, and on the CPU."""
    from nas_asc.features import fit_standardiser, iterate_batches, load_recordings

    noise = np.random.default_rng(0).integers(-3_000, 3_000, 4 * RATE).astype(np.float32) / 2**15
    scenes, n_clips = load_data_set(), options.clips
    columns = {
        name: np.resize(getattr(scenes, name), n_clips)
        for name in ("paths", "labels", "groups", "devices", "cities", "parts", "folds")
    }
    data = replace(scenes, **columns, digest="noise", synthesise=lambda row: noise[row % RATE :][:RATE])
    started = time.perf_counter()
    rows = np.arange(n_clips)
    recordings = load_recordings(data, rows, n_channels=1, torch_device=options.device, has_room=lambda n_bytes: True)
    assert recordings is not None
    wait(options.device)
    n_bytes = recordings.waveforms.nbytes
    yield f"{n_clips} recordings, {n_bytes / 1e9:.2f} GB, on the device in {time.perf_counter() - started:.2f} s"
    asc = load_space("asc")
    fronts = [asc.build(each, scenes.task).log_mel for each in asc.draw_many(np.random.default_rng(0), 4 * FRONT_ENDS)]
    for log_mel in [list_designs()["CP-Mobile-2024"].log_mel, *dict.fromkeys(fronts)][:FRONT_ENDS]:
        started = time.perf_counter()
        table, _ = recordings.transform(log_mel)
        wait(options.device)
        made_s = time.perf_counter() - started
        fit_standardiser(table)
        fitted_s = time.perf_counter() - started - made_s
        some = rows[: max(1, min(n_clips, 2_000))]
        started = time.perf_counter()
        with closing(iterate_batches(data, log_mel, some)) as batches:
            for _ in batches:
                pass
        cpu_s = (time.perf_counter() - started) * n_clips / len(some)
        yield (
            f"  {log_mel.sample_rate} Hz, n_fft {log_mel.n_fft}, hop {log_mel.hop_length}, {log_mel.n_mels} bands:"
            f" {made_s:.2f} s and {fitted_s:.2f} s to standardise; {cpu_s:.1f} s on the CPU, by {len(some)} clips"
        )
        del table


class Traffic(TorchDispatchMode):
    """Counts the bytes that operations read and write, views left out."""

    def __init__(self) -> None:
        super().__init__()
        self.n_bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call the operation, and count."""
        found = func(*args, **(kwargs or {}))
        if not func.__name__.split(".")[0].strip("_").startswith(VIEWS):
            tensors = [each for each in tree_leaves((args, kwargs, found)) if isinstance(each, torch.Tensor)]
            self.n_bytes += sum(each.nbytes for each in tensors)
        return found


def measure_bandwidth(device: torch.device, n_bytes: int) -> float:
    """Bytes a second that a copy within the device's memory reads and writes."""
    source = torch.zeros(n_bytes, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        target.copy_(source)
        wait(device)
        seconds.append(time.perf_counter() - started)
    return 2 * n_bytes / min(seconds)


def choose(design: Design, options: argparse.Namespace) -> dict[str, Any]:
    """The faster arithmetic of a few epochs of some clips."""
    from nas_asc.training import Arithmetic, fastest_arithmetic

    clips, _ = make_clips(design, min(options.clips, 40 * options.batch), options.device)
    seconds = {}
    for each in list_arithmetics(options.device):
        trainer = build_trainer(design, clips, options, 3, **each)
        seconds[Arithmetic(**each)] = min(time_epoch(trainer)[0] for _ in range(3))
    return vars(fastest_arithmetic(seconds))


def tau(options: argparse.Namespace) -> Iterator[str]:
    """A whole training of TAU's size, and what the memory alone would take."""
    design = list_designs()["CP-Mobile-2024"]
    arithmetic = choose(design, options)
    yield f"chosen: {describe(arithmetic)}"
    clips, uploaded_s = make_clips(design, options.clips, options.device)
    trainer = build_trainer(design, clips, options, options.tau_epochs, **arithmetic)
    started, n_done = time.perf_counter(), 0
    while n_done < options.tau_epochs and time.perf_counter() - started < options.seconds:
        time_epoch(trainer)
        n_done += 1
    seconds = time.perf_counter() - started
    yield (
        f"{n_done} of {options.tau_epochs} epochs of {options.clips} clips {tuple(design.architecture.in_shape)} in"
        f" {seconds:.1f} s after {uploaded_s:.2f} s of uploading: {n_done * options.clips / seconds:.0f} clips/s"
    )
    counted = build_trainer(design, clips, options, 1, **(arithmetic | {"graphs": False}))
    with counted.epoch() as batches, Traffic() as traffic:
        counted.step(*counted.build_batch(batches[0]))
    bandwidth = measure_bandwidth(options.device, options.bandwidth_bytes)
    limit_s = traffic.n_bytes / bandwidth
    step_s = seconds / n_done / trainer.n_batches
    yield (
        f"a step of {len(batches[0])} clips: {1e3 * step_s:.2f} ms; its operations read and write"
        f" {traffic.n_bytes / 1e9:.2f} GB, which takes {1e3 * limit_s:.2f} ms at {bandwidth / 1e9:.0f} GB/s:"
        f" {limit_s / step_s:.0%} of that limit"
    )


def search(options: argparse.Namespace) -> Iterator[str]:
    """Complete trials an hour with several trainings at a time."""
    from nas_asc.study import load_records

    on_gpu = options.device.type == "cuda"
    for n in options.per_gpu:
        with tempfile.TemporaryDirectory() as folder:
            where = ["--gpus", "0", "--per-gpu", str(n)] if on_gpu else ["--torch-device", "cpu", "--workers", str(n)]
            command = [sys.executable, "-m", "nas_asc.cli", "search", "--space", "cp_mobile", "--study", "bench"]
            command += ["--sampler", "random", "--final-seeds", "1", "--no-refit", "--no-warm-start"]
            command += ["--epochs", str(options.trial_epochs), "--timeout", f"{options.search_s}s", *where]
            started = time.perf_counter()
            ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            seconds = time.perf_counter() - started
            if ran.returncode not in (0, 3):
                yield f"  {n}: {(ran.stderr or ran.stdout).strip().splitlines()[-1]}"
                continue
            records = load_records(Path(folder) / "studies" / "bench")
            complete = [record for record in records if record.is_complete]
            mean_s = statistics.mean([record.seconds for record in complete]) if complete else float("nan")
            yield (
                f"  {n} at a time: {3_600 * len(complete) / seconds:7.1f} trials/h, {len(complete)} complete in"
                f" {seconds:.0f} s, {mean_s:.1f} s each"
            )


def profile(options: argparse.Namespace) -> Iterator[str]:
    """Launches of a step and what takes its time."""
    on_gpu = options.device.type == "cuda"
    kinds = [torch.profiler.ProfilerActivity.CPU, *([torch.profiler.ProfilerActivity.CUDA] if on_gpu else [])]
    for name, design in list_designs().items():
        clips, _ = make_clips(design, min(options.clips, 40 * options.batch), options.device)
        for arithmetic in list_arithmetics(options.device):
            trainer = build_trainer(design, clips, options, 2, **arithmetic)
            time_epoch(trainer)
            with trainer.epoch() as batches:
                some = batches[:N_STEPS_OF_PROFILE]
                wait(options.device)
                with torch.profiler.profile(activities=kinds) as found:
                    for batch in some:
                        trainer.step(*trainer.build_batch(batch))
                    wait(options.device)
            events = found.events() or []
            launches = sum(
                event.name in ("cudaLaunchKernel", "cudaLaunchKernelExC", "cuLaunchKernel") for event in events
            )
            yield f"{name}, {describe(arithmetic)}: {launches / len(some):.0f} launches a step"
            order = "self_cuda_time_total" if on_gpu else "self_cpu_time_total"
            yield found.key_averages().table(sort_by=order, row_limit=12, max_name_column_width=60)


PARTS = {part.__name__: part for part in (training, features, tau, search, profile)}


def main() -> None:
    """Print the lines of each part that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"Of {', '.join(PARTS)}; none is all.")
    parser.add_argument("--torch-device", default="auto")
    parser.add_argument("--clips", type=int, default=139_620)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=3, help="Of each network in `training`.")
    parser.add_argument("--tau-epochs", type=int, default=30)
    parser.add_argument("--trial-epochs", type=int, default=20, help="Of a trial in `search`.")
    parser.add_argument("--per-gpu", type=int, nargs="*", default=[1, 2, 4, 8])
    parser.add_argument("--search-s", type=int, default=90, help="Of each search.")
    parser.add_argument("--seconds", type=float, default=400.0, help="After which no epoch of `tau` begins.")
    parser.add_argument("--bandwidth-bytes", type=int, default=2**32, help="Copied to know the memory's speed.")
    options = parser.parse_args()
    prepare_process()
    options.device = resolve_device(options.torch_device)
    name = torch.cuda.get_device_name(options.device) if options.device.type == "cuda" else "CPU"
    print(f"torch {torch.__version__}, {name}, {options.clips} clips, batches of {options.batch}", flush=True)
    for part in options.parts or PARTS:
        started = time.perf_counter()
        print(f"-- {part}", flush=True)
        for line in PARTS[part](options):
            print(line, flush=True)
        print(f"-- {part} took {time.perf_counter() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
