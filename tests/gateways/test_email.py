"""Handing mail over: in full, encrypted or not at all, and every answer read for what it means."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.headerregistry import Address

import pytest

from portal.gateways import email
from portal.gateways.email import Attachment, Letter, SmtpEmail, SmtpServer, Verdict, as_message
from tests.gateways.post_office import post_office
from tests.gateways.wire import certificate

SENDER = Address("ConsentDesk", addr_spec="desk@example.com")
AT = datetime(2026, 11, 17, 18, 0, tzinfo=UTC)


def letter(**changes):
    given = {
        "message_id": "3f9a@example.com",
        "to": "ana@example.com",
        "subject": "Credits à la carte",
        "text": "Línea 1\n.\nLine 3\n",
        "html": "<p>Línea 1</p>",
        "at": AT,
    }
    return Letter(**given | changes)


def deliver(office, *letters, trust=None, **server):
    return SmtpEmail(office.server(**server), SENDER, trust).deliver(list(letters))


def test_a_mail_arrives_whole_with_both_parts_and_its_files():
    file = Attachment("Q4 café.csv", "text/csv", b"a,b\r\n1,2\r\n")
    headers = {"List-Unsubscribe": "<https://example.com/off>"}
    with post_office() as office:
        [tried] = deliver(office, letter(attachments=[file], headers=headers))
    assert tried.verdict is Verdict.TAKEN
    mail = message_from_bytes(office.mails[0].replace(b"\r\n..", b"\r\n."), policy=policy.default)
    assert mail["Subject"] == "Credits à la carte"
    assert mail["From"] == "ConsentDesk <desk@example.com>"
    assert mail["Message-ID"] == "<3f9a@example.com>"
    assert mail["List-Unsubscribe"] == "<https://example.com/off>"
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n") == "Línea 1\n.\nLine 3\n"
    assert "<p>Línea 1</p>" in mail.get_body(("html",)).get_content()
    [part] = mail.iter_attachments()
    assert (part.get_filename(), part.get_content_type()) == ("Q4 café.csv", "text/csv")
    assert part.get_payload(decode=True) == file.content


def test_a_batch_goes_over_one_connection():
    with post_office() as office:
        tried = deliver(office, letter(), letter(to="bo@example.com"))
    assert [one.verdict for one in tried] == [Verdict.TAKEN] * 2
    assert sum(line.startswith("ehlo") for line in office.said) == 1


@pytest.mark.parametrize("bad", ["ana@example.com\r\nBcc: eve@example.com", "no address"])
def test_a_line_break_never_becomes_a_header(bad):
    """PROMISES 4, row 23: refused here too, whoever forgot to look before."""
    with post_office() as office:
        by_address, by_subject, good = deliver(
            office, letter(to=bad), letter(subject="a\r\nBcc: eve@example.com"), letter()
        )
    assert by_address.verdict is by_subject.verdict is Verdict.REFUSED
    assert good.verdict is Verdict.TAKEN
    assert not any("eve" in line for line in office.said)


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ({"rcpt TO": "550 no such user"}, Verdict.REFUSED),
        ({"rcpt TO": "450 mailbox busy"}, Verdict.LATER),
        ({"mail FROM": "553 not you"}, Verdict.REFUSED),
        ({"mail FROM": "451 try again"}, Verdict.LATER),
        ({"data": "554 no"}, Verdict.REFUSED),
        ({"data": "452 full"}, Verdict.LATER),
    ],
    ids=str,
)
def test_the_servers_answer_is_read_for_what_it_means(answers, verdict):
    with post_office(answers) as office:
        [tried] = deliver(office, letter())
    assert tried.verdict is verdict
    assert next(iter(answers.values())) == tried.error


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "DATA"])
def test_what_a_broken_connection_leaves_goes_later(verb):
    with post_office(hangs_up_after=verb) as office:
        tried = deliver(office, letter(), letter())
    assert [one.verdict for one in tried] == [Verdict.LATER] * 2
    assert office.mails == []


def test_nobody_there_is_later():
    nobody = SmtpEmail(SmtpServer("127.0.0.1", 9, None, None, "none"), SENDER)
    [tried] = nobody.deliver([letter()])
    assert tried.verdict is Verdict.LATER


@pytest.mark.parametrize("login", [("desk", "Schlüssel"), ("düsk", "open sesame")])
def test_a_password_the_protocol_can_not_say_is_told(login):
    name, password = login
    with post_office() as office:
        gateway = SmtpEmail(office.server(username=name, password=password), SENDER)
        [tried] = gateway.deliver([letter()])
    assert tried.verdict is Verdict.LATER
    assert "other than plain ones" in tried.error
    assert password not in tried.error


def test_a_host_that_is_none_is_told_as_one_that_is_away():
    gateway = SmtpEmail(SmtpServer("mail..example.com", 25, None, None, "none"), SENDER)
    assert "other than plain ones" in gateway.greet().error


def test_nothing_is_said_before_the_line_is_encrypted(tmp_path):
    server, client = certificate(tmp_path)
    login = {"username": "desk", "password": "open sesame"}
    with post_office(tls=server) as office:
        [tried] = deliver(office, letter(), trust=client, tls="starttls", **login)
    assert tried.verdict is Verdict.TAKEN
    assert office.said[1] == "STARTTLS"
    assert any(line.startswith("AUTH") for line in office.said[2:])


def test_a_server_without_encryption_gets_neither_password_nor_mail():
    login = {"username": "desk", "password": "open sesame"}
    with post_office() as office:
        [tried] = deliver(office, letter(), tls="starttls", **login)
    assert tried.verdict is Verdict.LATER
    assert "SMTP_TLS" in tried.error
    assert not any(line.upper().startswith(("AUTH", "MAIL")) for line in office.said)


def test_a_false_certificate_gets_nothing(tmp_path):
    server, _ = certificate(tmp_path)
    with post_office(tls=server) as office:
        [tried] = deliver(office, letter(), tls="starttls")  # trusts what machines trust
    assert "certificate" in tried.error
    assert office.mails == []


@pytest.mark.parametrize(
    ("url", "tls", "read"),
    [
        ("smtp://a%40b:p%3Aq@mail.example.com", None, ("starttls", 587, "a@b", "p:q")),
        ("smtps://mail.example.com", None, ("tls", 465, None, None)),
        ("smtp://relay:25", "none", ("none", 25, None, None)),
    ],
)
def test_the_address_says_how(url, tls, read):
    server = SmtpServer.of(url, tls)
    assert (server.tls, server.port, server.username, server.password) == read


def test_without_a_server_nobody_takes_mail(settings):
    email.use_settings(settings)
    assert email.current() is None


def test_no_robot_answers():
    assert as_message(letter(), SENDER)["Auto-Submitted"] == "auto-generated"
