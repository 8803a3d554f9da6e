"""How long to train, and the learning rate of each step."""

from nas_asc.recipe import Recipe

# Enough for 240 clips of ESC-10 to reach what 60 epochs of one-cycle training reach.
_N_PRESENTATIONS = 16_000
_FEWEST_EPOCHS, _MOST_EPOCHS = 10, 80
SMALLEST_BATCH, _LARGEST_BATCH = 16, 256
_N_STEPS_AN_EPOCH = 250


def default_epochs(n_train: int) -> int:
    """Passes over the training clips when the recipe leaves them open.

    So many that about 16,000 clips are presented, but never fewer than 10 passes or more than 80.

    Args:
        n_train: Number of training clips, at least one.

    >>> default_epochs(240), default_epochs(320), default_epochs(1_200), default_epochs(139_620)
    (67, 50, 13, 10)
    """
    return max(_FEWEST_EPOCHS, min(_MOST_EPOCHS, round(_N_PRESENTATIONS / n_train)))


def default_batch_size(n_train: int) -> int:
    """Clips a step when the recipe leaves it open.

    A multiple of 16 that gives about 250 steps an epoch, from 16 for small sets (on ESC-10 better and faster than 32)
    to 256 for large ones.

    Args:
        n_train: Number of training clips, at least one.

    Source:
        DCASE 2024 Task 1 baseline: 256 for 139,620 clips, with the same peak learning rate of 0.005.

    >>> default_batch_size(240), default_batch_size(10_000), default_batch_size(139_620)
    (16, 32, 256)
    """
    even = n_train // _N_STEPS_AN_EPOCH // SMALLEST_BATCH * SMALLEST_BATCH
    return max(SMALLEST_BATCH, min(_LARGEST_BATCH, even))


def learning_rate_at(step: float, n_steps: int, *, recipe: Recipe, n_epochs: int | None = None) -> float:
    """Learning rate of one step: the optimiser's peak times the schedule's factor, or that of averaged epochs.

    Args:
        step: From 0; between two steps where a schedule was spread over more or fewer of them.
        n_steps: Steps of the whole training.
        recipe: Gives the peak, the schedule, and what the averaging asks of its epochs.
        n_epochs: Epochs of the whole training, each of the same number of steps; None asks the schedule alone.

    >>> from nas_asc.recipe import AdamW, CosineDecay
    >>> recipe = Recipe(optimiser=AdamW(1.0), schedule=CosineDecay(warmup=0.5))
    >>> [round(learning_rate_at(step, 4, recipe=recipe), 3) for step in range(4)]
    [0.5, 1.0, 1.0, 0.5]
    """
    if recipe.averaging is not None and n_epochs is not None:
        constant = recipe.averaging.learning_rate_at(int(step * n_epochs // n_steps) + 1, n_epochs)
        if constant is not None:
            return constant
    return recipe.optimiser.learning_rate * recipe.schedule.factor_at(step, n_steps)
