"""Gathers what the judge looks at: the carrier's log, and the product's rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from sqlalchemy import select

from portal.billing.models import CreditAccount, CreditEntry, HouseEntry
from portal.consent import queries as consent
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.messaging.models import Campaign, InboundText, Message, MessageAttempt
from tests import cast
from tests.chaos.disasters import LONG_FREEZE_S
from tests.chaos.judge import (
    POST_WITHIN_S,
    Balance,
    Case,
    Create,
    Entry,
    Intent,
    LastWord,
    Stop,
    Text,
)
from tests.chaos.weather import STARTS, STOPS
from tests.chaos.world import Desk
from tests.sandbox.server import Sandbox

THREADS = 16  # of a worker (RULINGS 12)
# From the last look to the carrier's log: a process may be frozen after it, and the carrier slow.
POSTS_WITHIN_S = POST_WITHIN_S + LONG_FREEZE_S + 10.0
_OPTED_OUT = 21610  # the carrier's code


def gather(
    sandbox: Sandbox,
    intents: Sequence[Intent],
    workers: int,
    desks: Sequence[Desk],
    pace: float,
    leaps: Sequence[tuple[float, float]],
) -> Case:
    """Return the case of a run that has settled."""
    webhooks = sandbox.get("webhooks")["webhooks"]
    if not is_sqlite():  # a text from a person may still be learned of: all rows of one moment
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    obeyed = answered(webhooks)
    messages = sandbox.get("messages")["messages"]
    said_at, learned = heard_at(obeyed), _learned()
    log = sandbox.log(all="1")
    return Case(
        creates=creates(log),
        texts=_texts(intents),
        heard=frozenset(w["sid"] for w in obeyed if w["kind"] == "status"),
        cleared=_cleared(),
        stops=stops(messages, said_at, learned),
        intents=intents,
        entries=_entries(),
        balances=_balances(),
        house=frozenset(str(id_) for id_ in db.session.scalars(select(HouseEntry.message_id))),
        most_in_flight=workers * THREADS,
        last_words=_last_words(messages, said_at, learned, refused_as_out(log), desks),
        statuses={m["sid"]: m["status"] for m in messages},
        segments={m["sid"]: n for m in messages if (n := int(m["num_segments"]))},
        posts_within=POSTS_WITHIN_S * pace,
        leaps=leaps,
    )


def creates(log: Iterable[Mapping[str, Any]]) -> list[Create]:
    """Return every request to send, as the carrier saw it."""
    return [
        Create(
            line["seq"],
            line["at_epoch"],
            line["outcome"],
            line["answer"],
            line["sid"],
            line["to"],
            line["m"],
            int(line["a"] or 1),
            line["body"] or "",
        )
        for line in log
    ]


def _texts(intents: Iterable[Intent]) -> list[Text]:
    """Return all texts; one whose words are all of a send is of that, whatever we call it."""
    by_words = {intent.words: intent.nonce for intent in intents}
    rows = db.session.execute(
        select(
            Message.id,
            Message.account_id,
            Message.e164,
            Message.state,
            Message.credits,
            Message.sid,
            Message.purpose,
            Message.part,
            Message.body,
            Campaign.nonce,
        ).outerjoin(Campaign, Campaign.id == Message.campaign_id)
    )
    return [
        Text(
            str(row.id),
            str(row.account_id),
            row.e164 or "",
            row.state.value,
            row.credits,
            row.sid,
            row.purpose,
            by_words.get(row.body) or row.nonce,
            is_planned=row.part > 0,
        )
        for row in rows
    ]


def _cleared() -> dict[tuple[str, int], float]:
    rows = db.session.execute(
        select(MessageAttempt.message_id, MessageAttempt.attempt, MessageAttempt.started_at)
    )
    return {(str(row.message_id), row.attempt): row.started_at.timestamp() for row in rows}


def answered(webhooks: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the webhooks that we answered as the carrier wishes."""
    return [w for w in webhooks if w["state"] == "done" and w["answer"] // 100 == 2]


def heard_at(obeyed: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return when we first answered for each text of a person, by SID."""
    first: dict[str, float] = {}
    for webhook in obeyed:
        if webhook["kind"] == "inbound":
            sid = webhook["sid"]
            first[sid] = min(webhook["closed"], first.get(sid, webhook["closed"]))
    return first


def _learned() -> dict[str, float]:
    """Return when each text of a person came or, known by the list alone, was sent; by SID."""
    rows = db.session.execute(select(InboundText.sid, InboundText.received_at))
    return {row.sid: row.received_at.timestamp() for row in rows}


def refused_as_out(lines: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Return when the carrier last refused a text to each person as opted out (21610)."""
    last: dict[str, float] = {}
    for line in lines:
        if line["code"] == _OPTED_OUT:
            last[line["to"]] = max(line["at_epoch"], last.get(line["to"], 0.0))
    return last


def _last_words(
    messages: Iterable[Mapping[str, Any]],
    stored: Mapping[str, float],
    learned: Mapping[str, float],
    refused: Mapping[str, float],
    desks: Sequence[Desk],
) -> list[LastWord]:
    """Return each person's last STOP or START at the carrier, with what stands for them here.

    A STOP holds whatever overtook it. A START is left out that was said while the STOP before was
    on its way, which counts from its arrival, and one after which the carrier called the person
    opted out: that is its own word, later than theirs.
    """
    said: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for message in messages:  # oldest first
        if message["direction"] == "inbound" and message["body"] in STOPS | STARTS:
            said[message["from"]].append(message)
    found = []
    for desk in desks:
        known = [e164 for e164 in desk.e164s if e164 in said]
        standings = consent.standings(cast.account(desk.id).tenant, known, utcnow())
        for e164 in known:
            last, is_out = said[e164][-1], standings[e164].is_opted_out
            if is_judged(said[e164], stored, learned, refused.get(e164, 0.0)):
                is_heard = last["sid"] in stored or last["sid"] in learned
                found.append(LastWord(e164, last["body"] in STOPS, is_heard, is_out))
    return found


def is_judged(
    words: Sequence[Mapping[str, Any]],
    stored: Mapping[str, float],
    learned: Mapping[str, float],
    refused_at: float,
) -> bool:
    """Say whether a person's last word, of those they said, tells what must stand for them.

    A STOP whose every answer was lost came all the same, when the tables say.
    """
    came = {**learned, **stored}
    last = words[-1]
    if last["body"] in STOPS:
        return True
    said_at = _moment(last["date_created"])
    return refused_at < said_at and all(
        came.get(word["sid"], 0.0) <= said_at for word in words if word["body"] in STOPS
    )


def stops(
    messages: Iterable[Mapping[str, Any]],
    stored: Mapping[str, float],
    learned: Mapping[str, float],
) -> list[Stop]:
    """Return when each STOP was in force: from our answer to it until the person's next START.

    A START that never came here, by a webhook or in the carrier's list, lifts nothing; one that did
    lifts what had come when it was said, though our answer to that took longer.
    """
    inbound = [message for message in messages if message["direction"] == "inbound"]
    starts: dict[str, list[float]] = defaultdict(list)
    for message in inbound:
        if message["body"] in STARTS and message["sid"] in learned:
            starts[message["from"]].append(learned[message["sid"]])
    found = []
    for message in inbound:
        sid, person = message["sid"], message["from"]
        if message["body"] in STOPS and sid in stored:
            came_at = min(stored[sid], learned.get(sid, stored[sid]))
            later = [at for at in starts[person] if at >= came_at - 1]  # said in whole seconds
            found.append(Stop(person, stored[sid], min(later, default=None)))
    return found


def _moment(rfc2822: str) -> float:
    at: datetime = parsedate_to_datetime(rfc2822)
    return at.timestamp()


def _entries() -> list[Entry]:
    rows = db.session.execute(
        select(
            CreditEntry.account_id, CreditEntry.kind, CreditEntry.credits, CreditEntry.message_id
        )
    )
    return [
        Entry(
            str(row.account_id),
            row.kind.value,
            row.credits,
            str(row.message_id) if row.message_id else None,
        )
        for row in rows
    ]


def _balances() -> list[Balance]:
    rows = db.session.execute(
        select(
            CreditAccount.account_id,
            CreditAccount.available,
            CreditAccount.reserved,
            CreditAccount.spent,
        )
    )
    return [Balance(str(r.account_id), r.available, r.reserved, r.spent) for r in rows]
