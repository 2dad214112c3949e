"""Sends that wait for a second person, and the policy that asks for one (S-12)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.tenancy import Tenant, owned
from portal.messaging.models import ApprovalPolicy, SendApproval
from portal.messaging.rules.approvals import ApprovalState, Sum, is_needed
from portal.messaging.values import Draft, DraftRef, Kind, MediaRef

SHOWN: Final = 100
_NOT_HERE: Final = "We can't find that request. It may be of another account."


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """One policy that was set, and why."""

    above: int | None
    reason: str
    set_at: datetime
    set_by: str


@dataclass(frozen=True, slots=True)
class ApprovalRef:
    """One send somebody asked approval for, and the answer."""

    id: UUID
    organization_id: UUID
    account_id: UUID
    state: ApprovalState
    asked_at: datetime
    asked_by_id: UUID
    asked_by: str
    expires_at: datetime
    name: str
    body: str
    draft: Mapping[str, Any]
    options: Mapping[str, str]
    contact_ids: Sequence[str]
    numbers: Mapping[str, str]
    nonce: str
    lint_ok: str
    people: int
    credits: int
    blocked: int
    decided_at: datetime | None
    decided_by_id: UUID | None
    decided_by: str
    reason: str
    campaign_id: UUID | None

    @property
    def tenant(self) -> Tenant:
        """Return the account as a tenant."""
        return Tenant(self.organization_id, self.account_id)

    @property
    def media(self) -> tuple[MediaRef, ...]:
        """Return what goes with the text."""
        return tuple(MediaRef(**each) for each in self.draft["media"])

    @property
    def asked_for(self) -> Sum:
        """Return what it came to when it was asked for."""
        return Sum(self.people, self.credits, self.blocked)

    @property
    def send_at(self) -> datetime | None:
        """Return when it was to go; None: at once."""
        at = self.draft.get("send_at")
        return datetime.fromisoformat(at) if at else None

    def to_send(self, now: datetime) -> Draft:
        """Return the text as planning takes it; a time that has passed meanwhile is now."""
        at = self.send_at
        return Draft(
            self.body,
            Kind.BULK,
            media=self.media,
            send_at=at if at is not None and at > now else None,
            missing=self.draft["missing"],
            fallbacks=self.draft["fallbacks"],
            over_limit=self.draft["over_limit"],
            name=self.name,
        )

    def as_draft(self) -> DraftRef:
        """Return it as the draft it was, to read its people."""
        return DraftRef(
            self.id,
            self.account_id,
            self.asked_by_id,
            self.body,
            tuple(UUID(id_) for id_ in self.contact_ids),
            {UUID(contact): UUID(number) for contact, number in self.numbers.items()},
            self.name,
            dict(self.options),
            self.nonce,
            self.asked_at,
        )


_ROW: Final = tuple(getattr(SendApproval, name) for name in ApprovalRef.__dataclass_fields__)
_POLICY: Final = tuple(getattr(ApprovalPolicy, name) for name in PolicyRef.__dataclass_fields__)


def policies(organization_id: UUID, limit: int = 20) -> list[PolicyRef]:
    """Return what was set, newest first."""
    rows = db.session.execute(
        select(*_POLICY)
        .where(ApprovalPolicy.organization_id == organization_id)
        .order_by(ApprovalPolicy.set_at.desc(), ApprovalPolicy.id.desc())
        .limit(limit)
    )
    return [PolicyRef(*row) for row in rows]


def above(organization_id: UUID) -> int | None:
    """Return above how many recipients a send needs a second person; None: it never does."""
    newest = policies(organization_id, 1)
    return newest[0].above if newest else None


def asks_second(organization_id: UUID, kind: Kind, people: int) -> bool:
    """Say whether a send of this kind to so many needs a second person."""
    return kind is Kind.BULK and is_needed(above(organization_id), kind, people)


def approval_or_404(tenant: Tenant, approval_id: UUID) -> ApprovalRef:
    """Return one question of an account. Raises NotFound."""
    row = db.session.execute(
        select(*_ROW).where(owned(tenant, SendApproval), SendApproval.id == approval_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_NOT_HERE)
    return ApprovalRef(*row)


def approvals(
    organization_id: UUID, account_ids: Sequence[UUID], *, is_open: bool
) -> list[ApprovalRef]:
    """Return what waits in these accounts, oldest first, or what was decided last."""
    a = SendApproval
    found = select(*_ROW).where(a.organization_id == organization_id, a.account_id.in_(account_ids))
    if is_open:
        found = found.where(a.state == ApprovalState.ASKED).order_by(a.asked_at, a.id)
    else:
        found = found.where(a.state != ApprovalState.ASKED).order_by(a.decided_at.desc(), a.id)
    return [ApprovalRef(*row) for row in db.session.execute(found.limit(SHOWN))]


def open_approvals(organization_id: UUID) -> int:
    """Return how many sends of an organization wait for a second person."""
    wanted = select(func.count()).where(
        SendApproval.organization_id == organization_id, SendApproval.state == ApprovalState.ASKED
    )
    return db.session.scalar(wanted) or 0


def asked_with(tenant: Tenant, nonce: str) -> UUID | None:
    """Return the question a form has asked already, for the second of two clicks."""
    return db.session.scalar(
        select(SendApproval.id).where(owned(tenant, SendApproval), SendApproval.nonce == nonce)
    )


def overdue(now: datetime, limit: int = 100) -> list[ApprovalRef]:
    """Return what nobody answered in time."""
    rows = db.session.execute(
        select(*_ROW)
        .where(SendApproval.state == ApprovalState.ASKED, SendApproval.expires_at <= now)
        .order_by(SendApproval.expires_at, SendApproval.id)
        .limit(limit)
    )
    return [ApprovalRef(*row) for row in rows]
