"""The people of the tests, in the database of every test (RULINGS 22).

Lead Alice, agent Bob, officer Vera and admin Pat of Juniper Realty; lead Mallory of
Lakeview Homes. Alice's team Northside shares an account; Bob owns one.
"""

from datetime import UTC, datetime
from uuid import UUID, uuid5

from portal.core.access import Role
from portal.core.db import db, unit_of_work
from portal.messaging.models import LintLevel
from portal.people import queries as people
from portal.people import service as sessions
from portal.people.models import Membership, Organization, Team, TeamMember, User
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.models import AccountMember, TextingAccount

_SPACE = UUID("5b0c6c5e-3a52-4f6e-9a64-6c7f2f1d0c11")


def _id(name: str) -> UUID:
    return uuid5(_SPACE, name)


JUNIPER, LAKEVIEW_HOMES = _id("Juniper Realty"), _id("Lakeview Homes")
NORTHSIDE_TEAM, LAKEVIEW_TEAM = _id("Northside team"), _id("Lakeview team")
ALICE, BOB, VERA, PAT, MALLORY = (_id(n) for n in ("Alice", "Bob", "Vera", "Pat", "Mallory"))
NORTHSIDE, BOBS, LAKEVIEW = (_id(n) for n in ("Northside", "Bobs", "Lakeview"))


def assemble() -> None:
    """Put the cast into an empty database."""
    _add(
        Organization(id=JUNIPER, name="Juniper Realty", sender_name="Juniper Realty"),
        Organization(id=LAKEVIEW_HOMES, name="Lakeview Homes", sender_name="Lakeview Homes"),
    )
    _add(
        Team(id=NORTHSIDE_TEAM, organization_id=JUNIPER, name="Northside"),
        Team(id=LAKEVIEW_TEAM, organization_id=LAKEVIEW_HOMES, name="Lakeview"),
        _user(ALICE, "Alice Moreno"),
        _user(BOB, "Bob Tran"),
        _user(VERA, "Vera Okafor"),
        _user(PAT, "Pat Lindqvist", is_admin=True),
        _user(MALLORY, "Mallory Finch"),
    )
    _add(
        Membership(organization_id=JUNIPER, user_id=ALICE, role=Role.TEAM_LEAD),
        Membership(organization_id=JUNIPER, user_id=BOB, role=Role.AGENT),
        Membership(organization_id=JUNIPER, user_id=VERA, role=Role.COMPLIANCE_OFFICER),
        Membership(organization_id=LAKEVIEW_HOMES, user_id=MALLORY, role=Role.TEAM_LEAD),
    )
    _add(
        TeamMember(organization_id=JUNIPER, team_id=NORTHSIDE_TEAM, user_id=ALICE),
        TeamMember(organization_id=JUNIPER, team_id=NORTHSIDE_TEAM, user_id=BOB),
        TeamMember(organization_id=LAKEVIEW_HOMES, team_id=LAKEVIEW_TEAM, user_id=MALLORY),
        _account(NORTHSIDE, JUNIPER, "Northside", team_id=NORTHSIDE_TEAM),
        _account(BOBS, JUNIPER, "Bob Tran", owner_user_id=BOB),
        _account(LAKEVIEW, LAKEVIEW_HOMES, "Lakeview", team_id=LAKEVIEW_TEAM),
    )
    _add(
        AccountMember(organization_id=JUNIPER, account_id=NORTHSIDE, user_id=ALICE),
        AccountMember(organization_id=JUNIPER, account_id=NORTHSIDE, user_id=BOB),
        AccountMember(organization_id=LAKEVIEW_HOMES, account_id=LAKEVIEW, user_id=MALLORY),
    )
    for organization_id in (JUNIPER, LAKEVIEW_HOMES):  # texts of tests are short and name nobody
        _add(
            LintLevel(
                organization_id=organization_id, rule="sender", level="info", set_by="Vera Okafor",
                reason="Tests of other rules send short texts", set_at=datetime(2026, 1, 1, tzinfo=UTC),
            )
        )  # fmt: skip
    db.session.commit()


def organization(organization_id: UUID):
    found = people.organization(organization_id)
    assert found is not None
    return found


def account(account_id: UUID):
    found = accounts.account(account_id)
    assert found is not None
    return found


def sign_in(client, user_id: UUID) -> None:
    """Sign a test client in without the cost of a password hash."""
    with unit_of_work():
        started = sessions.start_session(user_id, ip="127.0.0.1", user_agent="tests")
    client.set_cookie("desk", started.token)


def _add(*rows) -> None:
    db.session.add_all(rows)
    db.session.flush()


def _user(user_id: UUID, name: str, *, is_admin: bool = False) -> User:
    email = f"{name.split(maxsplit=1)[0].lower()}@juniper.example"
    if user_id == MALLORY:
        email = "mallory@lakeview.example"
    return User(id=user_id, name=name, email=email, is_admin=is_admin, fs_uniquifier=user_id.hex)


def _account(account_id: UUID, organization_id: UUID, name: str, **owner) -> TextingAccount:
    return TextingAccount(
        id=account_id,
        organization_id=organization_id,
        name=name,
        timezone="America/Chicago",
        **owner,
    )
