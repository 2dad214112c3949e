"""What the carrier answers, and what follows (A-6): asked for more, lifted, denied, withdrawn."""

import io
import json
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest

from portal.appeals import queries
from portal.appeals.errors import BadReply, MovedMeanwhile, SentAlready
from portal.appeals.rules.mentions import mentioned
from portal.appeals.rules.states import Move
from portal.appeals.service import (
    cases,
    comments,
    deadlines,
    files,
    policy,
    replies,
    sending,
)
from portal.appeals.service.files import Checked
from portal.appeals.values import (
    FileKind,
    Happening,
    Reply,
    ReplyKind,
    SendingState,
    SettingsRef,
    State,
    Urgency,
)
from portal.compliance import service as compliance
from portal.core.db import unit_of_work
from portal.mail import queries as mails
from portal.mail.values import MailState
from portal.notifications import queries as notices
from portal.texting_accounts import queries as accounts
from portal.texting_accounts import service as account_service
from portal.texting_accounts.values import AccountState
from tests import cast
from tests.appeals.conftest import (
    ALICE,
    BOB,
    OFFICER,
    PACKED,
    PDF,
    TODAY,
    VERA,
    WRITER,
    ZIP,
    go,
    open_case,
    support,
    suspend,
)
from workers import appeals as work


def keep(case, kind, actor=VERA, **given):
    given = {"received_on": TODAY, "text": "Ticket 4711: our answer", **given}
    carried = replies.carried_by(case) if kind is ReplyKind.DENIED else ()
    attached = given.pop("attached", ())
    with unit_of_work():
        return replies.record(
            case, Reply(kind, **given), OFFICER, actor=actor, attached=attached, carried=carried
        )


def kinds(case):
    return [line.kind for line in reversed(queries.history(case))]


def told(user, word):
    return [n.title for n in notices.latest(user, limit=50) if word in n.title]


def test_an_approved_appeal_goes_by_mail_once_with_its_files(case, clock):
    """A-5: whatever dies in between, one mail and one set of frozen files."""
    support()
    seen = go(go(case, Move.HAND_IN, WRITER, BOB), Move.APPROVE, OFFICER)
    with unit_of_work():
        submitted = cases.move(seen, Move.SUBMIT, OFFICER, actor=VERA)
        begun = sending.request(submitted, actor=VERA)
    with unit_of_work():
        first = sending.claim(begun.id)
    with unit_of_work():
        assert sending.claim(begun.id) is None  # another worker has it

    class Killed(BaseException):
        pass

    with pytest.raises(Killed), unit_of_work():
        assert sending.finish(first, PACKED)
        raise Killed  # between the mail and the mark's commit
    assert mails.latest(10) == []
    assert queries.files(case) == []

    clock.travel(by=timedelta(minutes=6))  # its lease runs out, and the sweep finds it
    with unit_of_work():
        second = sending.claim(begun.id)
    for late in (second, first):  # the one believed dead comes back
        with unit_of_work():
            assert sending.finish(late, PACKED) is (late is second)
    [mail] = mails.latest(10)
    assert (mail.to, mail.subject) == (
        "appeals@carrier.example",
        "Appeal: Juniper Realty, Bob Tran, round 1",
    )
    opened = mails.opened(mail.id)
    assert [file.name for file in opened.files] == ["appeal.pdf", "appeal.zip"]
    assert "Vera Okafor" in opened.text
    assert [file.kind for file in queries.files(case)] == [FileKind.PDF, FileKind.ZIP]  # once
    assert kinds(case).count(Happening.MAILED) == 1
    assert work.note_mails() == 1
    [one] = queries.sendings(submitted)
    assert (one.state, one.sent_by) == (SendingState.MAILED, "E-mail")
    assert work.note_mails() == 0


