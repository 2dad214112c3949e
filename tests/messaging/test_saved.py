"""Saved replies and team templates: the library, and choosing one where one writes (Q-5)."""

from uuid import uuid4

import pytest

from portal.core.access import Role
from portal.core.audit import AuditEntry
from portal.core.db import db, unit_of_work
from portal.messaging.errors import NameTaken
from portal.messaging.models import LintReview, SavedReply
from portal.messaging.queries import saved as queries
from portal.messaging.rules.saved import MOST_KEPT, Place, Reader
from portal.messaging.service import forgetting, saved
from tests import cast
from tests.factories.messaging import ALICE_ACTS, agree, make_recipient, texts
from tests.factories.people import person as make_person
from tests.messaging.composer import Composer, press, total
from tests.messaging.talks import MAYA, hear, open_talk, post, send

SHOWING = "Hi {first_name}, the showing is at 2. {agent_name}"
LOAN = "Juniper Realty: get a payday loan today!"
HERE = {"account_id": cast.NORTHSIDE}
TEAM = Place(team_id=cast.NORTHSIDE_TEAM)
BY_ALICE = Reader(
    cast.JUNIPER, cast.ALICE, (cast.NORTHSIDE_TEAM,), (cast.NORTHSIDE_TEAM,), may_share=True
)


def keep(account, name="Showing", body=SHOWING, place=None, by=BY_ALICE):
    """Keep words, Alice's own unless another place is named; return their id."""
    with unit_of_work():
        return saved.keep(
            account, by, place or Place(user_id=by.user_id), name=name, body=body, actor=ALICE_ACTS
        )  # fmt: skip


def typed(name="Showing", body=SHOWING, place="own", **more):
    return {"name": name, "body": body, "place": place, **more}


def names(person, account_id=cast.NORTHSIDE, **query):
    page = person.get("messaging.saved_replies", query=query, account_id=account_id)
    return page.texts_of(".datatable__name")


def entries():
    db.session.rollback()
    found = db.session.query(AuditEntry).filter(AuditEntry.event.like("messaging:saved-reply:%"))
    return [(e.event.rpartition(":")[2], e.payload) for e in found.order_by(AuditEntry.position)]


