"""Members, roles and invitations keep what SPEC 1 and PROMISES 4 row 12 ask."""

from datetime import timedelta

import pytest

from portal.core import audit
from portal.core.access import Role
from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError, NotAllowed, NotFound
from portal.people import queries, rules, service
from portal.people.errors import (
    AlreadyMember,
    EmailTaken,
    LastLead,
    LinkExpired,
    NameTaken,
    OwnRole,
)
from tests import cast
from tests.factories import people as factory


def test_the_last_active_lead_stays(app):
    with pytest.raises(LastLead), unit_of_work():
        service.change_role(cast.JUNIPER, cast.ALICE, Role.AGENT, actor=SYSTEM)
    with pytest.raises(LastLead), unit_of_work():
        service.disable_member(cast.JUNIPER, cast.ALICE, actor=SYSTEM)
    with pytest.raises(LastLead), unit_of_work():
        service.set_active(cast.ALICE, active=False, actor=SYSTEM)
    with unit_of_work():
        service.change_role(cast.JUNIPER, cast.BOB, Role.TEAM_LEAD, actor=SYSTEM)
        service.change_role(cast.JUNIPER, cast.ALICE, Role.AGENT, actor=SYSTEM)
    assert [lead.id for lead in queries.leads_of_team(cast.NORTHSIDE_TEAM)] == [cast.BOB]


@pytest.mark.parametrize(
    "change",
    [
        lambda me: service.change_role(cast.JUNIPER, cast.ALICE, Role.AGENT, actor=me),
        lambda me: service.disable_member(cast.JUNIPER, cast.ALICE, actor=me),
        lambda me: service.enable_member(cast.JUNIPER, cast.ALICE, actor=me),
        lambda me: service.set_active(cast.ALICE, active=False, actor=me),
    ],
)
def test_nobody_changes_their_own_standing(app, change):
    alice = queries.person(cast.ALICE, cast.JUNIPER).actor
    with pytest.raises(OwnRole), unit_of_work():
        change(alice)


def test_an_administrator_joins_no_organization(app):
    """RULINGS 22: admin is installation-wide."""
    with pytest.raises(NotAllowed), unit_of_work():
        service.add_member(cast.JUNIPER, cast.PAT, Role.AGENT, actor=SYSTEM)
    assert queries.person(cast.PAT, cast.JUNIPER).role is Role.ADMIN
    assert queries.person(cast.PAT, cast.JUNIPER).organization_id is None


def test_a_person_of_two_organizations_is_locked_out_by_the_administrator_only(app):
    with unit_of_work():
        service.add_member(cast.LAKEVIEW_HOMES, cast.BOB, Role.AGENT, actor=SYSTEM)
    with pytest.raises(NotAllowed), unit_of_work():
        service.disable_member(cast.JUNIPER, cast.BOB, actor=SYSTEM)


@pytest.mark.parametrize(
    "act",
    [
        lambda: service.add_member(
            cast.JUNIPER, cast.MALLORY, Role.AGENT, cast.LAKEVIEW_TEAM, actor=SYSTEM
        ),
        lambda: service.add_to_team(cast.JUNIPER, cast.LAKEVIEW_TEAM, cast.BOB, actor=SYSTEM),
        lambda: service.add_to_team(cast.JUNIPER, cast.NORTHSIDE_TEAM, cast.MALLORY, actor=SYSTEM),
        lambda: service.change_role(cast.JUNIPER, cast.MALLORY, Role.AGENT, actor=SYSTEM),
        lambda: service.invite(
            cast.JUNIPER, "x@y.example", Role.AGENT, cast.LAKEVIEW_TEAM, actor=SYSTEM
        ),
        lambda: service.revoke_session(cast.BOB, cast.BOB, actor=SYSTEM),
        lambda: service.start_session(cast.NORTHSIDE, ip=None),
    ],
)
def test_nothing_crosses_organizations(app, act):
    with pytest.raises(NotFound), unit_of_work():
        act()


def test_names_and_addresses_are_unique(app):
    with pytest.raises(EmailTaken), unit_of_work():
        service.create_user("Other Bob", " BOB@juniper.example ", None)
    with pytest.raises(NameTaken), unit_of_work():
        service.create_organization("Juniper Realty", actor=SYSTEM)
    with pytest.raises(NameTaken), unit_of_work():
        service.create_team(cast.JUNIPER, "Northside", actor=SYSTEM)
    with pytest.raises(AlreadyMember), unit_of_work():
        service.add_member(cast.JUNIPER, cast.BOB, Role.AGENT, actor=SYSTEM)
    with pytest.raises(BadInput), unit_of_work():
        service.create_organization("Mars Homes", timezone="Mars/Base", actor=SYSTEM)


def invite(
    email="carol@juniper.example", role=Role.AGENT, organization_id=cast.JUNIPER, team_id=None
):
    with unit_of_work():
        return service.invite(organization_id, email, role, team_id, actor=SYSTEM)


def test_one_open_invitation_a_person(app, clock):
    first = invite()
    with pytest.raises(AlreadyMember), unit_of_work():
        service.invite(cast.JUNIPER, "carol@juniper.example", Role.AGENT, actor=SYSTEM)
    clock.travel(by=rules.INVITATION_LIFETIME)
    invite()
    with pytest.raises(LinkExpired):
        service.invitation_of(first.token)
    assert len(queries.open_invitations(cast.JUNIPER)) == 1


