"""What leads and the administrator do with invitations, roles and access, on the pages."""

import pytest

from portal.core.access import Role
from portal.core.audit import SYSTEM, Actor
from portal.core.db import unit_of_work
from portal.people import queries, service
from portal.people.errors import CodeRefused
from tests import cast
from tests.factories.integrations import make_endpoint, make_key
from tests.factories.mail import kept


@pytest.fixture
def invitation(app):
    with unit_of_work():
        return service.invite(
            cast.JUNIPER, "carol@juniper.example", Role.AGENT, cast.NORTHSIDE_TEAM, actor=SYSTEM
        )


def test_a_lead_sends_an_invitation_again_and_withdraws_it(alice, invitation):
    where = {"organization_id": cast.JUNIPER, "invitation_id": invitation.id}
    alice.post("people.resend_invitation", **where)
    assert len(kept()) == 1
    alice.post("people.revoke_invitation", **where)
    assert queries.open_invitations(cast.JUNIPER) == []
    alice.post("people.revoke_invitation", 404, **where)


def test_an_invitation_outside_the_leads_teams_is_not_theirs(alice):
    with unit_of_work():
        officer = service.invite(
            cast.JUNIPER, "olga@juniper.example", Role.COMPLIANCE_OFFICER, actor=SYSTEM
        )
    where = {"organization_id": cast.JUNIPER, "invitation_id": officer.id}
    alice.post("people.revoke_invitation", 404, **where)
    assert "olga" not in alice.get("people.members", organization_id=cast.JUNIPER).text


def test_a_lead_disables_a_member_and_lets_them_in_again(alice, bob):
    where = {"organization_id": cast.JUNIPER, "user_id": cast.BOB}
    alice.post("people.disable_member", **where)
    bob.get("people.profile", 303)
    assert "Disabled" in alice.get("people.member", **where).text
    alice.post("people.enable_member", **where)
    assert queries.user_details(cast.BOB).is_active


def test_a_member_s_page_says_what_programs_of_theirs_go_on_without_them(alice, northside):
    """RULINGS 31: keys and webhooks are the account's; who disables somebody must know of them."""
    where = {"organization_id": cast.JUNIPER, "user_id": cast.BOB}
    assert "API key" not in alice.get("people.member", **where).text
    for name in ("CRM", "Forms"):
        make_key(northside, name=name, actor=Actor(cast.BOB, "Bob Tran", None))
    make_endpoint(northside, actor=Actor(cast.BOB, "Bob Tran", None))
    page = alice.get("people.member", **where)
    assert "2 API keys and 1 webhook that Bob Tran made stay open" in page.text_of("#member-access")
    assert "stay open" in page.text_of("#disable-member")
    alice.post("people.disable_member", **where)
    assert "made are open" in alice.get("people.member", **where).text_of("#member-access")


def test_a_lead_may_be_made_an_agent_while_another_lead_stays(alice, browser):
    """PROMISES 4 row 12: one lead is always left."""
    with unit_of_work():
        service.change_role(cast.JUNIPER, cast.BOB, Role.TEAM_LEAD, actor=SYSTEM)
    second = browser(cast.BOB)
    where = {"organization_id": cast.JUNIPER, "user_id": cast.ALICE}
    second.post("people.member", data={"role": "agent"}, **where)
    assert queries.membership(cast.ALICE, cast.JUNIPER).role is Role.AGENT
    alice.get("people.members", 303, organization_id=cast.JUNIPER)


def test_an_officer_in_a_leads_team_is_still_the_administrators(alice):
    with unit_of_work():
        service.add_to_team(cast.JUNIPER, cast.NORTHSIDE_TEAM, cast.VERA, actor=SYSTEM)
    where = {"organization_id": cast.JUNIPER, "user_id": cast.VERA}
    assert "gives and takes this role" in alice.get("people.member", **where).text
    alice.post("people.member", 403, data={"role": "agent"}, **where)
    alice.post("people.disable_member", 403, **where)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"email": "olga@juniper.example", "role": "compliance_officer", "team_id": ""}, 303),
        ({"email": "bob@juniper.example", "role": "agent", "team_id": ""}, 422),
        ({"email": "nothing", "role": "agent", "team_id": ""}, 422),
        ({"email": "x@y.example", "role": "admin", "team_id": ""}, 422),
    ],
)
def test_the_administrator_invites_in_any_role_but_their_own(pat, data, status):
    pat.post("people.admin_invite", status, organization_id=cast.JUNIPER, data=data)
    assert len(queries.open_invitations(cast.JUNIPER)) == (status == 303)


def test_team_names_are_unique_on_the_page(pat):
    where = {"organization_id": cast.JUNIPER}
    pat.post("people.admin_create_team", 422, data={"team-name": "Northside"}, **where)
    pat.post("people.admin_create_team", 422, data={"team-name": ""}, **where)


def test_a_member_joins_a_second_organization_by_link(anyone):
    with unit_of_work():
        issued = service.invite(cast.JUNIPER, "mallory@lakeview.example", Role.AGENT, actor=SYSTEM)
    assert "You have a login already" in anyone.get("people.accept", token=issued.token).text
    assert anyone.post("people.accept", token=issued.token).location == "/sign-in"
    assert len(queries.memberships(cast.MALLORY)) == 2


def test_codes_cannot_be_used_before_they_are_set_up(app):
    with pytest.raises(CodeRefused), unit_of_work():
        service.use_code(cast.BOB, "123456")
