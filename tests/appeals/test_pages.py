"""An appeal in the browser: begun, written, handed in, returned, approved, sent (A-2 to A-5)."""

import io
from datetime import timedelta

from portal.appeals import queries
from portal.appeals.rules.templates import QUESTIONS
from portal.appeals.values import Answer, Kind, State
from portal.compliance import service as compliance
from portal.core import audit
from portal.core.audit import SYSTEM, Actor
from portal.core.db import db, unit_of_work
from portal.messaging.service import approving, bulk_pause
from portal.people.models import Membership
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import Cause
from tests import cast
from tests.appeals.conftest import suspend
from tests.factories.drips import make_drip
from tests.factories.files import picture
from tests.factories.optin import make_form, make_published
from tests.factories.stopping import told


def only_case(account):
    [case] = queries.cases(account.tenant, limit=10)
    return case


def begin(browser, account, kind="suspension"):
    browser.post("appeals.begin", account_id=account.id, data={"kind": kind})
    return only_case(account)


def parts_of(case):
    return {part.number: part for part in queries.parts(case)}


def write(browser, case, number, status=303, **fields):
    edits = parts_of(case)[number].edits
    return browser.post(
        "appeals.write_part", status, account_id=case.account_id, case_id=case.id, number=number,
        data={f"part{number}-{name}": value for name, value in {"edits": edits, **fields}.items()},
    )  # fmt: skip


def act(browser, case, name, status=303, **fields):
    edits = queries.case_or_404(case.tenant, case.id).edits
    return browser.post(
        "appeals.move", status, account_id=case.account_id, case_id=case.id, step=name,
        data={"edits": edits, **fields},
    )  # fmt: skip


def do(browser, case, endpoint, number, status=303, **fields):
    prefix = "aside" if endpoint == "set_part_aside" else "part"
    data = {f"{prefix}{number}-{name}": value for name, value in fields.items()}
    return browser.post(
        f"appeals.{endpoint}", status, account_id=case.account_id, case_id=case.id, number=number,
        data=data,
    )  # fmt: skip


def complete(browser, case):
    """Write what nobody wrote yet, as shortly as will do."""
    write(
        browser,
        case,
        1,
        text="Bob of Juniper Realty: thanks for signing up.",
        link="https://loom.example/1",
    )
    write(browser, case, 2, link="https://juniper.example/join")
    edits = parts_of(case)[3].edits
    do(
        browser,
        case,
        "set_part_aside",
        3,
        edits=edits,
        because="People sign up on paper at open houses",
    )
    write(
        browser, case, 4, text="Each person signs a sheet at our open houses, with a box to tick."
    )
    do(browser, case, "stop_traffic", 5)
    do(browser, case, "name_numbers", 6, named="(312) 555-0150")


def test_an_appeal_begins_with_what_the_portal_knows(bob, suspended):
    """A-3: first text drawn as a phone, published form, how people sign up; nothing of it twice."""
    make_drip(suspended, name="New buyer")
    form = make_published(make_form(suspended))
    case = begin(bob, suspended)
    begin(bob, suspended)
    kept = parts_of(case)
    assert kept[1].files[0].media_type == "image/png"
    assert kept[1].text
    assert kept[2].link.endswith(form.path)
    assert "Beside the box it says" in kept[4].text
    assert kept[5].answer is Answer.OPEN
    page = bob.get("appeals.show", account_id=suspended.id, case_id=case.id)
    for question in QUESTIONS:
        assert question in " ".join(page.text_of("main").split())
    assert "3 required parts missing" in page.text_of("#readiness-sum")
    assert f"1. {QUESTIONS[0]}" in page.page.select_one("#case-text").text
    shown = bob.get(
        "appeals.file", account_id=suspended.id, case_id=case.id, attachment_id=kept[1].files[0].id
    )
    assert "sandbox" in shown.headers["Content-Security-Policy"]


