"""Any sampler of Optuna's by its class name: its wishes, redrawn until one fits and is new, or shrunk.

Conventions:
    For every proposal a new sampler, seeded by the study's seed and the trial, is shown the finished trials in a new
    study. So one that keeps its own state in running trials, such as CmaEsSampler, begins anew each time.
"""

import inspect
import warnings

import numpy as np
import optuna
from optuna.samplers import BaseSampler

from nas_asc.errors import StudyError
from nas_asc.propose.history import History
from nas_asc.propose.optuna_study import ModelStudy, admit_wish, to_candidate
from nas_asc.propose.repair import repair
from nas_asc.propose.screen import Proposal, Screen
from nas_asc.study import OPTUNA_PREFIX, StudyConfig

_ASKS = 6
_MOST_SEEN = 150  # trials, of a longer history


class OptunaStrategy:
    """What one of Optuna's samplers asks for.

    Args:
        screen: Knows the space and what fits.
        config: Of the study; its `sampler` is such as "optuna:GPSampler".

    Raises:
        StudyError: There is no such sampler, or it cannot be made without further arguments.
    """

    def __init__(self, screen: Screen, config: StudyConfig) -> None:
        self._name = config.sampler.removeprefix(OPTUNA_PREFIX)
        self._space = screen.space
        self._n_objectives = len(config.minimised)
        build_sampler(self._name, seed=0)

    def __call__(self, screen: Screen, history: History, rng: np.random.Generator) -> Proposal | None:
        """The first wish that fits and is new; else the first one, shrunk; None where that is no good either."""
        model = ModelStudy(self._space, n_objectives=self._n_objectives, n_most=_MOST_SEEN, block=1)
        study = model.read(history)
        study.sampler = build_sampler(self._name, seed=int(rng.integers(2**31)))
        first = None
        for _ in range(_ASKS):
            candidate = to_candidate(self._space, self._ask(study, model))
            first = first or candidate
            proposal = admit_wish(candidate, screen, history, origin=self._name)
            if proposal is not None:
                return proposal
        fitting = None if first is None else repair(first, screen, rng)
        return None if fitting is None else admit_wish(fitting, screen, history, origin=f"{self._name}, shrunk")

    def _ask(self, study: optuna.Study, model: ModelStudy) -> dict[str, object]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return study.ask(model.open_axes).params
        except (ImportError, ValueError, NotImplementedError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise StudyError(f"`--sampler {OPTUNA_PREFIX}{self._name}` cannot be used here: {reason}") from None


def build_sampler(name: str, *, seed: int) -> BaseSampler:
    """Sampler of Optuna's.

    Args:
        name: Of its class in `optuna.samplers`.
        seed: Given to it where it takes one.

    Raises:
        StudyError: There is no such sampler, or it cannot be made without further arguments.
    """
    found = getattr(optuna.samplers, name, None)
    if not (inspect.isclass(found) and issubclass(found, BaseSampler)):
        known = ", ".join(sorted(one for one in optuna.samplers.__all__ if one.endswith("Sampler")))
        raise StudyError(f"`--sampler {OPTUNA_PREFIX}NAME` must name a sampler of Optuna's, but got {name!r}: {known}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            options = {"seed": seed} if "seed" in inspect.signature(found).parameters else {}
            sampler: BaseSampler = found(**options)
            return sampler
    except (ImportError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise StudyError(f"`--sampler {OPTUNA_PREFIX}{name}` cannot be used here: {reason}") from None
