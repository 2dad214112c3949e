"""Which account a request is about, and the ways to another one."""

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from flask import Flask, Response, g, request, session, url_for

from portal.core.access import MATE_PERMISSIONS, OWNER_PERMISSIONS, Me, Role, me, signed_in
from portal.core.errors import NotFound
from portal.core.typed import line
from portal.core.web import page, takes, wants_partial
from portal.people import queries as people
from portal.texting_accounts import queries
from portal.texting_accounts.values import AccountRef
from portal.texting_accounts.views.blueprint import bp

ACCOUNT_KEY: Final = "account_id"
HOME_KEY: Final = "organization_id"
IN_THE_MENU: Final = 12  # every page draws them; who reaches more looks for them
ON_A_PAGE: Final = 100
_MOST_CHARS: Final = 100


@dataclass(frozen=True, slots=True)
class Place:
    """One line of the account switcher."""

    name: str
    organization_name: str
    url: str
    is_current: bool
    is_read_only: bool = False  # a team mate's (S-4)
    state: str = ""  # in words where it doesn't simply send


def init_app(app: Flask) -> None:
    """Settle the account of each request, after the person."""
    app.before_request(load_account)
    app.context_processor(_switcher)


def load_account() -> None:
    """Set g.account from the URL, else the one last used; a stranger's looks missing (404)."""
    if g.get("me") is None:
        return
    asked = (request.view_args or {}).get("account_id")
    if asked is not None:
        _enter(asked)
    elif g.me.organization_id is not None and g.me.role is not Role.COMPLIANCE_OFFICER:
        _stay()


@bp.get("/accounts/switch")
@signed_in
@takes("q")
def switch() -> Response:
    """Find an account to go over to, in any organization of the person."""
    words = line(request.args.get("q", ""), _MOST_CHARS)
    found = _places(me(), words, ON_A_PAGE + 1)
    return page(
        "texting_accounts/switch.html",
        "texting_accounts/_places.html",
        words=words,
        places=found[:ON_A_PAGE],
        has_more=len(found) > ON_A_PAGE,
    )


def _enter(account_id: UUID) -> None:
    account = queries.account(account_id)
    person = people.person(g.me.user_id, account.organization_id, g.me.origin) if account else None
    member = people.membership(g.me.user_id, account.organization_id) if account else None
    if account is None or person is None or member is None or person.role is Role.ADMIN:
        raise NotFound("We can't find that page.")
    if not queries.reaches(person.user_id, person.role, account):
        if not queries.reads_along(person.user_id, person.role, account):
            raise NotFound("We can't find that page.")
        g.organization, g.account = member.organization, account  # a visit: home stays home
        g.me = replace(person, permissions=MATE_PERMISSIONS)
        return
    g.organization = member.organization
    for key, value in ((ACCOUNT_KEY, account.id), (HOME_KEY, account.organization_id)):
        if session.get(key) != str(value):
            session[key] = str(value)
    _use(account, person)


def _stay() -> None:
    """Stay in the account last used, else go to an own one, a shared one, or any."""
    account = _last_used() or min(
        _mine(g.me),
        key=lambda row: (row.owner_user_id != g.me.user_id, not row.is_shared),
        default=None,
    )
    if account is not None:
        _use(account, g.me)


def _last_used() -> AccountRef | None:
    """Return the account last used, if it is of this organization and still reached."""
    try:
        account = queries.account(UUID(session.get(ACCOUNT_KEY, "")))
    except ValueError:
        return None
    is_here = account is not None and account.organization_id == g.me.organization_id
    if account is None or not is_here:
        return None
    return account if queries.reaches(g.me.user_id, g.me.role, account) else None


def _use(account: AccountRef, person: Me) -> None:
    """Make account the current one; its owner may do more there (SPEC 1)."""
    g.account, g.me = account, person
    if (
        account.owner_user_id == person.user_id
        and not people.organization_settings(account.organization_id).reserves_account_changes
    ):
        g.me = replace(person, permissions=person.permissions | OWNER_PERMISSIONS)


def _mine(person: Me) -> list[AccountRef]:
    if person.organization_id is None:
        return []
    return queries.accounts_for(person.user_id, person.organization_id, person.role)


def _switcher() -> dict[str, object]:
    """Give the layout the current account and some to switch to, however many there are."""
    person = g.get("me")
    if person is None or wants_partial():
        return {"account": g.get("account"), "accounts": [], "switch_url": None}
    found = _places(person, "", IN_THE_MENU + 1)
    return {
        "account": g.get("account"),
        "accounts": found[:IN_THE_MENU],
        "switch_url": url_for("texting_accounts.switch") if len(found) > IN_THE_MENU else None,
    }


def _places(person: Me, words: str, limit: int) -> list[Place]:
    """Return the first of the accounts a person reaches anywhere, by organization and name."""
    current = g.get("account")
    found: list[Place] = []
    mine = people.memberships(person.user_id) if person.role is not Role.ADMIN else []
    for member in mine:
        found += (
            Place(
                name=row.name,
                organization_name=member.organization_name,
                url=url_for("texting_accounts.open_account", account_id=row.id),
                is_current=current is not None and row.id == current.id,
                state="" if row.sends_all else row.state_label,
            )
            for row in queries.some_accounts(
                person.user_id,
                member.organization_id,
                member.role,
                words=words,
                limit=limit - len(found),
            )
        )
    for member in mine:
        found += (
            Place(
                name=row.name,
                organization_name=member.organization_name,
                url=url_for("messaging.inbox", account_id=row.id),
                is_current=current is not None and row.id == current.id,
                state="" if row.sends_all else row.state_label,
                is_read_only=True,
            )
            for row in queries.accounts_of_mates(
                person.user_id,
                member.organization_id,
                member.role,
                words=words,
                limit=limit - len(found),
            )
        )
    return found
