"""Check of the front end: whether it takes more than the network that it feeds."""

from nas_asc.frontend import MICROCONTROLLERS
from nas_asc.health.card import Card
from nas_asc.health.evidence import Evidence
from nas_asc.units import format_short


def check_front_end(evidence: Evidence) -> Card:
    """Whether the recommended network takes more operations, and on a microcontroller more RAM, than its front end."""
    title, best, config = "front end beside the network", evidence.best, evidence.config
    if best is None:
        return Card(
            "front end", title, "unknown", "there is no network within the limits yet", "Go on with the search."
        )
    cost = best.log_mel.count(config.clip_s)
    found = (
        f"trial {best.number}: {format_short(cost.clip_operations)} operations a clip beside"
        f" {format_short(2 * best.cost.macs)} of the network, {format_short(cost.ram_bytes)} bytes of RAM beside"
        f" {format_short(best.cost.peak_ram_bytes)}"
    )
    if config.target not in MICROCONTROLLERS or not cost.outweighs(best.cost.macs):
        return Card("front end", title, "fine", found)
    advice = (
        "The front end outweighs the network: fewer points of the transform, a lower sample rate or a longer hop save"
        " more than a smaller network."
    )
    return Card("front end", title, "warning", found, advice)
