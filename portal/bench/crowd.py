"""An account with very many contacts and texts, written past everything but the driver."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from portal.bench import brokerage, bulk
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite, unit_of_work
from portal.texting_accounts.values import AccountRef

TEXTS_EACH: Final = 10  # in one conversation
COMMON: Final = "mar"  # how the first name of one in twenty begins
_AT_ONCE: Final = 50_000
_FIRST: Final = ("Mara", *(f"{a}{b}" for a in ("An", "Bo", "Cle", "Do", "Ed", "Fi", "Gu", "Ho", "In",
    "Jo", "Ka", "Lu", "Ni", "Os", "Pe", "Ri", "Su", "To", "Ul") for b in ("na",)))  # fmt: skip
_LAST: Final = 997
_BODY: Final = "Thursday after four suits me well. Shall I meet you at the door?"
_HASH: Final = hashlib.sha256(_BODY.encode()).hexdigest()
_NO_MEDIA: Final = json.dumps([])

Row = Sequence[str | int | None]


class Crowd:
    """People and texts of one account; every id tells its table and its place."""

    def __init__(self, account: AccountRef, people: int, texts: int) -> None:
        """Take how many there are to be; a conversation has ten texts."""
        self.account, self.people = account, people
        self.talks = min(people, max(1, texts // TEXTS_EACH))
        self._texts = texts
        self._own = (account.organization_id.hex, account.id.hex)
        self._zone = "" if is_sqlite() else "+00"
        self._now = utcnow()

    def number_of(self, place: int) -> str:
        """Return the digits a person is looked for by."""
        return brokerage.number(place)[2:]

    def talk_id(self, place: int) -> UUID:
        """Return the id of a conversation, the newest at place 0."""
        return UUID(self._id(3, place))

    def write(self) -> None:
        """Write everything, 50,000 at a time."""
        with bulk.unchecked(
            "contacts", "contact_numbers", "contact_words", "conversations", "messages"
        ):
            self._write_all()
        with unit_of_work():  # so that the planner knows how much there is
            db.session.connection().exec_driver_sql("ANALYZE")

    def _write_all(self) -> None:
        for start in range(0, self.people, _AT_ONCE):
            some = range(start, min(start + _AT_ONCE, self.people))
            with unit_of_work():
                bulk.load("phone_numbers", _PHONE, self._phones(some))
                bulk.load("contacts", _CONTACT, self._contacts(some))
                bulk.load("contact_numbers", _NUMBER, self._numbers(some))
                bulk.load("contact_words", _WORD, self._words(some))
        with unit_of_work():
            counts = ("account_id", "organization_id", "contacts")
            bulk.load("contact_counts", counts, [(self._own[1], self._own[0], self.people)])
            bulk.load("conversations", _TALK, self._talks())
        for start in range(0, self._texts, _AT_ONCE):
            with unit_of_work():
                some = range(start, min(start + _AT_ONCE, self._texts))
                bulk.load("messages", _TEXT, self._messages(some))

    def _id(self, table: int, place: int) -> str:
        return f"{table:04x}{self.people:012x}{place:016x}"

    def _at(self, ago: timedelta) -> str:
        return f"{self._now - ago:%Y-%m-%d %H:%M:%S.%f}{self._zone}"

    def _phones(self, places: range) -> Iterator[Row]:
        at = self._at(timedelta())
        for place in places:
            yield self._own[0], brokerage.number(place), "unknown", "US", at

    def _contacts(self, places: range) -> Iterator[Row]:
        for place in places:
            first, last = _name(place)
            e164, at = brokerage.number(place), self._at(timedelta(seconds=place))
            yield (
                self._id(1, place), *self._own, first, last, f"{last} {first}".casefold(),
                f"p{place}@example.com", f"p{place}@example.com", "", "Chicago", "IL", "", "en",
                "website", e164, at, at,
            )  # fmt: skip

    def _numbers(self, places: range) -> Iterator[Row]:
        for place in places:
            e164 = brokerage.number(place)
            yield (
                self._id(2, place), *self._own, self._id(1, place), 1, e164, e164, "mobile",
                "unknown", "US", 1, 1,
            )  # fmt: skip

    def _words(self, places: range) -> Iterator[Row]:
        for place in places:
            digits = self.number_of(place)
            found = {*(n.casefold() for n in _name(place)), f"p{place}@example.com"}
            for word in sorted(found | {digits, digits[-4:]}):
                yield (self._id(1, place), word, *self._own)

    def _talks(self) -> Iterator[Row]:
        # One in twenty waits for an answer, in a small account more: a page of them is as long.
        waits = max(1, min(20, self.talks // 60))
        for place in range(self.talks):
            at = self._at(timedelta(minutes=place))
            yield (
                self._id(3, place), *self._own, brokerage.number(place), self._id(1, place),
                brokerage.OWN_NUMBER, at, at, _BODY, int(place % 50 == 0), int(place % waits == 0), 0,
            )  # fmt: skip

    def _messages(self, places: range) -> Iterator[Row]:
        for place in places:
            talk, id_ = place % self.talks, self._id(4, place)
            at = self._at(timedelta(minutes=talk, hours=place // self.talks))
            yield (
                id_, *self._own, "one_to_one", "", 0, self._id(1, talk), "A Person",
                brokerage.number(talk), 1, brokerage.OWN_NUMBER, id_, 1, 1, 1, _BODY, _HASH,
                _NO_MEDIA, "GSM-7", 1, 1, 0, "delivered", 0, at, 0, 1, 1, 0, at, at, "Bea Lind",
            )  # fmt: skip


def _name(place: int) -> tuple[str, str]:
    return _FIRST[place % len(_FIRST)], f"Lee{place * 31 % _LAST}"


_OWN: Final = ("organization_id", "account_id")
_PHONE: Final = ("organization_id", "e164", "kind", "region", "created_at")
_CONTACT: Final = (
    "id", *_OWN, "first_name", "last_name", "sort_name", "email", "email_key", "street", "city",
    "state", "zip", "language", "lead_source", "preferred_e164", "created_at", "updated_at",
)  # fmt: skip
_NUMBER: Final = (
    "id", *_OWN, "contact_id", "position", "e164", "raw", "label", "kind", "region",
    "is_preferred", "is_verified",
)  # fmt: skip
_WORD: Final = ("contact_id", "word", *_OWN)
_TALK: Final = (
    "id", *_OWN, "e164", "contact_id", "our_e164", "last_at", "last_inbound_at", "preview",
    "unread", "needs_answer", "is_opted_out",
)  # fmt: skip
_TEXT: Final = (
    "id", *_OWN, "kind", "purpose", "priority", "contact_id", "recipient_name", "e164",
    "country_code", "from_e164", "text_id", "position", "part", "parts", "body", "body_hash",
    "media", "encoding", "segments", "credits", "is_first", "state", "is_reply", "not_before",
    "draws_on_reserve", "epoch", "attempt", "checks", "created_at", "changed_at",
    "created_by_name",
)  # fmt: skip
