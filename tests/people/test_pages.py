"""Pages of people: who sees what, and what is kept when something is refused."""

import re

import pytest

from portal.core.access import Role
from portal.core.db import unit_of_work
from portal.people import queries, service
from portal.people.service import totp as codes
from tests import cast
from tests.factories import people as factory
from tests.factories.mail import kept


@pytest.mark.parametrize(
    "endpoint",
    [
        "people.profile",
        "people.change_password",
        "people.totp",
        "people.sessions",
        "notifications.index",
        "reports.home",
    ],
)
@pytest.mark.parametrize("who", ["alice", "bob", "vera", "pat", "mallory"])
def test_everybody_has_their_own_pages(request, endpoint, who):
    request.getfixturevalue(who).get(endpoint)


@pytest.mark.parametrize("endpoint", ["people.sign_in", "people.forgot", "notifications.outbox"])
def test_anyone_may_open_the_door(anyone, settings, endpoint):
    logins = settings.var / queries.DEMO_LOGINS_FILE
    logins.write_text('[{"role": "Team lead", "email": "a@b.example", "password": "secret word"}]')
    page = anyone.get(endpoint)
    logins.unlink()
    if endpoint == "people.sign_in":
        assert "secret word" in page.text


def test_the_outbox_is_the_administrators_without_a_demo(anyone, alice, pat):
    """Mails hold links that sign people in."""
    anyone.get("notifications.outbox", status=404)
    alice.get("notifications.outbox", status=404)
    pat.get("notifications.outbox")


def test_a_stranger_signs_in_first_and_comes_back(anyone):
    reply = anyone.get("people.profile", status=303)
    assert reply.location == "/sign-in?next=/profile"
    assert anyone.htmx.get("people.profile", status=204).location == "/sign-in"


MEMBER_PAGES = {
    "people.members": {},
    "people.organization_settings": {},
    "people.member": {"user_id": cast.BOB},
    "texting_accounts.new": {},
}


@pytest.mark.parametrize("endpoint", MEMBER_PAGES)
@pytest.mark.parametrize(
    ("who", "status"), [("alice", 200), ("bob", 403), ("vera", 403), ("pat", 403), ("mallory", 404)]
)
def test_only_the_organizations_leads_manage_members(request, endpoint, who, status):
    """SPEC 1: a team lead manages members; strangers find nothing."""
    browser = request.getfixturevalue(who)
    browser.get(endpoint, status, organization_id=cast.JUNIPER, **MEMBER_PAGES[endpoint])


@pytest.mark.parametrize(
    ("endpoint", "where"),
    [
        ("people.admin_organizations", {}),
        ("people.admin_organization", {"organization_id": cast.JUNIPER}),
        ("people.admin_users", {}),
    ],
)
@pytest.mark.parametrize(
    ("who", "status"), [("pat", 200), ("alice", 403), ("vera", 403), ("bob", 403)]
)
def test_only_the_administrator_administers(request, endpoint, where, who, status):
    request.getfixturevalue(who).get(endpoint, status, **where)


def test_a_strangers_organization_looks_missing(mallory, alice):
    """RULINGS 21: the same answer for another's and for none."""
    theirs = mallory.get("people.members", 404, organization_id=cast.JUNIPER)
    none = mallory.get("people.members", 404, organization_id=cast.BOB)
    assert theirs.text == none.text


def test_a_lead_invites_and_the_person_joins(alice, anyone):
    alice.post(
        "people.invite",
        organization_id=cast.JUNIPER,
        data={
            "email": "Carol@Juniper.example",
            "role": "agent",
            "team_id": str(cast.NORTHSIDE_TEAM),
        },
    )
    listed = alice.get("people.members", organization_id=cast.JUNIPER)
    assert "carol@juniper.example" in listed.text
    [mail] = kept()
    [token] = set(re.findall(r"/invitations/([\w-]+)", mail.text + mail.html))
    short = anyone.post(
        "people.accept", 422, token=token, data={"name": "Carol Diaz", "password": "short"}
    )
    assert short.field("name") == "Carol Diaz"
    assert "at least 12" in short.text
    joined = anyone.post(
        "people.accept",
        token=token,
        data={"name": "Carol Diaz", "password": "a lamp in the window"},
    )
    assert joined.location == "/"
    assert "Carol Diaz" in anyone.get("people.profile").text
    anyone.get("people.accept", 410, token=token)
    carol = queries.user_by_email("carol@juniper.example")
    assert queries.membership(carol.id, cast.JUNIPER).role is Role.AGENT