def test_without_an_address_or_too_large_it_waits_to_be_sent_by_hand(sent, monkeypatch):
    [one] = queries.sendings(sent)
    assert (one.state, one.problem) == (SendingState.READY, "No support address is set.")
    assert mails.latest(10) == []
    assert told(cast.VERA, "waits to be sent") and told(cast.BOB, "waits to be sent")
    for day, note, field in (
        (TODAY + timedelta(days=1), "On the ticket", "sent_on"),
        (TODAY - timedelta(days=1), "On the ticket", "sent_on"),
        (TODAY, "  ", "note"),
    ):
        with pytest.raises(BadReply) as error, unit_of_work():
            sending.mark_by_hand(one, day, note, actor=VERA)
        assert error.value.field == field
    with unit_of_work():
        sending.mark_by_hand(one, TODAY, "On ticket 4711", actor=VERA)
    with pytest.raises(SentAlready), unit_of_work():  # the second officer
        sending.mark_by_hand(one, TODAY, "On ticket 4711", actor=ALICE)
    [one] = queries.sendings(sent)
    assert (one.state, one.sent_by, one.note) == (
        SendingState.BY_HAND,
        "Vera Okafor",
        "On ticket 4711",
    )

    support()
    monkeypatch.setattr(sending, "MOST_BY_MAIL", 10)
    with unit_of_work():
        begun = sending.request(sent, actor=VERA, words="More of it")
    with unit_of_work():
        sending.finish(sending.claim(begun.id), PACKED)
    assert queries.sendings(sent)[1].problem.startswith("The files are too large for mail")


def test_a_mail_the_server_refuses_is_told_and_sent_by_hand(sent, monkeypatch):
    support()
    with unit_of_work():
        begun = sending.request(sent, actor=VERA, words="More of it")
    with unit_of_work():
        sending.finish(sending.claim(begun.id), PACKED)
    monkeypatch.setattr(
        sending.mails,
        "mail_of_key",
        lambda key, to: type(
            "Mail", (), {"state": MailState.FAILED, "last_error": "550 unknown"}
        )(),
    )
    with unit_of_work():
        assert sending.note_mail(begun.id)
    one = queries.sendings(sent)[1]
    assert (one.state, one.waits_for_a_person) == (SendingState.FAILED, True)
    assert "550 unknown" in one.problem


def test_where_appeals_go_is_set_by_officers_and_checked(app):
    support(answer_days=3, round_days=7)
    now = queries.settings_of(cast.JUNIPER)
    assert (now.support_address, now.answer_days, now.set_by) == (
        "appeals@carrier.example",
        3,
        "Vera Okafor",
    )
    for wrong, field in (
        ({"support_address": "nobody"}, "support_address"),
        ({"support_address": "a@b.example\nBcc: x@y.example"}, "support_address"),
        ({"answer_days": 0}, "answer_days"),
        ({"round_days": 61}, "round_days"),
    ):
        with pytest.raises(BadReply) as error, unit_of_work():
            policy.change(cast.JUNIPER, SettingsRef(**{"edits": 1, **wrong}), actor=VERA)
        assert error.value.field == field
    for stale in (0, 7):
        with pytest.raises(Exception, match="Reload"), unit_of_work():
            policy.change(cast.JUNIPER, SettingsRef("x@y.example", edits=stale), actor=VERA)


def test_what_the_carrier_asks_is_answered_in_the_same_round(sent):
    asked = keep(
        sent,
        ReplyKind.INFORMATION,
        asked="Send 20 samples of opt-in",
        due_on=TODAY + timedelta(days=3),
        attached=[Checked("their.pdf", "application/pdf", b"%PDF theirs")],
    )
    assert (asked.state, asked.round) == (State.INFORMATION_REQUESTED, 1)
    assert asked.due_at == datetime(2026, 3, 6, 6, tzinfo=UTC)  # as 5 March ends in Chicago
    [reply] = queries.replies(sent)
    assert (reply.kind_label, reply.asked) == ("Information requested", "Send 20 samples of opt-in")
    [theirs] = [file for file in queries.files(sent) if file.about_id == reply.id]
    assert (theirs.kind, files.content_of(theirs)) == (FileKind.REPLY, b"%PDF theirs")
    assert told(cast.BOB, "The carrier asks")

    support()
    with unit_of_work():
        answered = sending.answer(
            asked,
            "Here are the samples",
            OFFICER,
            actor=VERA,
            attached=[Checked("samples.pdf", "application/pdf", b"%PDF samples")],
        )
    assert answered.state is State.SUBMITTED
    assert answered.due_at == datetime(2026, 3, 10, 5, tzinfo=UTC)  # five business days
    with pytest.raises(MovedMeanwhile), unit_of_work():  # the other officer, who saw it open
        sending.answer(asked, "Also samples", OFFICER, actor=ALICE)
    two = queries.sendings(sent)[1]
    assert work.send_appeal(str(two.id))
    assert not work.send_appeal(str(two.id))
    [mail] = mails.latest(10)
    assert mail.subject.startswith("Answer to your question")
    assert "Here are the samples" in mails.opened(mail.id).text
    [kept] = [f for f in queries.files(sent) if f.about_id == two.id and f.kind is FileKind.ZIP]
    with zipfile.ZipFile(io.BytesIO(files.content_of(kept))) as archive:
        assert archive.namelist() == ["ANSWER.txt", "files/01-samples.pdf", "manifest.json"]
        assert set(json.loads(archive.read("manifest.json"))["sha256"]) == {
            "ANSWER.txt", "files/01-samples.pdf",
        }  # fmt: skip
        # Once unpacked, whoever got it may read it.
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o644}


