"""Whether reports cost the same over very many texts as over few, over real HTTP (G13)."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from portal.bench import brokerage, bulk
from portal.bench.measure import Figure, Options, Target, compare
from portal.bench.pages import HEALTH, Clients
from portal.bench.scratch import free_port, open_scratch, wait_until
from portal.consent import service as consent
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite, unit_of_work
from portal.messaging.service import counting
from portal.people import service as people
from portal.texting_accounts import service as accounts
from portal.texting_accounts.values import AccountRef

TARGET: Final = Target("G13", 3, 1.5, higher_is_better=False)
_SIZE: Final = 1_000_000
_FEW: Final = 10_000
_REPORTS: Final = ("days", "people", "campaigns", "forms", "delivery", "credits", "consent")
_DAYS: Final = 365
_SENDERS: Final = 5
IN_A_CAMPAIGN: Final = 400
_TEXTS_A_CONSENT: Final = 10
_FORMS: Final = ("Open house", "Website", "")
_OPTED_OUT: Final = 33  # of so many people one
_AT_ONCE: Final = 50_000
_NUMBERS: Final = 1_000_000  # people texted, again and again
_BODY: Final = "Three new listings on your street this week. Shall I send you the list?"
_HASH: Final = hashlib.sha256(_BODY.encode()).hexdigest()
_NO_MEDIA: Final = json.dumps([])
_KINDS: Final = json.dumps(["one_to_one", "marketing"])
_ENDS: Final = (  # of a hundred texts: how many, state, error code
    (80, "delivered", None),
    (4, "sent", None),
    (4, "undelivered", 30003),
    (2, "undelivered", 30005),
    (2, "failed", 30008),
    (2, "rejected", 21211),
    (1, "rejected", 21610),
    (4, "blocked", None),
    (1, "canceled", None),
)
_OUTCOMES: Final = tuple((state, code) for count, state, code in _ENDS for _ in range(count))

Row = Sequence[str | int | None]


def run(options: Options) -> Iterator[Figure]:
    """Measure the 95th percentile of each report of a year of 1,000,000 texts and of 10,000."""
    return compare_years(options, {name: _report(name) for name in _REPORTS})


def compare_years(
    options: Options,
    pages: Mapping[str, str],
    *,
    usual: int = _SIZE,
    year: type["Year"] | None = None,
) -> Iterator[Figure]:
    """Measure pages of an account, each with its name, over a year of very many texts and of 10,000."""
    size = options.size or usual
    few = min(_FEW, size - 1)
    for engine in options.engines:
        port = free_port()
        with open_scratch(engine, port=port) as here:
            small, large = (open_desk(count, year) for count in (few, size))
            here.start("-m", "gunicorn", "--config", "python:portal.gunicorn_conf", "app:app")
            clients = Clients(port, HEALTH)
            wait_until(clients.are_answered, "the portal answers")
            for name, page in pages.items():
                yield compare(
                    TARGET,
                    f"{engine}, {name}, {size:,} / {few:,}",
                    clients.p95_of(large.path(page), large.token),
                    clients.p95_of(small.path(page), small.token),
                    rounds=options.rounds,
                    unit=" ms",
                )


class Desk:
    """One account with its lead's sign-in."""

    def __init__(self, account: AccountRef, token: str) -> None:
        self._account, self.token = account, token

    def path(self, page: str) -> str:
        """Return the address of a page of the account."""
        return f"/accounts/{self._account.id}/{page}"


def _report(name: str) -> str:
    """Return a report of the last twelve months, as an address names it."""
    return f"reports/{name}?period=12-months"


def open_desk(count: int, year: type["Year"] | None = None) -> Desk:
    """Make an account that sent so many texts in a year, and sign its lead in."""
    year = year or Year
    with unit_of_work():
        brokerage_ = people.create_organization(f"Realty of {count}", actor=SYSTEM)
        team = people.create_team(brokerage_.id, "Bench", actor=SYSTEM)
        account = accounts.open_account(brokerage_.id, "Bench", team_id=team.id, actor=SYSTEM)
    lead = brokerage.add_lead(account)
    year(account, count, lead.id).write()
    with unit_of_work():
        started = people.start_session(lead.id, ip="127.0.0.1", user_agent="bench")
    return Desk(account, started.token)


