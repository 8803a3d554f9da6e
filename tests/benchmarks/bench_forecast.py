"""How well a search forecasts the seconds of a training: its own trials, each forecast from those before it.

Run: python -m tests.benchmarks.bench_forecast STUDY... [--after 25]
Trains nothing. Each trial that was asked when `--after` results or more were known is forecast by the model that the
search ranks proposals with, from these results alone, and compared with the seconds that it then took. Studies that
another version searched are read as they are. Prints the median and the ninth decile of the relative error.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nas_asc.propose import HistoryReader, Screen
from nas_asc.propose.seconds import SecondsModel
from nas_asc.session import reopen_session
from nas_asc.study import load_config, load_records
from tests.benchmarks.heading import machine, made_by


def forecast(folder: Path, after: int) -> Iterator[tuple[float, float]]:
    """Forecast and taken seconds of each complete trial of which at least `after` results were known."""
    config, records = load_config(folder), load_records(folder)
    session = reopen_session(str(folder))
    space = session.inputs.space
    screen = Screen(space, session.worker.prepared.task, budget=config.budget, target=config.target)
    reader = HistoryReader(space, minimised=config.minimised)
    for number, record in enumerate(records):
        n_known = number if record.asked is None else record.asked.n_known
        if n_known < after or not record.is_complete:
            continue
        model = SecondsModel(screen, reader.read(records[:n_known]))
        candidate = space.candidate_from(record.values)
        yield float(model.predict({candidate: record.cost})[0]), record.seconds


def main() -> None:
    """Print a row a study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", nargs="+", type=Path)
    parser.add_argument("--after", type=int, default=25, help="results that are known")
    options = parser.parse_args()
    print(f"{made_by()}, {machine()}; forecasts after {options.after} results\n")
    print("| study | trials | forecast | median error | ninth decile |\n|---|---|---|---|---|")
    for folder in options.studies:
        found = np.array(list(forecast(folder, options.after))).reshape(-1, 2)
        errors = np.abs(found[:, 0] / found[:, 1] - 1)
        cells = (
            [f"{100 * value:.0f} %" for value in np.quantile(errors, [0.5, 0.9])] if len(errors) else ["too few"] * 2
        )
        print(f"| {folder.name} | {len(load_records(folder))} | {len(errors)} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