def test_a_reinstatement_lifts_the_suspension(sent, suspended):
    over = keep(sent, ReplyKind.REINSTATED)
    assert over.state is State.REINSTATED
    account = accounts.get_or_404(suspended.tenant)
    assert account.state is AccountState.ACTIVE
    assert told(cast.BOB, "granted") and told(cast.ALICE, "granted")
    with pytest.raises(Exception, match="Reinstated"):
        keep(sent, ReplyKind.DENIED, actor=ALICE)  # the other officer, at the same time
    assert accounts.get_or_404(suspended.tenant).state is AccountState.ACTIVE


def lifted_elsewhere(account):
    with unit_of_work():
        compliance.lift_suspension(account, "Lifted by their mail", actor=VERA)


def test_a_case_ends_by_itself_once_its_suspension_is_lifted_elsewhere(case, suspended):
    """A-5: what the carrier never saw is withdrawn; the next suspension gets a case of its own."""
    assert work.close_lifted() == 0  # it holds
    lifted_elsewhere(suspended)
    assert (work.close_lifted(), work.close_lifted()) == (1, 0)
    assert queries.case_or_404(case.tenant, case.id).state is State.WITHDRAWN
    line = queries.history(case)[0]
    assert (line.by_id, line.text) == (
        None,
        "The suspension was lifted by Vera Okafor: Lifted by their mail",
    )
    assert told(cast.BOB, "withdrawn")
    assert open_case(suspend(suspended)).id != case.id


def test_an_appeal_with_the_carrier_is_reinstated_by_a_suspension_lifted_elsewhere(sent, suspended):
    lifted_elsewhere(suspended)
    assert work.close_lifted() == 1
    assert queries.case_or_404(sent.tenant, sent.id).state is State.REINSTATED


def test_an_appeal_of_an_account_that_was_closed_is_not_called_reinstated(sent):
    with unit_of_work():
        account_service.close(sent.account_id, reason="Bob left", actor=VERA)
    assert work.close_lifted() == 1
    assert queries.case_or_404(sent.tenant, sent.id).state is State.WITHDRAWN
    assert queries.history(sent)[0].text == "The account was closed."
    assert told(cast.ALICE, "withdrawn") and not told(cast.ALICE, "granted")


def test_a_denial_opens_the_next_round_with_the_first_attached(sent, suspended):
    """A-6: pre-filled, the frozen files of round one in it, due by policy; confirmed anew."""
    second = keep(sent, ReplyKind.DENIED)
    assert (second.round, second.previous_id, second.state) == (2, sent.id, State.DRAFT)
    assert second.due_at == datetime(2026, 3, 10, 5, tzinfo=UTC)
    now = {part.number: part for part in queries.parts(second)}
    assert now[2].link == "https://juniper.example/join"
    assert [files.content_of(file) for file in now[3].files] == [b"a picture"]
    assert now[6].numbers == ("+15125550100",)
    assert not now[5].is_given
    earlier = [f for f in queries.files(second) if f.kind is FileKind.EARLIER]
    assert [(f.name, files.content_of(f)) for f in earlier] == [
        ("round-1-appeal.pdf", PDF.content),
        ("round-1-appeal.zip", ZIP.content),
    ]
    assert queries.case_or_404(sent.tenant, sent.id).state is State.DENIED
    assert accounts.get_or_404(suspended.tenant).state is AccountState.SUSPENDED
    with pytest.raises(MovedMeanwhile):
        keep(sent, ReplyKind.DENIED, actor=ALICE)
    assert len(queries.cases(suspended.tenant, limit=10)) == 2


