"""What is lost when searches are killed: nothing, or this command fails and says what.

Run: python -m tests.benchmarks.bench_kills [--kills 20] [--killed workers] [--seed 0] [--rungs]
Tiny trainings by two workers. Killed with SIGKILL, at random moments: workers; the coordinator; all of them at once;
and a coordinator between two writes of a result that arrives. After every kill the study must open with every trial
that was told of, none of them double or left running; in the end it has its total, and files that match their records.
Prints one row as soon as it is measured. Where time comes in pieces, `--kills 4` with the seeds 0 to 4 makes twenty.
"""

import argparse
import tempfile
from pathlib import Path

from tests.benchmarks.heading import machine, made_by
from tests.search.killing import PLAIN, RUNGS, kill_at_arrivals, kill_workers_and_resume

# more than are done from one kill to the next: a search must not end before it is killed
_TRIALS_A_KILL = {"workers": 9, "coordinator": 16, "both": 16, "arrivals": 3}


def main() -> None:
    """Kill searches and print what was kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--killed", choices=list(_TRIALS_A_KILL), help="Default: all, one after the other.")
    parser.add_argument("--seed", type=int, default=0, help="Of the moments.")
    parser.add_argument("--rungs", action="store_true", help="Stop trainings early, and let some go on.")
    arguments = parser.parse_args()
    changes = RUNGS if arguments.rungs else PLAIN
    print(f"{made_by()}; {machine()}{'; rungs' if arguments.rungs else ''}\n")
    print("| killed | kills | trials | lost or double |\n|---|---|---|---|")
    for killed in [arguments.killed] if arguments.killed else _TRIALS_A_KILL:
        n_trials = _TRIALS_A_KILL[killed] * arguments.kills
        asked = {"n_kills": arguments.kills, "n_trials": n_trials, "changes": changes, "seed": arguments.seed}
        with tempfile.TemporaryDirectory() as place:
            if killed == "arrivals":
                kill_at_arrivals(Path(place), **asked)
            else:
                kill_workers_and_resume(Path(place), who=killed, **asked)
        print(f"| {killed} | {asked['n_kills']} | {asked['n_trials']} | 0 |", flush=True)


if __name__ == "__main__":
    main()
