"""Tables of texting accounts."""

from datetime import date, datetime
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
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base
from portal.texting_accounts.values import (
    DAILY_RECIPIENTS,
    DAILY_SEGMENTS,
    AccountState,
    Cause,
    RestrictionKind,
)

_OPEN = text("lifted_at IS NULL")


class TextingAccount(Base):
    """One owner (an agent, or a team that shares it), one subscription, its limits."""

    __tablename__ = "texting_accounts"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        ForeignKeyConstraint(
            ["organization_id", "owner_user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["organization_id", "team_id"],
            ["teams.organization_id", "teams.id"],
            ondelete="RESTRICT",
        ),
        CheckConstraint(
            "(owner_user_id IS NULL) <> (team_id IS NULL)", name="one_owner_agent_or_team"
        ),
        CheckConstraint(
            "daily_recipient_limit >= 0 AND daily_segment_limit >= 0", name="limits_not_negative"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    name: Mapped[str] = mapped_column(String(120))
    owner_user_id: Mapped[UUID | None] = mapped_column(index=True)
    team_id: Mapped[UUID | None] = mapped_column(index=True)
    timezone: Mapped[str] = mapped_column(String(64))
    state: Mapped[AccountState] = mapped_column(kind_of(AccountState), default=AccountState.ACTIVE)
    state_reason: Mapped[str | None] = mapped_column(String(500))
    state_changed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    daily_recipient_limit: Mapped[int] = mapped_column(default=DAILY_RECIPIENTS)
    daily_segment_limit: Mapped[int] = mapped_column(default=DAILY_SEGMENTS)
    limits_note: Mapped[str | None] = mapped_column(String(500))
    # People a day while the number is new; None: it is not, or not any more (H-5).
    ramp_limit: Mapped[int | None]
    ramp_clean_days: Mapped[int | None]
    ramp_start: Mapped[int | None]  # it began again with so many after a pause (H-8); None: new
    ramp_judged_on: Mapped[date | None]  # the last of the account's days that was judged
    bulk_pause: Mapped[str | None] = mapped_column(
        String(500)
    )  # why bulk and plan texts wait (H-4)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class AccountMember(Base):
    """A member of the organization who works in a shared account."""

    __tablename__ = "account_members"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("monthly_cap IS NULL OR monthly_cap >= 0", name="cap_not_negative"),
    )

    organization_id: Mapped[UUID]
    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    monthly_cap: Mapped[int | None]  # credits a month


class Restriction(Base):
    """What stopped an account or its bulk texts: who set it, why, and when it was lifted (H-6)."""

    __tablename__ = "restrictions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
        UniqueConstraint("organization_id", "account_id", "id"),
        Index(
            "ux_restrictions_open",
            "account_id",
            "kind",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_restrictions_account_id_set_at", "account_id", "set_at", "id"),
        CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="lifted_by_somebody"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    kind: Mapped[RestrictionKind] = mapped_column(kind_of(RestrictionKind))
    cause: Mapped[Cause | None] = mapped_column(kind_of(Cause))
    reason: Mapped[str | None] = mapped_column(String(500))
    set_by: Mapped[str] = mapped_column(String(200))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    lifted_by: Mapped[str | None] = mapped_column(String(200))
    lifted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lift_note: Mapped[str | None] = mapped_column(String(500))