def test_a_reply_is_kept_as_it_was_written_or_says_what_is_wrong(sent):
    for wrong, field in (
        ({"kind": ReplyKind.DENIED, "text": "  "}, "text"),
        ({"kind": ReplyKind.DENIED, "text": "x" * 20_001}, "text"),
        ({"kind": ReplyKind.DENIED, "received_on": TODAY + timedelta(days=1)}, "received_on"),
        ({"kind": ReplyKind.DENIED, "received_on": date(2020, 1, 1)}, "received_on"),
        ({"kind": ReplyKind.INFORMATION, "due_on": TODAY}, "asked"),
        ({"kind": ReplyKind.INFORMATION, "asked": "Samples"}, "due_on"),
        ({"kind": ReplyKind.INFORMATION, "asked": "Samples", "due_on": date(2026, 3, 1)}, "due_on"),
    ):
        with pytest.raises(BadReply) as error:
            keep(sent, **wrong)
        assert error.value.field == field
    assert queries.case_or_404(sent.tenant, sent.id).state is State.SUBMITTED
    assert queries.replies(sent) == []


def test_withdrawn_is_over(sent):
    assert keep(sent, ReplyKind.WITHDRAWN).is_over


def test_what_is_due_is_told_once_before_and_once_after(case, clock):
    handed_in = go(case, Move.HAND_IN, WRITER, BOB)  # due 4 March 06:00 UTC
    assert work.remind_of_appeals() == 0
    clock.travel(to=handed_in.due_at - timedelta(hours=7))
    assert (work.remind_of_appeals(), work.remind_of_appeals()) == (1, 0)
    assert told(cast.VERA, "waits for review") and not told(cast.BOB, "waits for review")
    clock.travel(to=handed_in.due_at + timedelta(minutes=1))
    assert (work.remind_of_appeals(), work.remind_of_appeals()) == (1, 0)
    assert told(cast.BOB, "Late: An appeal waits for review")
    assert [line.text for line in queries.history(case) if line.kind is Happening.REMINDED] == [
        "Late",
        "Due soon",
    ]
    with unit_of_work():
        assert not deadlines.remind(case.id, Urgency.LATE)


def test_what_was_late_before_anybody_looked_is_told_once(case, clock):
    handed_in = go(case, Move.HAND_IN, WRITER, BOB)
    clock.travel(to=handed_in.due_at + timedelta(days=3))
    assert (work.remind_of_appeals(), work.remind_of_appeals()) == (1, 0)


def test_a_comment_tells_whom_it_names(case):
    with unit_of_work():
        named = comments.comment(
            case,
            "@vera  okafor and @Mallory Finch: is this enough?",
            actor=BOB,
            attached=[Checked("note.png", "image/png", b"png")],
        )
    assert [one.name for one in named] == ["Vera Okafor"]  # Mallory may not read it
    assert told(cast.VERA, "names you") and not told(cast.MALLORY, "names you")
    line = queries.history(case)[0]
    assert (line.kind, line.by_name) == (Happening.COMMENT, "Bob Tran")
    [file] = queries.files(case)
    assert (file.kind, file.about_id) == (FileKind.NOTE, line.id)
    for wrong in ("", " \0 ", "x" * 5_001):
        with pytest.raises(BadReply), unit_of_work():
            comments.comment(case, wrong, actor=BOB)


def test_a_mention_is_a_whole_name_behind_an_at():
    names = {cast.VERA: "Vera Okafor", cast.BOB: "Bob Tran", cast.ALICE: "Bob Tran-Lee"}
    for text, found in (
        ("@Vera Okafor, please", {cast.VERA}),
        ("(@BOB TRAN)", {cast.BOB}),
        ("@Bob Tran-Lee", {cast.ALICE}),
        ("@Bob Transom @Bob bob@Vera Okafor Vera Okafor", set()),
        ("", set()),
    ):
        assert mentioned(text, names) == found
    assert mentioned("@x", {}) == set()
