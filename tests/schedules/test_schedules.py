"""Reports by mail: to people who may see them, once a period (M-3, PROMISES 3.7)."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.core.access import Role
from portal.core.audit import SYSTEM
from portal.core.db import db, unit_of_work
from portal.mail.models import OutgoingFile, OutgoingMail
from portal.people import service as people
from portal.reports.rules import tables
from portal.schedules import queries, rules, service
from portal.schedules.models import ReportSchedule
from portal.schedules.values import Rhythm
from portal.texting_accounts import service as account_service
from tests import cast
from tests.factories.messaging import bulk, make_campaign, make_ready, make_recipient
from tests.factories.people import person as make_person
from workers.schedules import send_reports

PAGE = {"organization_id": cast.JUNIPER}
MONDAY = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)  # seven in Chicago, the clocks just changed


def ask(person, status=303, **form):
    sent = {"report": "days", "rhythm": "weekly", "file_kind": "csv", "addresses": ""} | form
    return person.post("schedules.add_schedule", status, data=sent, **PAGE)


def mails():
    db.session.rollback()
    return [
        (row.to_address, row.subject_line)
        for row in db.session.scalars(select(OutgoingMail).order_by(OutgoingMail.to_address))
        if row.template == "report"
    ]


def attached():
    db.session.rollback()
    return list(db.session.scalars(select(OutgoingFile)))


@pytest.fixture
def busy(northside, clock):
    """Northside confirmed two campaigns in the week of 2 March."""
    make_ready(northside)
    for place in range(2):
        make_campaign(northside, [make_recipient(northside)], bulk(f"News {place}", name="=News"))
    return northside


def test_a_weekly_report_goes_on_monday_at_seven_about_the_week_before(busy, alice, clock):
    """Once, however often and by however many the sweep is run."""
    ask(alice, account=str(busy.id), report="campaigns")
    assert send_reports() == 0
    clock.travel(to=MONDAY - timedelta(minutes=1))
    assert send_reports() == 0
    clock.travel(to=MONDAY)
    assert [send_reports(), send_reports()] == [1, 0]
    assert mails() == [
        ("alice@juniper.example", "By campaign of Northside, 2 to 8 Mar 2026"),
    ]
    [file] = attached()
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [row[0] for row in rows if row and "News" in row[0]] == ["'=News", "'=News"]


def test_every_report_there_is_goes_by_mail(busy, alice, clock):
    """M-3: of all accounts and of one, which alone has none by account."""
    everywhere, of_one = list(tables.NAMES), [n for n in tables.NAMES if n != "accounts"]
    for name in everywhere:
        ask(alice, report=name)
    for name in of_one:
        ask(alice, report=name, account=str(busy.id))
    ask(alice, 422, report="accounts", account=str(busy.id))
    clock.travel(to=MONDAY)
    assert send_reports() == len(everywhere) + len(of_one)
    assert {subject.partition(" of ")[0] for _, subject in mails()} == set(tables.NAMES.values())


def test_a_name_that_no_header_takes_holds_up_no_report(busy, alice, clock):
    with unit_of_work():
        account_service.edit_account(
            busy.id, name="North\x01side", timezone=busy.timezone, actor=SYSTEM
        )
    ask(alice, account=str(busy.id))
    ask(alice)
    clock.travel(to=MONDAY)
    assert [send_reports(), send_reports()] == [2, 0]
    assert "Usage of North side, 2 to 8 Mar 2026" in {subject for _, subject in mails()}


def test_a_report_that_cannot_be_made_holds_up_no_other(busy, alice, clock, monkeypatch):
    """M-3: it is in the log and goes by a later sweep."""
    ask(alice, account=str(busy.id))
    ask(alice)
    clock.travel(to=MONDAY)
    send, [broken, _] = service.send, queries.due(MONDAY)

    def fails_once(schedule_id, now):
        if schedule_id == broken:
            raise ValueError("no such figure")
        return send(schedule_id, now)

    with monkeypatch.context() as patch:
        patch.setattr(service, "send", fails_once)
        assert [send_reports(), send_reports()] == [1, 0]
    assert send_reports() == 1


def test_weeks_in_which_nothing_ran_are_not_made_up_for(busy, alice, clock):
    ask(alice, account=str(busy.id))
    clock.travel(to=MONDAY + timedelta(days=30))
    assert [send_reports(), send_reports()] == [1, 0]
    assert mails() == [("alice@juniper.example", "Usage of Northside, 30 Mar to 5 Apr 2026")]


def test_a_mail_that_is_written_is_not_written_again_after_a_crash(busy, alice, clock):
    """The next time and the mails are of one transaction; a mail bears its period in its key."""
    ask(alice, account=str(busy.id))
    clock.travel(to=MONDAY)
    send_reports()
    with unit_of_work():
        db.session.query(ReportSchedule).update({"next_at": MONDAY})  # as a backup would have it
    assert send_reports() == 0
    assert len(mails()) == 1


def test_each_reader_gets_what_that_reader_may_see(busy, alice, vera, clock):
    """S1: an agent's own account, an officer's whole organization, from one schedule."""
    nia = make_person("Nia Cole", organization_id=cast.JUNIPER, role=Role.AGENT)
    ask(vera, report="accounts", addresses=f"{nia.email}\nvera@juniper.example")
    clock.travel(to=MONDAY)
    assert send_reports() == 2
    found = {file.mail_id: file.content.decode() for file in attached()}
    to = dict(db.session.execute(select(OutgoingMail.id, OutgoingMail.to_address)).all())
    by_reader = {to[id_]: content for id_, content in found.items()}
    assert "Northside" in by_reader["vera@juniper.example"]
    assert "Northside" not in by_reader[nia.email]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nobody@juniper.example", "nobody@juniper.example is nobody here"),
        ("mallory@lakeview.example", "mallory@lakeview.example is nobody here"),
        ("x" * 300, "is nobody here"),
    ],
)
def test_who_may_not_see_a_report_is_not_written_to(busy, alice, address, words):
    page = ask(alice, 422, account=str(busy.id), addresses=address)
    assert words in page.text
    assert queries.schedules(cast.JUNIPER, cast.ALICE) == []


def test_who_does_not_reach_the_account_is_named(busy, alice):
    nia = make_person("Nia Cole", organization_id=cast.JUNIPER, role=Role.AGENT)
    page = ask(alice, 422, account=str(busy.id), addresses=nia.email)
    assert f"{nia.email} may not see this report" in page.text


def test_who_left_gets_none_and_with_the_owner_it_ends(busy, browser, bob, clock):
    olga = make_person("Olga Reyes", organization_id=cast.JUNIPER, role=Role.COMPLIANCE_OFFICER)
    ask(browser(olga.id), account=str(busy.id), addresses=f"bob@juniper.example {olga.email}")
    with unit_of_work():
        people.set_active(cast.BOB, active=False, actor=SYSTEM)
    clock.travel(to=MONDAY)
    assert send_reports() == 1
    assert [to for to, _ in mails()] == [olga.email]
    with unit_of_work():
        people.set_active(olga.id, active=False, actor=SYSTEM)
    clock.travel(by=timedelta(days=7))
    assert send_reports() == 0
    assert db.session.scalar(select(func.count()).select_from(ReportSchedule)) == 0


def test_the_page_lists_and_stops_ones_own(busy, alice, bob):
    assert "No report goes by mail yet" in alice.get("schedules.schedules", **PAGE).text
    ask(alice, account=str(busy.id), rhythm="monthly", file_kind="xlsx")
    page = alice.get("schedules.schedules", **PAGE)
    assert "Northside. On the 1st, about the month before, Excel" in page.text
    [mine] = queries.schedules(cast.JUNIPER, cast.ALICE)
    bob.post("schedules.stop_schedule", 404, schedule_id=mine.id, **PAGE)
    assert "No report goes by mail yet" in bob.get("schedules.schedules", **PAGE).text
    alice.post("schedules.stop_schedule", 303, schedule_id=mine.id, **PAGE)
    assert queries.schedules(cast.JUNIPER, cast.ALICE) == []


def test_an_account_of_somebody_else_is_refused(alice, lakeview):
    alice.get("schedules.schedules", 400, query={"account": str(lakeview.id)}, **PAGE)
    ask(alice, 400, account=str(lakeview.id))


def test_there_is_an_end_to_reports_by_mail(alice, monkeypatch):
    monkeypatch.setattr("portal.schedules.service.MOST", 1)
    ask(alice)
    assert "Stop one that is no longer read" in ask(alice, 422).text


ZONES = st.sampled_from(
    ["America/Chicago", "Asia/Tokyo", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo", "UTC"]
)
MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(rhythm=st.sampled_from(Rhythm), at=MOMENTS, zone=ZONES)
def test_periods_follow_each_other_without_gap_or_overlap(rhythm, at, zone):
    """L4: in any zone, over any change of clocks, each week and month is told once."""
    first = rules.next_time(rhythm, at, zone)
    assert at < first
    second = rules.next_time(rhythm, first, zone)
    told = [rules.period_before(rhythm, when, zone).span for when in (first, second)]
    assert told[0].after == told[1].first
    assert told[0].last < first.astimezone(ZoneInfo(zone)).date()
    local = first.astimezone(ZoneInfo(zone))
    assert local.hour == 7
    assert local.weekday() == 0 if rhythm is Rhythm.WEEKLY else local.day == 1


def test_a_month_is_held_against_the_month_before():
    at = datetime(2026, 3, 1, 13, 0, tzinfo=UTC)
    period = rules.period_before(Rhythm.MONTHLY, at, "America/Chicago")
    assert period.span.words == "1 to 28 Feb 2026"
    assert period.before.first == date(2026, 1, 1)
