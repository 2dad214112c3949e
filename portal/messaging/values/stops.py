"""By what traffic is stopped (H-8)."""

from enum import StrEnum


class StopKind(StrEnum):
    """By what traffic is stopped beside sends and plans, which have a pause of their own (H-8)."""

    SOURCE = "source"  # the list, form or way the consent came from
    WORDING = "wording"  # nearly the same words
    NUMBER = "number"  # texted from
    AGENT = "agent"
    STEP = "step"  # texts of plans that say just what one step says
