"""A mail exists if and only if what it tells of does, and is sent at least once (M-1, M-2)."""

from datetime import timedelta

import pytest

from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.gateways import email
from portal.gateways.email import Attachment, FakeEmail, Tried, Verdict
from portal.mail import queries, rules
from portal.mail import service as mail
from portal.mail.errors import BadAddress, BadHeader
from portal.mail.models import OutgoingFile
from portal.mail.values import MailState, Outgoing
from tests.factories.mail import kept, make_mail
from workers.mail import forget_mails, ring_for_mails, send_mails

FILE = Attachment("credits.csv", "text/csv", b"day,used\r\n")
DOWN = Tried(Verdict.LATER, "The mail server could not be reached, or broke off.")


@pytest.fixture
def server(app):
    """A mail server, so that mail is sent and not kept."""
    fake = FakeEmail()
    email.use(fake)
    yield fake
    email.use(None)


def only():
    [ref] = queries.latest(10)
    return ref


# Posting -------------------------------------------------------------------------------------------------------------


def test_without_a_server_a_mail_is_kept_to_be_read(app):
    assert make_mail(attachments=(FILE,))
    [opened] = kept()
    assert opened.mail.state is MailState.KEPT
    assert "http://localhost/x" in opened.text
    assert '<a class="do" href="http://localhost/x">' in opened.html
    assert [(f.name, f.size) for f in opened.files] == [("credits.csv", 10)]
    assert queries.file(opened.mail.id, 0) == FILE
    assert send_mails("all") == 0


def test_a_mail_is_gone_with_the_work_that_failed(app):
    work = unit_of_work()
    with pytest.raises(ZeroDivisionError), work:
        mail.post(Outgoing("a@b.example", "reset", "Hi", "k", {"url": "x"}))
        raise ZeroDivisionError
    assert queries.latest(10) == []


def test_one_key_and_address_is_one_mail(app):
    assert make_mail("k", attachments=(FILE,))
    assert not make_mail("k", attachments=(FILE,))
    assert not make_mail("k", to="ANA@example.com")
    assert make_mail("k", to="bo@example.com")
    assert make_mail("other")
    assert len(queries.latest(10)) == 3


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"subject": "Hi\r\nBcc: eve@example.com"}, BadHeader),
        ({"subject": "Hi\u2028there"}, BadHeader),
        ({"to": "ana@example.com\nBcc: eve@example.com"}, BadHeader),
        ({"to": "ana@example.com, eve@example.com"}, BadAddress),
        ({"to": "Ana <ana@example.com>"}, BadAddress),
        ({"to": "ana"}, BadAddress),
        ({"attachments": (Attachment("a\r\nb.csv", "text/csv", b""),)}, BadHeader),
    ],
    ids=str,
)
def test_line_breaks_and_second_addresses_are_refused(app, changes, error):
    """PROMISES 4, row 23."""
    with pytest.raises(error):
        make_mail(**changes)
    assert queries.latest(10) == []


def test_words_are_words_in_html(app):
    make_mail(
        template="invitation",
        context={
            "organization_name": "<b>B&B</b>",
            "invited_by": "Ann",
            "url": "x",
            "expires_at": utcnow(),
        },
    )
    [opened] = kept()
    assert "<b>B&B</b>" in opened.text
    assert "&lt;b&gt;B&amp;B&lt;/b&gt;" in opened.html


def test_what_a_mail_says_is_sealed(app):
    """X-6: a link in a mail signs somebody in; whoever reads the table can't follow it."""
    make_mail()
    held = str(db.session.connection().exec_driver_sql("SELECT * FROM outgoing_mails").all())
    assert "localhost" not in held


# Sending -------------------------------------------------------------------------------------------------------------


def test_a_mail_is_sent_once_and_its_words_forgotten(server):
    make_mail(unsubscribe_url="http://localhost/off", attachments=(FILE,))
    assert send_mails("all") == 1
    assert send_mails("all") == 0
    [sent] = server.sent
    assert sent.message_id == f"{rules.mail_key('a key', 'ana@example.com')[:40]}@localhost.example"
    assert sent.headers["List-Unsubscribe"] == "<http://localhost/off>"
    assert sent.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert list(sent.attachments) == [FILE]
    assert only().state is MailState.SENT
    assert queries.opened(only().id) is None
    assert db.session.query(OutgoingFile).count() == 0


def test_a_mail_that_was_not_taken_is_tried_again(server, clock):
    make_mail()
    server.answers = [DOWN]
    send_mails("all")
    waiting = only()
    assert (waiting.state, waiting.last_error) == (MailState.WAITING, DOWN.error)
    assert ring_for_mails() == send_mails("all") == 0
    clock.travel(by=timedelta(seconds=61))
    assert ring_for_mails() == 1
    send_mails("all")
    assert (only().state, only().tries, only().last_error) == (MailState.SENT, 2, None)