@pytest.mark.parametrize(
    "data",
    [
        {"email": "no address", "role": "agent", "team_id": str(cast.NORTHSIDE_TEAM)},
        {"email": "a@b.example", "role": "compliance_officer", "team_id": str(cast.NORTHSIDE_TEAM)},
        {"email": "a@b.example", "role": "admin", "team_id": str(cast.NORTHSIDE_TEAM)},
        {"email": "a@b.example", "role": "agent", "team_id": str(cast.LAKEVIEW_TEAM)},
        {"email": "bob@juniper.example", "role": "agent", "team_id": str(cast.NORTHSIDE_TEAM)},
    ],
)
def test_a_refused_invitation_keeps_what_was_typed(alice, data):
    """A lead gives neither officer nor admin, and no other team's place."""
    reply = alice.post("people.invite", 422, organization_id=cast.JUNIPER, data=data)
    assert reply.field("email") == data["email"]
    assert queries.open_invitations(cast.JUNIPER) == []


def test_nobody_changes_their_own_role(alice):
    alice.post(
        "people.member",
        403,
        organization_id=cast.JUNIPER,
        user_id=cast.ALICE,
        data={"role": "agent"},
    )


def test_a_lead_does_not_touch_the_officer(alice):
    """The officer is in no team of the lead's."""
    alice.post("people.disable_member", 404, organization_id=cast.JUNIPER, user_id=cast.VERA)


def test_a_changed_role_holds_at_once(alice, bob):
    """PROMISES 4 row 11: the old session is over."""
    bob.get("people.profile")
    alice.post(
        "people.member", organization_id=cast.JUNIPER, user_id=cast.BOB, data={"role": "team_lead"}
    )
    assert bob.get("people.profile", 303).location.startswith("/sign-in")
    assert queries.membership(cast.BOB, cast.JUNIPER).role is Role.TEAM_LEAD


def test_profile_edits_change_only_name_and_zone(bob):
    """S12: further fields are not stored."""
    bob.post(
        "people.profile",
        data={
            "name": "Robert Tran",
            "timezone": "America/Denver",
            "is_admin": "1",
            "email": "x@y.example",
            "role": "admin",
        },
    )
    details = queries.user_details(cast.BOB)
    assert (details.name, details.timezone) == ("Robert Tran", "America/Denver")
    assert (details.is_admin, details.email) == (False, "bob@juniper.example")
    bob.post("people.profile", 422, data={"name": "", "timezone": "Mars/Base"})


def test_settings_keep_the_opt_out_in_the_notice(alice):
    """S-3: the notice must keep an opt-out keyword."""
    data = {
        "sender_name": "Juniper",
        "application_name": "ConsentDesk",
        "timezone": "America/Chicago",
        "first_notice_en": "Call me",
        "first_notice_es": "Responda STOP",
        "hold_notice_en": "Reply STOP",
        "hold_notice_es": "Responda STOP",
    }
    refused = alice.post(
        "people.organization_settings", 422, organization_id=cast.JUNIPER, data=data
    )
    assert "keep the word STOP" in refused.text
    data["first_notice_en"] = "Reply STOP to end."
    alice.post("people.organization_settings", organization_id=cast.JUNIPER, data=data)
    assert queries.organization_settings(cast.JUNIPER).first_notice("en") == "Reply STOP to end."


