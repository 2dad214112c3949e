"""Gathers what the judge looks at: the carrier's log, and the product's rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from sqlalchemy import select

from portal.billing.models import CreditAccount, CreditEntry, HouseEntry
from portal.core.db import db, is_sqlite
from portal.messaging.models import Campaign, Message, MessageAttempt
from tests.chaos.judge import Balance, Case, Create, Entry, Intent, Stop, Text
from tests.chaos.weather import STARTS, STOPS
from tests.sandbox.server import Sandbox

THREADS = 16  # of a worker (RULINGS 12)


def gather(sandbox: Sandbox, intents: Sequence[Intent], workers: int) -> Case:
    """Return the case of a run that has settled."""
    webhooks = sandbox.get("webhooks")["webhooks"]
    if not is_sqlite():  # a text from a person may still be learned of: all rows of one moment
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    answered = [w for w in webhooks if w["state"] == "done" and w["answer"] // 100 == 2]
    messages = sandbox.get("messages")["messages"]
    return Case(
        creates=creates(sandbox),
        texts=_texts(),
        heard=frozenset(w["sid"] for w in answered if w["kind"] == "status"),
        cleared=_cleared(),
        stops=_stops(messages, answered),
        intents=intents,
        entries=_entries(),
        balances=_balances(),
        house=frozenset(str(id_) for id_ in db.session.scalars(select(HouseEntry.message_id))),
        most_in_flight=workers * THREADS,
    )


def creates(sandbox: Sandbox) -> list[Create]:
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
        )
        for line in sandbox.log(all="1")
    ]


def _texts() -> list[Text]:
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
            row.nonce,
            is_planned=row.part > 0,
        )
        for row in rows
    ]


def _cleared() -> dict[tuple[str, int], float]:
    rows = db.session.execute(
        select(MessageAttempt.message_id, MessageAttempt.attempt, MessageAttempt.started_at)
    )
    return {(str(row.message_id), row.attempt): row.started_at.timestamp() for row in rows}


def _stops(
    messages: Iterable[Mapping[str, Any]], answered: Iterable[Mapping[str, Any]]
) -> list[Stop]:
    """Return when each STOP was in force: from our answer to it until the person's next START."""
    stored: dict[str, float] = {}
    for webhook in answered:
        if webhook["kind"] == "inbound":
            sid = webhook["sid"]
            stored[sid] = min(webhook["closed"], stored.get(sid, webhook["closed"]))
    starts: dict[str, list[float]] = defaultdict(list)
    for message in messages:
        if message["direction"] == "inbound" and message["body"] in STARTS:
            starts[message["from"]].append(_moment(message["date_created"]))
    return [
        Stop(
            message["from"],
            stored[message["sid"]],
            min(
                (at for at in starts[message["from"]] if at >= stored[message["sid"]] - 1),
                default=None,
            ),
        )
        for message in messages
        if message["direction"] == "inbound"
        and message["body"] in STOPS
        and message["sid"] in stored
    ]


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
