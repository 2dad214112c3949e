"""The pages of plans: library, editor, first text on a phone (P-1, P-2, H-1 at plan save)."""

import pytest

from portal.core.db import db
from portal.drips.queries import library
from portal.drips.rules.ready import ready_plans
from portal.drips.values import DripState, OnReply, Place, StepKind
from portal.messaging.models import LintReview
from tests import cast
from tests.factories.drips import email_step, keeper_of, make_drip, task_step, text_step

HERE = {"account_id": cast.NORTHSIDE}
GOOD = "Juniper Realty: hi {first_name|there}. Reply STOP to end."
LOAN = "Juniper Realty: get a payday loan today!"
SHOUT = "JUNIPER REALTY: SEE THIS HOUSE NOW! REPLY STOP TO END."


def typed(*steps, **more):
    """Return what the editor sends: steps as (kind, day, at, title, body)."""
    steps = steps or (("text", "0", "10:00", "", GOOD),)
    sent = {"name": "New buyers", "on_reply": "pause", "place": "account", "lint_ok": "", "lint_seen": ""}  # fmt: skip
    for place, (kind, day, at, title, body) in enumerate(steps):
        row = {"kind": kind, "day": day, "at": at, "title": title, "body": body, "missing": "fallback"}  # fmt: skip
        sent |= {f"steps-{place}-{part}": value for part, value in row.items()}
    return sent | more


def names(person, **query):
    return person.get("drips.index", query=query, **HERE).texts_of("#plan-list .datatable__name")


def kept(account, person=cast.ALICE):
    db.session.rollback()
    return library.drips(keeper_of(account, person))


def bodies(page):
    return [
        tag.get_text().removeprefix("\r").removeprefix("\n")
        for tag in page.page.select("#plan-steps textarea")
    ]


