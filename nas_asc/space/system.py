"""Published points of a space: a candidate beside the numbers that its report states."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from nas_asc.errors import SpaceError, nearest
from nas_asc.frontend import Task
from nas_asc.recipe import Recipe
from nas_asc.space.axis import is_number
from nas_asc.space.candidate import Candidate
from nas_asc.space.place import Place, fault

CONVENTIONS: Mapping[str, str] = {
    "TRAIN": "every trainable parameter",
    "ALL": "trainable parameters and the running mean and variance of batch norms",
}
PUBLISHED = ("params", "nonzero_params", "macs", "official_macs", "log_loss", "accuracy", "receptive_field")
_COST_FIELDS = {"macs": "macs", "official_macs": "official_macs"}


class Slip(NamedTuple):
    """A number that a report printed wrong, as its other numbers show.

    Args:
        printed: In the report.
        reason: How it can be seen that it is a slip.
    """

    printed: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class System:
    """A published system.

    Args:
        name: As the report names it.
        candidate: Its point of the space.
        published: The report's own numbers: params, nonzero_params, macs, official_macs, log_loss (nats), accuracy
            (in [0, 1]), receptive_field (input bins).
        convention: What `params` counts: "TRAIN" is every trainable parameter, "ALL" also the running mean and
            variance of batch norms.
        task: What it was built for.
        recipe: How it was trained; None where that is not known.
        source: The report.
        note: What else to know.
        place: Where it is declared.
        slips: Numbers of `published` that the report printed otherwise by mistake, by name.
    """

    name: str
    candidate: Candidate
    published: Mapping[str, Any]
    convention: str
    task: Task
    recipe: Recipe | None
    source: str
    note: str
    place: Place
    slips: Mapping[str, Slip]

    @property
    def expected_cost(self) -> dict[str, int]:
        """Published numbers that follow from the architecture, by field of `Cost`."""
        params = "params" if self.convention == "TRAIN" else "all_params"
        fields = {"params": params, **_COST_FIELDS}
        return {field: self.published[name] for name, field in fields.items() if name in self.published}


def validate_published(published: Mapping[str, Any], *, what: str, place: Place) -> None:
    """Check that every published number has a known name and is a number.

    Raises:
        SpaceError: It is not; names it.
    """
    for name, value in published.items():
        if name not in PUBLISHED:
            raise fault(f"{what} publishes {name!r}, which is unknown", nearest(name, PUBLISHED, what="names"), place)
        if not is_number(value) or value <= 0:
            raise fault(f"{what} must publish numbers above 0, but got {name}={value!r}", "Correct it.", place)


def validate_slips(slips: Mapping[str, Any], published: Mapping[str, Any], *, what: str, place: Place) -> None:
    """Check that every slip belongs to a published number and says why.

    Raises:
        SpaceError: It does not; names it.
    """
    for name, slip in slips.items():
        if name not in published:
            raise fault(f"{what} has a slip of {name!r}, which it does not publish", "Give the right number.", place)
        if not isinstance(slip, Slip) or not slip.reason or slip.printed == published[name]:
            raise fault(f"the slip of {name!r} in {what} must be Slip(printed, reason)", "Say what was printed.", place)


def validate_recipe(recipe: Any, *, what: str, place: Place) -> None:
    """Check that a recipe is one, or None.

    Raises:
        SpaceError: It is not.
    """
    if recipe is not None and not isinstance(recipe, Recipe):
        raise fault(f"`recipe` of {what} must be a Recipe, but got {recipe!r}", "Give one, or None.", place)


def validate_convention(convention: str, *, what: str, place: Place) -> None:
    """Check that a convention is known.

    Raises:
        SpaceError: It is not.
    """
    if convention not in CONVENTIONS:
        raise _unknown_convention(convention, what, place)


def _unknown_convention(convention: str, what: str, place: Place) -> SpaceError:
    return fault(f"`convention` of {what} must be 'TRAIN' or 'ALL', but got {convention!r}", "Use one.", place)
