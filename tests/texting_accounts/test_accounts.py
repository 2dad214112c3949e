"""Texting accounts: who reaches which, limits with a note, states, members (SPEC 1, S-5)."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import delete

from portal.core import audit
from portal.core.access import Permission, Role
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput, NotFound
from portal.core.tenancy import Tenant
from portal.people import service as people
from portal.people.models import TeamMember
from portal.texting_accounts import queries, service
from portal.texting_accounts.errors import AccountClosed, NoteMissing, WrongState
from portal.texting_accounts.values import AccountState
from tests import cast
from tests.factories import people as factory

REACH = {
    "alice": {cast.NORTHSIDE, cast.BOBS},
    "bob": {cast.NORTHSIDE, cast.BOBS},
    "vera": {cast.NORTHSIDE, cast.BOBS},
    "pat": set(),
    "mallory": {cast.LAKEVIEW},
}


@pytest.mark.parametrize("who", REACH)
@pytest.mark.parametrize("account_id", [cast.NORTHSIDE, cast.BOBS, cast.LAKEVIEW])
@pytest.mark.parametrize("endpoint", ["texting_accounts.settings", "reports.account_home"])
def test_people_enter_their_accounts_and_no_others(request, who, account_id, endpoint):
    status = 200 if account_id in REACH[who] else 404
    request.getfixturevalue(who).get(endpoint, status, account_id=account_id)


def test_an_account_of_others_looks_like_none(mallory):
    theirs = mallory.get("texting_accounts.settings", 404, account_id=cast.NORTHSIDE)
    none = mallory.get("texting_accounts.settings", 404, account_id=cast.BOB)
    assert theirs.text == none.text


def test_a_lead_reaches_what_the_teams_people_own_even_disabled_ones(app):
    """Only of the led teams."""
    other = factory.person("Zoe Quist", organization_id=cast.JUNIPER)
    with unit_of_work():
        apart = service.open_account(cast.JUNIPER, "Zoe", owner_user_id=other.id, actor=SYSTEM)
        people.disable_member(cast.JUNIPER, cast.BOB, actor=SYSTEM)
    alices = queries.accounts_for(cast.ALICE, cast.JUNIPER, Role.TEAM_LEAD)
    assert {a.id for a in alices} == {cast.NORTHSIDE, cast.BOBS}
    assert not queries.reaches(cast.ALICE, Role.TEAM_LEAD, apart)
    officers = queries.accounts_for(cast.VERA, cast.JUNIPER, Role.COMPLIANCE_OFFICER)
    assert {a.id for a in officers} == {cast.NORTHSIDE, cast.BOBS, apart.id}


def test_an_agent_outside_a_shared_account_finds_nothing(app, browser):
    other = factory.person("Zoe Quist", organization_id=cast.JUNIPER, team_id=cast.NORTHSIDE_TEAM)
    browser(other.id).get("texting_accounts.settings", 404, account_id=cast.NORTHSIDE)
    page = browser(other.id).get("reports.home")
    assert "Ask your team lead" in page.text


def test_an_owner_may_do_more_unless_leads_keep_it(bob, app):
    """SPEC 1: unless the organization reserves that to team leads."""
    data = {"name": "Bob’s texts", "timezone": "America/Denver"}
    bob.post("texting_accounts.settings", account_id=cast.BOBS, data=data)
    bob.post("texting_accounts.settings", 403, account_id=cast.NORTHSIDE, data=data)
    assert queries.account(cast.BOBS).timezone == "America/Denver"
    with unit_of_work():
        people.edit_organization(
            cast.JUNIPER,
            sender_name="J",
            application_name="C",
            timezone="America/Chicago",
            first_notice_en="STOP",
            first_notice_es="STOP",
            hold_notice_en="STOP",
            hold_notice_es="STOP",
            reserves_account_changes=True,
            shares_talks=False,
            requires_totp=False,
            actor=SYSTEM,
        )
    bob.post("texting_accounts.settings", 403, account_id=cast.BOBS, data=data)


@pytest.mark.parametrize(
    ("who", "status"), [("alice", 303), ("vera", 303), ("bob", 403), ("pat", 404), ("mallory", 404)]
)
def test_lead_and_officer_change_limits_with_a_note(request, who, status):
    """S-5."""
    browser = request.getfixturevalue(who)
    browser.post(
        "texting_accounts.change_limits",
        status,
        account_id=cast.BOBS,
        data={"daily_recipients": "300", "daily_segments": "2500", "note": "spring fair"},
    )
    changed = queries.account(cast.BOBS)
    if status == 303:
        assert (changed.daily_recipient_limit, changed.daily_segment_limit) == (300, 2500)
        assert queries.limits_note(cast.BOBS) == "spring fair"
        assert "spring fair" in browser.get("texting_accounts.settings", account_id=cast.BOBS).text
    else:
        assert (changed.daily_recipient_limit, changed.daily_segment_limit) == (200, 2000)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"daily_recipients": "300", "daily_segments": "2500", "note": ""}, "Write why"),
        ({"daily_recipients": "-1", "daily_segments": "2500", "note": "x"}, "from 0 to 100,000"),
        ({"daily_recipients": "many", "daily_segments": "2500", "note": "x"}, ""),
        (
            {"daily_recipients": "1", "daily_segments": "9999999999", "note": "x"},
            "from 0 to 1,000,000",
        ),
    ],
)
def test_refused_limits_keep_what_was_typed(alice, data, said):
    reply = alice.post("texting_accounts.change_limits", 422, account_id=cast.BOBS, data=data)
    assert reply.field("daily_recipients") == data["daily_recipients"]
    assert said in reply.text


def test_the_service_asks_for_a_note_too(app):
    with pytest.raises(NoteMissing), unit_of_work():
        service.set_limits(cast.BOBS, daily_recipients=1, daily_segments=1, note=" ", actor=SYSTEM)
    with pytest.raises(BadInput), unit_of_work():
        service.set_limits(cast.BOBS, daily_recipients=-1, daily_segments=1, note="x", actor=SYSTEM)


def test_a_pause_and_what_it_says(alice, bob):
    alice.post("texting_accounts.pause", account_id=cast.BOBS, data={"reason": "Holiday"})
    assert queries.account(cast.BOBS).state is AccountState.PAUSED
    assert "Holiday" in bob.get("reports.account_home", account_id=cast.BOBS).text
    assert cast.BOBS not in {a.id for a in queries.all_active()}
    bob.post("texting_accounts.resume", 403, account_id=cast.BOBS)
    alice.post("texting_accounts.resume", account_id=cast.BOBS)
    assert queries.account(cast.BOBS).is_active


def test_states_move_only_where_they_may(app):
    with unit_of_work():
        service.suspend(cast.BOBS, "carrier", SYSTEM)
        service.suspend(cast.BOBS, "again", SYSTEM)  # harmless
    with pytest.raises(WrongState), unit_of_work():
        service.resume(cast.BOBS, actor=SYSTEM)
    with unit_of_work():
        service.reinstate(cast.BOBS, actor=SYSTEM)
        service.close(cast.BOBS, actor=SYSTEM)
    with pytest.raises(AccountClosed), unit_of_work():
        service.edit_account(cast.BOBS, name="x", timezone="America/Chicago", actor=SYSTEM)
    with pytest.raises(WrongState), unit_of_work():
        service.pause(cast.BOBS, actor=SYSTEM)
    events = [e.event for e in audit.entries(cast.JUNIPER)]
    assert events == [
        "accounts:account:suspend",
        "accounts:account:reinstate",
        "accounts:account:close",
    ]


def test_an_account_has_one_owner_of_its_organization(app):
    with pytest.raises(BadInput), unit_of_work():
        service.open_account(cast.JUNIPER, "x", actor=SYSTEM)
    with pytest.raises(BadInput), unit_of_work():
        service.open_account(cast.JUNIPER, "x", cast.BOB, cast.NORTHSIDE_TEAM, actor=SYSTEM)
    with pytest.raises(NotFound), unit_of_work():
        service.open_account(cast.JUNIPER, "x", cast.MALLORY, actor=SYSTEM)
    with pytest.raises(NotFound), unit_of_work():
        service.open_account(cast.JUNIPER, "x", team_id=cast.LAKEVIEW_TEAM, actor=SYSTEM)
    with pytest.raises(BadInput), unit_of_work():
        service.open_account(cast.JUNIPER, "x", cast.BOB, timezone="Mars/Base", actor=SYSTEM)
    with pytest.raises(NotFound):
        queries.get_or_404(Tenant(cast.LAKEVIEW_HOMES, cast.BOBS))


def test_a_lead_opens_an_account_on_the_page(alice):
    form = alice.get("texting_accounts.new", organization_id=cast.JUNIPER)
    assert form.field("timezone") == "America/Chicago"
    alice.post(
        "texting_accounts.new",
        organization_id=cast.JUNIPER,
        data={"name": "Alice", "owner": f"user:{cast.ALICE}", "timezone": "America/Denver"},
    )
    assert "Alice" in {
        a.name for a in queries.accounts_for(cast.ALICE, cast.JUNIPER, Role.TEAM_LEAD)
    }
    alice.post(
        "texting_accounts.new",
        422,
        organization_id=cast.JUNIPER,
        data={"name": "M", "owner": f"user:{cast.MALLORY}", "timezone": "America/Denver"},
    )


def test_who_works_in_a_shared_account(alice, browser):
    zoe = factory.person("Zoe Quist", organization_id=cast.JUNIPER, team_id=cast.NORTHSIDE_TEAM)
    alice.post(
        "texting_accounts.add_member",
        account_id=cast.NORTHSIDE,
        data={"user_id": str(zoe.id), "monthly_cap": "500"},
    )
    assert "500" in alice.get("texting_accounts.settings", account_id=cast.NORTHSIDE).text
    browser(zoe.id).get("texting_accounts.settings", account_id=cast.NORTHSIDE)
    alice.post("texting_accounts.remove_member", account_id=cast.NORTHSIDE, user_id=zoe.id)
    browser(zoe.id).get("texting_accounts.settings", 404, account_id=cast.NORTHSIDE)
    alice.post(
        "texting_accounts.add_member",
        422,
        account_id=cast.NORTHSIDE,
        data={"user_id": str(cast.MALLORY)},
    )
    alice.post(
        "texting_accounts.add_member", 422, account_id=cast.BOBS, data={"user_id": str(zoe.id)}
    )


def test_accounts_are_listed_to_those_who_reach_them(alice, vera, bob):
    for browser in (alice, vera, bob):
        text = browser.get("reports.accounts").text
        assert "Northside" in text
        assert "Lakeview" not in text


def test_an_accounts_day_runs_in_its_zone(northside):
    """S-5."""
    late = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)  # 10:30 pm on the 2nd in Chicago
    assert queries.today(northside, late) == date(2026, 3, 2)


def test_who_is_told_about_an_account(northside, bobs):
    """B-11: the owner and the team's leads."""
    assert queries.watchers(northside) == [cast.ALICE]
    assert queries.watchers(bobs) == [cast.BOB, cast.ALICE]


