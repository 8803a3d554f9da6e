"""One finding about a study's health."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["fine", "warning", "unknown"]


@dataclass(frozen=True)
class Card:
    """What one check found.

    Args:
        name: The name of the check, such as "edges", or "limit macs".
        title: What was looked at, for people.
        verdict: "fine", "warning", or "unknown" where what it needs is not there.
        finding: One line with the numbers.
        advice: One line of what to do, with arguments and commands in backticks; empty where there is nothing to do.
    """

    name: str
    title: str
    verdict: Verdict
    finding: str
    advice: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)