class TestNew:
    def test_a_ready_plan_is_looked_at_and_kept(self, alice, northside):
        ready = ready_plans()[0]
        page = alice.get("drips.ready", **HERE)
        assert [plan.name for plan in ready_plans()] == page.texts_of(".datatable__name")
        form = alice.get("drips.new", query={"ready": ready.key}, **HERE)
        sent = {tag["name"]: tag.get("value", "") for tag in form.page.select("form.stack input")}
        sent |= {
            t["name"]: t.get_text().removeprefix("\r").removeprefix("\n")
            for t in form.page.select("textarea")
        }
        sent |= {f"steps-{i}-missing": "fallback" for i in range(len(ready.steps))}
        sent |= {"on_reply": "pause", "place": "account"}
        there = alice.post("drips.create", 303, sent, **HERE).location
        [drip] = kept(northside)
        assert [(s.kind, s.day, s.at) for s in drip.steps] == [(s.kind, s.day, s.at) for s in ready.steps]  # fmt: skip
        assert drip.first_text.body == ready.steps[0].body
        shown = alice.open("GET", there, 200)
        assert "this is Northside with Juniper Realty" in shown.text_of("#first-text")
        assert "3 credits a person" in shown.text

    def test_a_copy_of_a_shared_plan_is_an_agents_own(self, alice, bob, northside):
        drip = make_drip(northside, place=Place(team_id=cast.NORTHSIDE_TEAM))
        page = bob.get("drips.show", drip_id=drip.id, **HERE)
        assert "Edit" not in page.texts_of(".page-head__actions a")
        bob.get("drips.edit", 403, drip_id=drip.id, **HERE)
        bob.post("drips.archive", 403, drip_id=drip.id, **HERE)
        form = bob.get("drips.new", query={"copy": drip.id}, **HERE)
        assert form.field("name") == "New buyers (copy)"
        assert bodies(form) == [drip.steps[0].body]
        data = typed(place=f"team:{cast.NORTHSIDE_TEAM}", name="Mine")
        assert "Choose one of the list" in bob.post("drips.create", 422, data, **HERE).text

    def test_what_there_is_not_to_begin_with_is_missing(self, alice):
        alice.get("drips.new", 404, query={"ready": "no"}, **HERE)
        alice.get("drips.new", 404, query={"copy": "no"}, **HERE)
        alice.get("drips.new", 400, query={"plan": "no"}, **HERE)

    @pytest.mark.parametrize(
        ("steps", "said"),
        [
            ([("text", "x", "10:00", "", GOOD)], "Enter a whole number"),
            ([("text", "0", "25:00", "", GOOD)], "This is not a time"),
            ([("text", "731", "10:00", "", GOOD)], "Choose a day from 0 to 730"),
            ([("text", "3", "", "", GOOD)], "Choose a time of day"),
            ([("text", "0", "10:00", "", "")], "Write the text."),
            ([("email", "0", "10:00", "", "Hi")], "Write the subject."),
            ([("task", "0", "10:00", "", "")], "Write what is to be done."),
            ([("text", "0", "", "", "Hi {first_nam}")], "Nothing is called {first_nam}"),
            ([("text", "3", "10:00", "", GOOD), ("text", "2", "10:00", "", GOOD)], "It comes before the step above it"),
            ([("text", "0", "", "", LOAN)], "The words of this text are blocked: forbidden content"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(self, alice, northside, steps, said):  # fmt: skip
        """H-1: blocked words stop the save with their why."""
        page = alice.post("drips.create", 422, typed(*steps), **HERE)
        assert said in " ".join(page.texts_of(".field__error"))
        assert page.field("name") == "New buyers"
        assert page.field("steps-0-day") == steps[0][1]
        assert kept(northside) == []

    def test_a_kind_there_is_not_is_said_and_nothing_is_lost(self, alice, northside):
        page = alice.post("drips.create", 422, typed(("odd", "0", "10:00", "", GOOD)), **HERE)
        assert "Choose one of the list." in page.text_of("#step-0 .field__error")
        assert (page.field("name"), bodies(page)) == ("New buyers", [GOOD])
        assert kept(northside) == []

    def test_a_button_there_is_not_saves_and_says_what_is_wrong_on_the_whole_page(self, alice):
        sent = {"name": "A", "on_reply": "pause", "place": "account", "do": "a@b@c"}
        page = alice.htmx.post("drips.create", 422, sent, **HERE)
        assert page.page.select_one("h1")
        assert "A plan has at least one step" in page.text

    @pytest.mark.parametrize("number", ["²", "٣", "9" * 5_000])
    def test_a_row_that_no_page_writes_is_none(self, alice, northside, number):
        alice.post("drips.create", 303, typed(**{f"steps-{number}-kind": "wait"}), **HERE)
        assert [step.kind for step in kept(northside)[0].steps] == [StepKind.TEXT]

    def test_a_plan_without_steps_or_a_name_is_none(self, alice):
        page = alice.post("drips.create", 422, {"name": "", "on_reply": "pause", "place": "account"}, **HERE)  # fmt: skip
        assert "Give the plan a name" in page.text_of(".field__error")
        page = alice.post("drips.create", 422, {"name": "A", "on_reply": "pause", "place": "account"}, **HERE)  # fmt: skip
        assert "A plan has at least one step" in page.text

    def test_a_name_that_is_taken_is_said(self, alice, northside):
        make_drip(northside)
        page = alice.post("drips.create", 422, typed(), **HERE)
        assert "is there already" in page.text_of(".field__error")


class TestWarnings:
    def test_a_warning_takes_a_typed_ok_to_exactly_these_words(self, alice, northside, vera):
        """H-1, S-12"""
        vera.post(
            "messaging.set_lint_level", 303,
            {"rule": "caps", "level": "warn", "reason": "Loud texts upset people"},
            organization_id=cast.JUNIPER,
        )  # fmt: skip
        loud = typed(("text", "0", "10:00", "", SHOUT))
        page = alice.post("drips.create", 422, loud, **HERE)
        assert "type OK to save" in " ".join(page.texts_of(".field__error"))
        seen = page.field("lint_seen")
        other = typed(("text", "0", "10:00", "", SHOUT + " YES!"), lint_ok="ok", lint_seen=seen)
        alice.post("drips.create", 422, other, **HERE)
        assert kept(northside) == []
        alice.post("drips.create", 303, loud | {"lint_ok": "ok", "lint_seen": seen}, **HERE)

    def test_an_officer_is_asked_about_blocked_words_and_nothing_is_saved(self, alice, northside):
        data = typed(("text", "0", "10:00", "", LOAN), do="ask:0")
        page = alice.post("drips.create", 200, data, **HERE)
        assert "An officer is asked" in page.text
        assert bodies(page) == [LOAN]
        assert db.session.query(LintReview).one().body == LOAN
        assert kept(northside) == []
        page = alice.post("drips.create", 200, typed(do="ask:0"), **HERE)
        assert "Nothing in this text is blocked" in page.text_of(".field__error")


class TestEditing:
    STEPS = (("text", "0", "", "", GOOD), ("task", "2", "09:30", "Call", ""), ("wait", "5", "10:00", "", ""))  # fmt: skip

    def shown(self, page):
        """Return kind, day and time of each step in the editor."""
        parts = [
            [page.page.select_one(f"[name='steps-{i}-{part}']") for part in ("kind", "day", "at")]
            for i in range(len(page.page.select("#plan-steps [name$='-kind']")))
        ]
        return [tuple(tag.get("value", "") for tag in row) for row in parts]

    @pytest.mark.parametrize(
        ("do", "after"),
        [
            ("add:email", [("text", "0", ""), ("task", "2", "09:30"), ("wait", "5", "10:00"), ("email", "7", "10:00")]),
            ("up:1", [("task", "0", ""), ("text", "2", "09:30"), ("wait", "5", "10:00")]),
            ("down:0", [("task", "0", ""), ("text", "2", "09:30"), ("wait", "5", "10:00")]),
            ("remove:1", [("text", "0", ""), ("wait", "5", "10:00")]),
            ("up:0", [("text", "0", ""), ("task", "2", "09:30"), ("wait", "5", "10:00")]),
            ("remove:9", [("text", "0", ""), ("task", "2", "09:30"), ("wait", "5", "10:00")]),
            ("add:fax", [("text", "0", ""), ("task", "2", "09:30"), ("wait", "5", "10:00")]),
        ],
    )  # fmt: skip
    def test_steps_are_added_moved_and_removed_without_script(self, alice, northside, do, after):
        page = alice.post("drips.create", 200, typed(*self.STEPS, do=do), **HERE)
        assert self.shown(page) == after
        assert page.field("name") == "New buyers"
        assert kept(northside) == []

    def test_htmx_gets_the_steps_alone_and_the_look_at_one(self, alice):
        page = alice.htmx.post("drips.create", 200, typed(*self.STEPS, do="add:text"), **HERE)
        assert page.is_partial
        assert len(bodies(page)) == 3
        dear = typed(("text", "0", "", "", "Hi {first_name}, it’s Juniper Realty 🏡"), do="check:0")
        look = alice.htmx.post("drips.create", 200, dear, **HERE)
        assert look.is_partial
        assert "Hi Maya" in look.text_of("#step-0-check")
        assert "UCS-2" in look.text
        page = alice.post("drips.create", 200, dear, **HERE)
        assert not page.is_partial

    def test_plain_characters_take_the_place_of_dear_ones(self, alice):
        """R-6"""
        long = "Juniper Realty: it’s " + "a house " * 10 + "Reply STOP to end."
        dear = typed(("text", "0", "", "", long), do="check:0")
        page = alice.post("drips.create", 200, dear, **HERE)
        assert "saves 1 credit" in page.text
        page = alice.post("drips.create", 200, dear | {"do": "twins:0"}, **HERE)
        assert "it's" in bodies(page)[0]

    def test_other_steps_make_a_version_and_another_name_does_not(self, alice, northside):
        drip = make_drip(northside, [text_step(), task_step(3)])
        where = {**HERE, "drip_id": drip.id}
        form = alice.get("drips.edit", **where)
        assert form.field("edits") == str(drip.edits)
        same = typed(("text", "0", "10:00", "", drip.steps[0].body), ("task", "3", "10:00", drip.steps[1].title, ""), edits="0")  # fmt: skip
        alice.post("drips.save", 303, same | {"name": "Buyers", "on_reply": "end"}, **where)
        [now] = kept(northside)
        assert (now.name, now.on_reply, now.version) == ("Buyers", OnReply.END, 1)
        other = typed(("text", "0", "10:00", "", GOOD), edits=str(now.edits), name="Buyers")
        page = alice.follow(alice.post("drips.save", 303, other, **where))
        assert "Saved as version 2" in page.text
        assert "Version 1: 2 steps" in page.text_of("#versions")
        assert [step.kind for step in kept(northside)[0].steps] == [StepKind.TEXT]

    def test_who_was_faster_is_said_and_what_was_typed_stays(self, alice, northside):
        drip = make_drip(northside)
        where = {**HERE, "drip_id": drip.id}
        alice.post("drips.save", 303, typed(("text", "1", "10:00", "", GOOD), edits="0"), **where)
        late = typed(("text", "4", "10:00", "", GOOD), edits="0")
        page = alice.post("drips.save", 422, late, **where)
        assert (page.field("edits"), page.field("steps-0-day")) == ("2", "4") or page.field("edits") == "1"  # fmt: skip
        alice.post("drips.save", 303, late | {"edits": page.field("edits")}, **where)

    def test_an_archived_plan_is_taken_back(self, alice, northside):
        drip = make_drip(northside)
        where = {**HERE, "drip_id": drip.id}
        alice.post("drips.archive", 303, **where)
        assert (names(alice), names(alice, view="archived")) == ([], ["New buyers"])
        assert "archived" in alice.post("drips.save", 422, typed(edits="1"), **where).text
        alice.post("drips.restore", 303, **where)
        assert kept(northside)[0].state is DripState.ACTIVE


class TestTheLibrary:
    def test_who_sees_what(self, alice, bob, vera, mallory, northside):
        make_drip(northside, name="Ours")
        make_drip(northside, name="All", place=Place())
        make_drip(northside, name="Team", place=Place(team_id=cast.NORTHSIDE_TEAM))
        assert names(alice) == names(bob) == names(vera) == ["All", "Ours", "Team"]
        own = bob.get("drips.index", account_id=cast.BOBS).texts_of("#plan-list .datatable__name")
        assert own == ["All", "Team"]
        page = mallory.get("drips.index", account_id=cast.LAKEVIEW)
        assert "No plans yet" in page.text

    def test_views_and_search(self, alice, northside):
        make_drip(northside, name="Buyers")
        make_drip(northside, name="Sellers", place=Place())
        assert (names(alice, view="account"), names(alice, view="shared")) == (["Buyers"], ["Sellers"])  # fmt: skip
        assert (names(alice, q="buy"), names(alice, q="nobody")) == (["Buyers"], [])
        alice.get("drips.index", 400, query={"view": "mine"}, **HERE)

    def test_an_officer_looks_and_writes_nothing(self, vera, northside):
        drip = make_drip(northside, [text_step(), email_step(1), task_step(2)])
        page = vera.get("drips.show", drip_id=drip.id, **HERE)
        assert "E-mail: Homes near you" in page.text_of("#steps")
        assert page.page.select(".page-head__actions a, .page-head__actions button") == []
        vera.get("drips.ready", 403, **HERE)
        vera.post("drips.create", 403, typed(), **HERE)


class TestTheFirstTextOnAPhone:
    def test_it_is_a_picture_and_stands_on_the_page(self, alice, northside):
        """P-2"""
        drip = make_drip(northside, [task_step(0), text_step(1)])
        page = alice.get("drips.show", drip_id=drip.id, **HERE)
        assert "Juniper Realty: hi Maya. Reply STOP to end." in page.text_of("#first-text .phone")
        picture = alice.get("drips.picture", drip_id=drip.id, **HERE)
        assert picture.data.startswith(b"\x89PNG")
        assert alice.get("drips.picture", drip_id=drip.id, **HERE).data == picture.data

    def test_what_is_no_markup_is_drawn_and_other_words_make_another_picture(self, alice, northside):  # fmt: skip
        odd = make_drip(northside, [text_step(body="Juniper Realty #set $x$ *a* \\ 🏡")], "Odd")
        plain = make_drip(northside, [text_step()], "Plain")
        first, second = (
            alice.get("drips.picture", drip_id=d.id, **HERE).data for d in (odd, plain)
        )
        assert first.startswith(b"\x89PNG")
        assert first != second

    def test_a_plan_without_a_text_has_none(self, alice, northside):
        drip = make_drip(northside, [task_step(0)])
        alice.get("drips.picture", 404, drip_id=drip.id, **HERE)