def test_codes_asked_for_by_policy_come_before_everything_else(alice, bob):
    """X-6: required of leads and officers when the organization says so."""
    with unit_of_work():
        service.edit_organization(
            cast.JUNIPER,
            sender_name="J",
            application_name="C",
            timezone="America/Chicago",
            first_notice_en="STOP",
            first_notice_es="STOP",
            hold_notice_en="STOP",
            hold_notice_es="STOP",
            reserves_account_changes=False,
            shares_talks=False,
            requires_totp=True,
            actor=queries.person(cast.ALICE, cast.JUNIPER).actor,
        )
    assert alice.get("reports.home", 303).location == "/profile/one-time-codes"
    assert "asks for one-time codes" in alice.get("people.totp").text
    bob.get("reports.home")


def test_one_time_codes_are_set_up_on_the_page(bob, clock):
    shown = bob.get("people.totp")
    key = shown.text_of(".qr__key").replace("-", "").replace(" ", "")
    bob.post("people.totp", 422, data={"code": next(factory.misses(maker_of(key)))})
    code = code_of(key)
    bob.post("people.totp", data={"code": code})
    assert queries.user_details(cast.BOB).has_totp
    assert "On" in bob.get("people.profile").text
    bob.post("people.remove_totp", 422, data={"code": code})
    clock.travel(by=codes_step())
    bob.post("people.remove_totp", data={"code": code_of(key)})
    assert not queries.user_details(cast.BOB).has_totp


def code_of(key: str) -> str:
    return maker_of(key).generate().token


def maker_of(key: str):
    return codes.OnceOnlyTotp()._totp(key=key, format="base32")


def codes_step():
    from datetime import timedelta

    return timedelta(seconds=60)


def test_the_administrator_creates_an_organization_with_its_first_lead(pat, settings):
    pat.post(
        "people.admin_organizations",
        data={"name": "Oak Homes", "timezone": "America/Denver", "lead_email": "lee@oak.example"},
    )
    [created] = [o for o in queries.organizations() if o.name == "Oak Homes"]
    [invitation] = queries.open_invitations(created.id)
    assert (invitation.role, invitation.email) == (Role.TEAM_LEAD, "lee@oak.example")
    again = pat.post(
        "people.admin_organizations", 422, data={"name": "Oak Homes", "timezone": "America/Denver"}
    )
    assert "already" in again.text
    pat.post("people.admin_create_team", organization_id=created.id, data={"team-name": "North"})
    pat.post(
        "people.admin_resend_invitation", organization_id=created.id, invitation_id=invitation.id
    )
    pat.post(
        "people.admin_revoke_invitation", organization_id=created.id, invitation_id=invitation.id
    )
    assert queries.open_invitations(created.id) == []


def test_the_administrator_locks_people_out_but_not_themselves(pat, bob):
    pat.post("people.admin_disable_user", user_id=cast.BOB)
    assert bob.get("people.profile", 303)
    pat.post("people.admin_enable_user", user_id=cast.BOB)
    assert "themselves" in pat.follow(pat.post("people.admin_disable_user", user_id=cast.PAT)).text
    assert queries.user_details(cast.PAT).is_active


def test_a_person_of_two_organizations_switches(alice, lakeview):
    """RULINGS 22: users may belong to several organizations."""
    with unit_of_work():
        service.add_member(
            cast.LAKEVIEW_HOMES,
            cast.ALICE,
            Role.TEAM_LEAD,
            cast.LAKEVIEW_TEAM,
            actor=queries.person(cast.PAT, None).actor,
        )
    page = alice.get("reports.account_home", account_id=cast.LAKEVIEW)
    assert "Lakeview Homes" in page.text_of(".account-switch")
    assert "Lakeview" in alice.get("reports.home").text_of(".account-switch")
    assert len(page.page.select("#accounts li")) == 3
    back = alice.follow(alice.get("texting_accounts.open_account", 303, account_id=cast.NORTHSIDE))
    assert "Juniper" in back.text_of(".account-switch")


def test_a_mail_in_the_outbox_is_shown_with_its_link(pat, anyone):
    factory.give_password(cast.BOB)
    anyone.post("people.forgot", data={"email": "bob@juniper.example"})
    listed = pat.get("notifications.outbox")
    url = listed.page.select_one("#mail-list a")["href"]
    shown = pat.open("GET", url)
    assert "/password-resets/" in shown.text
    pat.get("notifications.outbox_mail", 404, mail_id=cast.BOB)
