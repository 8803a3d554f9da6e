"""Interrupts that wait: what must be written whole is, and only then does the search end."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def delayed_interrupt() -> Iterator[Callable[[], bool]]:
    """Hold back Ctrl-C and SIGTERM until the block is over; outside the main thread nothing changes.

    Yields:
        Tells whether one is being held back, for a block that waits for something.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    received: list[int] = []

    def remember(signum: int, frame: FrameType | None) -> None:
        received.append(signum)

    handlers = {signum: signal.signal(signum, remember) for signum in _SIGNALS}
    try:
        yield lambda: bool(received)
    finally:
        for signum, handler in handlers.items():
            signal.signal(signum, handler)
        if received:
            signal.raise_signal(received[0])
