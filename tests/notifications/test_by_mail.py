"""Which notices come by mail, and when: at once, in one digest a day, or never (M-1, M-2)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.access import Role
from portal.core.audit import Actor
from portal.core.db import db, unit_of_work
from portal.notifications import queries, rules, service
from portal.notifications.models import DigestSchedule, Notice
from portal.notifications.queries import MAILS_AT_ONCE
from portal.notifications.values import KINDS, ByMail, MailStep, Words
from portal.people import service as people
from tests import cast
from tests.chaos.processes import at_once
from tests.factories.mail import kept
from workers.notifications import mail_notices, send_digests

BOB = Actor(cast.BOB, "Bob Tran", "203.0.113.4")
ADDRESS = "bob@juniper.example"


def tell(key="1", kind="credits", *users, **changes):
    given_ = {
        "organization_id": cast.JUNIPER,
        "account_id": cast.BOBS,
        "user_ids": users or [cast.BOB],
        "kind": kind,
        "title": "Bob Tran: 80 % of this month's credits are used",
        "text": "80 of 100 credits are used.",
        "url": "/accounts",
        "dedupe_key": f"{kind}:{key}",
    }
    with unit_of_work():
        return service.notify(**given_ | changes)


def choose(by_mail=None, hour=8):
    with unit_of_work():
        service.choose(cast.BOB, by_mail or {}, hour, actor=BOB)


def subjects():
    return [each.mail.subject for each in kept() if each.mail.to == ADDRESS]


# At once -------------------------------------------------------------------------------------------------------------


def test_a_notice_comes_at_once_with_its_words_and_the_way_out(app):
    tell()
    assert mail_notices() == 1
    [mail] = kept()
    assert mail.mail.subject == "Bob Tran: 80 % of this month's credits are used"
    assert "80 of 100 credits are used." in mail.text
    assert "http://localhost/accounts" in mail.text
    assert "http://localhost/profile/notifications" in mail.text
    assert service.unsubscribe_url(cast.BOB, "credits") in mail.text
    assert mail_notices() == 0


def test_told_twice_is_mailed_once(app):
    """M-2: also when a worker dies between the mail and the end of its work."""
    tell()
    work = unit_of_work()
    with pytest.raises(ZeroDivisionError), work:
        assert service.mail_due(queries.mails_due()) == 1
        raise ZeroDivisionError
    assert kept() == []
    tell()
    mail_notices()
    mail_notices()
    assert len(kept()) == 1


def test_many_notices_are_settled_in_pieces(app):
    for n in range(MAILS_AT_ONCE + 5):
        tell(str(n), kind="reply")
    assert mail_notices() == MAILS_AT_ONCE + 5


@pytest.mark.parametrize("kind", [k for k in KINDS if KINDS[k].words is Words.KIND])
def test_who_texts_is_never_named_in_a_mail(app, kind):
    choose({kind: ByMail.AT_ONCE})
    tell(kind=kind, title="Carol Diaz replied", text="My number is (312) 555-0142")
    mail_notices()
    [mail] = kept()
    assert not any(w in f"{mail.mail.subject} {mail.text} {mail.html}" for w in ("Carol", "0142"))
    assert mail.mail.subject.startswith("Bob Tran: ")


def test_every_kind_is_known_and_no_other_is_told(app):
    with pytest.raises(ValueError, match="weather"):
        tell(kind="weather")
    for kind in KINDS.values():
        assert rules.mail_words(kind.key, "Title", "Text", None)[0]


def test_who_was_locked_out_gets_no_mail(app):
    tell()
    with unit_of_work():
        people.disable_member(cast.JUNIPER, cast.BOB, actor=Actor(cast.ALICE, "Alice", None))
    mail_notices()
    assert subjects() == []


@pytest.mark.parametrize(
    ("about", "is_mailed"),
    [
        ({"account_id": cast.BOBS}, False),
        ({"account_id": cast.NORTHSIDE}, True),  # an agent works in the team's account
        ({"account_id": None}, False),
        ({"account_id": cast.LAKEVIEW, "organization_id": cast.LAKEVIEW_HOMES}, False),
    ],
)
@pytest.mark.parametrize("when", [ByMail.AT_ONCE, ByMail.DIGEST])
def test_who_is_no_lead_any_more_gets_no_mail_of_what_leads_see(app, clock, about, is_mailed, when):
    """M-1, SPEC 1: what was told before the role changed is in no mail written after."""
    with unit_of_work():
        service.choose(cast.ALICE, {"credits": when}, 8, actor=BOB)
        people.change_role(
            cast.JUNIPER, cast.BOB, Role.TEAM_LEAD, actor=Actor(cast.ALICE, "Alice", None)
        )
    tell("1", "credits", cast.ALICE, **about)
    if when is ByMail.DIGEST:
        mail_notices()
    with unit_of_work():
        people.change_role(cast.JUNIPER, cast.ALICE, Role.AGENT, actor=BOB)
    mail_notices()
    clock.travel(by=timedelta(days=1))
    send_digests()
    assert bool(kept()) is is_mailed


def test_an_address_no_mail_can_go_to_holds_up_nobody(app):
    """M-2: `setup` takes any address; its notice is settled, and the others are mailed."""
    with unit_of_work():
        root = people.create_user("Root", "root@localhost", None, is_admin=True)
    tell("1", "trouble", root.id, organization_id=None, account_id=None)
    tell("2")
    assert mail_notices() == 2
    assert [mail.mail.to for mail in kept()] == [ADDRESS]
    assert mail_notices() == 0


def test_a_title_with_line_breaks_is_one_subject(app):
    tell(title="a\r\nBcc: eve@example.com\n")
    mail_notices()
    assert subjects() == ["a Bcc: eve@example.com"]


# The digest ----------------------------------------------------------------------------------------------------------


def test_a_digest_comes_once_a_day_at_the_persons_hour(app, clock):
    """It is noon in Chicago; the digest of 8:00 comes tomorrow."""
    tell("1", "webhook", title="One")
    tell("2", "webhook", title="Two")
    mail_notices()
    assert send_digests() == 0
    clock.travel(by=timedelta(hours=19, minutes=59))
    assert send_digests() == 0
    clock.travel(by=timedelta(minutes=1))
    assert send_digests() == 1
    [mail] = kept()
    assert mail.mail.subject == "2 notices of 3 Mar"
    assert mail.text.index("One") < mail.text.index("Two")
    tell("3", "webhook")
    mail_notices()
    clock.travel(by=timedelta(hours=2))
    assert send_digests() == 0
    clock.travel(by=timedelta(hours=22))
    assert send_digests() == 1
    assert subjects() == ["1 notice of 4 Mar", "2 notices of 3 Mar"]


def test_an_empty_digest_is_not_sent(app, clock):
    tell(kind="webhook")
    mail_notices()
    with unit_of_work():
        service.mark_all_read(cast.BOB)
    clock.travel(by=timedelta(days=1))
    assert send_digests() == 0
    assert kept() == []
    tell("2", kind="webhook")
    mail_notices()
    clock.travel(by=timedelta(days=1))
    assert send_digests() == 1


def test_a_digest_of_a_worker_that_died_goes_with_the_next(app, clock):
    tell(kind="webhook")
    mail_notices()
    clock.travel(by=timedelta(days=1))
    work = unit_of_work()
    with pytest.raises(ZeroDivisionError), work:
        assert service.send_digest(cast.BOB)
        raise ZeroDivisionError
    assert send_digests() == 1
    assert send_digests() == 0


def test_several_processes_send_one_digest(app, clock):
    tell(kind="webhook")
    mail_notices()
    clock.travel(by=timedelta(days=1))
    assert sum(at_once(app, 3, lambda _number: send_digests())) == 1
    assert len(kept()) == 1


def test_who_moves_west_gets_no_second_digest_that_day(app, clock):
    tell(kind="webhook")
    mail_notices()
    clock.travel(by=timedelta(hours=20))
    assert send_digests() == 1
    tell("2", kind="webhook")
    mail_notices()
    with unit_of_work():
        schedule = db.session.get(DigestSchedule, cast.BOB)
        schedule.next_at = datetime(2026, 3, 3, 15, tzinfo=UTC)
    clock.travel(by=timedelta(hours=2))
    assert send_digests() == 0
    db.session.expire_all()
    next_at = db.session.get(DigestSchedule, cast.BOB).next_at
    assert next_at.astimezone(ZoneInfo("America/Chicago")).date() == date(2026, 3, 4)


def test_a_changed_hour_holds_for_what_waits_and_none_means_none(app, clock):
    tell(kind="webhook")
    mail_notices()
    choose(hour=14)
    clock.travel(by=timedelta(hours=2))
    assert send_digests() == 1
    tell("2", kind="webhook")
    mail_notices()
    choose(hour=None)
    assert queries.preferences(cast.BOB).digest_hour is None
    clock.travel(by=timedelta(days=2))
    assert send_digests() == 0
    db.session.commit()
    assert {row.mail_step for row in db.session.query(Notice)} == {MailStep.DONE}


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    hour=st.integers(0, 23),
    zone=st.sampled_from(["America/Chicago", "America/Phoenix", "Australia/Lord_Howe", "UTC"]),
)
def test_the_next_digest_is_within_a_day_or_so_and_never_twice_a_day(now, hour, zone):
    first = rules.next_digest(now, hour, zone, None)
    assert timedelta(0) < first - now <= timedelta(hours=25)
    local = first.astimezone(ZoneInfo(zone))
    assert local.hour in {hour, hour + 1}  # the hour the clocks skip to
    second = rules.next_digest(first, hour, zone, local.date())
    assert second.astimezone(ZoneInfo(zone)).date() == local.date() + timedelta(days=1)


# Choosing ------------------------------------------------------------------------------------------------------------


def test_one_chooses_on_a_page_of_ones_own(bob):
    page = bob.get("notifications.preferences")
    assert page.page.select_one("#mail_lead option[selected]")["value"] == "at_once"
    data = {f"mail_{key}": "never" for key in KINDS} | {"digest_hour": "17"}
    bob.post("notifications.preferences", 303, data=data)
    wants = queries.preferences(cast.BOB)
    assert set(wants.by_mail.values()) == {ByMail.NEVER}
    assert wants.digest_hour == 17
    assert queries.preferences(cast.ALICE).by_mail["lead"] is ByMail.AT_ONCE
    tell()
    mail_notices()
    assert subjects() == []
    assert queries.unread_count(cast.BOB) == 1  # the bell shows it all the same
    bob.post("notifications.preferences", 422, data=data | {"mail_lead": "hourly"})
    bob.post("notifications.preferences", 422, data=data | {"digest_hour": "24"})


def link_of(what):
    return service.unsubscribe_url(cast.BOB, what).removeprefix("http://localhost")


def test_a_mail_program_turns_a_kind_off_with_one_click(anyone):
    """RFC 8058: a POST without cookie or token; opening the page changes nothing."""
    where = link_of("credits")
    assert "Turn this mail off" in anyone.open("GET", where).text
    assert queries.preferences(cast.BOB).by_mail["credits"] is ByMail.AT_ONCE
    done = anyone.open("POST", where, data={"List-Unsubscribe": "One-Click"})
    assert "no longer comes by e-mail" in done.text
    anyone.open("POST", where)
    wants = queries.preferences(cast.BOB)
    assert wants.by_mail["credits"] is ByMail.NEVER
    assert wants.by_mail["lead"] is ByMail.AT_ONCE
    anyone.open("POST", link_of("digest"))
    assert queries.preferences(cast.BOB).digest_hour is None


def test_a_link_that_is_not_ours_turns_nothing_off(anyone):
    good = link_of("credits")
    for where in (good[:-1], good.replace("/unsubscribe/", "/unsubscribe/x"), "/unsubscribe/x"):
        anyone.open("POST", where, 404)
    assert queries.preferences(cast.BOB).by_mail["credits"] is ByMail.AT_ONCE
