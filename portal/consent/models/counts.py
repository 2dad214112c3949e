"""Running counts of consent: what was kept each day, and how many numbers have what (C-1, G13)."""

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from portal.consent.models.records import of_account
from portal.consent.values import Event, Method, Strength
from portal.core.columns import bytewise, kind_of
from portal.core.counting import IN_ITS_KEY
from portal.core.db import Base


class ConsentDay(Base):
    """How many records of one kind an account kept on one of its days."""

    __tablename__ = "consent_days"
    __table_args__ = (of_account(), IN_ITS_KEY)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)  # the record's own, which never changes
    event: Mapped[Event] = mapped_column(kind_of(Event), primary_key=True)
    method: Mapped[Method] = mapped_column(kind_of(Method), primary_key=True)
    strength: Mapped[Strength] = mapped_column(kind_of(Strength), primary_key=True)
    form_name: Mapped[str] = mapped_column(bytewise(200), primary_key=True)  # empty: no form
    form_version: Mapped[str] = mapped_column(bytewise(40), primary_key=True)
    organization_id: Mapped[UUID]
    records: Mapped[int]


class StandingCount(Base):
    """How many numbers of an account have a consent of this strength, opted out or over or not."""

    __tablename__ = "standing_counts"
    __table_args__ = (of_account(), IN_ITS_KEY)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    strength: Mapped[Strength] = mapped_column(kind_of(Strength), primary_key=True)
    organization_id: Mapped[UUID]
    numbers: Mapped[int]
