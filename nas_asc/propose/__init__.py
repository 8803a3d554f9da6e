"""Who proposes the next network: what fits, what was tried, the strategies in turns.

Conventions:
    Trial n's proposal is a function of the study's seed, n, and the finished trials alone. Who proposes never trains.
"""

from nas_asc.propose.feasible_sampler import FeasibleSampler
from nas_asc.propose.history import History, HistoryReader, front_rows, read_history
from nas_asc.propose.importance import axis_importance
from nas_asc.propose.proposal_sampler import ProposalSampler
from nas_asc.propose.proposer import (
    Proposer,
    TurnProposer,
    build_proposer,
    exploring_share,
    note_on_sampler,
    resolve_sampler,
)
from nas_asc.propose.reference_point import reference_point
from nas_asc.propose.screen import Proposal, Screen

__all__ = [
    "FeasibleSampler",
    "History",
    "HistoryReader",
    "Proposal",
    "ProposalSampler",
    "Proposer",
    "Screen",
    "TurnProposer",
    "axis_importance",
    "build_proposer",
    "exploring_share",
    "front_rows",
    "note_on_sampler",
    "read_history",
    "reference_point",
    "resolve_sampler",
]
