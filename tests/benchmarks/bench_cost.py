"""How many candidates of a space are drawn, checked and costed a second, beside counting built modules.

Run with `python -m tests.benchmarks.bench_cost [SPACE] [--n 20000]`; one core, no training.
"""

import argparse
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch

from nas_asc.cost import count_cost
from nas_asc.errors import LayerError
from nas_asc.frontend import Task
from nas_asc.layers import Architecture
from nas_asc.models import build_model, count_module, count_thop
from nas_asc.space import Space, load_space

TASK = Task(n_classes=10, clip_s=1.0)
MAX_PARAMS, MAX_MACS = 128_000, 30_000_000


@dataclass
class Tally:
    """What became of the candidates drawn: how many could be built, how many of them fit."""

    n_buildable: int = 0
    n_fitting: int = 0


def cost_candidates(space: Space, n: int, *, seed: int) -> Tally:
    """Draw candidates, describe their networks, cost them and compare them with the limits of DCASE.

    A candidate whose maps grow too small for a layer has no cost and does not fit.
    """
    tally = Tally()
    for candidate in space.draw_many(np.random.default_rng(seed), n):
        try:
            cost = count_cost(space.architecture(candidate, TASK))
        except LayerError:
            continue
        tally.n_buildable += 1
        tally.n_fitting += cost.params <= MAX_PARAMS and cost.official_macs <= MAX_MACS and cost.macs <= MAX_MACS
    return tally


def draw_buildable(space: Space, n: int) -> list[Architecture]:
    """The first `n` networks drawn that can be built."""
    found: list[Architecture] = []
    for candidate in space.draw_many(np.random.default_rng(0), 4 * n):
        architecture = space.architecture(candidate, TASK)
        with suppress(LayerError):
            count_cost(architecture)
            found.append(architecture)
    return found[:n]


def best_seconds(call: Callable[[], object], *, repeats: int) -> float:
    """Least processor time of several calls, so that other work on the machine does not count."""
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return min(seconds)


def count_with_thop(architecture: Architecture) -> int:
    """Build the module and let thop run it."""
    return count_thop(build_model(architecture), architecture.in_shape).macs


def count_on_meta(architecture: Architecture) -> int:
    """Build the module on the meta device and count what runs."""
    with torch.device("meta"):
        model = build_model(architecture)
    return count_module(model, architecture.in_shape).macs


def main() -> None:
    """Print candidates a second, and the ratios to thop and to the meta device."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("space", nargs="?", default="cp_mobile")
    parser.add_argument("--n", type=int, default=20_000, help="candidates of each measurement")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    name, space, n, seeds = options.space, load_space(options.space), options.n, iter(range(100))
    first = best_seconds(lambda: cost_candidates(space, n, seed=next(seeds)), repeats=1)
    warm = best_seconds(lambda: cost_candidates(space, n, seed=next(seeds)), repeats=10)
    tally, buildable = cost_candidates(space, n, seed=99), draw_buildable(space, 12)
    thop = best_seconds(lambda: [count_with_thop(a) for a in buildable], repeats=2) / len(buildable)
    meta = best_seconds(lambda: [count_on_meta(a) for a in buildable], repeats=2) / len(buildable)
    each = warm / n
    print(f"space {name}: draw, check and cost, {n:,} candidates, seconds of one core, torch {torch.__version__}")
    print(f"  first {n:,}: {n / first:,.0f} candidates/s; once the layers are known: {1 / each:,.0f} candidates/s")
    print(f"  buildable {tally.n_buildable / n:.1%}, fit {tally.n_fitting / n:.1%}")
    print(f"  thop on the built module: {1 / thop:,.1f}/s, {thop / each:,.0f} times slower")
    print(f"  flop counter on the meta device: {1 / meta:,.1f}/s, {meta / each:,.0f} times slower")


if __name__ == "__main__":
    main()