def test_of_a_team_without_a_lead_the_organizations_leads_are_told(northside):
    """B-11: an alert that nobody gets is none."""
    with unit_of_work():
        db.session.execute(delete(TeamMember).where(TeamMember.team_id == northside.team_id))
    assert queries.watchers(northside) == [cast.ALICE]


def test_owner_permissions_are_few():
    from portal.core.access import OWNER_PERMISSIONS

    assert Permission.EDIT_LIMITS not in OWNER_PERMISSIONS


def test_the_switcher_draws_a_handful_of_accounts_and_leads_to_the_rest(alice):
    """G13's weight: no page grows with the number of accounts; the way to each is by its name."""
    light = alice.get("texting_accounts.settings", account_id=cast.NORTHSIDE)
    assert len(light.page.select("#accounts a")) == 2
    with unit_of_work():
        for place in range(150):
            service.open_account(cast.JUNIPER, f"Desk {place:03d}", cast.BOB, actor=SYSTEM)
    page = alice.get("texting_accounts.settings", account_id=cast.NORTHSIDE)
    *drawn, way = page.page.select("#accounts a")
    assert (len(drawn), way.get_text(strip=True)) == (12, "Find another account")
    assert len(page.text) - len(light.text) < 1_500
    assert "These are the first 100." in alice.open("GET", way["href"]).text
    found = alice.get("texting_accounts.switch", q="desk 149")
    [there] = found.page.select("#places a")
    assert alice.follow(alice.open("GET", there["href"], 303)).text_of(".account-switch__name")
    assert "No account matches" in alice.get("texting_accounts.switch", q="lakeview").text
