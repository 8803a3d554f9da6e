"""Every check with a study that trips it and one that does not, and with one that leaves it in the dark."""

from dataclasses import replace
from itertools import chain
from math import comb

import pytest

from nas_asc import health
from nas_asc.budget import Budget
from nas_asc.frontend import LogMel
from nas_asc.health import (
    check_clips,
    check_constant,
    check_coverage,
    check_edges,
    check_failures,
    check_fit,
    check_front_end,
    check_gain,
    check_groups,
    check_labels,
    check_limits,
    check_noise,
    check_rungs,
    count_validation,
    count_warnings,
    diagnose,
    pair_rungs,
)
from nas_asc.health.edges import binomial_tail
from nas_asc.study import RungRecord, load_repeat_summary
from nas_asc.survey import FrontEnds, LeftOut, Nearest, ResourceRow, Survey
from nas_asc.units import format_short
from tests.health.evidence import OBJECTIVES, VALIDATION, fail, make_evidence, make_front, make_record, make_space
from tests.search.tiny import make_data, prepare
from tests.study.records import example_config
from tests.study.repeated import write_repeats


def _survey(share):
    row = ResourceRow("macs", 10, 100, 1000, 1_000_000, share, {})
    return Survey(
        2000,
        0,
        LeftOut("any", 0),
        share,
        (row,),
        Nearest({}, {}, 0.5),
        (),
        FrontEnds((1, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1), 0.0, {}),
    )


@pytest.mark.parametrize(("share", "verdict"), [(0.4, "fine"), (0.004, "warning")])
def test_too_tight_limits_are_seen_in_the_draws(share, verdict):
    evidence = make_evidence(survey=_survey(share))
    (limit,) = check_limits(evidence)
    assert check_fit(evidence).verdict == limit.verdict == verdict
    assert f"{100 * share:.1f} % of" in check_fit(evidence).finding
    assert f"{100 * share:.1f} % of" in limit.finding


def test_a_limit_that_the_front_does_not_come_near_is_too_loose():
    (card,) = check_limits(make_evidence())
    assert card.verdict == "fine"
    assert "16 to 96 % of it, 1 of 6 members over 90 %" in card.finding
    config = replace(make_evidence().config, budget=Budget(max_macs=10_000_000))
    (card,) = check_limits(make_evidence(config=config))
    assert (card.verdict, card.name) == ("warning", "limit macs")
    assert "2 to 10 % of it" in card.finding


def test_without_draws_front_or_limits_nothing_is_claimed():
    assert check_fit(make_evidence()).verdict == "unknown"
    assert check_limits(make_evidence(records=()))[0].verdict == "unknown"
    assert check_limits(make_evidence(config=replace(make_evidence().config, budget=Budget()))) == ()


def test_a_front_spread_over_its_axes_is_fine():
    assert check_edges(make_evidence(space=make_space())).verdict == "fine"


@pytest.mark.parametrize(
    ("name", "values", "finding", "advice"),
    [
        ("width", [32, 32, 32, 32, 32, 8], "width is at its largest value in 5 of 6", "let width go to 40"),
        ("growth", [64, 64, 64, 64, 64, 64], "growth is at its largest value in 6 of 6", "let growth go to 128"),
        ("growth", [8, 8, 8, 8, 8, 16], "growth is at its smallest value in 5 of 6", "let growth go to 4"),
        ("depth", [8, 8, 8, 8, 1, 2], "depth is at its largest value in 4 of 6", "let depth go to 10"),
        ("rate", [0.1, 0.1, 0.099, 0.01, 0.02, 0.03], "rate is at its largest value in 3 of 6", "rate go to 0.3162"),
    ],
)
def test_a_front_that_crowds_at_an_end_gets_a_proposal(name, values, finding, advice):
    card = check_edges(make_evidence(space=make_space(), records=make_front(**{name: values})))
    assert card.verdict == "warning"
    assert finding in card.finding
    assert advice in card.advice
    assert ";" not in card.finding


