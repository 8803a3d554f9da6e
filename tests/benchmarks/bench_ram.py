"""What a search under `--ram` for a microcontroller takes before it trains: survey, first proposals, pool of a model.

Run with `python -m tests.benchmarks.bench_ram [--target tflite-micro] [--n 500]`; one core, no training. The digests
are those of what was found, so that two versions of the code can be held to the same candidates and costs.
"""

import argparse
import hashlib
import time
from collections.abc import Callable
from typing import Any

from nas_asc.budget import Budget
from nas_asc.frontend import Task
from nas_asc.propose import Screen
from nas_asc.propose.pool import RandomPool
from nas_asc.propose.warm_start import warm_start
from nas_asc.space import load_space
from nas_asc.survey import survey_space

TASK = Task(n_classes=10, clip_s=1.0)
BUDGET = Budget(max_params=64_000, max_macs=10_000_000, max_ram=65_536)


def measure(name: str, call: Callable[[], Any], describe: Callable[[Any], object]) -> None:
    """Print the processor's seconds of a call, and a digest of what it gave."""
    start = time.process_time()
    found = call()
    seconds = time.process_time() - start
    print(f"{name}: {seconds:.2f} s, {hashlib.sha256(repr(describe(found)).encode()).hexdigest()[:12]}", flush=True)


def main() -> None:
    """Print one line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--target", default="tflite-micro")
    parser.add_argument("--n", type=int, default=500, help="candidates of the survey")
    options = parser.parse_args()
    space, target = load_space("asc"), options.target
    budget = BUDGET.on_target(target)
    measure(
        f"survey of {options.n}",
        lambda: survey_space(space, TASK, budget, target=target, n_draws=options.n),
        lambda survey: [(row.resource, row.minimum, row.median, row.maximum, row.share) for row in survey.rows],
    )
    screen = Screen(space, TASK, budget=budget, target=target)
    measure("first proposals", lambda: warm_start(screen, seed=0), lambda found: [one.design.key for one in found])
    measure(
        "pool of 576 draws",
        lambda: RandomPool(screen, seed=0, fills=False).at(0),
        lambda pool: [(candidate.code, cost.ram_bytes, cost.macs) for candidate, cost in pool.items()],
    )


if __name__ == "__main__":
    main()
