"""The weather of the sandbox: what is slow, what fails, how often."""

import json
import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.sandbox.store import Store

Value = int | float | bool


@dataclass(frozen=True)
class Knob:
    """One knob: its name, its value at rest, its bounds, and words for the page."""

    name: str
    rest: Value
    label: str
    help: str
    group: str
    top: float = 1.0

    @property
    def is_switch(self) -> bool:
        """Say whether the knob is on or off."""
        return isinstance(self.rest, bool)

    def read(self, raw: object) -> Value:
        """Return the value that raw means; raises ValueError with words for the person."""
        if self.is_switch:
            if isinstance(raw, str):
                return raw.lower() in {"true", "on", "1", "yes"}
            return bool(raw)
        try:
            number = float(str(raw))
        except ValueError:
            message = f"{self.label}: {raw} is not a number."
            raise ValueError(message) from None
        if not 0 <= number <= self.top:
            message = f"{self.label}: choose between 0 and {self.top:g}."
            raise ValueError(message)
        return int(number) if isinstance(self.rest, int) else number


_SHARE = "Share of new texts, 0 to 1."
_CALL = "Share of callbacks, 0 to 1."

KNOBS: tuple[Knob, ...] = (
    Knob("sent_seconds", 0.2, "Sent after, seconds", "From queued on.", "Speed", 86400),
    Knob("delivery_seconds", 1.0, "Delivered after, seconds", "Until the receipt.", "Speed", 86400),
    Knob("latency_ms", 0, "Latency, ms", "Added to each API answer.", "Speed", 60000),
    Knob("list_lag_seconds", 0.0, "List lag, seconds", "New texts are missing from lists for this"
         " long.", "Speed", 86400),
    Knob("hang_seconds", 30.0, "A hanging answer takes, seconds", "Then the connection is closed.",
         "Speed", 600),
    Knob("review_seconds", 0.0, "A review takes, seconds", "Of a profile, a brand, a campaign or a"
         " toll-free number, each.", "Speed", 86400 * 30),
    Knob("port_seconds", 0.0, "Each part of a port-in takes, seconds", "Review, signature, losing"
         " carrier, date.", "Speed", 86400 * 30),
    Knob("rate_429", 0.0, "HTTP 429", _SHARE, "Not accepted"),
    Knob("rate_500_before", 0.0, "HTTP 500", _SHARE, "Not accepted"),
    Knob("rate_reset_before", 0.0, "Connection reset", _SHARE, "Not accepted"),
    Knob("rate_400", 0.0, "HTTP 400 with a code", _SHARE, "Not accepted"),
    Knob("rate_500_after", 0.0, "HTTP 500", _SHARE, "Accepted, but the answer is lost"),
    Knob("rate_reset_after", 0.0, "Connection reset", _SHARE, "Accepted, but the answer is lost"),
    Knob("rate_timeout_after", 0.0, "No answer", _SHARE, "Accepted, but the answer is lost"),
    Knob("rate_truncated_after", 0.0, "Broken off", _SHARE, "Accepted, but the answer is lost"),
    Knob("rate_garbage_after", 0.0, "Nonsense", _SHARE, "Accepted, but the answer is lost"),
    Knob("rate_stripe_lost", 0.0, "Stripe: HTTP 500", "Share of payment requests, 0 to 1.",
         "Accepted, but the answer is lost"),
    Knob("rate_read_error", 0.0, "Fetches and lists fail, HTTP 503", "Share of GETs.", "Reading"),
    Knob("callbacks_lost", 0.0, "Lost", _CALL, "Callbacks"),
    Knob("callbacks_doubled", 0.0, "Doubled", _CALL, "Callbacks"),
    Knob("callbacks_reordered", 0.0, "Late and out of order", _CALL, "Callbacks"),
    Knob("hold_callbacks", False, "Hold callbacks", "Post nothing; a test takes them.",
         "Callbacks"),
    Knob("carrier_keywords", True, "Answer STOP, START and HELP", "As the carrier does by default:"
         " block, lift and reply.", "Keywords"),
    Knob("seed", 1, "Seed", "The same seed gives the same weather.", "Chance", 2**31),
)  # fmt: skip

_BY_NAME = {knob.name: knob for knob in KNOBS}