@pytest.mark.parametrize(
    ("name", "values"),
    [("depth", [0] * 6), ("activation", ["gelu"] * 6), ("width", [32, 32, 32, 8, 16, 24])],
    ids=["natural end", "no order", "within chance"],
)
def test_ends_that_say_nothing_are_left_alone(name, values):
    assert check_edges(make_evidence(space=make_space(), records=make_front(**{name: values}))).verdict == "fine"


def test_few_front_networks_or_another_space_leave_the_ends_unknown():
    assert check_edges(make_evidence(space=make_space(), records=make_front(2))).verdict == "unknown"
    assert check_edges(make_evidence()).verdict == "unknown"
    others = make_front(width=[7] * 6)  # not of the space
    assert check_edges(make_evidence(space=make_space(), records=others)).verdict == "unknown"


@pytest.mark.parametrize(("hits", "n", "share"), [(0, 5, 0.3), (3, 6, 0.25), (6, 6, 0.5)])
def test_binomial_tail_is_one_less_the_rest(hits, n, share):
    rest = sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(hits))
    assert binomial_tail(hits, n, share) == pytest.approx(1 - rest)


def test_front_end_that_outweighs_the_network_is_told_on_a_microcontroller():
    log_mel = LogMel(sample_rate=16_000, n_fft=2_048, win_length=2_048, hop_length=320, n_mels=40)
    records = tuple(replace(each, log_mel=log_mel) for each in make_front())
    plain = make_evidence(records=records)
    heavy = replace(plain, config=replace(plain.config, target="c"))
    n_operations = log_mel.count(plain.config.clip_s).clip_operations
    assert n_operations > 2 * max(record.cost.macs for record in records)
    assert check_front_end(plain).verdict == "fine"
    card = check_front_end(heavy)
    assert card.verdict == "warning"
    assert card.finding.startswith(f"trial 5: {format_short(n_operations)} operations a clip beside 1.92M")
    light = tuple(replace(each, log_mel=replace(log_mel, hop_length=16_000)) for each in records)
    assert check_front_end(make_evidence(records=light, config=heavy.config)).verdict == "fine"
    assert check_front_end(make_evidence(records=())).verdict == "unknown"


def test_few_clips_are_told_with_their_interval():
    assert check_clips(make_evidence()).verdict == "fine"
    few = [replace(each, scores=replace(each.scores, n_clips=200)) for each in make_front()]
    card = check_clips(make_evidence(records=tuple(few)))
    assert card.verdict == "warning"
    assert "200 clips leave trial 5's accuracy of 75.0 % a 95 % interval of 68.6 to 80.5 %" in card.finding
    assert check_clips(make_evidence(records=())).verdict == "unknown"


def test_trials_within_the_interval_of_the_best_are_noise_until_trained_again():
    close = (*make_front(), make_record(6, loss=0.6, macs=900_000, accuracy=0.745))
    card = check_noise(make_evidence(records=close))
    assert (card.verdict, card.finding[:16]) == ("warning", "1 other trials a")
    assert "nas-asc finalists tau25" in card.advice
    assert check_noise(make_evidence()).verdict == "unknown"  # one training each
    assert check_noise(make_evidence(records=())).verdict == "unknown"


@pytest.mark.parametrize(
    ("skills", "verdict", "words"),
    [
        ({0: [0.2] * 3, 1: [1.5] * 3}, "fine", "0 of 1 other finalists tie with trial 1"),
        ({0: [1.5] * 3, 1: [1.5] * 3, 2: [0.1] * 3}, "warning", "1 of 2 other finalists tie"),
    ],
)
def test_finalists_that_tie_are_told_with_the_cheapest(tmp_path, skills, verdict, words):
    config, records = write_repeats(tmp_path, skills)
    summary = load_repeat_summary(tmp_path, config, records)
    card = check_noise(make_evidence(config=config, records=tuple(records), summary=summary))
    assert card.verdict == verdict
    assert words in card.finding
    assert ("Take trial 0" in card.advice) == (verdict == "warning")


