"""What other slices may hold of organizations, teams and people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.core.access import ROLE_LABELS, Role
from portal.core.tenancy import Tenant

DEFAULT_TIMEZONE = "America/Chicago"  # SPEC 1
DEFAULT_APPLICATION_NAME = "ConsentDesk"  # S-6
FIRST_NOTICE_EN = (  # S-3
    "Prefer a phone call or email? Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
FIRST_NOTICE_ES = (
    "¿Prefiere una llamada o un correo? Responda STOP para no recibir más. "
    "Pueden aplicar tarifas de mensajes y datos."
)
HOLD_NOTICE_EN = (  # Q-4; 47 CFR 64.1200(a)(12): it confirms, and sells nothing
    "We understood that you want no more texts, so we have stopped. Reply STOP to make it final, "
    "or START if we got that wrong."
)
HOLD_NOTICE_ES = (
    "Entendimos que no quiere más mensajes y dejamos de enviarlos. Responda STOP para confirmarlo "
    "o START si entendimos mal."
)


@dataclass(frozen=True, slots=True)
class OrganizationRef:
    """A brokerage: the tenant."""

    id: UUID
    name: str
    timezone: str

    @property
    def tenant(self) -> Tenant:
        """Return the whole organization as a tenant."""
        return Tenant(self.id)


@dataclass(frozen=True, slots=True)
class OrganizationSettings:
    """What an organization has settled for all its accounts."""

    id: UUID
    name: str
    timezone: str
    application_name: str
    sender_name: str
    first_notice_en: str
    first_notice_es: str
    hold_notice_en: str
    hold_notice_es: str
    website_domains: tuple[str, ...]
    reserves_account_changes: bool
    requires_totp: bool
    shares_talks: bool

    def first_notice(self, language: str | None) -> str:
        """Return the notice after a first text in the contact's language (S-3)."""
        return self.first_notice_es if _is_spanish(language) else self.first_notice_en

    def hold_notice(self, language: str | None) -> str:
        """Return the one text that confirms a revocation in plain words (Q-4)."""
        return self.hold_notice_es if _is_spanish(language) else self.hold_notice_en


def _is_spanish(language: str | None) -> bool:
    return (language or "").lower().startswith("es")


@dataclass(frozen=True, slots=True)
class UserRef:
    """A person with a login."""

    id: UUID
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class TeamRef:
    """People of one organization who work together."""

    id: UUID
    organization_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class MembershipRef:
    """One person's role in one organization."""

    user_id: UUID
    organization_id: UUID
    organization_name: str
    role: Role
    team_ids: tuple[UUID, ...]
    organization_timezone: str
    requires_totp: bool  # the organization, of its officers and leads
    reserves_account_changes: bool  # to its leads (SPEC 1)
    shares_talks: bool  # S-4

    @property
    def organization(self) -> OrganizationRef:
        """Return the organization itself."""
        return OrganizationRef(
            self.organization_id, self.organization_name, self.organization_timezone
        )


@dataclass(frozen=True, slots=True)
class UserDetails:
    """What a person's own profile and the administrator's list show."""

    id: UUID
    name: str
    email: str
    timezone: str
    is_admin: bool
    is_active: bool
    has_totp: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person of a session, as Flask-Security asks about people."""

    id: UUID
    fs_uniquifier: str
    has_totp: bool
    is_active: bool

    is_authenticated = True
    is_anonymous = False

    def get_id(self) -> str:
        """Return what the session knows this person by."""
        return self.fs_uniquifier


@dataclass(frozen=True, slots=True)
class StoredSession:
    """What a cookie's token stands for."""

    id: UUID
    person: SignedIn
    data: dict[str, Any]
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One line of the members page."""

    user_id: UUID
    name: str
    email: str
    role: Role
    teams: tuple[str, ...]
    team_ids: tuple[UUID, ...]
    is_active: bool
    has_totp: bool

    @property
    def role_label(self) -> str:
        """Return the role in words."""
        return ROLE_LABELS[self.role]


@dataclass(frozen=True, slots=True)
class InvitationRef:
    """An invitation that can still be accepted, or has lapsed."""

    id: UUID
    organization_id: UUID | None
    organization_name: str | None
    email: str
    role: Role
    team_id: UUID | None
    team_name: str | None
    invited_by: str
    created_at: datetime
    expires_at: datetime

    @property
    def role_label(self) -> str:
        """Return the role in words."""
        return ROLE_LABELS[self.role]


@dataclass(frozen=True, slots=True)
class Issued:
    """A capability link's token, known only at this moment (RULINGS 21)."""

    id: UUID
    token: str
    email: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One place where a person is signed in."""

    id: UUID
    browser: str
    ip: str | None
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """A login of the demo brokerage, shown on the sign-in page while the sandbox runs."""

    role: str
    email: str
    password: str
