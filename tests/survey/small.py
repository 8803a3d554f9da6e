"""A space small enough to cost every one of its candidates, with corners that cannot be built."""

from itertools import product

from nas_asc.cost import count_cost
from nas_asc.errors import LayerError
from nas_asc.frontend import LogMel, Task
from nas_asc.layers import Classifier, Conv, MaxPool
from nas_asc.space import Space, choice, integer

TASK = Task(n_classes=4, clip_s=0.5)
SOURCE = "tests/survey/small.py"

space = Space("small", width=choice(2, 3, 4, 6, 8), depth=integer(0, 4), kernel_size=choice(1, 3, 5))


@space.network
def network(width, depth, kernel_size):
    yield Conv(width, kernel_size=3, stride=2, norm="batch", activation="relu")
    for _ in range(depth):
        yield Conv(width, kernel_size, norm="batch", activation="relu")
    yield MaxPool(2)
    yield Classifier()


@space.features
def features():
    return LogMel(sample_rate=8_000, n_fft=256, win_length=256, hop_length=200, n_mels=24)


space.guess(width=8, depth=1, kernel_size=3)
space.system(
    "one", published={"params": 38, "log_loss": 1.5}, task=TASK, width=2, depth=0, kernel_size=1, source=SOURCE
)


def cost_all():
    """Cost of every candidate by its axis values, None where a layer cannot take its input."""
    found = {}
    for width, depth, kernel_size in product((2, 3, 4, 6, 8), range(5), (1, 3, 5)):
        values = {"width": width, "depth": depth, "kernel_size": kernel_size}
        try:
            found[tuple(values.items())] = count_cost(space.architecture(space.candidate(**values), TASK))
        except LayerError:
            found[tuple(values.items())] = None
    return found