def test_the_metrics_say_how_long_a_mail_waits(server, clock, client):
    assert "oldest_mail_seconds{" not in client.get("/metrics").text
    make_mail()
    clock.travel(by=timedelta(seconds=90))
    assert 'consentdesk_oldest_mail_seconds{of="all"} 90.0' in client.get("/metrics").text


def test_after_two_days_of_tries_it_is_given_up(server, clock):
    make_mail()
    for _ in range(len(rules.TRIES) + 1):
        server.answers = [DOWN]
        assert send_mails("all") == 1
        clock.travel(by=timedelta(days=1, seconds=1))
    assert (only().state, only().last_error) == (MailState.FAILED, DOWN.error)
    assert send_mails("all") == 0


def test_a_refused_mail_is_not_tried_again(server):
    make_mail()
    server.answers = [Tried(Verdict.REFUSED, "550 no such user")]
    send_mails("all")
    assert (only().state, only().last_error) == (MailState.FAILED, "550 no such user")


def test_a_worker_that_died_leaves_its_mails_to_the_next_under_the_same_name(server, clock):
    """M-2: at least once; the Message-ID lets the reader's program show one (PROMISES 3.7)."""
    make_mail()
    with unit_of_work():
        [(mail_id, _)] = mail.claim()
    lost = mail.letter(mail_id)
    assert send_mails("all") == 0  # another worker's
    clock.travel(by=timedelta(minutes=4))
    assert send_mails("all") == 1
    assert server.sent[0].message_id == lost.message_id


def test_what_cannot_be_read_waits_for_its_lease_and_the_others_go(server, monkeypatch):
    """M-2: its words were sealed with a key that is gone, say; 20 are taken at once."""
    for number in range(22):
        make_mail(f"{number}")
    letter, broken = mail.letter, {one.id for one in queries.latest(30)[1:]}

    def read(mail_id):
        if mail_id in broken:
            raise ValueError(mail_id)
        return letter(mail_id)

    monkeypatch.setattr(mail, "letter", read)
    while send_mails("all"):
        pass
    assert [sent.to for sent in server.sent] == ["ana@example.com"]


def test_a_late_worker_changes_nothing_a_later_try_settled(server, clock):
    make_mail()
    with unit_of_work():
        [(id_, tries)] = mail.claim()
    clock.travel(by=timedelta(minutes=4))
    send_mails("all")
    with unit_of_work():
        mail.record([(id_, tries, Tried(Verdict.REFUSED, "too late"))])
    assert only().state is MailState.SENT


def test_mails_are_forgotten_after_a_month(app, clock):
    make_mail(attachments=(FILE,))
    clock.travel(by=timedelta(days=29))
    assert forget_mails() == 0
    clock.travel(by=timedelta(days=2))
    assert forget_mails() == 1
    assert db.session.query(OutgoingFile).count() == 0


# The page ------------------------------------------------------------------------------------------------------------


def test_the_outbox_shows_text_html_and_files(pat):
    make_mail(attachments=(FILE,))
    listed = pat.get("notifications.outbox")
    url = listed.page.select_one("#mail-list a")["href"]
    shown = pat.open("GET", url)
    assert "http://localhost/x" in shown.text_of("#mail-body")
    frame = shown.page.select_one("iframe")
    assert frame.has_attr("sandbox") and not frame["sandbox"]
    assert "frame-src 'self'" in shown.headers["Content-Security-Policy"]
    inside = pat.client.get(frame["src"])  # a mail is no page of ours
    assert "http://localhost/x" in inside.text
    assert inside.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    file = pat.client.get(shown.page.select_one("#mail-files a")["href"])
    assert file.data == FILE.content
    assert file.headers["Content-Disposition"] == "attachment; filename=credits.csv"


def test_with_a_server_an_administrator_sees_what_became_of_mails_and_no_words(pat, alice, server):
    make_mail()
    server.answers = [Tried(Verdict.REFUSED, "550 no such user")]
    send_mails("all")
    listed = pat.get("notifications.outbox")
    assert "550 no such user" in listed.text_of("#mail-list")
    pat.get("notifications.outbox_mail", 404, mail_id=only().id)
    alice.get("notifications.outbox", 404)


def test_others_read_no_mail(alice, anyone):
    make_mail()
    for person in (alice, anyone):
        person.get("notifications.outbox_mail", 404, mail_id=only().id)
        person.get("notifications.outbox_html", 404, mail_id=only().id)
        person.get("notifications.outbox_file", 404, mail_id=only().id, position=0)
