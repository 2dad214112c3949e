"""Tables of invoices and of who writes and who pays them (B-12)."""

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.billing.models.keys import of_account
from portal.billing.values import InvoiceState
from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base

_TO_MAIL = text("mail_to IS NOT NULL AND mailed_at IS NULL")


class InvoiceSequence(Base):
    """The last invoice number of an organization, so that numbers have no gap and no twin."""

    __tablename__ = "invoice_sequences"

    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT"), primary_key=True
    )
    last_number: Mapped[int]


class InvoiceIssuer(Base):
    """Who writes the invoices of this installation: one row, which an admin edits."""

    __tablename__ = "invoice_issuers"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_issuer"),
        CheckConstraint("due_days BETWEEN 0 AND 180", name="due_in_time"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    name: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(Text, default="")
    tax_number: Mapped[str] = mapped_column(String(40), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    pay_to: Mapped[str] = mapped_column(Text, default="")  # bank and account, as a person reads it
    due_days: Mapped[int] = mapped_column(default=30)


class BillingDetails(Base):
    """Who pays the invoices of one organization, as they are to be addressed."""

    __tablename__ = "billing_details"

    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(Text, default="")
    tax_number: Mapped[str] = mapped_column(String(40), default="")
    order_number: Mapped[str] = mapped_column(String(60), default="")  # theirs, on every invoice
    contact_email: Mapped[str] = mapped_column(String(254), default="")


class Invoice(Base):
    """One invoice: what was bought or renewed, from whom, by whom (B-12).

    Its words and sum are written once and never changed, whatever becomes of the details they
    came from. Only its state moves on, once: from open to paid or void.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        of_account(),
        UniqueConstraint("organization_id", "number"),
        UniqueConstraint("account_id", "request_key"),
        CheckConstraint("amount_cents >= 0", name="amount_not_negative"),
        CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed_once_not_open"),
        Index("ix_invoices_created_at", "created_at", "id"),
        Index(
            "ix_invoices_to_mail",
            "created_at",
            sqlite_where=_TO_MAIL,
            postgresql_where=_TO_MAIL,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    subscription_id: Mapped[UUID] = mapped_column(
        ForeignKey("subscriptions.id", ondelete="RESTRICT")
    )
    number: Mapped[int]
    description: Mapped[str] = mapped_column(String(200))
    amount_cents: Mapped[int]
    period_start: Mapped[date]
    period_end: Mapped[date]
    provider: Mapped[str] = mapped_column(String(20))
    provider_reference: Mapped[str | None] = mapped_column(String(100))
    state: Mapped[InvoiceState] = mapped_column(kind_of(InvoiceState))
    request_key: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    due_on: Mapped[date]
    seller_name: Mapped[str] = mapped_column(String(120))
    seller_lines: Mapped[str] = mapped_column(Text, default="")
    pay_to: Mapped[str] = mapped_column(Text, default="")
    buyer_name: Mapped[str] = mapped_column(String(120))
    buyer_lines: Mapped[str] = mapped_column(Text, default="")
    account_name: Mapped[str] = mapped_column(String(120))
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_by: Mapped[str | None] = mapped_column(String(200))
    closing_note: Mapped[str | None] = mapped_column(
        String(200)
    )  # a payment's reference, or why void
    paid_on: Mapped[date | None]
    mail_to: Mapped[str | None] = mapped_column(String(254))  # the billing contact of that day
    mailed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
