"""What the carrier was told of opt-outs, and what an account said of its old tool (Q-7, Q-8)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import JSON, ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.consent.values import OldOptOuts, Told
from portal.core.clock import utcnow
from portal.core.columns import E164, UTCDateTime, kind_of
from portal.core.db import Base

_WAITS = text("state <> 'told'")


def _account() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["organization_id", "account_id"],
        ["texting_accounts.organization_id", "texting_accounts.id"],
        ondelete="RESTRICT",
    )


class CarrierConsent(Base):
    """What the carrier is to know of one number in one account; written with what changes it.

    `version` rises with each change, so that an answer to an older one settles nothing.
    """

    __tablename__ = "carrier_consents"
    __table_args__ = (
        _account(),
        ForeignKeyConstraint(
            ["organization_id", "e164"],
            ["phone_numbers.organization_id", "phone_numbers.e164"],
            ondelete="RESTRICT",
        ),
        Index(
            "ix_carrier_consents_open",
            "organization_id",
            "next_try_at",
            sqlite_where=_WAITS,
            postgresql_where=_WAITS,
        ),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    e164: Mapped[str] = mapped_column(E164, primary_key=True)
    organization_id: Mapped[UUID]
    is_out: Mapped[bool]
    acted_at: Mapped[datetime] = mapped_column(UTCDateTime)  # when the person said it
    since: Mapped[datetime] = mapped_column(UTCDateTime)  # when it was written down here
    version: Mapped[int] = mapped_column(default=1)
    state: Mapped[Told] = mapped_column(kind_of(Told), default=Told.WAITING)
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime] = mapped_column(UTCDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    told_to: Mapped[list[str]] = mapped_column(JSON, default=list)  # our numbers it was told for
    trouble: Mapped[str] = mapped_column(String(300), default="")


class OldOptOutAnswer(Base):
    """What an account said of the opt-outs of its old tool: imported, or there are none (Q-7)."""

    __tablename__ = "old_opt_out_answers"
    __table_args__ = (_account(),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    answer: Mapped[OldOptOuts] = mapped_column(kind_of(OldOptOuts))
    note: Mapped[str] = mapped_column(String(300), default="")
    said_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    said_by_id: Mapped[UUID | None]
    said_by: Mapped[str] = mapped_column(String(200))