def test_few_groups_are_told():
    assert check_groups(make_evidence()).verdict == "fine"
    card = check_groups(make_evidence(validation=replace(VALIDATION, n_groups=3)))
    assert (card.verdict, card.finding) == ("warning", "4,000 validation clips come from 3 locations")
    assert check_groups(make_evidence(validation=None)).verdict == "unknown"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"class_clips": {"airport": 4000, "bus": 0}}, "no validation clips of bus"),
        ({"class_clips": {"airport": 3991, "bus": 9}}, "fewer than 10 validation clips of bus (9)"),
        ({"devices": ("a",)}, "no validation clips of the devices b, which are trained on"),
    ],
)
def test_missing_classes_and_devices_are_named(changes, words):
    card = check_coverage(make_evidence(validation=replace(VALIDATION, **changes)))
    assert card.verdict == "warning"
    assert words in card.finding


def test_full_coverage_is_fine_and_unread_data_unknown():
    assert check_coverage(make_evidence()).finding == "2 classes with 2,000 clips or more, 2 devices"
    assert check_coverage(make_evidence()).verdict == "fine"
    assert check_coverage(make_evidence(validation=None)).verdict == "unknown"


def test_validation_is_counted_row_by_row(tmp_path):
    data_set, split = make_data(), prepare(tmp_path).split
    found = count_validation(data_set, split)
    assert found.n_clips == len(split.validation)
    assert found.n_groups == len({data_set.groups[row] for row in split.validation})
    labels = [data_set.classes[data_set.labels[row]] for row in split.validation]
    assert found.class_clips == {name: labels.count(name) for name in data_set.classes}
    assert found.devices == ()


def test_failures_are_counted_by_cause():
    assert check_failures(make_evidence()).verdict == "fine"
    front = make_front()
    bad = [fail(each, f"diverged in epoch {each.number}") for each in front[:2]] + [fail(front[2], "no memory")]
    card = check_failures(make_evidence(records=(*bad, *front[3:])))
    assert card.verdict == "warning"
    assert card.finding == "3 of 6 trials failed, 2 times: diverged in epoch #; 1 times: no memory"
    many = (*front, *(replace(each, number=each.number + 6) for each in front), fail(front[0], "no memory"))
    assert check_failures(make_evidence(records=many)).verdict == "fine"
    assert check_failures(make_evidence(records=())).verdict == "unknown"


def test_gain_over_the_twin_needs_a_larger_hypervolume():
    front = make_front()
    worse = tuple(make_record(each.number, loss=1.5, macs=each.cost.macs) for each in front)
    card = check_gain(make_evidence(twin=worse))
    assert card.verdict == "fine"
    assert "at 6 trials each" in card.finding
    assert "0.500 against 1.500" in card.finding
    assert check_gain(make_evidence(records=worse, twin=front)).verdict == "warning"
    assert check_gain(make_evidence(twin=front)).verdict == "warning"  # equal: nothing gained


def test_without_a_twin_the_gain_is_unknown():
    card = check_gain(make_evidence())
    assert (card.verdict, card.advice) == ("unknown", "Train it at equal cost: `nas-asc twin tau25`.")
    random = replace(make_evidence().config, sampler="random")
    assert check_gain(make_evidence(config=random, twin=make_front())).verdict == "unknown"
    assert check_gain(make_evidence(twin=(fail(make_front()[0], "x"),))).verdict == "unknown"


def test_the_best_score_decides_where_it_is_all_that_is_sought():
    best = replace(make_evidence().config, mode="best")
    worse = tuple(make_record(each.number, loss=1.5, macs=each.cost.macs) for each in make_front())
    assert check_gain(make_evidence(config=best, twin=worse)).verdict == "fine"
    assert check_gain(make_evidence(config=best, records=worse, twin=make_front())).verdict == "warning"


def test_early_scores_that_order_trials_otherwise_are_told():
    straight = [(float(n), float(n)) for n in range(8)]
    crossed = [(float(n), float(-n)) for n in range(8)]
    assert check_rungs(make_evidence(rungs={3: straight})).verdict == "fine"
    card = check_rungs(make_evidence(rungs={3: crossed, 9: straight}))
    assert card.verdict == "warning"
    assert "-1.00 after 3 epochs, 1.00 after 9 epochs" in card.finding
    assert check_rungs(make_evidence(rungs={3: straight[:7]})).verdict == "unknown"
    assert check_rungs(make_evidence()).verdict == "unknown"


