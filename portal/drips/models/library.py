"""Plans, their versions and their steps (P-1)."""

from datetime import datetime, time
from functools import partial
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    Time,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of, one_name
from portal.core.db import Base
from portal.drips.values import LONGEST_NAME, LONGEST_TITLE, DripState, OnReply, StepKind
from portal.messaging.rules.saved import LONGEST_KEY

_one_name = partial(one_name, "drips", "state <> 'archived'")


class Drip(Base):
    """One plan; without a team or an account it is the whole organization's."""

    __tablename__ = "drips"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "team_id"],
            ["teams.organization_id", "teams.id"],
            ondelete="RESTRICT",
        ),
        ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["texting_accounts.organization_id", "texting_accounts.id"],
            ondelete="RESTRICT",
        ),
        UniqueConstraint("organization_id", "id"),
        CheckConstraint("account_id IS NULL OR team_id IS NULL", name="one_keeper"),
        _one_name("account_id IS NOT NULL", "account_id"),
        _one_name("team_id IS NOT NULL", "team_id"),
        _one_name("account_id IS NULL AND team_id IS NULL"),
        Index("ix_drips_in_order", "organization_id", "name_key", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    team_id: Mapped[UUID | None] = mapped_column(index=True)
    account_id: Mapped[UUID | None] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    name_key: Mapped[str] = mapped_column(String(LONGEST_KEY))
    on_reply: Mapped[OnReply] = mapped_column(kind_of(OnReply))
    state: Mapped[DripState] = mapped_column(kind_of(DripState))
    state_reason: Mapped[str] = mapped_column(String(300), default="")
    version: Mapped[int]  # the newest: who is enrolled from now on gets it
    edits: Mapped[int] = mapped_column(default=0)  # so that no change is lost under another
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    changed_by: Mapped[str] = mapped_column(String(200))


class DripVersion(Base):
    """A plan's steps as somebody saved them; a version never changes."""

    __tablename__ = "drip_versions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "drip_id"],
            ["drips.organization_id", "drips.id"],
            ondelete="RESTRICT",
        ),
        UniqueConstraint("organization_id", "drip_id", "id"),
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("drip_id", "number"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    drip_id: Mapped[UUID]
    number: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    created_by: Mapped[str] = mapped_column(String(200))


class DripStep(Base):
    """One step of one version."""

    __tablename__ = "drip_steps"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "version_id"],
            ["drip_versions.organization_id", "drip_versions.id"],
            ondelete="RESTRICT",
        ),
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("version_id", "position"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    version_id: Mapped[UUID]
    position: Mapped[int]
    kind: Mapped[StepKind] = mapped_column(kind_of(StepKind))
    day: Mapped[int]  # after enrolment
    at: Mapped[time | None] = mapped_column(Time)  # the account's own; None: at once
    title: Mapped[str] = mapped_column(String(LONGEST_TITLE), default="")
    body: Mapped[str] = mapped_column(Text, default="")
    missing: Mapped[str] = mapped_column(String(10))  # values.MissingChoice of messaging
