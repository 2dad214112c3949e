"""A carrier's list that stays unread is told to people, who wait for it (PROMISES 2.4)."""

from datetime import timedelta

import pytest

from portal.core.db import db, unit_of_work
from portal.core.errors import GatewayBusy
from portal.core.secrets_box import SecretUnreadable
from portal.messaging.service import fence, heartbeat
from portal.messaging.values import FenceCause
from portal.notifications.models import Notice
from portal.numbers import queries as numbers
from tests.cast import ALICE, JUNIPER, MALLORY, NORTHSIDE, PAT, VERA
from workers import messaging, recovery


@pytest.fixture
def unreadable(northside, sender, carrier_fake, monkeypatch):
    """The carrier does not give the list to its end."""

    def busy(*_):
        raise GatewayBusy("more pages than we read")

    monkeypatch.setattr(carrier_fake, "listed_since", busy)


def told():
    db.session.rollback()
    return db.session.query(Notice).filter(Notice.title.like("%can't be read%")).all()


def beat():
    with unit_of_work():
        return heartbeat.beat()


def outage(clock):
    beat()
    clock.travel(by=timedelta(minutes=2))
    beat()
    return recovery.catch_up


def restore(_clock):
    with unit_of_work():
        fence.trip(JUNIPER, FenceCause.OLDER)
    return recovery.mend_fenced


@pytest.mark.parametrize("trouble", [outage, restore])
def test_people_hear_of_it_after_an_hour_once_a_day(unreadable, clock, trouble):
    read = trouble(clock)
    for _ in range(5):
        clock.travel(by=timedelta(minutes=10))
        read()
    assert told() == []
    for _ in range(5):
        clock.travel(by=timedelta(minutes=10))
        read()
    people = [notice.user_id for notice in told() if notice.organization_id == JUNIPER]
    assert len(people) == len(set(people))
    assert {ALICE, VERA, PAT} <= set(people)
    assert MALLORY not in people
    clock.travel(by=timedelta(days=1))
    read()
    again = [notice.user_id for notice in told() if notice.organization_id == JUNIPER]
    assert len(again) == 2 * len(people)


def test_so_they_do_of_daily_readings_that_failed_for_two_days(
    northside, sender, carrier_fake, clock, request
):
    recovery.sweep_both_ways()
    request.getfixturevalue("unreadable")
    clock.travel(by=timedelta(hours=47))
    recovery.sweep_both_ways()
    assert told() == []
    clock.travel(by=timedelta(hours=2))
    recovery.sweep_both_ways()
    assert {ALICE, VERA, PAT} <= {notice.user_id for notice in told()}


def test_the_banner_promises_no_end_that_does_not_come(unreadable, clock, bob):
    outage(clock)
    assert "This ends by itself" in bob.get("messaging.inbox", account_id=NORTHSIDE).text
    for _ in range(90):  # the web is up all the time
        clock.travel(by=timedelta(seconds=55))
        beat()
    page = bob.get("messaging.inbox", account_id=NORTHSIDE).text
    assert "This ends by itself" not in page
    assert "could not be read to its end" in page


def test_the_pages_of_a_stop_say_why_nobody_can_decide(unreadable, clock, browser):
    restore(clock)
    pages = ((ALICE, "messaging.sending", {"organization_id": JUNIPER}),
             (PAT, "messaging.admin_sending", {}))  # fmt: skip
    for user_id, page, of in pages:
        assert "That takes a few minutes" in browser(user_id).get(page, **of).text
    clock.travel(by=timedelta(hours=2))
    for user_id, page, of in pages:
        shown = browser(user_id).get(page, **of)
        assert "That takes a few minutes" not in shown.text
        assert shown.text.count("could not be read to its end") == 1
        assert not shown.page.select("#standstill")  # it would lead to where one is
        leads_there = bool(shown.page.select("main a[href='/admin/go-live']"))
        assert leads_there == (user_id == PAT)  # who alone may open it


def test_the_page_of_an_outage_says_it_once(unreadable, clock, browser):
    outage(clock)
    for level in ("info", "warn"):  # calm until people have to act
        shown = browser(ALICE).get("messaging.sending", organization_id=JUNIPER)
        assert len(shown.texts_of(".notice")) == 1
        assert shown.page.select(f".notice--{level}")
        for _ in range(90):  # the web is up all the time
            clock.travel(by=timedelta(seconds=55))
            beat()


def no_key(monkeypatch):
    def credentials(_organization_id):
        raise SecretUnreadable("no key")

    monkeypatch.setattr(numbers, "credentials", credentials)
    return messaging.catch_up_inbound


@pytest.mark.parametrize("trouble", ["list", "token"])
def test_everybody_may_open_what_they_are_told_of(
    trouble, northside, sender, clock, request, monkeypatch, browser
):
    if trouble == "token":
        no_key(monkeypatch)()
    else:
        request.getfixturevalue("unreadable")
        read = restore(clock)
        clock.travel(by=timedelta(hours=2))
        read()
    notices = {notice.user_id: notice.url for notice in told()}
    monkeypatch.undo()
    for user_id in (ALICE, VERA, PAT):
        browser(user_id).open("GET", notices[user_id], 200)
