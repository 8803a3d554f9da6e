"""Limits at their boundaries, each rule set against what its year's calculators say."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_asc.budget import RULES, Budget, parse_budget
from nas_asc.cost import Cost
from nas_asc.errors import BudgetError, UnitError

_COST = Cost(
    params=61_148,
    all_params=64_000,
    nonzero_params=64_000,
    macs=29_416_448,
    official_macs=29_419_156,
    int8_bytes=66_000,
    peak_ram_bytes=300_000,
    norm_params=5_704,
)
_LIMITS = st.one_of(st.none(), st.integers(1, 200))
_BUDGETS = st.builds(Budget, max_params=_LIMITS, max_macs=_LIMITS, max_bytes=_LIMITS, max_ram=_LIMITS)
_COSTS = st.builds(Cost, *[st.integers(1, 200)] * 8)


@pytest.mark.parametrize(
    ("option", "text", "field", "limit"),
    [
        ("params", "128k", "params", 128_000),
        ("macs", "30M", "official_macs", 30_000_000),
        ("macs", "30M", "macs", 30_000_000),
        ("bytes", "128KiB", "int8_bytes", 131_072),
        ("ram", "256kB", "peak_ram_bytes", 256_000),
    ],
)
def test_limit_is_met_at_its_value_and_broken_one_above(option, text, field, limit):
    budget = parse_budget({option: text})
    low = replace(_COST, macs=1, official_macs=1)
    assert budget.fits(replace(low, **{field: limit}))
    (excess,) = budget.check(replace(low, **{field: limit + 1}))
    assert (excess.used, excess.limit) == (limit + 1, limit)


@pytest.mark.parametrize("rules", ["dcase2023", "dcase2024", "dcase2025"])
@pytest.mark.parametrize(("bits", "most"), [(8, 128_000), (16, 64_000), (32, 32_000)])
def test_bytes_by_precision_decide_since_2023(rules, bits, most):
    budget = Budget(rules=rules, bits=bits)
    assert budget.fits(replace(_COST, params=most))
    (excess,) = budget.check(replace(_COST, params=most + 1))
    assert (excess.resource, excess.limit) == ("model_bytes", 128_000)


@pytest.mark.parametrize(
    ("rules", "field", "most"),
    [
        ("dcase2020-1b", "nonzero_params", 512_000),
        ("dcase2021", "nonzero_params", 131_072),
        ("dcase2023", "params", 128_000),
        ("dcase2024", "params", 128_000),
        ("dcase2025", "params", 128_000),
    ],
)
@pytest.mark.parametrize("bits", [8, 16, 32])
@pytest.mark.parametrize("default", [8, 16, 32])
def test_own_precision_of_a_candidate_decides_before_that_of_the_budget(rules, field, most, bits, default):
    budget, cost = Budget(rules=rules, bits=default), replace(_COST, norm_params=0, bits=bits)
    n = most * 8 // bits
    assert budget.fits(replace(cost, **{field: n}))
    assert budget.used(replace(cost, **{field: n}))["model_bytes"] == most
    (excess,) = budget.check(replace(cost, **{field: n + 1}))
    assert (excess.resource, excess.used, excess.limit) == ("model_bytes", most + bits // 8, most)
    assert f"{bits} bits each" in excess.rule


def test_2022_takes_no_other_precision_than_int8():
    budget = Budget(rules="dcase2022")
    assert budget.fits(replace(_COST, params=128_000, bits=8))
    for bits in (16, 32):
        (excess,) = budget.check(replace(_COST, params=1_000, bits=bits))
        assert (excess.resource, excess.used, excess.limit, excess.rule) == ("bits", bits, 8, "fixed by dcase2022")
        assert not budget.fits(replace(_COST, params=1_000, bits=bits))


@pytest.mark.parametrize("bits", [None, 8, 16, 32])
def test_precision_changes_no_count_of_parameters(bits):
    budget = Budget(max_params=_COST.params)
    assert budget.fits(replace(_COST, bits=bits))
    assert not budget.fits(replace(_COST, params=_COST.params + 1, bits=bits))


@pytest.mark.parametrize("rules", ["dcase2022", "dcase2023", "dcase2024", "dcase2025"])
def test_thirty_million_macs_pass_and_one_more_fails(rules):
    budget = Budget(rules=rules)
    assert budget.fits(replace(_COST, official_macs=30_000_000))
    assert not budget.fits(replace(_COST, official_macs=30_000_001))


def test_2022_counts_parameters_with_zeros_at_int8():
    budget = Budget(rules="dcase2022")
    assert budget.fits(replace(_COST, params=128_000))
    assert not budget.fits(replace(_COST, params=128_001, nonzero_params=10))
    with pytest.raises(BudgetError, match="`bits` must be 8 under dcase2022"):
        Budget(rules="dcase2022", bits=16)


def test_2021_counts_nonzero_values_with_norms_in_kibibytes():
    budget = Budget(rules="dcase2021", bits=16)
    assert budget.fits(replace(_COST, params=678_184, nonzero_params=64_928))  # CP-JKU's second system, 126.81 KB
    assert budget.fits(replace(_COST, nonzero_params=65_536))
    assert not budget.fits(replace(_COST, nonzero_params=65_537))


def test_2020_leaves_norms_out():
    budget = Budget(rules="dcase2020-1b", bits=32)
    assert budget.fits(replace(_COST, nonzero_params=128_100, norm_params=100))
    assert not budget.fits(replace(_COST, nonzero_params=128_101, norm_params=100))


def test_pure_count_decides_where_it_is_the_higher_one():
    attention = replace(_COST, official_macs=1_000, macs=31_000_000)
    (excess,) = parse_budget({"macs": "30M"}).check(attention)
    assert excess.used == 31_000_000


def test_own_limit_tightens_the_rules_and_never_loosens_them():
    assert Budget(max_params=64_000, rules="dcase2022").limits["params"] == 64_000
    assert Budget(max_params=640_000, rules="dcase2022").limits["params"] == 128_000


def test_official_baselines_fit_their_rules():
    cnn_2022 = replace(_COST, params=46_118, macs=29_203_560, official_macs=29_271_638)
    assert Budget(rules="dcase2022").fits(cnn_2022)
    assert Budget(rules="dcase2024", bits=16).fits(_COST)  # 122,296 bytes
    assert not Budget(rules="dcase2024", bits=32).fits(_COST)


@given(budget=_BUDGETS, cost=_COSTS)
def test_fits_is_the_absence_of_any_excess(budget, cost):
    assert budget.fits(cost) == (not budget.check(cost))


@given(budget=_BUDGETS, cost=_COSTS, more=st.integers(0, 50))
def test_a_higher_limit_never_turns_a_network_away(budget, cost, more):
    raised = Budget(
        **{name: limit + more for name, limit in budget.to_dict().items() if name.startswith("max_") and limit}
    )
    assert not budget.fits(cost) or raised.fits(cost)


@given(budget=_BUDGETS)
def test_budget_survives_plain_data(budget):
    assert Budget.from_dict({name: value for name, value in budget.to_dict().items() if value is not None}) == budget


def test_description_gives_every_limit_in_full():
    text = parse_budget({"params": "128k", "macs": "30M", "bytes": "128KiB", "ram": "256kB"}).describe()
    assert all(number in text for number in ("128,000", "30,000,000", "131,072", "256,000"))
    assert Budget().describe() == "budget: no limits"


@pytest.mark.parametrize("rules", RULES)
def test_every_rule_set_says_how_it_counts(rules):
    text = Budget(rules=rules).describe()
    assert rules in text
    assert "zero" in text


@pytest.mark.parametrize(
    ("words", "rules", "error", "message"),
    [
        ({"params": "128q"}, None, UnitError, "`params` must be a count such as 128k or 1.5M, but got '128q'"),
        ({"macs": "-3"}, None, UnitError, "`macs` must be"),
        ({"bytes": "12.5"}, None, UnitError, "`bytes` must be a whole number"),
        ({"ram": "0"}, None, BudgetError, "`max_ram` must be 1 or more"),
        ({}, "dcase-2022", BudgetError, "Did you mean 'dcase2022'"),
        ({}, "x", BudgetError, "The rule sets are dcase2020-1b"),
    ],
)
def test_bad_budget_gives_one_line_with_option_and_value(words, rules, error, message):
    with pytest.raises(error, match=message) as caught:
        parse_budget(words, rules=rules)
    assert "\n" not in str(caught.value)