def test_it_cannot_be_handed_in_while_a_required_part_is_missing(bob, case):
    """A-4: the page says which, each with its link; the service refuses."""
    page = bob.get("appeals.show", account_id=case.account_id, case_id=case.id)
    assert "6 required parts missing" in page.text_of("#readiness-sum")
    assert len(page.page.select('#readiness a[href^="#part-"]')) == 6
    refused = act(bob, case, "hand_in", 409)
    assert "part 5, the traffic has stopped" in refused.text
    assert queries.case_or_404(case.tenant, case.id).state is State.DRAFT


def test_it_goes_nowhere_while_the_traffic_it_says_has_ceased_goes_on(bob, vera, case):
    """A-3: what the carrier is told of part 5 is so at that moment, or it is not told."""
    complete(bob, case)
    account = accounts.get_or_404(case.tenant)
    with unit_of_work():
        bulk_pause.lift(account, "The list was removed", actor=Actor(cast.VERA, "Vera Okafor"))
    page = bob.get("appeals.show", account_id=case.account_id, case_id=case.id)
    assert "not paused any more" in page.text_of("#readiness")
    assert "part 5" in act(bob, case, "hand_in", 409).text
    do(bob, case, "stop_traffic", 5)
    act(bob, case, "hand_in")
    with unit_of_work():
        bulk_pause.lift(account, "The list was removed", actor=Actor(cast.VERA, "Vera Okafor"))
    act(vera, case, "approve", 409)


def test_the_next_suspension_is_appealed_though_an_older_appeal_is_open(bob, suspended, case):
    """A-6: its suspension was lifted by hand."""
    with unit_of_work():
        compliance.lift_suspension(suspended, "Lifted by their mail", actor=SYSTEM)
    again = suspend(suspended, Cause.HIGH_ERRORS)
    assert "Begin the appeal" in bob.get("appeals.index", account_id=again.id).text
    bob.post("appeals.begin", account_id=again.id, data={"kind": "suspension"})
    assert {one.id for one in queries.cases(again.tenant, limit=9)} > {case.id}
    assert "Begin the appeal" not in bob.get("appeals.index", account_id=again.id).text


def test_from_the_draft_to_the_carrier(bob, alice, vera, case):
    """A-5: the agent hands in, the officer returns, then approves, and it is sent; all told and logged."""
    complete(bob, case)
    account = accounts.get_or_404(case.tenant)
    assert account.bulk_pause is not None
    assert parts_of(case)[5].confirmed_by == "Bob Tran"
    act(bob, case, "hand_in")
    assert told("waits for your review") == [cast.VERA]
    assert "Appeals" in vera.get("appeals.queue", organization_id=case.organization_id).text_of(
        "h1"
    )
    act(bob, case, "approve", 409)
    act(alice, case, "approve", 409)  # not her turn yet
    assert "Give the reason" in act(vera, case, "return", 422).text
    act(vera, case, "return", reason="Part 2 leads nowhere")
    page = bob.get("appeals.show", account_id=case.account_id, case_id=case.id)
    assert "Part 2 leads nowhere" in page.text
    assert cast.BOB in told("was returned")
    act(bob, case, "hand_in")
    act(vera, case, "approve")
    act(vera, case, "submit")
    now = queries.case_or_404(case.tenant, case.id)
    assert (now.state, now.submitted_at is not None) == (State.SUBMITTED, True)
    write(bob, case, 2, 422, link="https://elsewhere.example")
    events = [entry.event for entry in audit.entries(case.organization_id)]
    assert events.count("appeals:case:move") == 6


def test_a_lead_sends_it_on_after_the_business_day(clock, browser, bob, case):
    """A-5."""
    complete(bob, case)
    act(bob, case, "hand_in")
    clock.travel(by=timedelta(days=2))
    alice = browser(cast.ALICE)
    act(alice, case, "approve")
    act(alice, case, "submit")
    assert queries.case_or_404(case.tenant, case.id).state is State.SUBMITTED


def test_a_lead_decides_where_there_is_no_officer(bob, alice, case):
    db.session.delete(db.session.get(Membership, (cast.JUNIPER, cast.VERA)))
    db.session.commit()
    complete(bob, case)
    act(bob, case, "hand_in")
    assert cast.ALICE in told("waits for your review")
    page = alice.get("appeals.show", account_id=case.account_id, case_id=case.id)
    assert "There is no compliance officer" in page.text_of("#next")
    act(alice, case, "approve")


