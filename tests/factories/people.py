"""The simplest right organizations, people and sign-ins."""

from datetime import timedelta
from itertools import count
from uuid import UUID, uuid4

from portal.core.access import Role
from portal.core.audit import SYSTEM
from portal.core.clock import utcnow
from portal.core.db import unit_of_work
from portal.people import queries, service
from portal.people.values import OrganizationRef, TeamRef, UserRef
from portal.people.views.session_store import cookie_name

PASSWORD = "a quiet house by the lake"


def organization(name: str = "Cedar Homes") -> OrganizationRef:
    with unit_of_work():
        return service.create_organization(name, actor=SYSTEM)


def team(organization_id: UUID, name: str = "Cedar") -> TeamRef:
    with unit_of_work():
        return service.create_team(organization_id, name, actor=SYSTEM)


def person(
    name: str = "Robin Vale",
    *,
    organization_id: UUID | None = None,
    role: Role = Role.AGENT,
    team_id: UUID | None = None,
    password: str | None = None,
    is_admin: bool = False,
) -> UserRef:
    """A person, a member of an organization when one is given; without a password unless asked."""
    email = f"{name.split(maxsplit=1)[0].lower()}-{uuid4().hex[:16]}@cedar.example"
    with unit_of_work():
        user = service.create_user(name, email, password, is_admin=is_admin)
        if organization_id is not None:
            service.add_member(organization_id, user.id, role, team_id, actor=SYSTEM)
    return user


def give_password(user_id: UUID, password: str = PASSWORD) -> str:
    """Let somebody of the cast sign in with a password; return their e-mail."""
    user = queries.user(user_id)
    assert user is not None
    with unit_of_work():
        issued = service.request_reset(user.email)
        assert issued is not None
        service.reset_password(issued.token, password, origin=None)
    return user.email


def sign_in(client, user_id: UUID) -> str:
    """Sign a test client in without the cost of a password hash; return the cookie's token."""
    with unit_of_work():
        started = service.start_session(user_id, ip="127.0.0.1", user_agent="tests")
    client.set_cookie(cookie_name(), started.token)
    return started.token


def misses(maker):
    """Give codes of six digits that the maker of codes makes neither now nor in a step near it."""
    near = {maker.generate(utcnow().timestamp() + 30 * step).token for step in range(-2, 4)}
    return (code for n in count() if (code := f"{n:06}") not in near)


def idle(clock, minutes: int) -> None:
    clock.travel(by=timedelta(minutes=minutes))


def enter(browser, email, password=PASSWORD, status=303, **where):
    return browser.post(
        "people.sign_in", status, data={"email": email, "password": password}, **where
    )
