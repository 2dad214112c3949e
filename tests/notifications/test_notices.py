"""Notices are told once, read by their owner only, and lead nowhere foreign (M-1, M-2)."""

from datetime import timedelta

from portal.core.access import Role
from portal.core.audit import SYSTEM
from portal.core.db import unit_of_work
from portal.notifications import queries, service
from portal.people import service as people
from portal.texting_accounts import service as accounts
from tests import cast
from tests.factories.people import person


def tell(*users, key="lead:1", **changes):
    given = {
        "organization_id": cast.JUNIPER,
        "account_id": cast.BOBS,
        "kind": "lead",
        "title": "New lead",
        "text": "A text from (312) 555-0142.",
        "url": "/accounts",
    }
    with unit_of_work():
        return service.notify(user_ids=users, dedupe_key=key, **given | changes)


def test_the_same_event_is_told_once(app):
    """M-2: also by several workers and after a retry."""
    assert tell(cast.BOB, cast.ALICE, cast.BOB) == 2
    assert tell(cast.BOB, cast.ALICE) == 0
    assert tell(cast.BOB, key="lead:2") == 1
    assert tell() == 0
    assert queries.unread_count(cast.BOB) == 2
    assert queries.unread_count(cast.ALICE) == 1


def test_the_bell_counts_and_the_list_reads(bob):
    tell(cast.BOB)
    page = bob.get("notifications.index")
    assert page.text_of(".icon-btn__dot") == "1"
    [notice] = queries.latest(cast.BOB)
    assert bob.post("notifications.open_notice", notice_id=notice.id).location == "/accounts"
    assert queries.unread_count(cast.BOB) == 0
    tell(cast.BOB, key="lead:2")
    bob.post("notifications.read_all")
    assert not bob.get("notifications.index").page.select(".icon-btn__dot")


def test_nobody_reads_anothers_notices(bob, mallory):
    tell(cast.BOB, title="Secret")
    [notice] = queries.latest(cast.BOB)
    mallory.post("notifications.open_notice", 404, notice_id=notice.id)
    assert "Secret" not in mallory.get("notifications.index").text
    assert queries.unread_count(cast.BOB) == 1


def test_a_notice_never_leads_to_another_site(bob):
    tell(cast.BOB, url="//evil.example")
    [notice] = queries.latest(cast.BOB)
    assert bob.post("notifications.open_notice", notice_id=notice.id).location == "/notices"


def test_long_lists_are_paged_by_key(bob):
    for n in range(51):
        tell(cast.BOB, key=f"lead:{n}", title=f"Lead {n}")
    first = bob.get("notifications.index")
    assert len(first.page.select("#notice-list tbody tr")) == 50
    rest = bob.open("GET", first.page.select_one("a[rel=next]")["href"])
    assert len(rest.page.select("#notice-list tbody tr")) == 1
    bob.get("notifications.index", 400, query={"before": "nonsense"})


def told(person_id):
    return [notice.title for notice in queries.latest(person_id)]


def test_who_left_an_account_no_longer_sees_what_it_was_told(alice, browser):
    """SPEC 1: the list, the count, and the notice itself; what is of another account stays."""
    zoe = person("Zoe Quist", organization_id=cast.JUNIPER, team_id=cast.NORTHSIDE_TEAM)
    with unit_of_work():
        accounts.add_account_member(cast.NORTHSIDE, zoe.id, actor=SYSTEM)
    tell(zoe.id, key="1", title="Of Northside", account_id=cast.NORTHSIDE)
    tell(zoe.id, key="2", title="Of Bob's")  # she was never in it
    [notice] = queries.latest(zoe.id)
    assert (notice.title, queries.unread_count(zoe.id)) == ("Of Northside", 1)
    alice.post("texting_accounts.remove_member", account_id=cast.NORTHSIDE, user_id=zoe.id)
    page = browser(zoe.id).get("notifications.index")
    assert "Northside" not in page.text_of("#notice-list") and not page.page.select(
        ".icon-btn__dot"
    )
    browser(zoe.id).post("notifications.open_notice", 404, notice_id=notice.id)
    assert (told(zoe.id), queries.unread_count(zoe.id)) == ([], 0)


def test_a_lead_who_became_an_agent_sees_what_agents_see(app):
    """An organization's notices are its leads' and officers'; a notice comes back with the role."""
    zoe = person(
        "Zoe Quist",
        organization_id=cast.JUNIPER,
        role=Role.TEAM_LEAD,
        team_id=cast.NORTHSIDE_TEAM,
    )
    tell(zoe.id, key="1", title="Of Bob's")
    tell(zoe.id, key="2", title="Of all", account_id=None, kind="trouble")
    assert set(told(zoe.id)) == {"Of Bob's", "Of all"}
    for role, sees in ((Role.AGENT, []), (Role.COMPLIANCE_OFFICER, ["Of all", "Of Bob's"])):
        with unit_of_work():
            people.change_role(cast.JUNIPER, zoe.id, role, actor=SYSTEM)
        assert (told(zoe.id), queries.unread_count(zoe.id)) == (sees, len(sees))


def test_who_left_the_organization_sees_nothing_of_it(app):
    tell(cast.MALLORY, title="Of Juniper")  # told while she worked there, say
    assert (told(cast.MALLORY), queries.unread_count(cast.MALLORY)) == ([], 0)


def test_an_administrator_sees_trouble_alone(app):
    """RULINGS 22: no leads, no texts."""
    tell(cast.PAT, key="1", title="A lead")
    tell(cast.PAT, key="2", title="Trouble", kind="trouble")
    assert (told(cast.PAT), queries.unread_count(cast.PAT)) == (["Trouble"], 1)


def test_the_list_of_one_who_works_in_two_organizations_is_in_order(app, clock):
    with unit_of_work():
        people.add_member(
            cast.LAKEVIEW_HOMES, cast.BOB, Role.TEAM_LEAD, cast.LAKEVIEW_TEAM, actor=SYSTEM
        )
    lakeview = {"organization_id": cast.LAKEVIEW_HOMES, "account_id": cast.LAKEVIEW}
    for number in range(6):
        tell(cast.BOB, key=f"{number}", title=f"{number}", **(lakeview if number % 2 else {}))
        clock.travel(by=timedelta(seconds=1))
    assert told(cast.BOB) == ["5", "4", "3", "2", "1", "0"]
    some = queries.latest(cast.BOB, limit=2)
    rest = queries.latest(cast.BOB, limit=9, before=some[-1])
    assert [notice.title for notice in (*some, *rest)] == ["5", "4", "3", "2", "1", "0"]
    assert queries.unread_count(cast.BOB) == 6
