"""Made-up studies: what a proposer asks for is answered without training."""

import json
from dataclasses import replace

import numpy as np

from nas_asc.frontend import Task
from nas_asc.layers import format_architecture
from nas_asc.metrics import Scores
from nas_asc.propose import Screen, build_proposer
from nas_asc.space import Space, choice, integer
from nas_asc.study import OPTUNA_PREFIX, SAMPLERS, RungRecord, TrialRecord
from tests.search.tiny import BUDGET, N_CLASSES, features, network, space
from tests.study.records import example_config

TASK = Task(n_classes=N_CLASSES, clip_s=0.25)
CONFIG = example_config(budget=BUDGET, objectives=("log_loss", "macs", "params"))
OWN_SAMPLERS = tuple(name for name in SAMPLERS if name != "auto")
OPTUNA_SAMPLERS = tuple(f"{OPTUNA_PREFIX}{name}Sampler" for name in ("TPE", "NSGAII", "NSGAIII", "QMC", "BruteForce"))
EVERY_SAMPLER = OWN_SAMPLERS + OPTUNA_SAMPLERS

small = Space("small", width=choice(2, 3, 4, 12), depth=integer(0, 2), kernel_size=choice(1, 3))


@small.network
def small_network(width, depth, kernel_size):
    yield from network(width, depth, kernel_size, "relu")


small.features(features)


def build(sampler, *, space=space, task=TASK, budget=BUDGET, **changes):
    """Proposer of a sampler, on the tiny space unless another is given."""
    config = replace(CONFIG, sampler=sampler, budget=budget, **changes)
    return build_proposer(Screen(space, task, budget=budget, min_share=config.min_share), config)


def fake_record(proposal, number, *, rng):
    """What training might have found: wider is better, and luck."""
    cost = proposal.cost
    log_loss = 3 - 0.2 * np.log(cost.params) + 0.1 * rng.random()
    return TrialRecord(
        number=number,
        state="complete",
        values=proposal.candidate.values,
        key=proposal.design.key,
        architecture=format_architecture(proposal.design.architecture),
        log_mel=proposal.design.log_mel,
        recipe=proposal.design.recipe,
        cost=cost,
        scores=Scores(10, log_loss, 0.5, 0.5, ()),
        origin=proposal.origin,
    )


def simulate(proposer, n, *, records=()):
    """Records of a study that goes on to `n` trials."""
    records = list(records)
    for number in range(len(records), n):
        proposal = proposer.propose(number, records)
        assert proposal is not None
        records.append(fake_record(proposal, number, rng=np.random.default_rng(number)))
    return records


def simulate_with_rungs(proposer, n):
    """What was proposed for each trial, with the records it was proposed from: trials fail, stop, and go on again."""
    records, asked = [], []
    for number in range(n):
        if number % 6 == 5:
            _go_on(records)
        proposal = proposer.propose(number, records)
        assert proposal is not None
        asked.append((proposal, list(records)))
        record = fake_record(proposal, number, rng=np.random.default_rng(number))
        records.append(_with_fate(record, number))
    return asked


def reread(records):
    """The records as another process would have them from disk."""
    return [TrialRecord.from_dict(json.loads(json.dumps(record.to_dict()))) for record in records]


def _with_fate(record, number):
    if number % 9 == 4:
        return replace(record, state="failed", scores=None, reason="diverged")
    early = replace(record.scores, log_loss=(1.2 + 0.05 * (number % 7)) * record.scores.log_loss)
    reached = replace(record, rungs=(RungRecord(epochs=1, scores=early),))
    return replace(reached, state="stopped", scores=None) if number % 4 == 3 else reached


def _go_on(records):
    """Complete the first trial that is stopped."""
    for row, record in enumerate(records):
        if record.is_stopped:
            scores = replace(record.last_scores, log_loss=0.7 * record.last_scores.log_loss)
            records[row] = replace(record, state="complete", scores=scores)
            return
