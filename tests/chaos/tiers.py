"""How large the runs are, and how long each part may take before its verdict is due."""

from dataclasses import dataclass

REST_S = 240.0  # to set up, to come back from the last leap of time, and to judge


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a run is."""

    seconds: float  # of bad weather, at least
    faults: int  # process faults, at least
    pace: float  # seconds of the product's time in one of ours
    sayings: float  # texts from people for each text to them
    at_most: float  # seconds of bad weather, whatever was reached
    settles_in: float  # seconds after which what has not ended never will


@dataclass(frozen=True, slots=True)
class Tier:
    """The size of a run on one database."""

    texts: int  # at least: a few more than a run must have, as some sends are refused
    accounts: int
    people: int  # of each account
    largest_send: int
    scale: Scale

    @property
    def ends_within(self) -> float:
        """Return after how many seconds there is a verdict, "it never ended" among them."""
        return self.scale.at_most + self.scale.settles_in + REST_S


TIERS = {
    ("short", "sqlite"): Tier(350, 6, 25, 25, Scale(60, 30, 2, 0.12, 300, 480)),
    ("short", "postgresql"): Tier(510, 6, 25, 25, Scale(60, 60, 2, 0.12, 300, 480)),
    ("full", "sqlite"): Tier(5_100, 12, 80, 60, Scale(600, 320, 2, 0.06, 3_000, 1_500)),
    ("full", "postgresql"): Tier(10_200, 12, 80, 60, Scale(900, 1_000, 2, 0.06, 3_000, 1_500)),
}