def test_scores_on_the_way_are_paired_with_those_at_the_end():
    plain = make_record(0, loss=0.5, macs=1000)
    early = replace(plain.scores, log_loss=0.9)
    rungs = RungRecord(epochs=3, scores=early), RungRecord(epochs=9, scores=plain.scores)
    runged = replace(plain, rungs=rungs)
    config = make_evidence().config
    assert pair_rungs(config, [runged, plain, runged]) == {3: [(0.9, 0.5)] * 2, 9: [(0.5, 0.5)] * 2}
    assert pair_rungs(config, [plain]) == {}


@pytest.mark.parametrize(("share", "verdict"), [(0.5, "fine"), (0.75, "warning"), (0.9, "warning")])
def test_a_study_that_does_not_beat_the_constant_answer_is_told(share, verdict):
    n_clips = VALIDATION.n_clips
    counts = {"a": round(share * n_clips), "b": n_clips - round(share * n_clips)}
    card = check_constant(make_evidence(validation=replace(VALIDATION, class_clips=counts)))
    assert card.verdict == verdict
    assert ("macro_error" in card.advice) == (verdict == "warning")
    assert check_constant(make_evidence(records=())).verdict == "unknown"


@pytest.mark.parametrize(("macro_accuracy", "verdict"), [(0.5, "warning"), (0.6, "fine")])
def test_where_all_classes_count_alike_the_constant_answer_is_right_for_one_of_them(macro_accuracy, verdict):
    """However common it is: a trial that is right less often than it may be the better one."""
    config = replace(make_evidence().config, objectives=("macro_error", "macs"))
    record = make_record(0, loss=0.5, macs=1000, accuracy=0.7)
    record = replace(record, scores=replace(record.scores, macro_accuracy=macro_accuracy))
    validation = replace(VALIDATION, class_clips={"common": 3600, "rare": 400})
    card = check_constant(make_evidence(config=config, records=(record,), validation=validation))
    assert card.verdict == verdict
    assert "the constant answer for 50.0 %" in card.finding
    assert card.advice == ("Train for longer." if verdict == "warning" else "")


def test_diagnosis_has_every_check_once_and_every_card_is_short():
    evidence = make_evidence(space=make_space(), survey=_survey(0.4))
    cards = diagnose(evidence)
    checks = [check for name, check in vars(health).items() if name.startswith("check_")]
    given = [found if isinstance(found, tuple | list) else (found,) for found in (check(evidence) for check in checks)]
    assert sorted(cards, key=repr) == sorted(chain(*given), key=repr)
    assert len({card.name for card in cards}) == len(cards)
    for card in cards:
        assert "\n" not in card.finding + card.advice
        assert card.advice or card.verdict == "fine" or card.name == "rungs"
    assert count_warnings(cards) == sum(card.verdict == "warning" for card in cards)


def test_an_empty_study_has_no_fault_that_could_be_known():
    cards = diagnose(make_evidence(records=(), validation=None, config=example_config(objectives=OBJECTIVES)))
    assert {card.verdict for card in cards} == {"unknown"}


def test_recordings_under_two_labels_are_warned_of_where_they_were_looked_for():
    assert check_labels(make_evidence()) == ()
    assert check_labels(make_evidence(validation=None)) == ()
    (fine,) = check_labels(make_evidence(validation=replace(VALIDATION, contradictions=())))
    assert fine.verdict == "fine"
    pairs = tuple((f"a/{number}.wav", f"b/{number}.wav") for number in range(5))
    (card,) = check_labels(evidence := make_evidence(validation=replace(VALIDATION, contradictions=pairs)))
    assert card.verdict == "warning"
    assert card.finding.endswith("a/0.wav and b/0.wav; a/1.wav and b/1.wav; a/2.wav and b/2.wav and 2 more")
    assert card in diagnose(evidence)
