"""The wizard: who leaves, what becomes of it, a summary, and then it is done (SPEC 1)."""

import pytest

from portal.core.access import Role
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.messaging.service import assigning
from portal.people import queries as people
from portal.people import service as people_service
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from portal.texting_accounts.values import AccountState
from tests import cast
from tests.factories.people import person as make_person
from tests.leaving.world import ALICES, BOBS_PAGE, HOME, HOOKS, PLANS, TEAM, THEIRS, TO, form
from tests.messaging.talks import hear

PAGES = {"leaving.choose": HOME, "leaving.decide": BOBS_PAGE}
POSTS = ("leaving.summary", "leaving.off_board")


def sent_again(reply):
    """Return what the form of the summary sends."""
    [button] = [one for one in reply.page.select("#do-it form") if one]
    return {one["name"]: one.get("value", "") for one in button.select("input") if one.get("name")}


def owner():
    db.session.rollback()
    return accounts.account(cast.BOBS).owner_user_id


def test_the_whole_way(alice, bob, world):
    chosen = alice.get("leaving.choose", **HOME)
    [way] = [a for a in chosen.page.select("#leaving-people a") if "Bob" in a.get_text()]
    assert way["href"] == alice.url("leaving.decide", **BOBS_PAGE)
    shown = alice.get("leaving.decide", **BOBS_PAGE)
    facts = shown.text_of(f"#own-{cast.BOBS} .facts")
    for said in ("Contacts 3", "Conversations 1, of these 1 without an answer", "texts 2: canceled", "SmartPlans 1", "API keys 1: revoked"):  # fmt: skip
        assert said in facts
    assert (shown.field(TO), shown.field(PLANS), shown.field(HOOKS)) == (TEAM.value, "pause", "remove")  # fmt: skip
    summary = alice.post("leaving.summary", 200, data=form(), **BOBS_PAGE)
    assert "The account goes to Alice Moreno. With it go" in summary.text
    assert "Bob Tran can’t sign in from that moment on." in summary.text
    assert owner() == cast.BOB  # nothing changed yet
    done = alice.post("leaving.off_board", 303, data=sent_again(summary), **BOBS_PAGE)
    told = alice.follow(done)
    assert "Bob Tran is off-boarded and can’t sign in any more." in told.text
    assert "Moved to Texas" in told.text_of("#off-boarded")
    assert "The account goes to Alice Moreno." in told.text
    assert owner() == cast.ALICE
    bob.get("reports.home", 303)
    alice.get("reports.account_home", account_id=cast.BOBS)


def test_a_second_click_and_the_way_back_change_nothing(alice, world):
    """I9."""
    sent = sent_again(alice.post("leaving.summary", 200, data=form(), **BOBS_PAGE))
    for endpoint in ("leaving.off_board", "leaving.off_board", "leaving.summary"):
        last = alice.post(endpoint, 303, data=sent, **BOBS_PAGE)
        assert last.location.endswith(alice.url("leaving.decide", **BOBS_PAGE))
    assert "Bob Tran has left" in alice.follow(last).text_of("h1")


def test_what_was_chosen_stays_when_something_is_changed(alice, world):
    sent = form(**{PLANS: "end", HOOKS: "keep", THEIRS: ALICES.value, "change": "1"})
    back = alice.post("leaving.summary", 200, data=sent, **BOBS_PAGE)
    assert (back.field(TO), back.field(PLANS)) == (ALICES.value, "end")
    assert (back.field(HOOKS), back.field(THEIRS)) == ("keep", ALICES.value)
    assert back.field("reason") == "Moved to Texas"


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"reason": " "}, "reason", "Write why, in a word or two: the audit log keeps it."),
        ({"reason": "x" * 501}, "reason", "Use at most 500 characters."),
        ({TO: "user:nobody"}, TO, "Choose one of the list."),
        ({TO: f"user:{cast.MALLORY}"}, TO, "Choose one of the list."),
        ({TO: f"user:{cast.BOB}"}, TO, "Choose one of the list."),
        ({TO: f"team:{cast.LAKEVIEW_TEAM}"}, TO, "Choose one of the list."),
        ({PLANS: "forget"}, PLANS, "Choose one of the list."),
        ({HOOKS: ""}, HOOKS, "Choose one of the list."),
        ({THEIRS: f"user:{cast.VERA}"}, THEIRS, "Choose one of the list."),
    ],
)
@pytest.mark.parametrize("endpoint", POSTS)
def test_bad_input_names_its_field_and_loses_nothing(alice, world, endpoint, changes, field, said):
    reply = alice.post(endpoint, 422, data=form(**changes), **BOBS_PAGE)
    [control] = reply.page.select(f"[name='{field}']")
    assert said in reply.text_of(f"[id='{control['id']}-error']")
    if field != "reason":
        assert reply.field("reason") == "Moved to Texas"
    assert owner() == cast.BOB


@pytest.mark.parametrize("endpoint", POSTS)
def test_an_empty_form_does_nothing(alice, world, endpoint):
    reply = alice.post(endpoint, 422, **BOBS_PAGE)
    assert "Write why" in reply.text
    assert owner() == cast.BOB


