"""Large sends that wait for a second person, and the policy that asks for one (S-12)."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import utcnow
from portal.core.columns import UTCDateTime, kind_of
from portal.core.db import Base
from portal.messaging.models.outbox import of_account
from portal.messaging.rules.approvals import ApprovalState


class ApprovalPolicy(Base):
    """Above how many recipients a send needs approval from then on; a newer row follows."""

    __tablename__ = "approval_policies"
    __table_args__ = (Index("ix_approval_policies_in_order", "organization_id", "set_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="RESTRICT")
    )
    above: Mapped[int | None]  # None: switched off
    reason: Mapped[str] = mapped_column(String(300))
    set_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    set_by_id: Mapped[UUID | None]
    set_by: Mapped[str] = mapped_column(String(200))


class SendApproval(Base):
    """A send as it was when somebody asked for approval: exactly this goes, or nothing."""

    __tablename__ = "send_approvals"
    __table_args__ = (
        of_account(),
        Index("ix_send_approvals_by_state", "organization_id", "state", "asked_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    organization_id: Mapped[UUID]
    account_id: Mapped[UUID]
    state: Mapped[ApprovalState] = mapped_column(
        kind_of(ApprovalState), default=ApprovalState.ASKED
    )
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    asked_by_id: Mapped[UUID]
    asked_by: Mapped[str] = mapped_column(String(200))
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)

    # the send
    name: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    draft: Mapped[dict[str, Any]] = mapped_column(JSON)  # media, time and choices
    options: Mapped[dict[str, str]] = mapped_column(JSON)  # as typed, to write on after a no
    contact_ids: Mapped[list[str]] = mapped_column(JSON)
    numbers: Mapped[dict[str, str]] = mapped_column(JSON)  # contact id -> chosen number id
    nonce: Mapped[str] = mapped_column(String(64))
    lint_ok: Mapped[str] = mapped_column(String(64))  # the warnings its sender typed OK to
    people: Mapped[int]  # as it was asked for, to tell what changed
    credits: Mapped[int]
    blocked: Mapped[int]

    # the answer
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by_id: Mapped[UUID | None]
    decided_by: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(String(300), default="")
    campaign_id: Mapped[UUID | None]
