"""The page to go live by: who sees it, what it says, the button that looks now (X-1)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from redis import RedisError
from sqlalchemy import select

from portal.core import jobs
from portal.core import settings as settings_module
from portal.core.audit import INSTALLATION, Actor, AuditEntry
from portal.core.db import db, unit_of_work
from portal.core.jobs import Job, Lane
from portal.gateways import email, numbers, webhooks
from portal.gateways.email import FakeEmail, Tried, Verdict
from portal.gateways.numbers import FakeNumberGateway
from portal.gateways.webhooks import FakeWebhooks
from portal.go_live import queries, service
from portal.go_live.service import asking
from portal.go_live.values import Answer
from portal.mail import queries as mail_queries
from portal.messaging.service import sweeps
from portal.people import queries as people
from portal.people.models import Organization
from tests import cast
from tests.factories.numbers import make_carrier_account
from workers.go_live import look_live, ring_for_looks
from workers.mail import send_mails

PAT = Actor(None, "Pat")


@pytest.fixture
def outside(app, settings):
    """A carrier, and a public address whose answers a test sets."""
    lessor, posts = FakeNumberGateway(), FakeWebhooks()
    before, posted_before = numbers.current(), webhooks.current()
    numbers.use(lessor)
    webhooks.use(posts)
    yield lessor
    numbers.use(before)
    webhooks.use(posted_before)
    email.use(None)
    settings_module.use(settings)


def _row(page, title):
    """Return what the page says of one check."""
    [row] = [
        " ".join(tag.get_text(" ").split())
        for tag in page.page.select("tbody tr")
        if tag.select_one(".datatable__name").get_text() == title
    ]
    return row


def _events():
    rows = select(AuditEntry.event).where(AuditEntry.chain == INSTALLATION)
    return [event for event in db.session.scalars(rows) if event.startswith("go-live")]


@pytest.mark.pages
@pytest.mark.parametrize("name", ["alice", "bob", "vera", "mallory"])
def test_only_an_administrator_goes_live(request, name):
    person = request.getfixturevalue(name)
    for endpoint, method in (
        ("go_live.index", person.get),
        ("go_live.look", person.post),
        ("go_live.test_mail", person.post),
        ("go_live.backed_up", person.post),
    ):
        assert method(endpoint, status=403).status == 403
    assert "Go live" not in person.get("reports.home").text


def test_a_stranger_is_asked_to_sign_in(anyone):
    assert anyone.client.get(anyone.url("go_live.index")).status_code in {302, 303}


def test_the_page_says_of_each_check_how_it_stands_and_what_mends_it(pat):
    page = pat.get("go_live.index")
    assert "To do The carrier sandbox stands in for Twilio" in _row(page, "Where texts go")
    assert "TWILIO_ACCOUNT_SID" in _row(page, "Where texts go")
    assert "Nobody has looked yet" in _row(page, "Credentials")
    assert "only this machine" in _row(page, "Public address")
    assert "No test call" in _row(page, "Webhooks")
    assert "SMTP_URL is not set" in _row(page, "Mail server")
    assert "Failing No worker was heard of" in _row(page, "Workers")
    assert "Juniper Realty: registration" in page.text
    assert "There is none, and none can come" in _row(page, "Demo data")
    assert "fail" in page.text_of("#go-live [role=status] .notice__title")
    links = {tag["href"] for tag in page.page.select("#go-live tbody a")}
    assert pat.url("webhook_checks.admin_index") in links
    assert pat.url("people.admin_organization", organization_id=cast.JUNIPER) in links
    for link in links:
        assert pat.client.get(link).status_code == 200, link


def test_the_page_names_sweeps_that_failed_and_where_their_error_is(pat):
    with unit_of_work():
        for name in ("sort-texts", "reconcile"):
            assert sweeps.take(name, "scheduler")
        sweeps.done("reconcile", "scheduler")
    assert "Good The scheduler runs." in _row(pat.get("go_live.index"), "Scheduler")
    with unit_of_work():
        for name in ("sort-texts", "reconcile"):
            sweeps.failed(name, "scheduler")
    row = _row(pat.get("go_live.index"), "Scheduler")
    assert "Failing" in row
    assert "failed and is tried again within eleven minutes: reconcile, sort-texts." in row
    assert "scheduler's log: search it for the name" in row


def test_it_is_in_the_menu_and_on_the_home(pat):
    home = pat.get("reports.home")
    assert home.page.select_one(f".checklist a[href='{pat.url('go_live.index')}']")
    assert "failing" in home.text_of("#set-up")
    assert pat.get("go_live.index").page.select_one("nav [aria-current=page]") is not None


def test_once_real_texts_were_delivered_the_home_leaves_the_checklist_out(
    pat, settings, monkeypatch
):
    monkeypatch.setattr("portal.messaging.queries.any_text_delivered", lambda: True)
    assert pat.get("reports.home").page.select_one("#set-up"), "the sandbox delivers nothing real"
    settings_module.use(replace(settings, is_sandbox=False))
    try:
        assert not pat.get("reports.home").page.select_one("#set-up")
    finally:
        settings_module.use(settings)


def test_the_button_asks_a_worker_once_and_the_page_follows(pat, outside):
    make_carrier_account(cast.JUNIPER)
    pat.post("go_live.look", status=303)
    assert jobs.queue(Lane.DEFAULT).job_ids == [f"look_live-default-{asking.INSTALLATION}"]
    page = pat.get("go_live.index")
    assert "A worker is looking" in page.text
    assert page.page.select_one("#go-live")["hx-trigger"] == "every 2s"
    pat.post("go_live.look", status=303)
    assert _events() == ["go-live:look:ask"], "one under way is enough"

    assert look_live(asking.INSTALLATION) == 3
    assert look_live(asking.INSTALLATION) == 0, "it ended"
    page = pat.get("go_live.index")
    assert not page.page.select_one("#go-live").get("hx-trigger"), "nothing pending, no polling"
    row = _row(page, "Credentials")
    assert row.startswith("Credentials Good Looked at today")
    assert "The sandbox accepts the account SID" in row
    assert "It has no number yet" in _row(page, "Juniper Realty: account and numbers")
    assert "Failing" in _row(page, "Webhooks"), "nothing arrived"
    assert "names another installation" in _row(page, "Webhooks")
    assert "by Pat" in page.text


def test_with_htmx_the_button_answers_with_the_checks_alone(pat, outside):
    reply = pat.htmx.post("go_live.look")
    assert reply.is_partial
    assert "A worker is looking" in reply.text
    again = pat.htmx.post("go_live.look")
    assert "A look is under way already." in again.text
    assert pat.htmx.get("go_live.index").is_partial


def test_what_was_seen_stays_until_it_is_looked_at_again(pat, outside, clock):
    outside.suspended.add(settings_module.settings().twilio_account_sid)
    with unit_of_work():
        service.ask(actor=PAT)
    look_live("x")
    assert "has suspended or closed" in _row(pat.get("go_live.index"), "Credentials")
    outside.suspended.clear()
    clock.travel(by=queries.LEFT_AFTER * 3)
    page = pat.get("go_live.index")
    assert "has suspended or closed" in _row(page, "Credentials"), "a page looks at nothing"
    pat.post("go_live.look", status=303)
    look_live("x")
    assert "Good" in _row(pat.get("go_live.index"), "Credentials")


def test_what_was_seen_of_another_account_or_server_is_not_told_of_this_one(pat, outside, settings):
    email.use(FakeEmail())
    settings_module.use(replace(settings, smtp_url="smtp://pat:sesame@old.example.com:587"))
    with unit_of_work():
        service.ask(actor=PAT)
    look_live("x")
    page = pat.get("go_live.index")
    assert "Good" in _row(page, "Credentials")
    assert "Good" in _row(page, "Mail server")
    new = "smtp://pat:sesame@new.example.com:587"
    settings_module.use(replace(settings, smtp_url=new, twilio_account_sid="AC" + "9" * 32))
    page = pat.get("go_live.index")
    assert "Nobody has looked yet." in _row(page, "Credentials")
    assert "Nobody has looked yet." in _row(page, "Mail server")
    assert "sesame" not in page.text


def test_what_came_to_another_address_is_not_told_of_this_one(pat, outside, settings):
    with unit_of_work():
        service.ask(actor=PAT)
    look_live("x")
    assert "No test call was made yet" not in _row(pat.get("go_live.index"), "Webhooks")
    settings_module.use(replace(settings, public_url="http://new.example.com"))
    assert "No test call was made yet" in _row(pat.get("go_live.index"), "Webhooks")


def test_a_look_nobody_took_says_so_and_may_be_asked_for_again(pat, outside, clock):
    pat.post("go_live.look", status=303)
    clock.travel(by=queries.LEFT_AFTER * 2)
    page = pat.get("go_live.index")
    assert "Nobody ended the look" in page.text
    assert not page.page.select_one("#go-live").get("hx-trigger")
    pat.post("go_live.look", status=303)
    assert len(_events()) == 2


def test_a_lost_bell_is_rung_again_and_a_dead_run_taken_over(outside, app, redis, clock):
    assert ring_for_looks() == 0
    with unit_of_work():
        assert service.ask(actor=PAT)
    redis.flushall()
    assert ring_for_looks() == 1
    assert jobs.waiting(Lane.DEFAULT) == 1
    with unit_of_work():
        first = service.claim()
    with unit_of_work():
        assert service.claim() is None, "a worker is at it"
    clock.travel(by=queries.LEASE * 2)
    with unit_of_work():
        assert service.claim() == first, "it died"


def test_an_older_looks_answer_comes_too_late(outside, app, clock):
    with unit_of_work():
        service.ask(actor=PAT)
    with unit_of_work():
        old = service.claim()
    clock.travel(by=queries.LEFT_AFTER * 2)
    with unit_of_work():
        assert service.ask(actor=PAT)
    late = Answer(clock.now, "suspended")
    with unit_of_work():
        service.keep(old.run, queries.ACCOUNT, late)
        service.settle(old.run)
    assert queries.look().is_open
    assert queries.look().answer(queries.ACCOUNT) is None


def test_what_fails_in_one_look_keeps_no_other_from_its_turn(outside, app, monkeypatch):
    monkeypatch.setattr("portal.go_live.service.looking.of_installation", lambda: 1 / 0)
    with unit_of_work():
        service.ask(actor=PAT)
    make_carrier_account(cast.JUNIPER)
    assert look_live("x") == 3
    last = queries.look()
    assert not last.is_open
    assert set(last.answers) == {queries.LOG, queries.ACCOUNT, queries.of(cast.JUNIPER)}
    assert last.answer(queries.of(cast.JUNIPER)).problem == ""


def test_what_fails_is_not_what_was_found_before(pat, outside, monkeypatch):
    """A look that broke says so: an older good answer would say that all is well."""
    for expected in ("Good", "Failing"):
        with unit_of_work():
            service.ask(actor=PAT)
        look_live("x")
        assert expected in (row := _row(pat.get("go_live.index"), "Credentials"))
        monkeypatch.setattr("portal.go_live.service.looking.of_installation", lambda: 1 / 0)
    assert "The worker's log says how" in row


def test_a_test_call_that_breaks_ends_the_look_all_the_same(outside, app, monkeypatch):
    """Else it would be made again every few minutes, for ever."""
    monkeypatch.setattr("portal.webhook_checks.service.call", lambda *_args, **_more: 1 / 0)
    with unit_of_work():
        service.ask(actor=PAT)
    assert look_live("x") == 2
    assert not queries.look().is_open
    assert ring_for_looks() == 0


def test_a_look_ends_when_its_time_is_over(outside, app, monkeypatch):
    monkeypatch.setattr("workers.go_live._ALL_WITHIN_S", -1.0)
    with unit_of_work():
        service.ask(actor=PAT)
    assert look_live("x") == 0
    assert not queries.look().is_open


def test_without_a_queue_the_page_still_comes(pat, monkeypatch):
    def dead(*_, **__):
        raise RedisError

    monkeypatch.setattr("portal.core.processes.Worker.all", dead)
    page = pat.get("go_live.index")
    assert "The queue does not answer" in _row(page, "Queue")
    assert "no worker can be heard of" in _row(page, "Workers")


def test_a_test_mail_goes_once_for_one_form(pat, outside):
    email.use(FakeEmail())
    nonce = pat.get("go_live.index").field("nonce")
    pat.post("go_live.test_mail", status=303, data={"nonce": nonce})
    pat.post("go_live.test_mail", status=303, data={"nonce": nonce})
    [sent] = mail_queries.latest(10)
    assert sent.to == people.user(cast.PAT).email
    assert "is on its way" in _row(pat.get("go_live.index"), "Test mail")
    send_mails("all")
    assert f"took a test mail to {sent.to}" in _row(pat.get("go_live.index"), "Test mail")
    assert _events() == ["go-live:mail:send"]


def test_a_test_mail_that_is_refused_says_why(pat, outside):
    server = FakeEmail()
    server.answers.append(Tried(Verdict.REFUSED, "550 Relaying denied"))
    email.use(server)
    assert "Relaying" not in pat.htmx.post("go_live.test_mail", data={"nonce": "a" * 32}).text
    send_mails("all")
    row = _row(pat.get("go_live.index"), "Test mail")
    assert "Failing" in row
    assert "550 Relaying denied" in row


@pytest.mark.parametrize("nonce", ["", "a\x00b", "x" * 500])
def test_a_test_mail_without_its_form_is_refused(pat, nonce):
    assert "open too long" in pat.post("go_live.test_mail", status=400, data={"nonce": nonce}).text


def test_who_made_a_backup_says_so_and_is_asked_again(pat, clock):
    pat.post("go_live.backed_up", status=303)
    assert "said that a backup was made" in _row(pat.get("go_live.index"), "Backups")
    clock.travel(by=timedelta(days=32))
    cast.sign_in(pat.client, cast.PAT)
    assert "more than 31 days ago" in _row(pat.get("go_live.index"), "Backups")
    assert _events() == ["go-live:backup:confirm"]


def test_real_credentials_beside_the_demo_are_a_failure(pat, settings):
    with unit_of_work():
        db.session.get(Organization, cast.JUNIPER).is_demo = True
    assert "To do The demo brokerage" in _row(pat.get("go_live.index"), "Demo data")
    settings_module.use(replace(settings, is_sandbox=False))
    try:
        row = _row(pat.get("go_live.index"), "Demo data")
    finally:
        settings_module.use(settings)
    assert "Failing The demo brokerage" in row


def test_every_job_is_known_by_its_name():
    assert Job.LOOK_LIVE.value == "workers.go_live.look_live"
