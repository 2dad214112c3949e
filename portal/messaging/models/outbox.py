"""What goes out: campaigns, their texts, and what became of each (PROMISES 2.2)."""

from datetime import date, datetime
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
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import E164, SID, UTCDateTime, kind_of
from portal.core.db import Base
from portal.messaging.values import CampaignState, Kind, State, Timing

IN_DOUBT = text("state IN ('submitting', 'unknown')")
MADE_INTO_PARTS = text("part > 0")
OVER_LIMIT = text("passed_limit IS NOT NULL")
# Named word for word in a query, or the partial index is not used: a state that is a bound
# parameter proves nothing to a planner.
MOVING = text("state IN ('queued', 'held', 'claimed', 'submitting', 'unknown')")


def of_account() -> ForeignKeyConstraint:
    """Tie a row to its account and organization together (RULINGS 9)."""
    return ForeignKeyConstraint(
        ["organization_id", "account_id"],
        ["texting_accounts.organization_id", "texting_accounts.id"],
        ondelete="RESTRICT",
    )


class Campaign(Base):
    """One confirmed send, of one text or of many. Its nonce makes a second click harmless."""

    __tablename__ = "campaigns"
    __table_args__ = (
        of_account(),
        UniqueConstraint("account_id", "nonce"),
        UniqueConstraint("account_id", "id"),
        Index("ix_campaigns_list", "account_id", "kind", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    nonce: Mapped[str] = mapped_column(String(64))
    intent: Mapped[str] = mapped_column(String(64))  # hash of what was asked (I9)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[Kind] = mapped_column(kind_of(Kind))
    state: Mapped[CampaignState] = mapped_column(
        kind_of(CampaignState), default=CampaignState.RUNNING
    )
    body: Mapped[str] = mapped_column(Text)  # the template, unmerged
    media: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    people: Mapped[int]
    credits: Mapped[int]
    scheduled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    created_by: Mapped[UUID | None]
    created_by_name: Mapped[str] = mapped_column(String(200))
    lint: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)  # what H-1 found in it


class Message(Base):
    """One text to one number: the outbox row that says what is to be done, and what was."""

    __tablename__ = "messages"
    __table_args__ = (
        of_account(),
        ForeignKeyConstraint(
            ["account_id", "campaign_id"],
            ["campaigns.account_id", "campaigns.id"],
            ondelete="RESTRICT",
        ),
        # One person gets a campaign once. A recipient blocked at confirm has no parts (part 0).
        Index(
            "uq_messages_campaign_id_e164_part",
            "campaign_id",
            "e164",
            "part",
            unique=True,
            sqlite_where=MADE_INTO_PARTS,
            postgresql_where=MADE_INTO_PARTS,
        ),
        # The same words are never in doubt twice for one person (PROMISES 2.3).
        Index(
            "uq_messages_in_doubt",
            "from_e164",
            "e164",
            "body_hash",
            unique=True,
            sqlite_where=IN_DOUBT,
            postgresql_where=IN_DOUBT,
        ),
        Index(
            "ix_messages_moving",
            "account_id",
            "state",
            "priority",
            "not_before",
            "position",
            sqlite_where=MOVING,
            postgresql_where=MOVING,
        ),
        Index(
            "ix_messages_over_limit",
            "account_id",
            "slot_on",
            "campaign_id",
            sqlite_where=OVER_LIMIT,
            postgresql_where=OVER_LIMIT,
        ),
        Index("ix_messages_campaign_id_state", "campaign_id", "state"),
        Index("ix_messages_campaign_id_position", "campaign_id", "position", "part"),
        Index("ix_messages_account_id_e164_created_at", "account_id", "e164", "created_at"),
        Index("ix_messages_organization_id_e164_state", "organization_id", "e164", "state"),
        CheckConstraint("credits >= 0 AND segments >= 0", name="costs_not_negative"),
        CheckConstraint("kind <> 'system' OR credits = 0", name="system_texts_are_free"),
        CheckConstraint("state <> 'queued' OR e164 IS NOT NULL", name="queued_has_a_number"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    campaign_id: Mapped[UUID | None]
    kind: Mapped[Kind] = mapped_column(kind_of(Kind))
    purpose: Mapped[str] = mapped_column(String(20), default="")  # of a system text
    priority: Mapped[int]  # values.Priority: people before campaigns

    # who
    contact_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("contacts.id", ondelete="SET NULL"), index=True
    )
    recipient_name: Mapped[str] = mapped_column(String(200))
    e164: Mapped[str | None] = mapped_column(E164)
    country_code: Mapped[int] = mapped_column(default=1)
    from_e164: Mapped[str | None] = mapped_column(E164)

    # what: frozen at confirm (I6)
    text_id: Mapped[UUID]  # the id of its first part
    position: Mapped[int]  # in the campaign
    part: Mapped[int] = mapped_column(default=1)
    parts: Mapped[int] = mapped_column(default=1)
    body: Mapped[str] = mapped_column(Text)
    body_hash: Mapped[str] = mapped_column(String(64))
    media: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    encoding: Mapped[str] = mapped_column(String(5))
    segments: Mapped[int]
    credits: Mapped[int]
    is_first: Mapped[bool] = mapped_column(default=False)  # the notice of S-3 may follow it
    resend_of: Mapped[UUID | None]

    # where it stands
    state: Mapped[State] = mapped_column(kind_of(State))
    reason_code: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str | None] = mapped_column(String(500))
    consent_record_id: Mapped[UUID | None]  # what it rested on when it left (I15)
    is_reply: Mapped[bool] = mapped_column(default=False)
    timing: Mapped[Timing | None] = mapped_column(kind_of(Timing))  # None: as its kind says
    hours: Mapped[dict[str, Any] | None] = mapped_column(  # of the newest verdict (S-2)
        JSON(none_as_null=True)
    )
    not_before: Mapped[datetime] = mapped_column(UTCDateTime)
    held_until: Mapped[datetime | None] = mapped_column(UTCDateTime)  # None: until mended
    day: Mapped[date | None]  # the account's own, of its confirm, whatever comes later (I11)
    slot_on: Mapped[date | None]  # the day whose limits it is counted against
    draws_on_reserve: Mapped[bool] = mapped_column(default=False)  # kept for replies (S-5)
    passed_limit: Mapped[str | None] = mapped_column(String(20))  # at the sender's risk (S-5)

    # the protocol's own
    owner: Mapped[str | None] = mapped_column(String(80))
    epoch: Mapped[int] = mapped_column(default=0)  # fencing token, one more at each claim
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attempt: Mapped[int] = mapped_column(default=0)
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # the newest T2
    submit_deadline: Mapped[datetime | None] = mapped_column(UTCDateTime)
    checks: Mapped[int] = mapped_column(default=0)  # looks at the carrier's list
    next_check_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    # what the carrier said
    sid: Mapped[str | None] = mapped_column(SID, unique=True)
    sid_source: Mapped[str | None] = mapped_column(String(12))  # http, callback, list
    error_code: Mapped[int | None]

    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    created_by: Mapped[UUID | None]
    created_by_name: Mapped[str] = mapped_column(String(200), default="")

    def __repr__(self) -> str:
        """Name the text's number and state."""
        return f"<Message {self.state} to {self.e164}>"


class MessageAttempt(Base):
    """One submission: written before the first byte leaves, finished by what is proven."""

    __tablename__ = "message_attempts"

    message_id: Mapped[UUID] = mapped_column(
        ForeignKey("messages.id", ondelete="RESTRICT"), primary_key=True
    )
    attempt: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[int]
    owner: Mapped[str] = mapped_column(String(80))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    verdict: Mapped[str | None] = mapped_column(String(12))
    sid: Mapped[str | None] = mapped_column(SID)
    code: Mapped[int | None]
    detail: Mapped[str | None] = mapped_column(String(300))
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class MessageEvent(Base):
    """One change of state after confirm. Never changed, never removed (RULINGS 8)."""

    __tablename__ = "message_events"
    __table_args__ = (Index("ix_message_events_message_id_at", "message_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id", ondelete="RESTRICT"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[State] = mapped_column(kind_of(State))
    cause: Mapped[str] = mapped_column(String(40))  # gate, carrier, callback, reaper, person ...
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class FirstNotice(Base):
    """The one free notice after the first text to a number from an account (S-3, S-4)."""

    __tablename__ = "first_notices"
    __table_args__ = (
        of_account(),
        Index(
            "ix_first_notices_team_due",
            "team_due_at",
            "account_id",
            "e164",
            sqlite_where=text("team_due_at IS NOT NULL"),
            postgresql_where=text("team_due_at IS NOT NULL"),
        ),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    e164: Mapped[str] = mapped_column(E164, primary_key=True)
    organization_id: Mapped[UUID]
    message_id: Mapped[UUID | None]  # the notice's own row
    team_due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # None: settled, or no team
    team_message_id: Mapped[UUID | None]  # the row of the notice a day later
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)


class Sweep(Base):
    """The lock and the last run of one recurring piece of work (RULINGS 18)."""

    __tablename__ = "sweeps"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    owner: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)  # None: its owner failed
    last_ran_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
