"""Settles who is asking, and for which organization, before any view runs."""

from typing import Any, cast
from uuid import UUID

from flask import Response, g, request, session, url_for
from flask_security import current_user

from portal.core.access import Me, Role
from portal.core.desk import access, acts_by_cookie
from portal.core.errors import NotFound
from portal.core.web import see_other, wants_partial
from portal.people import queries
from portal.people.values import OrganizationRef

FILES = {"static", "assets", "assets.package_file"}
OPEN = "open_to_all"
WITHOUT_CODES = {"people.totp", "people.sign_out", "people.index"}
HOME_KEY = "organization_id"


def load_person() -> Response | None:
    """Set g.me and g.organization, or send a stranger to sign in.

    A tenant in the URL must be one of the person's own; a stranger's looks missing (404).
    """
    g.me = g.organization = g.account = None
    opens = access()
    if request.endpoint in FILES or not acts_by_cookie():
        return None  # a session gives nothing there
    user = current_user
    if not user.is_authenticated:
        return None if opens == OPEN or request.endpoint is None else to_sign_in()
    person = _person(user.id)
    if person is None:
        return None if opens == OPEN or request.endpoint is None else to_sign_in()
    g.me = person
    if must_set_up_codes(user) and request.endpoint not in WITHOUT_CODES:
        return see_other(url_for("people.totp"))
    return None


def to_sign_in() -> Response:
    """Send a stranger to sign in, and from there back to the page they asked for."""
    wanted = None
    if request.method == "GET" and not wants_partial():
        wanted = request.full_path.removesuffix("?")
    return see_other(url_for("people.sign_in", next=wanted))


def must_set_up_codes(user: Any) -> bool:
    """Say whether policy wants one-time codes and the person has none yet (X-6)."""
    return not user.has_totp and queries.must_use_totp(user.id)


def _person(user_id: UUID) -> Me | None:
    asked = (request.view_args or {}).get("organization_id")
    if asked is not None:
        return _in_organization(user_id, asked)
    for organization_id in _candidates(user_id):
        person = queries.person(user_id, organization_id, request.remote_addr)
        if person is not None:
            mine = queries.membership(user_id, organization_id) if organization_id else None
            g.organization = mine.organization if mine else None
            return person
    return None


def _in_organization(user_id: UUID, organization_id: UUID) -> Me:
    person = queries.person(user_id, organization_id, request.remote_addr)
    organization = queries.organization(organization_id)
    if person is None or organization is None:
        raise NotFound("We can't find that page.")
    g.organization = organization
    if person.role is not Role.ADMIN:
        remember(organization)
    return person


def remember(organization: OrganizationRef) -> None:
    """Make this the organization of pages that name none."""
    if session.get(HOME_KEY) != str(organization.id):
        session[HOME_KEY] = str(organization.id)


def _candidates(user_id: UUID) -> list[UUID | None]:
    mine: list[UUID | None] = [m.organization_id for m in queries.memberships(user_id)]
    last = cast("str | None", session.get(HOME_KEY))
    mine.sort(key=lambda organization_id: str(organization_id) != last)  # the last used comes first
    return mine or [None]