class Year:
    """A year of texts and consents, written past everything but the driver, then counted."""

    def __init__(self, account: AccountRef, count: int, lead_id: UUID) -> None:
        self._account, self._count = account, count
        self._own = (account.organization_id.hex, account.id.hex)
        self._lead_id = lead_id
        self._senders = (lead_id.hex, *(uuid4().hex for _ in range(_SENDERS - 1)))
        self._zone = "" if is_sqlite() else "+00"
        self._now = utcnow().replace(hour=18, minute=0, second=0, microsecond=0)

    def write(self) -> None:
        """Write campaigns, texts, 50,000 at a time, and consents, and count them."""
        self._write_campaigns()
        for start in range(0, self._count, _AT_ONCE):
            with unit_of_work():
                some = range(start, min(start + _AT_ONCE, self._count))
                bulk.load("messages", _TEXT, self._texts(some))
        people_ = range(-(-self._count // _TEXTS_A_CONSENT))
        for table, columns, rows in (
            ("phone_numbers", _PHONE, self._phones),
            ("consent_records", _CONSENT, self._consents),
            ("consent_standings", _STANDING, self._standings),
            ("opt_out_causes", _CAUSE, self._causes),
        ):
            with unit_of_work():
                bulk.load(table, columns, rows(people_))
        with unit_of_work():
            consent.recount(self._account.tenant)
            counting.recount(self._account.tenant)
        with unit_of_work():  # so that the planner knows how much there is
            db.session.connection().exec_driver_sql("ANALYZE")

    def _write_campaigns(self) -> None:
        with unit_of_work():
            bulk.load("campaigns", _CAMPAIGN, self._campaigns())

    def _id(self, table: int, place: int) -> str:
        return f"{table:04x}{self._count:012x}{place:016x}"

    def _day(self, place: int) -> datetime:
        """Return when a text was confirmed: the days are as busy as each other."""
        return self._now - timedelta(days=place * _DAYS // self._count)

    def _campaigns(self) -> Iterator[Row]:
        for number in range(-(-self._count // IN_A_CAMPAIGN)):
            at = self._at(number * IN_A_CAMPAIGN)
            yield (
                self._id(6, number), *self._own, f"bench-{number}", "0" * 64, f"News {number}",
                self._kind(number), "running", _BODY, _NO_MEDIA, IN_A_CAMPAIGN, IN_A_CAMPAIGN, at,
                "Bea Lind",
            )  # fmt: skip

    def _kind(self, _number: int) -> str:
        return "bulk"

    def _phones(self, people_: range) -> Iterator[Row]:
        for person in people_:
            yield self._own[0], brokerage.number(person), "unknown", "US", self._at(0)

    def _consents(self, people_: range) -> Iterator[Row]:
        """Everybody agreed once, and some opted out the same day."""
        for person in people_:
            form = _FORMS[person % len(_FORMS)]
            yield self._record(7, person, "given", "hosted_form", "express_written", form)
            if person % _OPTED_OUT == 0:
                yield self._record(8, person, "opted_out", "keyword", "none", "")

    def _record(self, table: int, person: int, *said: str) -> Row:
        *what, form = said
        place, id_ = person * _TEXTS_A_CONSENT, self._id(table, person)
        return (
            id_, *self._own, brokerage.number(person), *what, _KINDS, *[""] * 10, "unchecked",
            form, "1" if form else "", "", "", id_, "0" * 64, self._at(place),
            f"{self._day(place):%Y-%m-%d}",
        )  # fmt: skip

    def _standings(self, people_: range) -> Iterator[Row]:
        for person in people_:
            at = self._at(person * _TEXTS_A_CONSENT)
            stopped = at if person % _OPTED_OUT == 0 else None
            yield (
                *self._own, brokerage.number(person), "express_written", _KINDS,
                self._id(7, person), at, stopped, at,
            )  # fmt: skip

    def _causes(self, people_: range) -> Iterator[Row]:
        """Who opted out did so at the first text they got."""
        for person in range(people_.start, people_.stop, _OPTED_OUT):
            place = person * _TEXTS_A_CONSENT
            yield self._id(9, person), *self._own, self._id(5, place), self._at(place)

    def _at(self, place: int) -> str:
        return f"{self._day(place):%Y-%m-%d %H:%M:%S.%f}{self._zone}"

    def _texts(self, places: range) -> Iterator[Row]:
        for place in places:
            state, code = _OUTCOMES[place * 37 % len(_OUTCOMES)]
            id_, day = self._id(5, place), self._day(place)
            at, campaign = self._at(place), place // IN_A_CAMPAIGN
            yield (
                id_, *self._own, self._id(6, campaign), "bulk", "", 2, "A Person",
                brokerage.number(place % _NUMBERS), 1, id_, place % IN_A_CAMPAIGN, 1, 1, _BODY, _HASH,
                _NO_MEDIA, "GSM-7", 1, 1, 0, state, code, 0, at, 0, 1, 1, 0, at, at,
                f"{day:%Y-%m-%d}", self._senders[campaign % _SENDERS], "Bea Lind",
            )  # fmt: skip


_PHONE: Final = ("organization_id", "e164", "kind", "region", "created_at")
_CONSENT: Final = (
    "id", "organization_id", "account_id", "e164", "event", "method", "strength", "kinds", "name",
    "name_key", "email", "postal_address", "given_zone", "given_as_written", "ip_address",
    "method_details", "source_url", "disclosure_text", "checkbox", "form_name", "form_version",
    "user_agent", "collected_by", "audit_subject_id", "sha256", "recorded_at", "day",
)  # fmt: skip
_STANDING: Final = (
    "organization_id", "account_id", "e164", "strength", "kinds", "record_id", "given_at",
    "stopped_at", "updated_at",
)  # fmt: skip
_CAUSE: Final = ("id", "organization_id", "account_id", "message_id", "said_at")
_CAMPAIGN: Final = (
    "id", "organization_id", "account_id", "nonce", "intent", "name", "kind", "state", "body",
    "media", "people", "credits", "created_at", "created_by_name",
)  # fmt: skip
_TEXT: Final = (
    "id", "organization_id", "account_id", "campaign_id", "kind", "purpose", "priority",
    "recipient_name", "e164", "country_code", "text_id", "position", "part", "parts", "body",
    "body_hash", "media", "encoding", "segments", "credits", "is_first", "state", "error_code",
    "is_reply", "not_before", "draws_on_reserve", "epoch", "attempt", "checks", "created_at",
    "changed_at", "day", "created_by", "created_by_name",
)  # fmt: skip
