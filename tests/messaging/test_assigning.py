"""Who answers a conversation: given, taken, and free again when somebody leaves (Q-5)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text, update

from portal.core.access import Role
from portal.core.audit import SYSTEM, AuditEntry
from portal.core.db import db, is_sqlite, unit_of_work
from portal.messaging import queries
from portal.messaging.errors import AssignedMeanwhile
from portal.messaging.models import Conversation
from portal.messaging.queries import assigned
from portal.messaging.service import assigning, facts
from portal.notifications import queries as notices
from portal.people import service as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from portal.texting_accounts.models import TextingAccount
from tests import cast
from tests.factories.messaging import ALICE_ACTS, make_recipient
from tests.factories.people import person
from tests.meanwhile import all_at_once
from tests.messaging.talks import MAYA, hear, open_talk, post
from tests.messaging.test_index_use import asked, plan_of
from workers import messaging

OTHER = "+18725550110"


@pytest.fixture
def maya(northside, sender):
    make_recipient(northside, number=MAYA, first_name="Maya", last_name="Castellanos")
    return hear(northside)


def give(account, talk, to, was=None, actor=ALICE_ACTS):
    with unit_of_work():
        assigning.assign(account, talk.id, to, was=was, actor=actor)


def holder(account, e164=MAYA):
    return queries.conversation(account.tenant, e164).assignee_id


def events(talk):
    rows = select(AuditEntry.event, AuditEntry.payload).where(AuditEntry.subject_id == talk.id)
    return [(event, payload.get("to"), payload["was"]) for event, payload in db.session.execute(
        rows.order_by(AuditEntry.position)
    )]  # fmt: skip


def told(user_id):
    return [n.title for n in notices.latest(user_id) if n.kind == "assigned"]


def attempt(work):
    """Return what does the work in a unit of work and gives its result, or the kind of its no."""

    def run():
        try:
            with unit_of_work():
                return work()
        except AssignedMeanwhile as error:
            return type(error)

    return run


class TestGiving:
    def test_a_lead_gives_an_agent_a_conversation_who_is_told(self, alice, bob, northside, maya):
        shown = open_talk(alice, maya)
        choices = {b.text.strip(): b["value"] for b in shown.page.select("#assign button")}
        assert choices == {"Take it yourself": str(cast.ALICE), "Bob Tran": str(cast.BOB)}
        data = {"to": choices["Bob Tran"], "was": shown.page.select_one("[name=was]")["value"]}
        after = alice.follow(post(alice, "messaging.assign", maya, 303, data))
        assert "Bob Tran" in after.text_of("#assign > summary")
        assert "Assigned to Bob Tran by Alice Moreno" in after.text_of("#thread")
        assert holder(northside) == cast.BOB
        assert told(cast.BOB) == ["Alice Moreno gave you the conversation with Maya Castellanos"]
        assert told(cast.ALICE) == []
        assert events(maya) == [(assigned.ASSIGNED, "Bob Tran", None)]
        [notice] = [n for n in notices.latest(cast.BOB) if n.kind == "assigned"]
        assert bob.open("GET", notice.url).text_of(".talk__name") == "Maya Castellanos"

    def test_one_takes_it_oneself_and_nobody_is_told(self, bob, northside, maya):
        post(bob, "messaging.assign", maya, 303, {"to": str(cast.BOB), "was": ""})
        assert holder(northside) == cast.BOB
        assert told(cast.BOB) == []
        shown = open_talk(bob, maya)
        assert "Taken by Bob Tran" in shown.text_of("#thread")
        assert "You" in shown.text_of("#assign > summary")
        row = bob.get("messaging.inbox", account_id=northside.id)
        assert "You" in row.text_of(".convo__pills")

    def test_it_can_be_nobodys_again(self, alice, northside, maya):
        give(northside, maya, cast.BOB)
        post(alice, "messaging.assign", maya, 303, {"to": "", "was": str(cast.BOB)})
        assert holder(northside) is None
        assert "Given to nobody by Alice Moreno" in open_talk(alice, maya).text_of("#thread")

    def test_twice_is_once(self, northside, maya):
        for _ in range(2):
            give(northside, maya, cast.BOB)
        assert len(events(maya)) == len(told(cast.BOB)) == 1

    def test_htmx_gets_the_talk_and_has_the_list_follow(self, alice, maya):
        answer = post(alice.htmx, "messaging.assign", maya, 200, {"to": str(cast.BOB), "was": ""})
        assert "Bob Tran" in answer.text_of("#assign > summary")
        assert "inbox-changed" in answer.headers["HX-Trigger-After-Swap"]

    def test_a_page_that_is_old_changes_nothing_and_says_who_has_it(self, alice, northside, maya):
        give(northside, maya, cast.BOB)
        answer = post(alice.htmx, "messaging.assign", maya, 200, {"to": str(cast.ALICE), "was": ""})
        assert "Bob Tran has this conversation now" in answer.text
        assert holder(northside) == cast.BOB
        give(northside, maya, None, was=cast.BOB)
        with pytest.raises(AssignedMeanwhile, match="Nobody has"):
            give(northside, maya, cast.ALICE, was=cast.BOB)

    def test_two_who_take_it_at_once_do_not_both_have_it(self, app, northside, maya):
        def take(user_id):
            return lambda: assigning.assign(northside, maya.id, user_id, was=None, actor=ALICE_ACTS)

        ends = all_at_once(app, *map(attempt, (take(cast.ALICE), take(cast.BOB))))
        assert ends.count(AssignedMeanwhile) == 1, ends
        assert len(events(maya)) == 1

    def test_a_reply_tells_who_answers_as_well(self, northside, maya):
        give(northside, maya, cast.BOB)
        hear(northside, "Hello?")
        [notice] = [n for n in notices.latest(cast.BOB) if n.kind == "reply"]
        assert notice.url == f"/accounts/{northside.id}/conversations/{maya.id}?answer=1"


class TestWho:
    @pytest.mark.parametrize("stranger", ["VERA", "MALLORY", "PAT"])
    def test_only_people_of_the_account_get_one(self, alice, northside, maya, stranger):
        data = {"to": str(getattr(cast, stranger)), "was": ""}
        refused = post(alice, "messaging.assign", maya, 400, data)
        assert "Choose somebody who does" in refused.text
        assert holder(northside) is None

    def test_what_is_no_id_is_refused(self, alice, maya):
        for data in ({"to": "bob", "was": ""}, {"to": "", "was": "x"}):
            assert (
                "Reload the conversation" in post(alice, "messaging.assign", maya, 400, data).text
            )

    def test_an_officer_sees_who_answers_and_assigns_nobody(self, vera, northside, maya):
        give(northside, maya, cast.BOB)
        shown = open_talk(vera, maya)
        assert "Assigned to Bob Tran" in shown.text_of(".panes__pane--thread .panes__head")
        assert not shown.page.select("details#assign")
        post(vera, "messaging.assign", maya, 403, {"to": "", "was": str(cast.BOB)})

    def test_people_of_an_agents_account_are_the_agent_and_the_leads_over(self, bobs):
        assert [p.name for p in accounts.people_of(bobs)] == ["Alice Moreno", "Bob Tran"]

    def test_where_one_person_is_alone_nothing_is_offered(self, alice, northside, maya):
        with unit_of_work():
            account_service.remove_account_member(northside.id, cast.BOB, actor=ALICE_ACTS)
        assert [p.name for p in accounts.people_of(northside)] == ["Alice Moreno"]
        shown = open_talk(alice, maya)
        assert not shown.page.select("details#assign")
        assert "Unassigned" not in shown.text_of("#inbox-views")


class TestViews:
    def names(self, reader, northside, view):
        shown = reader.get("messaging.inbox", query={"view": view}, account_id=northside.id)
        return shown.texts_of(".convo__name")

    def test_mine_and_unassigned_part_the_list(self, alice, bob, northside, maya, clock):
        clock.travel(by=timedelta(minutes=1))
        hear(northside, "hi", OTHER)
        give(northside, maya, cast.BOB)
        assert self.names(bob, northside, "mine") == ["Unread: Maya Castellanos"]
        assert self.names(alice, northside, "mine") == []
        assert self.names(alice, northside, "unassigned") == ["Unread: (872) 555-0110"]
        assert (
            "Nobody gave you one"
            in alice.get("messaging.inbox", query={"view": "mine"}, account_id=northside.id).text
        )

    def test_they_are_paged_by_key(self, bob, northside, sender, clock):
        for place in range(26):
            talk = hear(northside, "hi", f"+1312557{place:04d}")
            give(northside, talk, cast.BOB)
            clock.travel(by=timedelta(seconds=1))
        first = bob.get("messaging.inbox", query={"view": "mine"}, account_id=northside.id)
        assert len(first.page.select(".convo")) == 25
        [older] = [a for a in first.page.select(".inbox-pages a") if a.text == "Older"]
        assert len(bob.open("GET", older["href"]).page.select(".convo")) == 1

    @pytest.mark.parametrize(
        ("view", "index"),
        [("mine", "ix_conversations_assigned"), ("unassigned", "ix_conversations_unassigned")],
    )
    def test_each_reads_its_own_index_in_order(self, northside, maya, view, index):
        """G6"""
        with asked() as statements:
            queries.conversations(northside.tenant, view, reader=cast.BOB)
        if not is_sqlite():  # which takes any index that is as good for a handful of rows
            for other in ("inbox", "changed"):
                db.session.execute(text(f"DROP INDEX ix_conversations_{other}"))
        plan = plan_of(statements, ["FROM conversations", "assignee_id"])
        assert index in plan, plan
        db.session.rollback()
        listed = plan.partition("SCALAR SUBQUERY" if is_sqlite() else "SubPlan")[0]
        # What follows sorts who shares one number.
        assert "TEMP B-TREE" not in listed and (is_sqlite() or "Sort" not in listed), plan


def reads(statements):
    return [statement for statement, _ in statements if "SELECT" in statement]


class TestLeaving:
    """Conversations of somebody who can't answer them any more are free, each with its event."""

    @pytest.fixture
    def zoe(self, northside, maya):
        zoe = person("Zoe Quist", organization_id=cast.JUNIPER, team_id=cast.NORTHSIDE_TEAM)
        with unit_of_work():
            account_service.add_account_member(northside.id, zoe.id, actor=SYSTEM)
        give(northside, maya, zoe.id)
        assert messaging.free_conversations() == 0
        return zoe

    def leave(self, northside, zoe, how):
        with unit_of_work():
            if how == "account":
                account_service.remove_account_member(northside.id, zoe.id, actor=SYSTEM)
            elif how == "locked out":
                people.set_active(zoe.id, active=False, actor=SYSTEM)
            else:
                people.change_role(cast.JUNIPER, zoe.id, Role.COMPLIANCE_OFFICER, actor=SYSTEM)

    @pytest.mark.parametrize("how", ["account", "locked out", "role"])
    def test_they_are_freed_and_leads_told(self, alice, northside, maya, zoe, how):
        self.leave(northside, zoe, how)
        assert [messaging.free_conversations(), messaging.free_conversations()] == [1, 0]
        assert holder(northside) is None
        assert events(maya)[-1] == (assigned.FREED, None, "Zoe Quist")
        assert told(cast.ALICE) == ["Conversations of Zoe Quist are nobody's now"]
        assert "Zoe Quist does not answer here any more" in open_talk(alice, maya).text_of(
            "#thread"
        )

    def test_many_are_freed_some_at_a_time_and_others_stay(self, northside, zoe, monkeypatch):
        monkeypatch.setattr(assigning, "FREED_AT_ONCE", 2)
        for place in range(4):
            give(northside, hear(northside, "hi", f"+1312557{place:04d}"), zoe.id)
        give(northside, hear(northside, "hi", OTHER), cast.BOB)
        self.leave(northside, zoe, "account")
        assert messaging.free_conversations() == 5
        assert holder(northside, OTHER) == cast.BOB
        assert len(told(cast.ALICE)) == 1

    def test_two_sweeps_at_once_free_each_once(self, app, northside, maya, zoe):
        self.leave(northside, zoe, "account")
        pair = (northside.id, zoe.id)
        ends = all_at_once(app, *[attempt(lambda: assigning.free(pair))] * 2)
        assert sorted(ends) == [0, 1]
        assert len(events(maya)) == 2

    def test_what_can_not_be_freed_holds_up_nobody_else(self, northside, maya, zoe, monkeypatch):
        yara = person("Yara Pope", organization_id=cast.JUNIPER, team_id=cast.NORTHSIDE_TEAM)
        with unit_of_work():
            account_service.add_account_member(northside.id, yara.id, actor=SYSTEM)
        give(northside, hear(northside, "hi", OTHER), yara.id)
        for who in (zoe, yara):
            self.leave(northside, who, "account")
        free, first = assigning.free, min(zoe.id, yara.id)

        def broken(pair):
            if pair[1] == first:
                raise ValueError(pair)
            return free(pair)

        monkeypatch.setattr(assigning, "free", broken)
        assert messaging.free_conversations() == 1

    def test_a_sweep_asks_once_however_many_answer(self, northside, maya, zoe):
        with asked() as few:
            assert messaging.free_conversations() == 0
        assert len(reads(few)) == 1
        for place in range(12):
            someone = person(f"Agent {place}", organization_id=cast.JUNIPER)
            with unit_of_work():
                account_service.add_account_member(northside.id, someone.id, actor=SYSTEM)
            give(northside, hear(northside, "hi", f"+1312557{place:04d}"), someone.id)
        with asked() as many:
            assert messaging.free_conversations() == 0
        assert len(reads(many)) == 1
        plan = plan_of(many, ["RECURSIVE walk"])
        assert plan.count("ix_conversations_assigned") >= 2, plan

    @pytest.mark.parametrize("how", ["owner", "lead", "lead of the owner", "nobody"])
    def test_whoever_may_text_there_in_any_way_keeps_theirs(self, northside, maya, how):
        """The sweep judges as the gate does."""
        zoe = person(
            "Zoe Quist", organization_id=cast.JUNIPER, team_id=cast.NORTHSIDE_TEAM,
            role=Role.TEAM_LEAD if how.startswith("lead") else Role.AGENT,
        )  # fmt: skip
        owner = {"owner": zoe.id, "lead of the owner": cast.BOB}.get(how)
        with unit_of_work():
            db.session.execute(update(Conversation).values(assignee_id=zoe.id))
            if owner is not None:
                values = {"owner_user_id": owner, "team_id": None}
                db.session.execute(
                    update(TextingAccount).where(TextingAccount.id == northside.id).values(values)
                )
        account = accounts.account(northside.id)
        may = facts.may_still_send(account, [zoe.id])[zoe.id]
        assert may is (how != "nobody")
        assert assigned.lost() == ([] if may else [(northside.id, zoe.id)])

    def test_a_gone_conversation_is_not_found(self, alice, northside, maya):
        data = {"to": str(cast.BOB), "was": ""}
        alice.post(
            "messaging.assign", 404, data=data, account_id=northside.id, conversation_id=uuid4()
        )
