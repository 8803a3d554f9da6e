"""Instructions of one pass of each loop of the exported C, by core.

Source:
    `python -m tests.benchmarks.bench_instructions`.
"""

from collections.abc import Mapping

INSTRUCTIONS: Mapping[str, Mapping[str, float]] = {}