def test_a_close_asks_for_the_name_on_the_summary(alice, world):
    summary = alice.post("leaving.summary", 200, data=form(**{TO: "close"}), **BOBS_PAGE)
    assert "The account is closed for good: nobody can open it again." in summary.text
    sent = sent_again(summary)
    typed = f"close-{cast.BOBS}-typed"
    for wrong, said in (("", "Type the name of the account"), ("Rob", "Type Bob Tran, the name")):
        again = alice.post("leaving.off_board", 422, data=sent | {typed: wrong}, **BOBS_PAGE)
        assert said in again.text_of(".field__error")
        assert again.field(typed) == wrong
        assert owner() == cast.BOB
    assert people.person(cast.BOB, cast.JUNIPER) is not None
    alice.post("leaving.off_board", 303, data=sent | {typed: "bob tran"}, **BOBS_PAGE)
    db.session.rollback()
    assert accounts.account(cast.BOBS).state is AccountState.CLOSED


def test_a_summary_that_no_longer_holds_is_shown_again(alice, world):
    sent = sent_again(alice.post("leaving.summary", 200, data=form(), **BOBS_PAGE))
    with unit_of_work():
        account_service.open_account(cast.JUNIPER, "Second", owner_user_id=cast.BOB, actor=SYSTEM)
    again = alice.post("leaving.off_board", 422, data=sent, **BOBS_PAGE)
    assert "Second" in again.text
    assert owner() == cast.BOB
    sent = form(seen="of another day")
    with unit_of_work():
        account_service.close(accounts.accounts_for(cast.BOB, cast.JUNIPER, Role.AGENT)[-1].id, actor=SYSTEM)  # fmt: skip
    again = alice.post("leaving.off_board", 409, data=sent, **BOBS_PAGE)
    assert "has changed since. Nothing was done" in again.text
    assert again.field(TO) == ALICES.value
    assert owner() == cast.BOB


def test_leads_off_board_and_nobody_else(alice, bob, vera, pat, mallory, world):
    """SPEC 1: the team lead does."""
    for reader, status in ((bob, 403), (vera, 403), (pat, 403), (mallory, 404)):
        for endpoint, where in PAGES.items():
            reader.get(endpoint, status, **where)
        for endpoint in POSTS:
            reader.post(endpoint, status, data=form(), **BOBS_PAGE)
    assert owner() == cast.BOB
    assert vera.get("reports.home").page.select("a[href*='/leaving']") == []


def test_people_of_other_teams_look_missing(alice, world):
    zoe = make_person("Zoe Quist", organization_id=cast.JUNIPER)
    for user_id in (zoe.id, cast.VERA, cast.MALLORY, cast.JUNIPER):
        alice.get("leaving.decide", 404, user_id=user_id, **HOME)
        for endpoint in POSTS:
            alice.post(endpoint, 404, data=form(), user_id=user_id, **HOME)


def test_oneself_and_other_roles_are_refused_with_words(alice, world):
    shown = alice.get("leaving.choose", **HOME)
    assert "Nobody off-boards themselves. Ask another team lead" in shown.text
    mine = {**HOME, "user_id": cast.ALICE}
    assert "Nobody off-boards themselves." in alice.get("leaving.decide", 409, **mine).text
    for endpoint in POSTS:
        alice.post(endpoint, 409, data=form(), **mine)
    officer = make_person("Olga Ray", organization_id=cast.JUNIPER, role=Role.COMPLIANCE_OFFICER, team_id=cast.NORTHSIDE_TEAM)  # fmt: skip
    theirs = {**HOME, "user_id": officer.id}
    assert "Ask the administrator." in alice.get("leaving.decide", 409, **theirs).text


def test_who_holds_nothing_is_locked_out_all_the_same(alice, app):
    zoe = make_person("Zoe Quist", organization_id=cast.JUNIPER, team_id=cast.NORTHSIDE_TEAM)
    where = {**HOME, "user_id": zoe.id}
    summary = alice.post("leaving.summary", 200, data={"reason": "Left"}, **where)
    alice.follow(alice.post("leaving.off_board", 303, data=sent_again(summary), **where))
    db.session.rollback()
    assert people.person(zoe.id, cast.JUNIPER) is None


def test_who_was_disabled_and_holds_nothing_has_left(alice, app):
    zoe = make_person("Zoe Quist", organization_id=cast.JUNIPER, team_id=cast.NORTHSIDE_TEAM)
    with unit_of_work():
        people_service.disable_member(cast.JUNIPER, zoe.id, actor=SYSTEM)
    shown = alice.get("leaving.decide", user_id=zoe.id, **HOME)
    assert "Nothing was handed over" in shown.text


def test_members_lead_to_it(alice, app):
    listed = alice.get("people.members", **HOME)
    assert listed.page.select(f"a[href='{alice.url('leaving.choose', **HOME)}']")
    one = alice.get("people.member", **BOBS_PAGE)
    assert one.page.select(f"a[href='{alice.url('leaving.decide', **BOBS_PAGE)}']")


def test_what_a_lead_answers_in_accounts_of_others_is_to_be_decided_too(alice, world):
    zoe = make_person("Zoe Quist", organization_id=cast.JUNIPER, role=Role.TEAM_LEAD, team_id=cast.NORTHSIDE_TEAM)  # fmt: skip
    talk = hear(world.bobs, e164=world.people[1].number.e164)
    with unit_of_work():
        assigning.assign(world.bobs, talk.id, zoe.id, was=None, actor=SYSTEM)
    shown = alice.get("leaving.decide", user_id=zoe.id, **HOME)
    assert "Account Bob Tran" in shown.text
    assert "Their conversations 1" in shown.text_of(f"#shared-{cast.BOBS}")
    assert shown.field(f"shared-{cast.BOBS}-to") == "nobody"
    assert "taken out" not in shown.text