class TestTheLibrary:
    def test_what_an_agent_keeps_is_theirs_alone(self, alice, bob, vera):
        reply = bob.post("messaging.keep_saved_reply", 303, typed(), **HERE)
        assert names(bob) == ["Showing"]
        assert names(alice) == names(vera) == []
        alice.open("GET", reply.location, 404)
        shown = bob.follow(reply)
        assert "Hi Maya, the showing is at 2. Northside" in shown.text_of("#saved-check")

    def test_a_team_template_is_read_by_its_team_and_kept_by_its_lead(self, alice, bob, vera):
        place = f"team:{cast.NORTHSIDE_TEAM}"
        made = alice.post("messaging.keep_saved_reply", 303, typed(place=place), **HERE)
        assert names(alice) == names(bob) == names(vera) == ["Showing"]
        assert names(bob, cast.BOBS) == ["Showing"]  # his own account is of the team, too
        page = bob.open("GET", made.location, 200)
        assert "Team leads change what a team or everybody shares" in page.text
        assert page.page.select("#body") == []
        for verb in ("", "/archive"):
            data = typed(body="Mine now", edits="0")
            bob.open("POST", made.location + verb, 403, data=data)
        assert bob.post("messaging.keep_saved_reply", 422, typed(place=place), **HERE)
        copied = bob.get("messaging.new_saved_reply", query={"copy": made.location[-36:]}, **HERE)
        assert copied.field("body") == SHOWING

    def test_a_lead_of_another_team_sees_only_what_everybody_shares(self, northside, browser):
        keep(northside, "Team", place=TEAM)
        keep(northside, "All", place=Place())
        dora = make_person("Dora Webb", organization_id=cast.JUNIPER, role=Role.TEAM_LEAD)
        with_own = make_person("Eve Lund", organization_id=cast.JUNIPER, role=Role.AGENT)
        by = Reader(cast.JUNIPER, dora.id, (), (), may_share=True)
        assert [row.name for row in queries.saved(by)] == ["All"]
        assert [r.name for r in queries.saved(Reader(cast.JUNIPER, with_own.id, ()))] == ["All"]

    def test_another_brokerage_sees_nothing(self, northside, mallory):
        keep(northside, place=Place())
        assert names(mallory, cast.LAKEVIEW) == []

    def test_views_and_search(self, alice, northside):
        keep(northside, "Parking", "Park on Alder Ct")
        keep(northside, "Keys", "The keys are in the box", TEAM)
        assert names(alice) == ["Keys", "Parking"]
        assert (names(alice, view="own"), names(alice, view="shared")) == (["Parking"], ["Keys"])
        assert (names(alice, q="ALDER"), names(alice, q="nothing")) == (["Parking"], [])
        alice.get("messaging.saved_replies", 400, query={"view": "mine"}, **HERE)

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"name": " "}, "Give it a name"),
            ({"name": "x" * 81}, "Keep the name to 80 characters"),
            ({"body": "x" * 1601}, "Keep it to 1,600 characters"),
            ({"body": "Hi {first_nam}"}, "nothing is called {first_nam}"),
            ({"body": "Hi {first_name"}, "this { has no } after it"),
            ({"name": "SHOWING "}, "“SHOWING” is there already"),
            ({"body": LOAN}, "The words of this text are blocked: forbidden content"),
            ({"place": "team:nobody's"}, "Choose one of the list"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_typed_is_lost(self, alice, northside, wrong, said):
        """H-1: blocked words get the composer's own sentence."""
        keep(northside)
        data = typed("Another") | wrong
        page = alice.post("messaging.keep_saved_reply", 422, data, **HERE)
        assert said in page.text_of(".field__error")
        assert page.field("body") == data["body"]
        assert names(alice) == ["Showing"]

    def test_what_is_wrong_is_said_also_to_htmx(self, alice):
        """Only a look at the words is answered with a piece, which has no place for a fault."""
        page = alice.htmx.post("messaging.keep_saved_reply", 422, typed(body=""), **HERE)
        assert "Write the text" in page.text_of(".field__error")

    def test_an_officer_is_asked_and_released_words_are_kept(self, alice, vera, northside):
        """H-1"""
        page = alice.post("messaging.keep_saved_reply", 422, typed(body=LOAN), **HERE)
        assert "Ask an officer to release it" in page.text
        page = alice.post("messaging.keep_saved_reply", 200, typed(body=LOAN, do="ask"), **HERE)
        assert "An officer is asked" in page.text
        assert page.field("body") == LOAN
        review = db.session.query(LintReview.id).scalar()
        vera.post(
            "messaging.decide_lint_review", 303, {"reason": "A fair offer", "do": "release"},
            organization_id=cast.JUNIPER, review_id=review,
        )  # fmt: skip
        alice.post("messaging.keep_saved_reply", 303, typed(body=LOAN), **HERE)

    def test_words_are_looked_at_while_one_types(self, alice):
        data = typed(body="Hi {city} 🏡", do="check")
        piece = alice.htmx.post("messaging.keep_saved_reply", 200, data, **HERE)
        assert piece.is_partial
        assert "Hi Evanston" in piece.text
        assert "UCS-2" in piece.text
        assert names(alice) == []

    def test_every_change_is_in_the_log_with_its_words(self, alice, northside):
        reply_id = keep(northside, place=TEAM)
        where = {**HERE, "reply_id": reply_id}
        alice.post("messaging.change_saved_reply", 303, typed(body="New", edits="0"), **where)
        alice.post("messaging.change_saved_reply", 303, typed(body="New", edits="1"), **where)
        for _ in range(2):  # a second click does nothing more
            alice.post("messaging.archive_saved_reply", 303, **where)
        assert names(alice) == []
        assert names(alice, view="archived") == ["Showing"]
        alice.post("messaging.restore_saved_reply", 303, **where)
        assert [verb for verb, _ in entries()] == ["keep", "change", "archive", "restore"]
        assert [said.get("body") for _, said in entries()][:2] == [SHOWING, "New"]
        assert {said["team_id"] for _, said in entries()} == {str(cast.NORTHSIDE_TEAM)}

    def test_two_who_change_at_once_lose_nothing(self, alice, northside):
        where = {**HERE, "reply_id": keep(northside)}
        alice.post("messaging.change_saved_reply", 303, typed(body="First", edits="0"), **where)
        data = typed(body="Second", edits="0")
        page = alice.post("messaging.change_saved_reply", 422, data, **where)
        assert "Alice Moreno changed this meanwhile" in page.text_of(".field__error")
        assert "First" in page.text_of("#theirs")
        assert (page.field("body"), page.field("edits")) == ("Second", "1")
        alice.post("messaging.change_saved_reply", 303, typed(body="Second", edits="1"), **where)

    def test_a_name_comes_back_only_if_it_is_free(self, alice, northside):
        where = {**HERE, "reply_id": keep(northside)}
        alice.post("messaging.archive_saved_reply", 303, **where)
        keep(northside, "showing")
        alice.post("messaging.restore_saved_reply", 400, **where)
        assert names(alice) == ["showing"]

    def test_the_database_itself_keeps_names_apart(self, northside, monkeypatch):
        keep(northside)
        monkeypatch.setattr(queries, "named", lambda *_: None)  # as if both had looked at once
        for place in (None, TEAM, TEAM, Place(), Place()):
            if place is None or queries.kept_at(cast.JUNIPER, place):
                with pytest.raises(NameTaken):
                    keep(northside, "SHOWING", place=place)
            else:
                keep(northside, place=place)

    def test_a_hundred_fit_and_no_more(self, alice, northside):
        with unit_of_work():
            for n in range(MOST_KEPT):
                row = SavedReply(
                    organization_id=cast.JUNIPER, user_id=cast.ALICE, name=str(n), name_key=str(n),
                    body="Hi", changed_by="Alice",
                )  # fmt: skip
                db.session.add(row)
        page = alice.post("messaging.keep_saved_reply", 422, typed(), **HERE)
        assert "100 are kept here" in page.text

    def test_what_is_archived_goes_with_old_drafts(self, alice, northside, clock):
        """C-10: nothing is kept for ever that nobody uses."""
        where = {**HERE, "reply_id": keep(northside)}
        keep(northside, "In use")
        alice.post("messaging.archive_saved_reply", 303, **where)
        with unit_of_work():
            gone = forgetting.forget_drafts(cast.JUNIPER, before=clock.now, is_dry=False)
        assert (gone, [row.name for row in db.session.query(SavedReply)]) == (1, ["In use"])


class TestChoosingInAConversation:
    @pytest.fixture
    def maya(self, northside, sender):
        make_recipient(northside, number=MAYA, first_name="Maya", last_name="Castellanos", city="")
        return hear(northside)

    def use(self, person, talk, reply_id, body="", status=200):
        data = {"body": body, "nonce": uuid4().hex, "use_saved": str(reply_id)}
        return post(person, "messaging.use_in_reply", talk, status, data)

    def test_its_words_for_this_person_go_into_the_box_and_nowhere_else(
        self, alice, northside, maya
    ):
        reply_id = keep(northside)
        before = len(texts(northside))
        page = self.use(alice.htmx, maya, reply_id, "Good news!")
        words = "Good news!\nHi Maya, the showing is at 2. Northside"
        assert page.field("body") == words
        assert "1 credit" in page.text_of("#reply-cost")
        assert len(texts(northside)) == before
        send(alice, maya, words)
        assert texts(northside)[-1].body == words

    def test_what_is_not_known_is_said_and_never_sent(self, alice, northside, maya):
        reply_id = keep(northside, body="How is {city}?")
        page = self.use(alice, maya, reply_id)
        assert page.field("body") == "How is {city}?"
        assert "Write something in place of {city}" in page.text_of("#flash")

    def test_a_lead_known_by_number_alone_is_not_called_by_it(self, alice, northside, sender):
        """K-6"""
        lead = hear(northside, e164="+13125550188")
        agree(northside, "+13125550188")
        assert self.use(alice, lead, keep(northside)).field("body").startswith("Hi {first_name},")

    def test_the_list_is_read_when_it_opens_and_searched(self, alice, northside, maya):
        for n in range(10):
            keep(northside, f"Reply {n}")
        page = open_talk(alice, maya)
        assert page.texts_of("#saved-list .found__row") == []
        where = {**HERE, "conversation_id": maya.id}
        first = alice.htmx.get("messaging.reply_choices", **where)
        assert len(first.page.select(".found__row")) == 5
        assert "And 5 more" in first.text
        found = alice.htmx.get("messaging.reply_choices", query={"q": "reply 9"}, **where)
        assert "Reply 9" in found.text_of(".found__row")
        none = alice.htmx.get("messaging.reply_choices", query={"q": "x"}, **where)
        assert "No saved reply matches “x”" in none.text

    def test_without_a_script_all_are_listed_and_what_was_typed_stays(self, alice, northside, maya):
        for n in range(10):
            keep(northside, f"Reply {n}")
        data = {"body": "So far", "nonce": uuid4().hex}
        page = post(alice, "messaging.use_in_reply", maya, 200, data)
        assert len(page.page.select("#saved[open] .found__row")) == 10
        assert page.field("body") == "So far"

    def test_anothers_own_is_as_good_as_missing(self, bob, northside, maya):
        self.use(bob, maya, keep(northside), status=404)
        self.use(bob, maya, "nonsense", status=400)


class TestChoosingInTheComposer:
    def test_its_words_go_below_what_was_typed_with_the_cost(self, alice, northside, sender):
        reply_id = keep(northside)
        people = [make_recipient(northside, first_name="Ann"), make_recipient(northside)]
        compose = Composer(alice, northside)
        where = compose(people, "Hello.")
        data = {"body": "Hello!", "use_saved": str(reply_id)}
        page = alice.htmx.post("messaging.save_draft", 200, data, **where)
        assert page.field("body") == f"Hello!\n{SHOWING}"
        assert total(page) == "2"
        assert "Hi Ann, the showing is at 2." in page.text_of("#phone-preview")
        assert compose.draft(where).body == f"Hello!\n{SHOWING}"

    def test_an_empty_page_becomes_a_draft(self, alice, northside, sender):
        data = {"body": "", "use_saved": str(keep(northside))}
        reply = alice.post("messaging.start_draft", 303, data, **HERE)
        assert alice.follow(reply).field("body") == SHOWING

    def test_what_was_typed_stays_when_there_is_no_such_reply(self, alice, northside, sender):
        compose = Composer(alice, northside)
        where = compose(body="Hello")
        data = {"body": "Hello again", "use_saved": str(uuid4())}
        alice.post("messaging.save_draft", 404, data, **where)
        assert compose.draft(where).body == "Hello again"

    def test_the_list_opens_with_a_script_and_without(self, alice, northside, sender):
        keep(northside)
        piece = alice.htmx.get("messaging.text_choices", **HERE)
        assert "Showing" in piece.text_of(".found__row")
        where = Composer(alice, northside)(body="Hello")
        reply = press(alice, "saved", 303, {"body": "Hello, all"}, **where)
        page = alice.follow(reply)
        assert "Showing" in page.text_of("#saved[open] .found__row")
        assert page.field("body") == "Hello, all"
