"""Which axes the score depends on, among networks that fit: PED-ANOVA over the complete trials, beside pure chance.

Source:
    Watanabe, Bansal, Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces",
    2023, as in Optuna: how differently the best quarter of the trials is spread over an axis than all of them.
"""

import warnings
from collections.abc import Sequence

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator

from nas_asc.health import AxisImportance
from nas_asc.propose.history import read_history
from nas_asc.propose.optuna_study import model_distributions, model_trials
from nas_asc.space import Space
from nas_asc.study import StudyConfig, TrialRecord

FEWEST_TRIALS = 20
_BEST_SHARE = 0.25
_N_SHUFFLES = 20


def axis_importance(
    records: Sequence[TrialRecord], config: StudyConfig, space: Space, *, seed: int = 0
) -> tuple[AxisImportance, ...]:
    """Importance of every axis for the study's score, the largest first; empty where trials are too few.

    Chance is the 95 % quantile, over shuffled scores, of the largest importance of any axis: what is below says
    nothing.

    Args:
        records: The records of the study; the complete ones count, which all fit, so this is importance within the
            budget.
        config: The config of the study.
        space: Its search space.
        seed: The seed of the shuffles.
    """
    complete = [record for record in records if record.is_complete]  # a stopped trial's score tells of its epochs too
    history = read_history(complete, space, minimised=(config.score,))
    values = history.values[:, 0]
    if len(values) < FEWEST_TRIALS or np.ptp(values) == 0:
        return ()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study()
    study.add_trials(model_trials(history, range(len(history)), model_distributions(space)))
    found = _evaluate(study, values)
    rng = np.random.default_rng(seed)
    chance = [max(_evaluate(study, rng.permutation(values)).values()) for _ in range(_N_SHUFFLES)]
    limit = float(np.quantile(chance, 0.95))
    ordered = sorted(found.items(), key=lambda item: -item[1])
    return tuple(AxisImportance(name, float(value), limit) for name, value in ordered)


def _evaluate(study: optuna.Study, values: np.ndarray) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a low target is sought, which it is
        evaluator = PedAnovaImportanceEvaluator(target_quantile=_BEST_SHARE)
        return evaluator.evaluate(study, target=lambda trial: float(values[trial.number]))