def test_two_officers_pages_that_approve_at_once(vera, bob, case):
    complete(bob, case)
    act(bob, case, "hand_in")
    seen = queries.case_or_404(case.tenant, case.id).edits
    act(vera, case, "approve")
    late = vera.post(
        "appeals.move", 409, account_id=case.account_id, case_id=case.id, step="approve",
        data={"edits": seen},
    )  # fmt: skip
    assert "Somebody was faster" in late.text_of("#not-done")


def test_a_step_of_a_case_that_changed_meanwhile_shows_its_reason_again(vera, bob, case):
    """S19: the reason stays in its field while the step is there, else beside the words why not."""
    where = {"account_id": case.account_id, "case_id": case.id}
    stale = {"edits": -1, "reason": "The list was not ours"}
    late = vera.post("appeals.move", 409, step="withdraw", data=stale, **where)
    assert "changed meanwhile and is now “Draft”" in late.text_of("#next")
    assert late.page.select_one("#reason-withdraw")["value"] == "The list was not ours"
    assert not late.page.select("#not-done")
    seen = late.page.select_one('#next form[action$="/withdraw"] input[name=edits]')["value"]
    vera.post("appeals.move", step="withdraw", data={**stale, "edits": seen}, **where)
    over = vera.post("appeals.move", 409, step="withdraw", data=stale, **where)
    assert "is now “Withdrawn”" in over.text_of("#not-done")
    assert over.text_of("#not-done .panel__note") == "Withdraw"
    assert over.text_of("#not-done textarea[readonly]") == "The list was not ours"
    assert queries.case_or_404(case.tenant, case.id).edits == int(seen) + 1


def test_what_was_typed_for_a_case_that_is_over_can_be_copied(vera, bob, case):
    edits = {number: part.edits for number, part in parts_of(case).items()}
    act(vera, case, "withdraw", reason="The list was not ours")
    written = write(bob, case, 4, 422, edits=edits[4], text="Each signs a sheet")
    assert not written.page.select(".steps__item--done, .steps__item[aria-current]")  # nor sent
    assert written.text_of("#not-done textarea") == "Each signs a sheet"
    assert written.text_of("#not-done .panel__note") == "Part 4: How people sign up"
    assert not written.page.select("#not-done [data-count-of]")  # nobody writes more there
    aside = do(bob, case, "set_part_aside", 3, 422, edits=edits[3], because="On paper alone")
    assert aside.page.select_one("#not-done input")["value"] == "On paper alone"
    named = do(bob, case, "name_numbers", 6, 422, named="(312) 555-0150")
    assert named.text_of("#not-done textarea") == "(312) 555-0150"


def test_numbers_come_out_of_the_carriers_mail(bob, case):
    """A-3: pasted mail or a CSV; what is no number is told, and who has no proof is listed."""
    mail = "Ticket 47110815 of 2 March 2026: please prove opt-in for (312) 555-0150 and +1 773 555 0119."
    do(bob, case, "name_numbers", 6, named=mail)
    part = parts_of(case)[6]
    assert part.numbers == ("+13125550150", "+17735550119")
    page = bob.get("appeals.show", account_id=case.account_id, case_id=case.id)
    assert "0 of 2 numbers with proof" in page.text_of("#part-6")
    assert "2 of 2 numbers without proof" in page.text_of("#readiness")
    do(
        bob,
        case,
        "name_numbers",
        6,
        list=(io.BytesIO(b"Phone,Name\n3125550151,Ann\n"), "named.csv"),
    )
    assert parts_of(case)[6].numbers == ("+13125550151",)
    assert "no phone number" in do(bob, case, "name_numbers", 6, 422, named="none here").text


