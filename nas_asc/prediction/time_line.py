"""What a network hears over time: a window a step, smoothed, and events."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Window:
    """What is heard in one stretch of a recording.

    Args:
        start_s: Where it begins, in seconds.
        end_s: Where it ends.
        probabilities: (K,) of the classes.
    """

    start_s: float
    end_s: float
    probabilities: NDArray[np.float64]


@dataclass(frozen=True)
class Event:
    """A stretch of a recording in which one class is heard.

    Args:
        start_s: Where it begins, in seconds.
        end_s: Where it ends.
        label: Name of the class.
        probability: The highest one within it.
    """

    start_s: float
    end_s: float
    label: str
    probability: float


def smooth(windows: Iterable[Window], n_windows: int) -> Iterator[Window]:
    """Windows with the mean probabilities of themselves and those just before.

    Args:
        windows: In their order.
        n_windows: How many are averaged at most.
    """
    last: deque[NDArray[np.float64]] = deque(maxlen=max(1, n_windows))
    for window in windows:
        last.append(window.probabilities)
        yield Window(window.start_s, window.end_s, np.mean(last, axis=0))


def find_events(
    windows: Iterable[Window], classes: Sequence[str], *, threshold: float, hold_s: float = 0.0
) -> Iterator[Event]:
    """Stretches in which a class is the most probable one and reaches the threshold, as they end.

    Args:
        windows: In their order.
        classes: Names.
        threshold: Least probability, in [0, 1].
        hold_s: Two stretches of one class that lie no farther apart are one event, in seconds.
    """
    open_events: dict[str, Event] = {}
    for window in windows:
        best = int(window.probabilities.argmax())
        label, probability = classes[best], float(window.probabilities[best])
        if probability >= threshold:
            event = open_events.get(label)
            if event is not None and window.start_s <= event.end_s + hold_s:
                open_events[label] = Event(event.start_s, window.end_s, label, max(event.probability, probability))
            else:
                if event is not None:
                    yield event
                open_events[label] = Event(window.start_s, window.end_s, label, probability)
        over = [name for name, event in open_events.items() if window.start_s > event.end_s + hold_s]
        yield from (open_events.pop(name) for name in over)
    yield from sorted(open_events.values(), key=lambda event: event.start_s)
