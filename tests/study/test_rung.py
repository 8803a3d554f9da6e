"""Rungs as text, as epochs, and as the rule of promotion sees a study's records."""

import math

import pytest

from nas_asc.cost import Cost
from nas_asc.errors import StudyError
from nas_asc.metrics import Scores
from nas_asc.study import (
    RungAgreement,
    RungRecord,
    agreement_lines,
    format_rungs,
    parse_rungs,
    rung_entries,
    rung_epochs,
)
from tests.study.records import example_config, example_record


def make_scores(log_loss):
    return Scores(10, log_loss, 0.5, 0.5, (0.5, None))


def make_rung(epochs, log_loss):
    return RungRecord(epochs=epochs, scores=make_scores(log_loss))


@pytest.mark.parametrize("n", [2, 3, 6])
def test_levels_are_powers_of_eta(n):
    shares = parse_rungs(str(n), eta=3)
    assert len(shares) == n - 1
    assert [3 * low for low in shares] == pytest.approx([*shares[1:], 1])


@pytest.mark.parametrize(
    "text",
    ["1", "7", "some", "", "10", "10%,", "9,27", "-3", "3.5", "ten%", "10%,30"],
    ids=lambda text: text or "empty",
)
def test_a_text_that_is_no_rungs_is_named(text):
    with pytest.raises(StudyError, match=r"`rungs` must be none, a number from 2 to 6, or shares such as 10%,30%, but"):
        parse_rungs(text, eta=3)


@pytest.mark.parametrize("text", ["30%,10%", "0%,10%", "10%,100%", "10%,10%", "nan%"])
def test_shares_that_do_not_ascend_are_named(text):
    with pytest.raises(StudyError, match=r"`rungs` must ascend from above 0 % to below 100 %, but got "):
        parse_rungs(text, eta=3)


@pytest.mark.parametrize("eta", [1, 0.5, math.inf, math.nan])
def test_an_eta_that_lets_all_go_on_is_named(eta):
    with pytest.raises(StudyError, match=r"`eta` must be above 1, but got "):
        parse_rungs("3", eta=eta)
    with pytest.raises(StudyError, match="`eta` must be above 1"):
        example_config(eta=eta)


def test_text_goes_there_and_back():
    assert parse_rungs(format_rungs((0.1, 0.25)), eta=3) == (0.1, 0.25)
    assert parse_rungs(format_rungs(()), eta=3) == ()


@pytest.mark.parametrize("n_epochs", [1, 2, 10, 67])
def test_epochs_of_rungs_are_within_the_training(n_epochs):
    epochs = rung_epochs(parse_rungs("4", eta=3), n_epochs)
    assert list(epochs) == sorted(epochs)
    assert 1 <= epochs[0] <= epochs[-1] <= n_epochs


def test_entries_are_of_trials_that_reached_a_rung_and_did_not_fail():
    first, second = make_rung(1, 2.0), make_rung(3, 1.5)
    records = [
        example_record(0, state="stopped", scores=None, objectives=(), rungs=(first,)),
        example_record(
            1, state="complete", scores=make_scores(9.0), network_scores=make_scores(1.0), rungs=(first, second)
        ),
        example_record(2, state="failed", scores=None, objectives=(), rungs=(first,)),
        example_record(3),
    ]
    stopped, complete = rung_entries(records, ("log_loss", "macs", "params"))
    cost = records[0].cost
    assert isinstance(cost, Cost)
    assert (stopped.number, stopped.cost, stopped.scores, stopped.is_open) == (
        0,
        cost.macs * cost.params,
        ((2.0,),),
        True,
    )
    assert (complete.number, complete.scores, complete.is_open) == (1, ((2.0,), (1.5,), (1.0,)), False)
    assert {entry.cost for entry in rung_entries(records, ("log_loss",))} == {1.0}
    assert rung_entries(records, ("error", "log_loss"))[0].scores == ((0.5, 2.0),)


def test_a_stopped_record_has_the_scores_of_its_last_rung():
    rungs = make_rung(1, 2.0), make_rung(3, 1.5)
    stopped = example_record(state="stopped", scores=None, objectives=(), rungs=rungs)
    assert stopped.last_scores == rungs[1].scores
    assert (stopped.is_stopped, stopped.is_complete, stopped.is_failed) == (True, False, False)
    assert example_record(rungs=rungs).last_scores == example_record().scores
    assert example_record(state="failed", scores=None, rungs=rungs).last_scores is None


def test_agreements_are_told_in_a_line_each():
    found = [RungAgreement(0, 12, 0.3), RungAgreement(1, 2, None)]
    assert agreement_lines(found, n_rungs=2) == [
        "rung 1 to rung 2: rank correlation 0.30 of 12 trials, which is low, so more go on from there",
        "rung 2 to the end: too few to say of 2 trials",
    ]
