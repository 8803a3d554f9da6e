"""Recordings that take time to read."""

from dataclasses import replace
from threading import Lock

from tests.clocks import ManualClock
from tests.search.tiny import make_data


class Timed:
    """A data set that takes a second of the clock for each clip that is read."""

    def __init__(self):
        self.clock, self._lock = ManualClock(), Lock()
        made = make_data("timed")
        self.data_set = replace(made, synthesise=lambda row: self._read(made, row))

    def _read(self, made, row):
        with self._lock:
            self.clock.seconds += 1.0
        return made.synthesise(row)