# Drawn with one throw, in this order, so that the shares of one text add up.
FAULT_RATES = (
    "429",
    "500_before",
    "reset_before",
    "500_after",
    "reset_after",
    "timeout_after",
    "truncated_after",
    "garbage_after",
    "400",
)
FAULTS = (*FAULT_RATES, "503_before", "garbage_before", "401_before", "403_before")
# What can be planned for a read: nothing is done by it, so each is as good as "before".
READ_FAULTS = ("401_before", "403_before", "429", "500_before", "reset_before", "timeout_after")


class Knobs:
    """The knobs as they stand, kept over restarts, and the die that obeys the seed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._script: list[str] = []
        self._writes: list[str] = []
        self._reads: list[str] = []
        self._tries: Counter[str] = Counter()
        self._values: dict[str, Value] = {knob.name: knob.rest for knob in KNOBS}
        for row in store.rows("SELECT name, value FROM knobs"):
            if row["name"] in _BY_NAME:
                self._values[row["name"]] = json.loads(row["value"])
        self._die = random.Random(self._values["seed"])  # noqa: S311  weather, not secrets

    def values(self) -> dict[str, Value]:
        """Return all knobs by name."""
        with self._lock:
            return dict(self._values)

    def number(self, name: str) -> float:
        """Return one knob as a number."""
        return float(self._values[name])

    def is_on(self, name: str) -> bool:
        """Say whether a switch is on."""
        return bool(self._values[name])

    def turn(self, changes: Mapping[str, object]) -> None:
        """Set some knobs; raises ValueError and changes nothing where one is wrong."""
        unknown = sorted(set(changes) - set(_BY_NAME))
        if unknown:
            message = f"No knob is called {', '.join(unknown)}."
            raise ValueError(message)
        read = {name: _BY_NAME[name].read(raw) for name, raw in changes.items()}
        # The store's lock comes first everywhere: a webhook posted in a transaction throws the die.
        with self._store.work() as db, self._lock:
            for name, value in read.items():
                db.execute("REPLACE INTO knobs VALUES (?, ?)", (name, json.dumps(value)))
            self._values.update(read)
            if "seed" in read:
                self._die.seed(read["seed"])
                self._tries.clear()

    def rest(self) -> None:
        """Put every knob back and forget the script."""
        self.turn({knob.name: knob.rest for knob in KNOBS})
        self.plan([])
        self.plan_writes([])
        self.plan_reads([])

    def chance(self, name: str) -> bool:
        """Throw the die against one knob."""
        rate = self.number(name)
        if not rate:
            return False
        with self._lock:
            return self._die.random() < rate

    def plan(self, faults: Sequence[str]) -> None:
        """Let the next texts meet exactly these faults, in order; "ok" is none."""
        _check(faults)
        with self._lock:
            self._script = list(faults)

    def plan_writes(self, faults: Sequence[str]) -> None:
        """Let the next writes that are no texts meet exactly these faults; "ok" is none."""
        _check(faults)
        with self._lock:
            self._writes = list(faults)

    def plan_reads(self, faults: Sequence[str]) -> None:
        """Let the next reads meet exactly these faults; "ok" is none."""
        _check(faults, READ_FAULTS)
        with self._lock:
            self._reads = list(faults)

    def next_read_fault(self) -> str:
        """Return the fault of this read, if one is planned."""
        with self._lock:
            planned = self._reads.pop(0) if self._reads else "ok"
        return "" if planned == "ok" else planned

    def next_write_fault(self) -> str:
        """Return the fault of this write, if one is planned."""
        with self._lock:
            planned = self._writes.pop(0) if self._writes else "ok"
        return "" if planned == "ok" else planned

    def next_fault(self, text: str) -> str:
        """Return the fault of this create: from the script, else by the die, else none.

        Each text has a die of its own, so its weather does not hang on what else is sent at
        the same time: the same seed, text and number of tries meet the same fault.
        """
        with self._lock:
            if self._script:
                planned = self._script.pop(0)
                return "" if planned == "ok" else planned
            rates = [(name, float(self._values[f"rate_{name}"])) for name in FAULT_RATES]
            if not any(rate for _, rate in rates):
                return ""
            self._tries[text] += 1
            own = f"{self._values['seed']} {self._tries[text]} {text}"
            throw = random.Random(own).random()  # noqa: S311  weather, not secrets
            for name, rate in rates:
                if throw < rate:
                    return name
                throw -= rate
            return ""


def _check(faults: Sequence[str], known: Sequence[str] = FAULTS) -> None:
    unknown = sorted(set(faults) - set(known) - {"ok"})
    if unknown:
        message = f"No fault is called {', '.join(unknown)}."
        raise ValueError(message)
