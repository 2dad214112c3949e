"""Tables of the credit ledger (B-8, RULINGS 7)."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.billing.models.keys import of_account, of_books
from portal.billing.values import AlertState, EntryKind, Slot
from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base


class CreditAccount(Base):
    """The guarded counters of one account: always the sums of its entries (RULINGS 7).

    This row is the lock of the whole ledger of the account. `available` may go below
    zero by inbound texts alone (B-10). `due_at` is the next moment at which a lot expires or the
    subscription renews or ends, or earlier; whoever touches the account after it settles that
    first (B-3, B-4, B-7).
    """

    __tablename__ = "credit_accounts"
    __table_args__ = (
        of_account(),
        UniqueConstraint("organization_id", "account_id"),
        CheckConstraint("reserved >= 0", name="reserved_not_negative"),
        CheckConstraint("spent >= 0", name="spent_not_negative"),
        Index("ix_credit_accounts_due_at", "due_at"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    available: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0)
    spent: Mapped[int] = mapped_column(default=0)
    position: Mapped[int] = mapped_column(default=0)  # of the newest entry
    limit_epoch: Mapped[int] = mapped_column(default=0, server_default="0")  # of plans (B-11)
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class CreditMonth(Base):
    """One account's sums of one month in the organization's zone: used, reserved, granted.

    A text belongs to the month in which it was reserved, whenever it is charged (I11).
    """

    __tablename__ = "credit_months"
    __table_args__ = (
        of_books(),
        CheckConstraint("reserved >= 0", name="reserved_not_negative"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)  # its first day
    organization_id: Mapped[UUID]
    used: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0)
    granted: Mapped[int] = mapped_column(default=0)


class CreditAlert(Base):
    """A usage threshold that was reached, once per account, month and credit limit (B-11).

    Of those reached together the highest is told, and the others are marked as superseded.
    """

    __tablename__ = "credit_alerts"
    __table_args__ = (of_books(),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)  # its first day
    limit_epoch: Mapped[int] = mapped_column(primary_key=True)
    threshold: Mapped[int] = mapped_column(primary_key=True)  # in percent
    organization_id: Mapped[UUID]
    state: Mapped[AlertState] = mapped_column(kind_of(AlertState))
    used: Mapped[int]  # of the month, texts on their way included
    remaining: Mapped[int]
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class CreditLot(Base):
    """Credits that came together and expire together (B-4).

    `remaining` can be used, `held` is pinned by reserves and outlives the expiry
    (RULINGS 7), `spent` went to texts, `lapsed` expired or was taken off.
    """

    __tablename__ = "credit_lots"
    __table_args__ = (
        of_books(),
        UniqueConstraint("account_id", "id"),
        CheckConstraint(
            "credits = remaining + held + spent + lapsed", name="every_credit_is_somewhere"
        ),
        CheckConstraint("remaining >= 0", name="remaining_not_negative"),
        CheckConstraint("held >= 0", name="held_not_negative"),
        CheckConstraint("spent >= 0", name="spent_not_negative"),
        CheckConstraint("lapsed >= 0", name="lapsed_not_negative"),
        Index("ix_credit_lots_account_id_expires_at", "account_id", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    position: Mapped[int]  # of the entry that granted it
    credits: Mapped[int]
    remaining: Mapped[int]
    held: Mapped[int] = mapped_column(default=0)
    spent: Mapped[int] = mapped_column(default=0)
    lapsed: Mapped[int] = mapped_column(default=0)
    granted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)


class CreditEntry(Base):
    """One line of an account's ledger. Lines are added, never changed or removed."""

    __tablename__ = "credit_entries"
    __table_args__ = (
        of_books(),
        UniqueConstraint("account_id", "position"),  # two writers can't take the same line
        UniqueConstraint("message_id", "slot"),  # one reserve, one resolve (I4)
        UniqueConstraint("account_id", "reference"),  # the same grant or inbound counts once
        CheckConstraint("credits > 0 OR kind = 'adjust'", name="credits_positive"),
        CheckConstraint("credits <> 0", name="credits_not_zero"),
        CheckConstraint("kind <> 'late_capture'", name="house_entries_apart"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    position: Mapped[int]  # 1, 2, 3 and so on within the account
    kind: Mapped[EntryKind] = mapped_column(kind_of(EntryKind))
    credits: Mapped[int]  # how many; what they do follows from the kind (rules.EFFECTS)
    balance_after: Mapped[int]  # `available` once this line is written
    month: Mapped[date]  # the first day of the month it counts towards
    message_id: Mapped[UUID | None]
    slot: Mapped[Slot | None] = mapped_column(kind_of(Slot))
    reference: Mapped[str | None] = mapped_column(String(120))
    note: Mapped[str | None] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(UTCDateTime)

    def __repr__(self) -> str:
        return f"<CreditEntry {self.position} {self.kind} {self.credits} of {self.account_id}>"


class LotHold(Base):
    """Which lot a text's credits were taken from. Added with its reserve, never removed."""

    __tablename__ = "lot_holds"
    __table_args__ = (
        of_books(),
        ForeignKeyConstraint(
            ["account_id", "lot_id"],
            ["credit_lots.account_id", "credit_lots.id"],
            ondelete="RESTRICT",
        ),
        CheckConstraint("credits > 0", name="credits_positive"),
        Index("ix_lot_holds_account_id_lot_id", "account_id", "lot_id"),
    )

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    credits: Mapped[int]


class HouseEntry(Base):
    """What the house pays for: texts proven sent after their credits were given back.

    Outside every account's books (PROMISES 2.4), so that nobody is charged by surprise.
    """

    __tablename__ = "house_entries"
    __table_args__ = (of_account(), CheckConstraint("credits > 0", name="credits_positive"))

    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    kind: Mapped[EntryKind] = mapped_column(kind_of(EntryKind), default=EntryKind.LATE_CAPTURE)
    credits: Mapped[int]
    at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
