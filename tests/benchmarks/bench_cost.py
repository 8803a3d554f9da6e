"""How many candidates of a space are drawn, checked and costed a second, beside counting built modules.

Run with `python -m tests.benchmarks.bench_cost [SPACE]`; one core, no training.
"""

import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import torch

from nas_asc.cost import Cost, count_cost
from nas_asc.errors import LayerError
from nas_asc.frontend import Task
from nas_asc.layers import Architecture
from nas_asc.models import build_model, count_module, count_thop
from nas_asc.space import Space, load_space

TASK = Task(n_classes=10, clip_s=1.0)
LIMITS = {"params": 128_000, "official_macs": 30_000_000}


def draw_costs(space: Space, n: int, *, seed: int) -> list[tuple[Architecture, Cost | None, bool]]:
    """Draw candidates, build their descriptions, cost them and compare them with the limits of DCASE.

    A candidate whose maps grow too small for a layer has no cost and does not fit.
    """
    rows = []
    for candidate in space.draw_many(np.random.default_rng(seed), n):
        architecture = space.architecture(candidate, TASK)
        try:
            cost = count_cost(architecture)
        except LayerError:
            rows.append((architecture, None, False))
            continue
        fits = cost.params <= LIMITS["params"] and max(cost.official_macs, cost.macs) <= LIMITS["official_macs"]
        rows.append((architecture, cost, fits))
    return rows


def best_seconds(call: Callable[[], object], *, repeats: int) -> float:
    """Shortest wall clock of several calls: the one the machine disturbed least."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def count_with_thop(architecture: Architecture) -> int:
    """Build the module and let thop run it."""
    return count_thop(build_model(architecture), architecture.in_shape).macs


def count_on_meta(architecture: Architecture) -> int:
    """Build the module on the meta device and count what runs."""
    with torch.device("meta"):
        model = build_model(architecture)
    return count_module(model, architecture.in_shape).macs


def main(name: str = "cp_mobile") -> None:
    """Print candidates a second, and the ratios to thop and to the meta device."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    space, n, seeds = load_space(name), 20_000, iter(range(100))
    first = best_seconds(lambda: draw_costs(space, n, seed=next(seeds)), repeats=1)
    warm = best_seconds(lambda: draw_costs(space, n, seed=next(seeds)), repeats=4)
    rows = draw_costs(space, n, seed=99)
    buildable = [architecture for architecture, cost, _ in rows if cost is not None][:12]
    thop = best_seconds(lambda: [count_with_thop(a) for a in buildable], repeats=2) / len(buildable)
    meta = best_seconds(lambda: [count_on_meta(a) for a in buildable], repeats=2) / len(buildable)
    each = warm / n
    print(f"space {name}: draw, check and cost, {n:,} candidates, one core, torch {torch.__version__}")
    print(f"  first {n:,}: {n / first:,.0f} candidates/s; once the layers are known: {1 / each:,.0f} candidates/s")
    print(f"  buildable {sum(row[1] is not None for row in rows) / n:.1%}, fit {sum(row[2] for row in rows) / n:.1%}")
    print(f"  thop on the built module: {1 / thop:,.1f}/s, {thop / each:,.0f} times slower")
    print(f"  flop counter on the meta device: {1 / meta:,.1f}/s, {meta / each:,.0f} times slower")


if __name__ == "__main__":
    main(*sys.argv[1:])
