"""The ten points a form must show before it can be published (C-3), in words."""

from collections.abc import Mapping
from typing import Final

from portal.optin.values import Content

POINTS: Final[Mapping[str, tuple[str, str]]] = {
    "programme": ("What the texts are about", "Name it, such as: new listings in Lincoln Park."),
    "sender": ("Who is texting", "Name the brokerage or team as people know it."),
    "rates": ("“Message and data rates may apply”", "Add that sentence beside the box."),
    "frequency": ("How often", "Such as: Message frequency varies, up to 4 a month."),
    "help": ("Where to get help", "Such as: Reply HELP for help or call (312) 555-0100."),
    "stop": ("How to opt out", "Add: Reply STOP to opt out."),
    "privacy": ("Link to the privacy policy", "Enter its address."),
    "terms": ("Link to the terms", "Enter their address."),
    "checkbox": (
        "A box of its own, not ticked, not required",
        "What stands beside the box must say that it is about texts.",
    ),
    "not_condition": ("“Consent is not a condition of purchase”", "Add that sentence."),
}
MAY_MISS_IN_ONE_MESSAGE: Final = frozenset({"help", "stop"})  # C-3


def missing(found: Mapping[str, bool], content: Content) -> tuple[str, ...]:
    """Return the keys of the points that keep a form from being published, in order."""
    return tuple(
        point
        for point in POINTS
        if not found[point] and not (content.is_single_message and point in MAY_MISS_IN_ONE_MESSAGE)
    )


def told(points: tuple[str, ...]) -> str:
    """Return what is missing as a sentence."""
    names = "; ".join(POINTS[point][0] for point in points)
    return f"This form can't be published yet. Missing: {names}."
