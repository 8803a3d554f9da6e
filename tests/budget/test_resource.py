"""Resources are declared once; those that are registered later count like the others, as long as they are there."""

from dataclasses import replace

import pytest

from nas_asc.budget import RESOURCES, Budget, Count, list_counts, parse_budget, register_resource, registered_resource
from nas_asc.cost import Cost
from nas_asc.errors import BudgetError, UnitError
from tests.budget.kernels import KERNELS

_COST = Cost(100, 900, 900, 2_000, 2_100, 150, 400, 10)


@pytest.fixture
def kernels():
    with registered_resource(KERNELS) as resource:
        yield resource


def test_counts_of_the_resources_are_those_of_a_cost():
    counts = {count.column: count.value(_COST) for count in list_counts()}
    assert counts == {name: value for name, value in _COST.to_dict().items() if name != "bits"}


@pytest.mark.usefixtures("kernels")
def test_limit_on_a_registered_resource_turns_away_what_is_above_it():
    budget = Budget(max_of={"kernels": 100}, max_params=1_000)
    assert budget.limits == {"params": 1_000, "kernels": 100}
    assert budget.used(_COST)["kernels"] == 100
    assert budget.fits(_COST)
    (excess,) = budget.check(replace(_COST, all_params=909))
    assert (excess.resource, excess.used, excess.limit, excess.rule) == ("kernels", 101, 100, KERNELS.counting)
    assert budget.describe().endswith("kernels <= 100 (all values over nine)")


@pytest.mark.usefixtures("kernels")
def test_words_of_the_command_line_limit_it():
    assert parse_budget({"kernels": "1k", "ram": "2kB"}) == Budget(max_of={"kernels": 1_000}, max_ram=2_000)
    with pytest.raises(UnitError, match=r"`kernels` must be a count such as 128k or 1\.5M, but got 'few'"):
        parse_budget({"kernels": "few"})
    with pytest.raises(BudgetError, match="`max_kernels` must be 1 or more, but got max_kernels=0"):
        parse_budget({"kernels": "0"})


@pytest.mark.usefixtures("kernels")
def test_plain_data_has_a_registered_limit_only_where_there_is_one():
    budget = Budget(max_of={"kernels": 100})
    assert budget.to_dict()["max_of"] == {"kernels": 100}
    assert Budget.from_dict(budget.to_dict()) == budget
    assert "max_of" not in Budget(max_params=5).to_dict()


def test_what_is_not_registered_can_not_be_limited():
    with registered_resource(KERNELS):
        pass
    for name in ("kernels", "params"):
        with pytest.raises(BudgetError, match=f"`max_of` must limit registered resources, but got {name!r}"):
            Budget(max_of={name: 100})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "ram"}, "`name` 'ram' is taken by resource 'ram'"),
        ({"option": "--budget"}, "`option` '--budget' is taken by resource 'params'"),
        ({"objective": "macs"}, "`objective` 'macs' is taken by resource 'macs'"),
        ({"counts": (Count("norm_params", "", KERNELS.used),)}, "`column` 'norm_params' is taken by resource 'params'"),
        ({"used": None}, "`used` must be a function of a cost, but resource 'kernels' has none"),
    ],
)
def test_a_resource_takes_no_name_of_another_one(changes, message):
    before = dict(RESOURCES)
    with pytest.raises(BudgetError, match=message):
        register_resource(replace(KERNELS, **changes))
    assert dict(RESOURCES) == before