def test_what_was_typed_comes_back_with_the_fault(bob, case):
    told_ = write(bob, case, 2, 422, link="javascript:alert(1)", text="our page")
    assert "whole web address" in told_.text_of("#part-2 .field__error")
    assert told_.page.select_one("#part2-text").text.strip() == "our page"
    late = write(bob, case, 4, 422, edits=7, text="my words")
    assert "saved this part meanwhile" in late.text
    assert "my words" in late.page.select_one("#part4-text").text
    refused = write(bob, case, 3, 422, file=(io.BytesIO(b"<svg>"), "box.png"))
    assert "not a picture" in refused.text_of("#part-3 .field__error")
    write(bob, case, 3, file=(io.BytesIO(picture()), "box.png"))
    assert parts_of(case)[3].files[0].name == "box.png"


def test_the_first_text_is_held_against_the_violations(bob, case):
    """A-4: on the page beside its part, before anybody can submit."""
    write(
        bob, case, 1, link="https://loom.example/1",
        text="Hello Zina. Do you own of1768 Woodtree Cir? Really wanna talk about it.",
    )  # fmt: skip
    page = bob.get("appeals.show", account_id=case.account_id, case_id=case.id)
    assert "Asking who owns a property" in page.text_of("#part-1")


def test_similar_messages_are_justified_with_what_officers_approved(bob, bobs):
    """A-2, H-2."""
    with unit_of_work():
        approving.approve_template(
            cast.JUNIPER, name="Open house", body="Juniper Realty: we hold an open house at 12 Alder Court this Sunday from 1 to 4. Would you like to see it? Reply STOP to end.",
            justification="Each agent invites their own clients to the same open house.",
            actor=audit.SYSTEM,
        )  # fmt: skip
    account = suspend(bobs, Cause.SIMILAR)
    page = bob.get("appeals.index", account_id=account.id)
    assert page.page.select_one("option[selected]")["value"] == Kind.SIMILAR
    case = begin(bob, account, "similar_messages")
    kept = parts_of(case)
    assert len(kept) == 4
    assert "Each agent invites their own clients" in kept[1].text
    assert "open house at 12 Alder Court" in kept[2].text


def test_officers_word_the_templates_and_a_case_keeps_its_version(vera, bob, alice, case):
    """A-2."""
    where = {"organization_id": cast.JUNIPER, "name": "suspension"}
    alice.get("appeals.template", 403, **where)
    words = {f"heading-{n}": question for n, question in enumerate(QUESTIONS)}
    new = {**words, "heading-1": "Where do people sign up?", "version": "1"}
    assert "Give the reason" in vera.post("appeals.change_template", 422, data=new, **where).text
    vera.post(
        "appeals.change_template", data={**new, "reason": "The carrier asks it so now"}, **where
    )
    late = vera.post(
        "appeals.change_template",
        409,
        data={**words, "version": "1", "reason": "a late one"},
        **where,
    )
    assert "meanwhile" in late.text
    assert (
        "Nothing was changed"
        in vera.post(
            "appeals.change_template",
            422,
            data={**new, "version": "2", "reason": "the same again"},
            **where,
        ).text
    )
    page = bob.get("appeals.show", account_id=case.account_id, case_id=case.id)
    assert QUESTIONS[1] in page.text_of("#part-2")
    assert queries.template(cast.JUNIPER, Kind.SUSPENSION).headings[1] == "Where do people sign up?"
    assert "Version 2" in vera.get("appeals.template", **where).text


def test_a_case_is_given_to_somebody(vera, bob, case):
    where = {"account_id": case.account_id, "case_id": case.id}
    vera.post("appeals.assign", data={"edits": case.edits, "assignee": str(cast.VERA)}, **where)
    now = queries.case_or_404(case.tenant, case.id)
    assert now.assignee == "Vera Okafor"
    vera.post(
        "appeals.assign", 422, data={"edits": now.edits, "assignee": str(cast.MALLORY)}, **where
    )
    bob.post("appeals.assign", 403, data={"edits": now.edits, "assignee": ""}, **where)


def test_strangers_find_nothing(mallory, case):
    mallory.get("appeals.show", 404, account_id=case.account_id, case_id=case.id)
    mallory.get("appeals.queue", 404, organization_id=case.organization_id)
