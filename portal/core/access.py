"""Who may do what: roles, permissions, the one table that joins them, and the route decorators.

The table is the oracle of the route x role test (RULINGS 22).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from flask import g

from portal.core.audit import Actor
from portal.core.errors import NotAllowed, NotFound

P = ParamSpec("P")
R = TypeVar("R")


class Role(StrEnum):
    """A user's role in one organization; admin is installation-wide (RULINGS 22)."""

    ADMIN = "admin"
    TEAM_LEAD = "team_lead"
    COMPLIANCE_OFFICER = "compliance_officer"
    AGENT = "agent"


class Permission(StrEnum):
    """Something a person may do, on one account or in one organization."""

    # in a texting account
    VIEW_ACCOUNT = "view_account"
    VIEW_CONVERSATIONS = "view_conversations"
    READ_TALKS = "read_talks"  # inbox and talks alone, team mates' included (S-4)
    SEND_TEXTS = "send_texts"
    EDIT_CONTACTS = "edit_contacts"
    VIEW_CONTACTS = "view_contacts"
    IMPORT_CONTACTS = "import_contacts"
    RECORD_CONSENT = "record_consent"
    VIEW_CREDITS = "view_credits"
    CHANGE_SUBSCRIPTION = "change_subscription"
    SET_UP_NUMBER = "set_up_number"
    EDIT_LIMITS = "edit_limits"
    CLOSE_ACCOUNT = "close_account"  # for good
    SEND_AGAIN_ANYWAY = "send_again_anyway"
    MANAGE_INTEGRATIONS = "manage_integrations"
    EDIT_FORMS = "edit_forms"  # opt-in forms: draft, edit, unpublish
    PUBLISH_FORMS = "publish_forms"
    WRITE_APPEALS = "write_appeals"  # open, write and hand in
    SEND_APPEALS = "send_appeals"  # send approved ones on, keep the carrier's answer
    # in an organization
    VIEW_ORGANIZATION = "view_organization"
    VIEW_CONSENT = "view_consent"
    SHARE_PROOF = "share_proof"  # with people without a login (C-12)
    VIEW_AUDIT = "view_audit"
    REVIEW_OPT_OUTS = "review_opt_outs"  # open ones, how far each reaches, the carrier's
    REVIEW_REVOCATIONS = "review_revocations"  # release what plain words hold
    SET_LINT = "set_lint"  # levels of the content check, and what it blocked (H-1)
    REVIEW_SIMILAR = "review_similar"  # texts alike from many numbers, approved wordings (H-2)
    KEEP_TEMPLATES = "keep_templates"  # words a team or everybody may use
    APPROVE_SENDS = "approve_sends"  # large ones of somebody else (S-12)
    SET_APPROVALS = "set_approvals"  # from how many people on (S-12)
    SET_PLAN_LIMITS = "set_plan_limits"  # whether plans' texts may pass daily limits (S-5)
    MANAGE_RETENTION = "manage_retention"  # erase, hold, set terms, ask about reassigned numbers
    EXPORT_DOSSIERS = "export_dossiers"  # everything about an account, for counsel
    RELEASE_HOLDS = "release_holds"  # two persons do it together (C-10)
    ENTER_SUSPENSION = "enter_suspension"  # what the carrier wrote to somebody
    REVIEW_APPEALS = "review_appeals"  # return and approve them, keep their templates
    STOP_TRAFFIC = "stop_traffic"  # that opt-outs or errors come from (H-8)
    LIFT_BULK_PAUSE = "lift_bulk_pause"  # let an account's bulk texts go on again (H-8)
    SET_THRESHOLDS = "set_thresholds"  # of health: what is good, watched, a breach (H-7)
    SET_HOURS = "set_hours"  # tighten when texts may go (P-3)
    LOAD_CALL_LISTS = "load_call_lists"  # national and state do-not-call lists (S-2)
    LIFT_FENCE = "lift_fence"  # let sending go on after it stood still (I14)
    MANAGE_MEMBERS = "manage_members"
    EDIT_BILLING = "edit_billing"  # who pays the invoices, and where they go (B-12)
    REGISTER = "register"  # tell the carriers who texts (N-5)
    CHECK_WEBHOOKS = "check_webhooks"  # whether the carrier reaches us
    # in the installation
    ADMINISTER = "administer"


class Scope(StrEnum):
    """Something an API key may do in its account (RULINGS 31)."""

    SEND_MESSAGES = "messages:send"
    READ_NUMBERS = "numbers:read"
    WRITE_CONTACTS = "contacts:write"
    WRITE_CONSENTS = "consents:write"
    READ_CONSENTS = "consents:read"


