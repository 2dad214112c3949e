"""What every check is made of: one bounded statement, and the words for what it finds."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_

from portal.core.db import db
from portal.doctor.values import Finding, Found, Invariant
from portal.messaging.models import Message

MOST: Final = 20  # findings of one check in one account: enough to see what is wrong
READ: Final = 1_000  # rows of a check that decides row by row which of them contradict


@dataclass(frozen=True, slots=True)
class Look:
    """One account at one moment. No check reads beyond it, so that each is bounded by it."""

    organization_id: UUID
    account_id: UUID
    now: datetime

    @property
    def texts(self) -> ColumnElement[bool]:
        """Return the condition that a text is the account's; its indexes begin with it."""
        return and_(
            Message.organization_id == self.organization_id,
            Message.account_id == self.account_id,
        )

    def rows(
        self, wanted: Select[*tuple[Any, ...]], most: int = MOST
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """Return the first rows that contradict a promise; never more than `most` are held.

        Where not every row asked for is a contradiction, ask for READ: twenty good ones hid the rest.
        """
        return db.session.execute(wanted.limit(most)).all()


@dataclass(frozen=True, slots=True)
class Check:
    """One contradiction to look for, and what a person does about it."""

    invariant: Invariant
    find: Callable[[Look], Iterable[Found]]
    advice: str

    @property
    def name(self) -> str:
        """Return what its findings bear."""
        return self.find.__name__

    def findings(self, look: Look) -> list[Finding]:
        """Return what it finds in one account."""
        return [
            Finding(
                self.invariant,
                self.name,
                look.organization_id,
                look.account_id,
                str(found.subject),
                found.sentence[:500],
                self.advice,
            )
            for found in islice(self.find(look), MOST)
        ]
