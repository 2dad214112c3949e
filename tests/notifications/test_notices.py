"""Notices are told once, read by their owner only, and lead nowhere foreign (M-1, M-2)."""

from portal.core.db import unit_of_work
from portal.notifications import queries, service
from tests import cast


def tell(*users, key="lead:1", url="/accounts", title="New lead"):
    with unit_of_work():
        return service.notify(
            organization_id=cast.JUNIPER,
            account_id=cast.BOBS,
            user_ids=users,
            kind="lead",
            title=title,
            text="A text from (312) 555-0142.",
            url=url,
            dedupe_key=key,
        )


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
