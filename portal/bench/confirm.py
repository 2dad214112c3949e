"""What it costs to confirm a send: gates, reserve, rows and the chain's entry (G4, G5, R14)."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from portal.bench import brokerage
from portal.bench.measure import Figure, Options, Target, compare, figure, rate, seconds
from portal.bench.memory import held_mb, peak_mb
from portal.bench.scratch import open_scratch
from portal.core.clock import utcnow
from portal.core.db import Base, db, unit_of_work
from portal.messaging.rules.segments import analyze
from portal.messaging.service import sending
from portal.messaging.values import Draft, Kind, Recipient
from portal.texting_accounts.values import AccountRef

BULK: Final = Target("G4", 0.35, 0.50)
NAIVE: Final = Target("G5", 25, 40)
TIME: Final = Target("R14 time", 15, 15, higher_is_better=False, unit=" s")
MEMORY: Final = Target("R14 memory", 300, 300, higher_is_better=False, unit=" MB")
_SIZE: Final = 10_000
_LARGE: Final = 5  # times the size
_NAIVE_PEOPLE: Final = 200
_CHUNK: Final = 500
BODY: Final = "Bench Realty: open house on Saturday at 2, {first_name}. Shall I send the address?"
_WRITTEN: Final = ("messages", "daily_recipients", "credit_entries", "lot_holds")


def run(options: Options) -> Iterator[Figure]:
    """Measure confirming a send of 10,000, and of 50,000, on each database."""
    size = options.size or _SIZE
    for engine in options.engines:
        with open_scratch(engine) as here:
            account = brokerage.open_account(here, credits=size * 400)
            brokerage.add_people(account, size * _LARGE)
            people = brokerage.everybody(account)
            # First, while nothing another measurement held is left in the heap.
            yield from _large(Send(account, people), f"{engine}, {len(people):,} people", options)
            send = Send(account, people[:size])
            send.confirm()
            about = f"{engine}, {size:,} people"
            yield compare(BULK, about, send.confirm_rate, send.insert_rate, rounds=options.rounds)
            yield compare(NAIVE, about, send.confirm_rate, send.naive_rate, rounds=options.rounds)


def _large(send: "Send", about: str, options: Options) -> Iterator[Figure]:
    """Confirm a large send and say how long it took and what the whole process held.

    It holds the people, too, as the page that confirms does; what comes on top is named beside.
    """
    peaks: list[float] = []
    idle = held_mb()
    yield figure(TIME, about, lambda: send.time_and_peak(peaks), rounds=options.rounds)
    above = f"{max(peaks) - idle:.0f} MB above idle"
    yield Figure(MEMORY, about, tuple(peaks), above, f"{idle:.0f} MB idle")


class Send:
    """One account that confirms a send to the same people again and again."""

    def __init__(self, account: AccountRef, people: Sequence[Recipient]) -> None:
        self._account, self._people = account, people
        self._campaign_id = uuid4()

    def confirm_rate(self) -> float:
        """Return how many people a second a confirm takes."""
        self._begin_the_day_anew()
        return rate(len(self._people), self.confirm)

    def time_and_peak(self, peaks: list[float]) -> float:
        """Return how many seconds a confirm takes, and note the memory it peaks at."""
        self._begin_the_day_anew()
        took: list[float] = []
        peaks.append(peak_mb(lambda: took.append(seconds(self.confirm))))
        return took[0]

    def confirm(self) -> None:
        """Confirm a send to all of them."""
        with unit_of_work():
            campaign = sending.confirm(
                self._account,
                self._people,
                Draft(BODY, Kind.BULK),
                nonce=uuid4().hex,
                shown_key=None,
                actor=brokerage.actor(),
            )
        assert campaign.people == len(self._people)
        self._campaign_id = campaign.id

    def insert_rate(self) -> float:
        """Take out the rows of the last confirm and put the very same rows in again, plainly."""
        rows = self._rows()
        with unit_of_work():
            self._remove()
        return rate(len(self._people), lambda: _insert_plainly(rows))

    def naive_rate(self) -> float:
        """Return how many people a second go one by one."""
        self._begin_the_day_anew()
        people = self._people[:_NAIVE_PEOPLE]
        return rate(len(people), lambda: _confirm_naively(self._account, people))

    def _begin_the_day_anew(self) -> None:
        """Forget whom the day has counted: every confirm is the first of its day."""
        with unit_of_work():
            for name in ("daily_recipients", "daily_limits"):
                db.session.execute(delete(db.metadata.tables[name]))

    def _rows(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        db.session.rollback()
        return {
            name: [
                row._asdict()
                for row in db.session.execute(
                    select(db.metadata.tables[name]).where(self._of_last_confirm(name))
                )
            ]
            for name in _WRITTEN
        }

    def _remove(self) -> None:
        for name in reversed(_WRITTEN):
            db.session.execute(delete(db.metadata.tables[name]).where(self._of_last_confirm(name)))

    def _of_last_confirm(self, name: str) -> Any:
        table = db.metadata.tables[name]
        messages = db.metadata.tables["messages"]
        if name == "messages":
            return messages.c.campaign_id == self._campaign_id
        if name == "daily_recipients":
            return table.c.account_id == self._account.id
        ids = select(messages.c.id).where(messages.c.campaign_id == self._campaign_id)
        return table.c.message_id.in_(ids)


def _insert_plainly(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    with unit_of_work():
        for name, some in rows.items():
            for start in range(0, len(some), _CHUNK):
                db.session.execute(insert(db.metadata.tables[name]), some[start : start + _CHUNK])


def _confirm_naively(account: AccountRef, people: Sequence[Recipient]) -> None:
    """Do what a confirm does the obvious way: person by person, object by object."""
    of = {str(mapper.local_table): mapper.class_ for mapper in Base.registry.mappers}
    with Session(db.engine) as session:
        for position, recipient in enumerate(people, start=1):
            _text_naively(session, of, account, recipient, position)


def _text_naively(
    session: Session,
    of: Mapping[str, type[Any]],
    account: AccountRef,
    recipient: Recipient,
    position: int,
) -> None:
    """Look at every gate by its key, write the text with its entries, commit.

    What a confirm reads and writes for a person is read and written here, and nothing else.
    """
    assert recipient.number is not None
    e164, now = recipient.number.e164 or "", utcnow()
    tenant = {"organization_id": account.organization_id, "account_id": account.id}
    body = BODY.replace("{first_name}", recipient.contact.first_name)
    talk = session.scalar(select(of["conversations"]).filter_by(account_id=account.id, e164=e164))
    noticed = session.get(of["first_notices"], (account.id, e164))
    number = session.get(of["phone_numbers"], (account.organization_id, e164))
    standing = session.get(of["consent_standings"], (account.id, e164))
    refused = [
        session.get(of[name], (account.organization_id, e164))
        for name in ("organization_opt_outs", "do_not_contact")
    ]
    today = now.date()
    counted = session.get(of["daily_recipients"], (account.id, today, e164))
    day = session.get(of["daily_limits"], (account.id, today))
    books = session.get(of["credit_accounts"], account.id)
    month = session.get(of["credit_months"], (account.id, today.replace(day=1)))
    lots = of["credit_lots"]
    lot = session.scalar(
        select(lots)
        .where(lots.account_id == account.id, lots.remaining > 0)
        .order_by(lots.expires_at, lots.position)
        .limit(1)
    )
    assert number is not None
    assert standing is not None
    assert books is not None
    assert month is not None
    assert lot is not None
    assert refused == [None, None]
    if day is None:
        day = of["daily_limits"](
            **tenant,
            day=today,
            recipients=0,
            segments=0,
            recipients_limit=account.daily_recipient_limit,
            segments_limit=account.daily_segment_limit,
            replies_limit=0,
        )
        session.add(day)
    if counted is None:
        session.add(of["daily_recipients"](**tenant, day=today, e164=e164))
        day.recipients += 1
    day.segments += 1
    books.available -= 1
    books.reserved += 1
    books.position += 1
    month.reserved += 1
    lot.remaining -= 1
    lot.held += 1
    id_ = uuid4()
    session.add(
        of["messages"](
            **tenant,
            id=id_,
            kind="bulk",
            priority=1,
            contact_id=recipient.contact.id,
            recipient_name=recipient.contact.full_name,
            e164=e164,
            text_id=id_,
            position=position,
            body=body,
            body_hash=hashlib.sha256(body.encode()).hexdigest(),
            media=[],
            encoding="GSM-7",
            segments=analyze(body).segments,
            credits=1,
            is_first=noticed is None,
            from_e164=talk.our_e164 if talk else None,
            consent_record_id=standing.record_id,
            state="queued",
            not_before=now,
        )
    )
    session.add(of["lot_holds"](**tenant, message_id=id_, lot_id=lot.id, credits=1))
    session.add(
        of["credit_entries"](
            **tenant,
            position=books.position,
            kind="reserve",
            credits=1,
            balance_after=books.available,
            month=today.replace(day=1),
            message_id=id_,
            slot="reserve",
            at=now,
        )
    )
    session.commit()