def test_a_link_holds_seven_days_and_sending_again_replaces_it(app, clock):
    first = invite()
    with unit_of_work():
        second = service.resend_invitation(cast.JUNIPER, first.id, actor=SYSTEM)
    with pytest.raises(LinkExpired):
        service.invitation_of(first.token)
    clock.travel(by=timedelta(days=6, hours=23))
    assert service.invitation_of(second.token).email == "carol@juniper.example"
    clock.travel(by=timedelta(hours=1))
    with pytest.raises(LinkExpired):
        service.invitation_of(second.token)


def test_a_withdrawn_or_foreign_invitation_cannot_be_used(app):
    issued = invite()
    with pytest.raises(NotFound), unit_of_work():
        service.revoke_invitation(cast.LAKEVIEW_HOMES, issued.id, actor=SYSTEM)
    with unit_of_work():
        service.revoke_invitation(cast.JUNIPER, issued.id, actor=SYSTEM)
    with pytest.raises(LinkExpired), unit_of_work():
        service.accept_invitation(issued.token, name="Carol", password=factory.PASSWORD)


def test_a_person_with_a_login_joins_with_it(app):
    issued = invite("mallory@lakeview.example", Role.COMPLIANCE_OFFICER)
    with unit_of_work():
        user = service.accept_invitation(issued.token, name="Somebody Else", password="ignored")
    assert user.name == "Mallory Finch"
    assert {m.role for m in queries.memberships(cast.MALLORY)} == {
        Role.TEAM_LEAD,
        Role.COMPLIANCE_OFFICER,
    }
    assert [o.id for o in queries.officers(cast.JUNIPER)] == sorted(
        [cast.MALLORY, cast.VERA], key=lambda i: i == cast.VERA
    )


def test_an_administrator_is_invited_without_an_organization(app):
    with pytest.raises(BadInput), unit_of_work():
        service.invite(cast.JUNIPER, "root@x.example", Role.ADMIN, actor=SYSTEM)
    issued = invite("root@x.example", Role.ADMIN, None)
    with unit_of_work():
        user = service.accept_invitation(issued.token, name="Root", password=factory.PASSWORD)
    assert queries.roles(user.id) == {Role.ADMIN}
    with pytest.raises(AlreadyMember), unit_of_work():
        service.invite(cast.JUNIPER, "root@x.example", Role.AGENT, actor=SYSTEM)


def test_what_happens_to_people_is_in_the_audit_log(app):
    issued = invite()
    with unit_of_work():
        service.accept_invitation(issued.token, name="Carol Diaz", password=factory.PASSWORD)
        service.change_role(cast.JUNIPER, cast.BOB, Role.TEAM_LEAD, actor=SYSTEM)
        service.disable_member(cast.JUNIPER, cast.BOB, actor=SYSTEM)
        service.enable_member(cast.JUNIPER, cast.BOB, actor=SYSTEM)
        service.remove_from_team(cast.JUNIPER, cast.NORTHSIDE_TEAM, cast.BOB, actor=SYSTEM)
    events = [entry.event for entry in audit.entries(cast.JUNIPER)]
    assert events == [
        "people:invitation:create",
        "people:member:add",
        "people:invitation:accept",
        "people:member:change_role",
        "people:member:disable",
        "people:member:enable",
        "people:team:remove_member",
    ]
    assert audit.verify(cast.JUNIPER)[1] is None


def test_purging_removes_only_what_is_over(app, clock):
    with unit_of_work():
        service.start_session(cast.BOB, ip=None)
    clock.travel(by=timedelta(hours=13))
    with unit_of_work():
        kept = service.start_session(cast.BOB, ip=None)
        assert service.purge_sessions() == 1
    assert service.session_of(kept.token) is not None


def test_a_reset_or_profile_of_nobody_is_refused(app):
    with unit_of_work():
        assert service.request_reset("nobody@x.example") is None
    with pytest.raises(DomainError), unit_of_work():
        service.edit_profile(cast.NORTHSIDE, name="X", timezone="America/Chicago", actor=SYSTEM)


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/120.0 Safari/537 Edg/120.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Version/17 Safari/605", "Safari on macOS"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17 like Mac OS X) Version/17 Safari/605",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko Firefox/120.0", "Firefox on Linux"),
        ("curl/8", "A browser"),
        ("", "A browser"),
    ],
)
def test_browsers_are_named_in_words(agent, label):
    assert rules.browser_label(agent) == label


@pytest.mark.parametrize(
    ("roles", "minutes"),
    [
        ({Role.AGENT}, 240),
        ({Role.AGENT, Role.TEAM_LEAD}, 30),
        ({Role.ADMIN}, 30),
        (set(), 30),
    ],
)
def test_the_strictest_role_decides_how_long_one_may_be_idle(roles, minutes):
    assert rules.idle_lifetime(roles) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("giver", "role", "may"),
    [
        (Role.ADMIN, Role.COMPLIANCE_OFFICER, True),
        (Role.TEAM_LEAD, Role.AGENT, True),
        (Role.TEAM_LEAD, Role.TEAM_LEAD, True),
        (Role.TEAM_LEAD, Role.COMPLIANCE_OFFICER, False),
        (Role.TEAM_LEAD, Role.ADMIN, False),
        (Role.COMPLIANCE_OFFICER, Role.AGENT, False),
        (Role.AGENT, Role.AGENT, False),
    ],
)
def test_who_may_give_which_role(giver, role, may):
    assert rules.may_give_role(giver, role) is may
