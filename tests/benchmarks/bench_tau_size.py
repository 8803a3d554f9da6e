"""A search on as many recordings as TAU 2022 Mobile has: the time and the memory of all its parts.

    python tests/benchmarks/bench_tau_size.py /tmp/tau --trials 2

230,350 recordings of 1 s are listed in the data set's own grammar, with splits of 5 to 100 %; they are hard links to a
few hundred noises, coloured by scene and device. They are listed, split, planned and searched, each part in a process
of its own, by the smallest front end and network that say something. What was made is removed at the end; `--keep`
keeps it.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from tests.benchmarks.heading import machine, made_by
from tests.data.recordings import write_rows
from tests.data.tau_files import SCENES, SEEN, UNSEEN, Take, real_size_takes, write_tau

RATE, N_PIECES, N_VARIANTS = 16_000, 10, 4
SPACE = '''"""One small network on one small front end, in three widths."""

from nas_asc.frontend import LogMel
from nas_asc.layers import Classifier, Conv
from nas_asc.space import Space, choice

space = Space(width=choice(4, 6, 8))


@space.features
def features():
    return LogMel(sample_rate=8_000, n_fft=512, win_length=512, hop_length=500, n_mels=16)


@space.network
def network(width):
    yield Conv(width, kernel_size=3, stride=2, norm="batch", activation="relu")
    yield Conv(width, kernel_size=3, stride=2, norm="batch", activation="relu")
    yield Classifier()
'''


def write_data(root: Path) -> None:
    """The data set below `root`; its files are links to one noise for each scene, device and variant."""
    takes = real_size_takes()
    write_tau(root, takes, n_pieces=N_PIECES, audio=False)
    for percent in (5, 10, 25, 50, 100):
        write_split(root, takes, percent)
    sources = {key: write_noise(root / "sources", *key) for key in {_source(take, 0) for take in takes}}
    for variant in range(1, N_VARIANTS):
        keys = {(scene, device, variant) for scene, device, _ in sources}
        sources |= {key: write_noise(root / "sources", *key) for key in keys if key not in sources}
    (root / "audio").mkdir()
    for row, take in enumerate(takes):
        for name in take.names(N_PIECES):
            os.link(sources[_source(take, row % N_VARIANTS)], root / name)


def write_split(root: Path, takes: Sequence[Take], percent: int) -> None:
    """A training split of the 2024 challenge: an even share of the training recordings."""
    trained = [take for take in takes if take.part == "train"]
    kept = [take for row, take in enumerate(trained) if (row + 1) * percent // 100 > row * percent // 100]
    rows = [(name, take.scene) for take in kept for name in take.names(N_PIECES)]
    write_rows(root / f"split{percent}.csv", [("filename", "scene_label"), *rows], ending="\n")


def _source(take: Take, variant: int) -> tuple[str, str, int]:
    return take.scene, take.device, variant


def write_noise(folder: Path, scene: str, device: str, variant: int) -> Path:
    """A second of noise whose spectrum leans as its scene does, and a little as its device does."""
    place, devices = SCENES.index(scene), (*SEEN, *UNSEEN)
    rng = np.random.default_rng([place, devices.index(device), variant])
    spectrum = np.fft.rfft(rng.normal(size=RATE))
    slope = np.linspace(-1, 1, len(spectrum)) * (place - 4.5 + 0.2 * devices.index(device)) / 3
    noise = np.fft.irfft(spectrum * np.exp(slope), RATE)
    path = folder / f"{scene}-{device}-{variant}.wav"
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, (0.1 * noise / noise.std()).astype(np.float32), RATE, "PCM_16")
    return path


def run(name: str, command: Sequence[str], *, cwd: Path) -> None:
    """Run a command, and print what it took: time of the clock and of the processor, and most memory."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    report = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    code = f"import sys\nfrom nas_asc.cli import main\ncode = main()\n{report}\nsys.exit(code)"
    done = subprocess.run([sys.executable, "-c", code, *command], cwd=cwd, text=True, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    *said, peak = done.stderr.strip().splitlines()
    print(f"\n{name}: {time.perf_counter() - started:.0f} s, {cpu_s:.0f} s of processor, {_peak(peak)}", flush=True)
    print(*("  " + line for line in done.stdout.splitlines() if len(line) < 200), sep="\n", flush=True)
    if done.returncode:
        raise SystemExit("\n".join([*said, peak]))


def _peak(line: str) -> str:
    return f"{int(line) / 1024**2:.2f} GiB at most" if line.isdigit() else "memory unknown"


def main() -> None:
    """Print a paragraph for each part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="New folder for recordings, features and study.")
    parser.add_argument("--trials", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--subset", type=int, help="Split of the 2024 challenge in percent. Default: all.")
    parser.add_argument("--plan-space", help="Space to plan for, such as asc; no plan is made without.")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    root = options.folder / "TAU-urban-acoustic-scenes-2022-mobile-development"
    root.mkdir(parents=True)
    try:
        print(f"{made_by()}, {machine()}")
        started = time.perf_counter()
        write_data(root)
        (options.folder / "small.py").write_text(SPACE)
        print(f"written: {time.perf_counter() - started:.0f} s")
        which = [] if options.subset is None else ["--subset", str(options.subset)]
        common = ["--data", str(root), "--cache", str(options.folder / "cache"), *which]
        run("data show", ["data", "show", str(root), *which], cwd=options.folder)
        if options.plan_space:
            asked = ["--space", options.plan_space, "--budget", "128k", "--macs", "30M", "--draws", "500"]
            run("plan", ["plan", *asked, "--trials", "30", *common], cwd=options.folder)
        length = ["--trials", str(options.trials), "--epochs", str(options.epochs)]
        follows = ["--final-seeds", "1", "--no-refit", "--no-warm-start", "--study", "tau"]
        run("search", ["search", "--space", "small.py", *length, *follows, *common], cwd=options.folder)
        run("search gone on", ["resume", "tau", "--trials", str(options.trials + 1), "--no-refit", "--final-seeds", "1",
                               "--cache", str(options.folder / "cache")], cwd=options.folder)  # fmt: skip
    finally:
        if not options.keep:
            shutil.rmtree(options.folder)


if __name__ == "__main__":
    main()
