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
from portal.people.values import MembershipRef
from portal.texting_accounts import queries
from portal.texting_accounts.values import Entry
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
    mine = people.memberships(g.me.user_id) if g.me.role is not Role.ADMIN else []
    mine.sort(key=lambda member: member.organization_id != g.me.organization_id)  # here first
    entry = next(filter(None, (queries.entry(member, account_id) for member in mine)), None)
    if entry is None:
        raise NotFound("We can't find that page.")
    account, member = entry.account, entry.member
    person = people.person(member.user_id, member.organization_id, g.me.origin)
    assert person is not None  # who is signed in is active
    if not entry.is_reached:
        if not queries.reads_along(person.user_id, person.role, account):
            raise NotFound("We can't find that page.")
        g.organization, g.account = member.organization, account  # a visit: home stays home
        g.me = replace(person, permissions=MATE_PERMISSIONS)
        return
    g.organization = member.organization
    for key, value in ((ACCOUNT_KEY, account.id), (HOME_KEY, account.organization_id)):
        if session.get(key) != str(value):
            session[key] = str(value)
    _use(entry, person)


def _stay() -> None:
    """Stay in the account last used, else go to an own one, a shared one, or any."""
    member = people.membership(g.me.user_id, g.me.organization_id)
    if member is None:
        return
    entry = _last_used(member)
    if entry is None:
        account = min(
            queries.accounts_for(member.user_id, member.organization_id, member.role),
            key=lambda row: (row.owner_user_id != member.user_id, not row.is_shared),
            default=None,
        )
        entry = Entry(account, member, is_reached=True) if account is not None else None
    if entry is not None:
        _use(entry, g.me)


def _last_used(member: MembershipRef) -> Entry | None:
    """Return the account last used, if it is of this organization and still reached."""
    try:
        entry = queries.entry(member, UUID(session.get(ACCOUNT_KEY, "")))
    except ValueError:
        return None
    return entry if entry is not None and entry.is_reached else None


def _use(entry: Entry, person: Me) -> None:
    """Make the account the current one; its owner may do more there (SPEC 1)."""
    g.account, g.me = entry.account, person
    is_owner = entry.account.owner_user_id == person.user_id
    if is_owner and not entry.member.reserves_account_changes:
        g.me = replace(person, permissions=person.permissions | OWNER_PERMISSIONS)


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
            for row in queries.accounts_of_mates(member, words=words, limit=limit - len(found))
        )
    return found