_EVERYONE = frozenset({Permission.VIEW_ACCOUNT, Permission.VIEW_ORGANIZATION})
_WORK = frozenset(
    {
        Permission.VIEW_CONVERSATIONS,
        Permission.READ_TALKS,
        Permission.SEND_TEXTS,
        Permission.VIEW_CONTACTS,
        Permission.EDIT_CONTACTS,
        Permission.IMPORT_CONTACTS,
        Permission.RECORD_CONSENT,
        Permission.VIEW_CONSENT,
        Permission.VIEW_CREDITS,
        Permission.WRITE_APPEALS,
    }
)
_LEAD = frozenset(
    {
        Permission.CHANGE_SUBSCRIPTION,
        Permission.SET_UP_NUMBER,
        Permission.EDIT_LIMITS,
        Permission.CLOSE_ACCOUNT,
        Permission.SEND_AGAIN_ANYWAY,
        Permission.MANAGE_INTEGRATIONS,
        Permission.EDIT_FORMS,
        Permission.PUBLISH_FORMS,
        Permission.MANAGE_MEMBERS,
        Permission.EDIT_BILLING,
        Permission.REGISTER,
        Permission.CHECK_WEBHOOKS,
        Permission.SHARE_PROOF,
        Permission.VIEW_AUDIT,
        Permission.RELEASE_HOLDS,
        Permission.REVIEW_REVOCATIONS,
        Permission.APPROVE_SENDS,
        Permission.LIFT_FENCE,
        Permission.LIFT_BULK_PAUSE,
        Permission.STOP_TRAFFIC,
        Permission.KEEP_TEMPLATES,
        Permission.SEND_APPEALS,
    }
)

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.AGENT: _EVERYONE | _WORK,
    Role.TEAM_LEAD: _EVERYONE | _WORK | _LEAD,
    Role.COMPLIANCE_OFFICER: _EVERYONE
    | {
        Permission.VIEW_CONVERSATIONS,
        Permission.READ_TALKS,
        Permission.VIEW_CONTACTS,
        Permission.VIEW_CONSENT,
        Permission.RECORD_CONSENT,
        Permission.EDIT_FORMS,
        Permission.VIEW_CREDITS,
        Permission.EDIT_LIMITS,
        Permission.CLOSE_ACCOUNT,
        Permission.SHARE_PROOF,
        Permission.VIEW_AUDIT,
        Permission.REGISTER,
        Permission.CHECK_WEBHOOKS,
        Permission.REVIEW_OPT_OUTS,
        Permission.REVIEW_REVOCATIONS,
        Permission.SET_LINT,
        Permission.REVIEW_SIMILAR,
        Permission.APPROVE_SENDS,
        Permission.SET_APPROVALS,
        Permission.SET_PLAN_LIMITS,
        Permission.MANAGE_RETENTION,
        Permission.EXPORT_DOSSIERS,
        Permission.RELEASE_HOLDS,
        Permission.ENTER_SUSPENSION,
        Permission.WRITE_APPEALS,
        Permission.SEND_APPEALS,
        Permission.REVIEW_APPEALS,
        Permission.LIFT_BULK_PAUSE,
        Permission.STOP_TRAFFIC,
        Permission.SET_THRESHOLDS,
        Permission.SET_HOURS,
        Permission.LOAD_CALL_LISTS,
        Permission.LIFT_FENCE,
    },
    Role.ADMIN: frozenset({Permission.ADMINISTER}),
}

# An agent who owns the account may do these there, unless the organization reserves them (SPEC 1).
OWNER_PERMISSIONS = frozenset(
    {
        Permission.CHANGE_SUBSCRIPTION,
        Permission.SET_UP_NUMBER,
        Permission.SEND_AGAIN_ANYWAY,
        Permission.MANAGE_INTEGRATIONS,
        Permission.SHARE_PROOF,
        Permission.STOP_TRAFFIC,
    }
)

# All that a team mate's account opens, where the organization shares conversations (S-4).
MATE_PERMISSIONS = frozenset({Permission.READ_TALKS})

ROLE_LABELS = {
    Role.ADMIN: "Administrator",
    Role.TEAM_LEAD: "Team lead",
    Role.COMPLIANCE_OFFICER: "Compliance officer",
    Role.AGENT: "Agent",
}


@dataclass(frozen=True, slots=True)
class Me:
    """The signed-in person in one organization, as every view sees them."""

    user_id: UUID
    name: str
    email: str
    role: Role
    organization_id: UUID | None
    timezone: str
    permissions: frozenset[Permission]
    origin: str | None = None

    @property
    def initials(self) -> str:
        """Return up to two capital letters for the avatar."""
        parts = self.name.split()
        return "".join(p[0] for p in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper()

    @property
    def role_label(self) -> str:
        """Return the role in words."""
        return ROLE_LABELS[self.role]

    @property
    def actor(self) -> Actor:
        """Return this person as the audit log names them."""
        return Actor(self.user_id, self.name, self.origin)

    def may(self, permission: Permission) -> bool:
        """Say whether this person holds permission here."""
        return permission in self.permissions


def me() -> Me:
    """Return the signed-in person. Raises NotAllowed when nobody is signed in."""
    person: Me | None = g.get("me")
    if person is None:
        raise NotAllowed("Sign in to go on.")
    return person


def requires(permission: Permission) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Open the view to signed-in people who hold permission in the URL's account or organization.

    Who is asked, and for which tenant, was settled before the view ran (people.views loads
    g.me, g.account and g.organization from the URL): a stranger's tenant is as good as missing.
    """

    def wrap(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            person = me()
            if "account_id" in kwargs and g.get("account") is None:
                raise NotFound("We can't find that page.")
            if "organization_id" in kwargs and g.get("organization") is None:
                raise NotFound("We can't find that page.")
            if not person.may(permission):
                raise NotAllowed(
                    f"Your role ({person.role_label.lower()}) does not allow this. "
                    "Ask a team lead of your organization."
                )
            return view(*args, **kwargs)

        return _declare(guarded, permission)

    return wrap


def signed_in(view: Callable[P, R]) -> Callable[P, R]:
    """Open the view to everybody who is signed in."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        me()
        return view(*args, **kwargs)

    return _declare(guarded, "signed_in")


def open_to_all(view: Callable[P, R]) -> Callable[P, R]:
    """Open the view to anybody, signed in or not."""
    return _declare(view, "open_to_all")


def signed_by_carrier(view: Callable[P, R]) -> Callable[P, R]:
    """Mark a webhook: the view itself checks the carrier's or card provider's signature first."""
    return _declare(view, "signed_by_carrier")


def for_keys(scope: Scope) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Mark a view of the API: it asks for a key with this scope itself, and for nothing else."""
    return lambda view: _declare(view, scope)


def _declare(view: Callable[P, R], access: str) -> Callable[P, R]:
    marked: Any = view
    marked.access = access
    return view
