"""What happens to whom in a chaos run, all of it from one seed (PROMISES 5.1, R1).

The carrier's answer to a text follows from the seed and the text; the order of process faults,
the people and what they say follow from the seed alone. The same seed is the same plan; the
moments at which its steps meet are the machine's.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

# One answer of the carrier for each try of a text: 62 % are ok.
ACCEPTED_BUT_LOST = {
    "rate_reset_after": 0.07,
    "rate_500_after": 0.06,
    "rate_truncated_after": 0.05,
    "rate_timeout_after": 0.03,
}  # 21 %
NOT_ACCEPTED = {"rate_500_before": 0.04, "rate_reset_before": 0.03}  # 7 %
BUSY = {"rate_429": 0.08}
REFUSED = {"rate_400": 0.02}
CALLBACKS = {"callbacks_lost": 0.35, "callbacks_doubled": 0.30, "callbacks_reordered": 0.5}
HANG_S = 0.5  # an answer that never comes ends after this
MOST_LIST_LAG_S = 5.0
FOUL = {**ACCEPTED_BUT_LOST, **NOT_ACCEPTED, **BUSY, **REFUSED, **CALLBACKS}
FAIR = dict.fromkeys([*FOUL, "list_lag_seconds"], 0)

# How often each process fault comes, relative to the others.
PROCESS_FAULTS = {
    "kill worker": 4,
    "kill worker, leave its child": 3,
    "kill work horse": 9,
    "freeze worker": 2,
    "freeze work horse": 7,
    "kill web": 2,
    "kill web child": 8,
    "freeze web child": 6,
    "freeze web master": 2,
    "freeze web": 2,
    "kill scheduler": 5,
    "freeze scheduler": 4,
    "stop database": 5,
    "freeze database": 3,
    "kill queue": 3,
    "freeze queue": 4,
    "flush queue": 6,
}
ONLY_POSTGRESQL = frozenset({"stop database", "freeze database"})  # SQLite has no process

SAYINGS = {  # what a person says, and how often
    "STOP": 5,
    "opt out": 3,  # ours to answer: the carrier's own words are single ones
    "unsubscribe": 2,
    "START": 3,
    "Thanks, see you there!": 6,
    "Is it still for sale?": 5,
}
STOPS = frozenset({"STOP", "opt out", "unsubscribe"})
STARTS = frozenset({"START"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One process fault: what, to which worker, for how long, and the pause before it."""

    kind: str
    worker: int
    lasts: float  # of a freeze or a pause: a part of the longest ordinary one
    is_long: bool  # a freeze longer than the time a text has to leave
    pause: float  # in units of the mean


@dataclass(frozen=True, slots=True)
class Saying:
    """One text from a person: who of those texted last, what, and the pause before it."""

    person: float  # a place in the list, 0 to 1
    words: str
    pause: float


# What a send says after its own words, and how often: one segment, two, and two that take more room.
MORE_WORDS = {
    "": 6,
    "Coffee and cake from half past one. " * 4: 2,
    "Kávé és sütemény fél kettőtől, sok szeretettel. ": 1,
}
MOST_BY_PROGRAM = 6  # texts, each a request of its own


class Door(StrEnum):
    """How a send comes in."""

    WEB = "web"  # its pages, with all that may befall those
    PROGRAM = "program"  # the API, a request for each person
    SERVICE = "service"  # itself, from outside, so that enough texts are under way


_DOORS = (Door.WEB, Door.SERVICE, Door.PROGRAM, Door.SERVICE)  # in turn


@dataclass(frozen=True, slots=True)
class Send:
    """One send: the account, its people by place, how it comes in, and whether it does twice."""

    number: int
    account: int
    people: tuple[int, ...]
    is_doubled: bool
    door: Door
    more_words: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole plan of a run."""

    seed: int
    is_postgresql: bool
    workers: int
    accounts: int
    people: int  # of each account
    texts: int  # at least
    largest_send: int = 32

    def faults(self) -> Iterator[Fault]:
        """Give process faults without end."""
        die = random.Random(f"{self.seed} faults")
        kinds = {
            kind: weight
            for kind, weight in PROCESS_FAULTS.items()
            if self.is_postgresql or kind not in ONLY_POSTGRESQL
        }
        while True:
            [kind] = die.choices(list(kinds), list(kinds.values()))
            yield Fault(
                kind,
                die.randrange(self.workers),
                die.uniform(0.05, 1.0),
                die.random() < 0.12,
                die.uniform(0.2, 1.8),
            )

    def sayings(self) -> Iterator[Saying]:
        """Give texts from people without end."""
        die = random.Random(f"{self.seed} sayings")
        while True:
            [words] = die.choices(list(SAYINGS), list(SAYINGS.values()))
            yield Saying(die.random(), words, die.uniform(0.2, 1.8))

    def sends(self) -> Iterator[Send]:
        """Give campaigns until the texts are enough."""
        die = random.Random(f"{self.seed} sends")
        count = number = 0
        while count < self.texts:
            door = _DOORS[number % len(_DOORS)]
            size = min(die.randrange(8, self.largest_send + 1), self.people)
            if door is Door.PROGRAM:
                size = min(size, MOST_BY_PROGRAM)
            people = tuple(sorted(die.sample(range(self.people), size)))
            account, is_doubled = die.randrange(self.accounts), die.random() < 0.3
            [more_words] = die.choices(list(MORE_WORDS), list(MORE_WORDS.values()))
            yield Send(number, account, people, is_doubled, door, more_words)
            count += size
            number += 1

    def words_of(self, send: Send) -> str:
        """Return what a send says, and no other."""
        words = f"Open house no. {send.number} on Saturday at 2. Seed {self.seed}."
        return f"{words} {send.more_words}".strip()

    def list_lags(self) -> Iterator[float]:
        """Give how many seconds new texts are missing from the list, without end."""
        die = random.Random(f"{self.seed} lags")
        while True:
            yield die.uniform(0.0, MOST_LIST_LAG_S)
