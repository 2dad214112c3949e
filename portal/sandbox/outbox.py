"""Webhooks on their way to the portal."""

import json
import sqlite3
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urldefrag, urlsplit

from portal.sandbox import formats
from portal.sandbox.knobs import Knobs
from portal.sandbox.store import Store

_LATE_SECONDS = 2.0
_LIMITS = {"ct": (100, 10000), "rt": (100, 15000), "tt": (100, 15000), "rc": (0, 5)}


@dataclass(frozen=True)
class Overrides:
    """How a webhook is tried: times in seconds, retries, and what deserves one."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0
    retries: int = 1
    policy: frozenset[str] = frozenset({"ct"})

    def deserves_retry(self, failure: str) -> bool:
        """Say whether a failure (ct, rt, 4xx, 5xx) is worth another try."""
        return "all" in self.policy or failure in self.policy


def overrides(url: str) -> Overrides:
    """Read Twilio's connection overrides from a URL's fragment; nonsense is ignored."""
    given = {name: values[-1] for name, values in parse_qs(urldefrag(url).fragment).items()}
    times = Overrides()

    def number(name: str, rest: float) -> float:
        low, high = _LIMITS[name]
        raw = given.get(name, "")
        return float(min(max(int(raw), low), high)) if raw.isdigit() else rest

    policy = given.get("rp", "")
    return Overrides(
        connect=number("ct", times.connect * 1000) / 1000,
        read=number("rt", times.read * 1000) / 1000,
        total=number("tt", times.total * 1000) / 1000,
        retries=int(number("rc", times.retries)),
        policy=frozenset(policy.split(",")) if policy else times.policy,
    )


def is_callback_url(url: str) -> bool:
    """Say whether Twilio would take this as a callback: absolute, http, no _ in the host."""
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "_" not in parts.netloc


@dataclass(frozen=True)
class Letter:
    """One webhook to carry."""

    kind: str
    message_sid: str
    account_sid: str
    url: str
    params: Mapping[str, str]
    method: str = "POST"
    fallback: str = ""


def post(store: Store, knobs: Knobs, letter: Letter, *, manner: str = "plain") -> None:
    """Put a webhook in the outbox; manner or chance may lose, double or delay it."""
    lost = manner == "lost" or (manner == "plain" and knobs.chance("callbacks_lost"))
    late = manner == "reordered" or (manner == "plain" and knobs.chance("callbacks_reordered"))
    doubled = manner == "doubled" or (manner == "plain" and knobs.chance("callbacks_doubled"))
    with store.work() as db:
        for _ in range(2 if doubled and not lost else 1):
            _insert(db, letter, state="lost" if lost else "pending", late=late)


def _insert(db: sqlite3.Connection, letter: Letter, *, state: str, late: bool) -> None:
    at = formats.now()
    db.execute(
        "INSERT INTO webhooks (kind, message_sid, account_sid, url, method, params, fallback,"
        " loose, token, created, due, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            letter.kind,
            letter.message_sid,
            letter.account_sid,
            letter.url,
            letter.method,
            json.dumps(dict(letter.params)),
            letter.fallback or None,
            late,
            str(uuid.uuid4()),
            at,
            at + _LATE_SECONDS if late else at,
            state,
        ),
    )
