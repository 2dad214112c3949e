"""Tables of organizations, people and their sessions."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.access import Role
from portal.core.clock import utcnow
from portal.core.columns import SEALED, UTCDateTime, kind_of
from portal.core.db import Base
from portal.people.values import (
    DEFAULT_APPLICATION_NAME,
    DEFAULT_TIMEZONE,
    FIRST_NOTICE_EN,
    FIRST_NOTICE_ES,
    HOLD_NOTICE_EN,
    HOLD_NOTICE_ES,
)


class Organization(Base):
    """A brokerage: the tenant every other row belongs to."""

    __tablename__ = "organizations"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str] = mapped_column(String(120))
    timezone: Mapped[str] = mapped_column(String(64), default=DEFAULT_TIMEZONE)
    application_name: Mapped[str] = mapped_column(String(60), default=DEFAULT_APPLICATION_NAME)
    sender_name: Mapped[str] = mapped_column(String(60))  # the brokerage as texts name it
    first_notice_en: Mapped[str] = mapped_column(String(480), default=FIRST_NOTICE_EN)
    first_notice_es: Mapped[str] = mapped_column(String(480), default=FIRST_NOTICE_ES)
    hold_notice_en: Mapped[str] = mapped_column(String(480), server_default=HOLD_NOTICE_EN)
    hold_notice_es: Mapped[str] = mapped_column(String(480), server_default=HOLD_NOTICE_ES)
    website_domains: Mapped[list[str]] = mapped_column(JSON, default=list)
    reserves_account_changes: Mapped[bool] = mapped_column(default=False)  # to leads (SPEC 1)
    requires_totp: Mapped[bool] = mapped_column(default=False)  # of officers and leads
    shares_talks: Mapped[bool] = mapped_column(server_default=false())  # S-4
    is_demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class Team(Base):
    """People of one organization who work together, led by one or more team leads."""

    __tablename__ = "teams"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("organization_id", "name"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    name: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class User(Base):
    """A person with a login; Flask-Security knows people by `fs_uniquifier`.

    What it asks of a person stands here, not in a parent of its own: a worker, which knows
    people too, would otherwise hold all its forms (G12).
    """

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_is_lowercase"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    timezone: Mapped[str] = mapped_column(String(64), default=DEFAULT_TIMEZONE)
    password: Mapped[str | None] = mapped_column(String(255))  # an argon2 hash
    password_changed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    active: Mapped[bool] = mapped_column(default=True)
    is_admin: Mapped[bool] = mapped_column(default=False)  # of the installation (RULINGS 22)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    tf_totp_secret: Mapped[str | None] = mapped_column(Text, info=SEALED)
    totp_last_counter: Mapped[int | None]  # a code is accepted once
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)

    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        """Say whether this person may sign in."""
        return self.active

    def get_id(self) -> str:
        """Return what the session knows this person by."""
        return self.fs_uniquifier


class Membership(Base):
    """One person's one role in one organization."""

    __tablename__ = "memberships"

    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT"), primary_key=True
    )
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), primary_key=True, index=True
    )
    role: Mapped[Role] = mapped_column(kind_of(Role))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class TeamMember(Base):
    """A member of an organization works in this team; a lead leads it."""

    __tablename__ = "team_members"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "team_id"],
            ["teams.organization_id", "teams.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            ondelete="CASCADE",
        ),
    )

    organization_id: Mapped[UUID]
    team_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)


class Invitation(Base):
    """A link that makes a person a member; without an organization, an administrator."""

    __tablename__ = "invitations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "team_id"],
            ["teams.organization_id", "teams.id"],
            ondelete="CASCADE",
        ),
        Index(
            "uq_invitations_one_open",
            "organization_id",
            "email",
            unique=True,
            sqlite_where=text("accepted_at IS NULL AND revoked_at IS NULL"),
            postgresql_where=text("accepted_at IS NULL AND revoked_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[Role] = mapped_column(kind_of(Role))
    team_id: Mapped[UUID | None]
    invited_by: Mapped[str] = mapped_column(String(200))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class PasswordReset(Base):
    """A link by mail that sets a new password once."""

    __tablename__ = "password_resets"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class SignInSession(Base):
    """A signed-in browser; its cookie holds a token whose hash is here (RULINGS 21)."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)  # whatever happens
    idle_seconds: Mapped[int]
    ip: Mapped[str | None] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(300), default="")
