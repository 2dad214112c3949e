"""Who is in which plan, and each step taken for them."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import E164, UTCDateTime, kind_of
from portal.core.counting import IN_ITS_KEY
from portal.core.db import Base
from portal.drips.values import Because, EnrolmentState, Outcome, Source, StepKind

# Named word for word in a query, or the partial index is not used.
LIVE = text("state IN ('active', 'paused')")


def _of_account() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["organization_id", "account_id"],
        ["texting_accounts.organization_id", "texting_accounts.id"],
        ondelete="RESTRICT",
    )


def _of_step(column: str = "step_id") -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["organization_id", column],
        ["drip_steps.organization_id", "drip_steps.id"],
        ondelete="RESTRICT",
    )


def _live(name: str, *columns: str, unique: bool) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=LIVE, postgresql_where=LIVE)


class DripEnrolment(Base):
    """One person in one plan; it goes with the person. Ended ones stay, as what was."""

    __tablename__ = "drip_enrolments"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id", "contact_id"],
            ["contacts.organization_id", "contacts.account_id", "contacts.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organization_id", "drip_id", "version_id"],
            ["drip_versions.organization_id", "drip_versions.drip_id", "drip_versions.id"],
            ondelete="RESTRICT",
        ),
        _of_step("next_step_id"),
        UniqueConstraint("organization_id", "id"),
        # A person is in a plan once at a time, and so is a number.
        _live("uq_drip_enrolments_contact", "drip_id", "contact_id", unique=True),
        _live("uq_drip_enrolments_number", "account_id", "drip_id", "e164", unique=True),
        _live("ix_drip_enrolments_by_number", "organization_id", "e164", unique=False),
        Index(
            "ix_drip_enrolments_due",
            "look_at",
            sqlite_where=text("look_at IS NOT NULL"),
            postgresql_where=text("look_at IS NOT NULL"),
        ),
        Index("ix_drip_enrolments_in_order", "drip_id", "account_id", "state", "started_at", "id"),
        # How many stand where is counted in the index alone (SPEED G6).
        Index("ix_drip_enrolments_counted", "account_id", "drip_id", "state", "organization_id"),
        Index("ix_drip_enrolments_by_contact", "contact_id", "started_at"),
        CheckConstraint("look_at IS NULL OR state = 'active'", name="only_active_is_due"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    drip_id: Mapped[UUID]
    version_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    e164: Mapped[str | None] = mapped_column(E164)  # the number texts go to
    state: Mapped[EnrolmentState] = mapped_column(kind_of(EnrolmentState))
    because: Mapped[Because | None] = mapped_column(kind_of(Because))  # it was paused or ended
    source: Mapped[Source] = mapped_column(kind_of(Source))
    enrolled_by_id: Mapped[UUID | None]
    enrolled_by: Mapped[str] = mapped_column(String(200))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    next_step_id: Mapped[UUID | None]
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    look_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when a sweep looks at it
    waits_for: Mapped[str] = mapped_column(String(40), default="")
    waits_words: Mapped[str] = mapped_column(String(300), default="")
    last_step_id: Mapped[UUID | None]
    last_text_id: Mapped[UUID | None]  # nothing overtakes it
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class DripRun(Base):
    """One step taken for one person, once; of a text it has the text's own id."""

    __tablename__ = "drip_runs"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "enrolment_id"],
            ["drip_enrolments.organization_id", "drip_enrolments.id"],
            ondelete="CASCADE",
        ),
        _of_step(),
        UniqueConstraint("enrolment_id", "step_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    enrolment_id: Mapped[UUID]
    step_id: Mapped[UUID]
    position: Mapped[int]
    kind: Mapped[StepKind] = mapped_column(kind_of(StepKind))
    ran_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    outcome: Mapped[Outcome] = mapped_column(kind_of(Outcome))
    words: Mapped[str] = mapped_column(String(500), default="")  # for the person's timeline


class DripSend(Base):
    """Which step a send of texts was for: its counts are in `campaign_counts`."""

    __tablename__ = "drip_sends"
    __table_args__ = (
        ForeignKeyConstraint(
            ["account_id", "campaign_id"],
            ["campaigns.account_id", "campaigns.id"],
            ondelete="RESTRICT",
        ),
        _of_account(),
        _of_step(),
        Index("ix_drip_sends_by_step", "step_id", "account_id"),
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    drip_id: Mapped[UUID]
    step_id: Mapped[UUID]


class DripMailRefusal(Base):
    """An address that gets no more e-mail of an organization's plans; texts have their own list."""

    __tablename__ = "drip_mail_refusals"

    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT"), primary_key=True
    )
    email_key: Mapped[str] = mapped_column(String(254), primary_key=True)
    refused_at: Mapped[datetime] = mapped_column(UTCDateTime)


class DripCount(Base):
    """How often a step of a plan was taken in an account, and what people did after it (H-8)."""

    __tablename__ = "drip_counts"
    __table_args__ = (_of_account(), _of_step(), IN_ITS_KEY)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    step_id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    drip_id: Mapped[UUID]
    runs: Mapped[int]
    replies: Mapped[int]
    opt_outs: Mapped[int]
