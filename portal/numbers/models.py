"""Tables of the numbers slice."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import E164, SEALED, SID, UTCDateTime, kind_of
from portal.core.db import Base
from portal.core.leased import Leased
from portal.numbers.values import SenderState


class CarrierAccount(Base):
    """The organization's sub-account and messaging service at the carrier (N-1, RULINGS 14).

    The row comes first, without a SID: whoever opens the sub-account holds it until
    `opening_until`, so that two people never open two.
    """

    __tablename__ = "carrier_accounts"
    __table_args__ = (
        UniqueConstraint("organization_id"),
        UniqueConstraint("account_sid"),
        CheckConstraint(
            "(account_sid IS NULL) = (sealed_token IS NULL)", name="sid_comes_with_token"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    account_sid: Mapped[str | None] = mapped_column(SID)
    sealed_token: Mapped[str | None] = mapped_column(String(500), info=SEALED)
    # Still accepted on webhooks while the token is being changed (PROMISES 4, row 7).
    sealed_previous_token: Mapped[str | None] = mapped_column(String(500), info=SEALED)
    messaging_service_sid: Mapped[str | None] = mapped_column(SID)
    # Its campaign is approved: local numbers of the service may send (N-5).
    has_campaign: Mapped[bool] = mapped_column(server_default=false())
    opening_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


_HELD = text("state IN ('buying', 'ready')")


class SenderNumber(Leased, Base):
    """A number an account texts from: ordered first as a row, then bought (N-1)."""

    __tablename__ = "sender_numbers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
        UniqueConstraint("account_id", "request_key"),  # one click, one number
        Index("uq_sender_numbers_account_id_id", "account_id", "id", unique=True),  # to refer to
        Index(
            "uq_sender_numbers_e164_held",
            "e164",
            unique=True,
            sqlite_where=_HELD,
            postgresql_where=_HELD,
        ),
        Index(
            "uq_sender_numbers_account_id_default",
            "account_id",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
        CheckConstraint("segments_per_second > 0", name="pace_positive"),
        CheckConstraint("state <> 'ready' OR carrier_sid IS NOT NULL", name="ready_is_bought"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    e164: Mapped[str] = mapped_column(E164)
    name: Mapped[str] = mapped_column(String(64))
    state: Mapped[SenderState] = mapped_column(kind_of(SenderState))
    request_key: Mapped[str] = mapped_column(String(64))
    carrier_sid: Mapped[str | None] = mapped_column(SID)
    is_default: Mapped[bool] = mapped_column(default=False)
    is_registered: Mapped[bool] = mapped_column(default=False)
    can_sms: Mapped[bool] = mapped_column(default=False)
    can_mms: Mapped[bool] = mapped_column(default=False)
    can_voice: Mapped[bool] = mapped_column(default=False)
    locality: Mapped[str] = mapped_column(String(100), default="")
    region: Mapped[str] = mapped_column(String(10), default="")
    segments_per_second: Mapped[int] = mapped_column(default=1)
    # Microseconds since 1970 at which the next text may leave: a number, so that one
    # UPDATE can add to it on both databases (RULINGS 12).
    next_slot_us: Mapped[int] = mapped_column(BigInteger, default=0)
    ordered_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    ready_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    release_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # cooling off until then (N-4)
    release_asked_by: Mapped[str] = mapped_column(String(200), default="", server_default="")
    leaving_since: Mapped[datetime | None] = mapped_column(UTCDateTime)  # to another carrier
    missed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # first not found while leaving

    def __repr__(self) -> str:
        """Name the number and its state."""
        return f"<SenderNumber {self.e164} {self.state}>"
