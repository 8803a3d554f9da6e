"""Fixtures that several rooms share."""

import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:  # a process a core: threads of their own would wait for one another
    os.environ.setdefault("OMP_NUM_THREADS", "1")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background: what tests interrupt would not end
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest
from hypothesis import HealthCheck, settings

# a busy machine is no fault of a test
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--clock-scale 5` runs the tests as on a machine that takes five times as long for everything."""
    parser.addoption("--clock-scale", type=float, default=1.0, help="How fast the clocks of the tests go.")


def pytest_configure(config: pytest.Config) -> None:
    """Let the clocks of this process go faster or slower: no test may depend on how fast the machine is."""
    scale = config.getoption("--clock-scale")
    if scale != 1.0:
        for name in ("monotonic", "perf_counter", "process_time"):
            setattr(time, name, _scaled(getattr(time, name), scale))


def _scaled(clock: Callable[[], float], scale: float) -> Callable[[], float]:
    return lambda: scale * clock()


_ESC10 = Path(__file__).parents[2] / "shared" / "data" / "esc10"


@pytest.fixture(scope="session", autouse=True)
def _few_torch_threads():
    """Tests run side by side; tiny networks gain nothing from more threads."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1 if "PYTEST_XDIST_WORKER" in os.environ else 2)


@pytest.fixture
def largest_file() -> Iterator[Callable[[int], None]]:
    """Sets the most bytes that a file of this process may have, as if the disk had no more room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda n_bytes: resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(scope="session")
def esc10_dir() -> Path:
    """Folder of 400 real recordings in ESC-50's layout."""
    if not (_ESC10 / "meta" / "esc50.csv").is_file():
        pytest.skip(f"no real recordings at {_ESC10}")
    return _ESC10
