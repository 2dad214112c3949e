"""What people see while sending stands still, and how they let it go on (I14)."""

from datetime import timedelta

import pytest

from portal.core.db import db, unit_of_work
from portal.messaging.models import StrayText
from portal.messaging.queries import recovery as records
from portal.messaging.service import fence, heartbeat
from portal.messaging.values import FenceCause, State
from tests.cast import JUNIPER, NORTHSIDE
from tests.factories.messaging import make_campaign, make_recipients, texts
from workers import recovery


@pytest.fixture
def just_stopped(northside, sender, carrier_fake):
    """Two texts that may have gone, and the carrier's list read at once."""
    make_campaign(northside, make_recipients(northside, 2))
    with unit_of_work():
        fence.trip(JUNIPER, FenceCause.OLDER)
    recovery.mend_fenced()


@pytest.fixture
def stopped(just_stopped, clock):
    """The list read again, once its lag was over."""
    clock.travel(by=timedelta(minutes=15))
    recovery.mend_fenced()


@pytest.fixture
def stray(northside, clock):
    with unit_of_work():
        db.session.add(
            StrayText(
                sid="SM" + "5" * 32,
                organization_id=JUNIPER,
                e164="+13125550177",
                from_e164=None,
                body="You won <b>a prize</b>",
                sent_at=clock.now,
            )
        )
        fence.trip(JUNIPER, FenceCause.STRAYS)


def test_everybody_of_the_organization_is_told_on_every_page(
    stopped, alice, bob, vera, pat, mallory
):
    for person, place in (
        (alice, "messaging.inbox"),
        (bob, "messaging.compose"),
        (vera, "reports.home"),
    ):
        account = {} if place == "reports.home" else {"account_id": NORTHSIDE}
        assert "Sending has stopped." in person.get(place, **account).text
    assert "Sending has stopped for 1 organization." in pat.get("people.admin_users").text
    assert "Sending has stopped" not in mallory.get("reports.home").text


def test_a_lead_lets_sending_go_on_with_a_reason(stopped, alice, northside):
    page = alice.get("messaging.sending", organization_id=JUNIPER)
    assert "2 texts were due before sending stopped" in page.text
    refused = alice.post(
        "messaging.let_sending_go_on",
        422,
        {"waiting": "drop", "reason": ""},
        organization_id=JUNIPER,
    )
    assert "Write what you found out" in refused.text
    alice.post(
        "messaging.let_sending_go_on",
        None,
        {"waiting": "drop", "reason": "We restored Monday's backup."},
        organization_id=JUNIPER,
    )
    assert records.fence(JUNIPER) is None
    assert {t.state for t in texts(northside)} == {State.UNCONFIRMED}
    page = alice.get("messaging.sending", organization_id=JUNIPER)
    assert "We restored Monday's backup." in page.text
    assert "Alice Moreno" in page.text


def test_an_agent_sees_the_banner_without_the_page(stopped, bob):
    assert "A team lead or compliance officer" in bob.get("reports.home").text
    bob.get("messaging.sending", 403, organization_id=JUNIPER)


def test_the_administrator_sees_counts_not_texts(stray, pat, sender, carrier_fake):
    page = pat.get("messaging.admin_sending")
    assert "Juniper Realty" in page.text
    assert "You won" not in page.text
    recovery.mend_fenced()
    name = f"o{JUNIPER.hex[:8]}"
    pat.post(
        "messaging.admin_let_sending_go_on",
        422,
        {f"{name}-waiting": "drop"},
        organization_id=JUNIPER,
    )
    pat.post(
        "messaging.admin_let_sending_go_on",
        None,
        {f"{name}-waiting": "drop", f"{name}-reason": "Our own test."},
        organization_id=JUNIPER,
    )
    assert records.fence(JUNIPER) is None


def test_strays_are_shown_as_text_to_those_who_may_settle_them(stray, vera):
    page = vera.get("messaging.sending", organization_id=JUNIPER)
    assert "You won <b>a prize</b>" in page.text
    assert "(312) 555-0177" in page.text


def test_nothing_can_be_lifted_before_the_list_was_read(stray, alice):
    refused = alice.post(
        "messaging.let_sending_go_on",
        422,
        {"waiting": "drop", "reason": "Never mind."},
        organization_id=JUNIPER,
    )
    assert "list is being read" in refused.text


def test_nothing_is_decided_by_a_list_that_may_lack_the_last_minutes(just_stopped, alice, pat):
    """PROMISES 1.3: what left just before, and the STOPs that came then, may not be on it yet."""
    stands = "may not show yet what left just before sending stopped"
    again = "again after 2 Mar 2026, 12:15 pm CST; then you can decide"
    shown = alice.get("messaging.sending", organization_id=JUNIPER)
    assert stands in shown.text
    assert again in shown.text
    assert not shown.page.select("textarea")
    assert stands in pat.get("messaging.admin_sending").text
    refused = alice.post(
        "messaging.let_sending_go_on",
        422,
        {"waiting": "send", "reason": "Never mind."},
        organization_id=JUNIPER,
    )
    assert stands in refused.text
    assert records.fence(JUNIPER) is not None


def test_the_banner_goes_away_by_itself(northside, sender, carrier_fake, clock, alice):
    """It asks again every ten seconds; a stranger gets none of it."""
    with unit_of_work():
        heartbeat.beat()
    clock.travel(by=timedelta(minutes=3))
    with unit_of_work():
        heartbeat.beat()
    shown = alice.get("messaging.inbox", account_id=NORTHSIDE).text
    assert "Catching up." in shown
    words = "list can lag 15 minutes, so bulk texts wait until 2 Mar 2026, 12:18 pm CST at the"
    assert words in shown  # three minutes past noon where she reads, and the lag
    assert words in alice.get("messaging.sending", organization_id=JUNIPER).text
    banner = alice.htmx.get("messaging.sending_banner", organization_id=JUNIPER)
    assert "every 10s" in str(banner.page)
    for _ in range(30):
        clock.travel(by=timedelta(seconds=30))
        with unit_of_work():
            heartbeat.beat()
    late = alice.get("messaging.inbox", account_id=NORTHSIDE).text
    assert "Bulk texts wait until every opt-out is known" in late  # once read, whenever that is
    recovery.catch_up()
    banner = alice.htmx.get("messaging.sending_banner", organization_id=JUNIPER)
    assert "Catching up" not in banner.text
    assert "hx-get" not in str(banner.page)
