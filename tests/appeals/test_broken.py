"""What was to go to the carrier and can't be read or made: told, shown, sent once it is mended (A-5)."""

from datetime import timedelta

import pytest

from portal.appeals import queries
from portal.appeals.errors import NotThatWay
from portal.appeals.rules.states import Move
from portal.appeals.service import cases, files, forgetting, sending
from portal.appeals.values import FileKind, SendingState
from portal.core import clock
from portal.core.db import unit_of_work
from portal.mail import queries as mails
from portal.notifications import queries as notices
from tests import cast
from tests.appeals.conftest import BOB, OFFICER, PACKED, VERA, WRITER, go, support
from tests.meanwhile import Meanwhile
from workers import appeals as work


def told(user, word):
    return [n.title for n in notices.latest(user, limit=50) if word in n.title]


def kept_at(file):
    return files._path(file.stored_as)


def test_a_frozen_file_that_is_gone_is_told_and_sent_once_it_is_back(case, vera, alice, bob):
    """A-5: no try mends a lost file, so people are asked to, and one click sends it then."""
    support()
    seen = go(go(case, Move.HAND_IN, WRITER, BOB), Move.APPROVE, OFFICER)
    with unit_of_work():
        submitted = cases.move(seen, Move.SUBMIT, OFFICER, actor=VERA)
        pdf = files.keep(submitted, PACKED.files[0][1], actor=VERA, kind=FileKind.PDF)
        begun = sending.request(submitted, actor=VERA)
    content = kept_at(pdf).read_bytes()
    kept_at(pdf).unlink()
    assert not work.send_appeal(str(begun.id))
    [one] = queries.sendings(submitted)
    assert one.state is SendingState.BROKEN
    assert one.problem.startswith("The file “appeal.pdf” is gone from where it was kept. Ask an")
    assert mails.latest(10) == []
    for user in (cast.VERA, cast.ALICE, cast.BOB):
        assert len(told(user, "could not go out")) == 1
    assert not work.send_appeal(str(begun.id))  # nothing is tried again by itself
    assert len(told(cast.VERA, "could not go out")) == 1

    place = {"account_id": case.account_id, "case_id": case.id}
    for page in (vera.get("appeals.show", **place), vera.get("appeals.carrier", **place)):
        assert "is gone from where it was kept" in page.text_of("main")
    assert not bob.get("appeals.carrier", **place).page.select("#sending-1 form")
    bob.post("appeals.send_again", 403, number=1, **place)

    kept_at(pdf).write_bytes(b"not what was sealed")
    alice.post("appeals.send_again", 303, number=1, **place)
    assert not work.send_appeal(str(begun.id))
    assert "was changed, or its key is missing" in queries.sendings(submitted)[0].problem

    kept_at(pdf).write_bytes(content)
    alice.post("appeals.send_again", 303, number=1, **place)
    alice.post("appeals.send_again", 409, number=1, **place)
    assert work.send_appeal(str(begun.id))
    [mail] = mails.latest(10)
    assert [file.name for file in mails.opened(mail.id).files] == ["appeal.pdf"]


def test_what_dies_while_it_is_made_is_given_up_after_three_tries(case, clock):
    seen = go(go(case, Move.HAND_IN, WRITER, BOB), Move.APPROVE, OFFICER)
    with unit_of_work():
        submitted = cases.move(seen, Move.SUBMIT, OFFICER, actor=VERA)
        begun = sending.request(submitted, actor=VERA)
    tried = []
    for _ in range(5):
        with unit_of_work():
            tried.append(sending.claim(begun.id) is not None)  # and no word of what became of it
        clock.travel(by=timedelta(minutes=6))
    assert tried == [True, True, True, False, False]
    [one] = queries.sendings(submitted)
    assert (one.state, one.problem[:40]) == (
        SendingState.BROKEN,
        "The files could not be made in 3 tries. ",
    )
    assert len(told(cast.VERA, "could not go out")) == 1
    with unit_of_work():
        cases.move(submitted, Move.WITHDRAW, OFFICER, actor=VERA, reason="We give it up")
    with pytest.raises(NotThatWay), unit_of_work():
        sending.again(one, actor=VERA)


@pytest.mark.pages
@pytest.mark.parametrize("is_lost", [False, True])
def test_an_appeal_that_ended_before_it_went_out_goes_nowhere(case, vera, is_lost):
    """A-5: the carrier gets no appeal that was withdrawn while no worker was there."""
    support()
    seen = go(go(case, Move.HAND_IN, WRITER, BOB), Move.APPROVE, OFFICER)
    with unit_of_work():
        submitted = cases.move(seen, Move.SUBMIT, OFFICER, actor=VERA)
        pdf = files.keep(submitted, PACKED.files[0][1], actor=VERA, kind=FileKind.PDF)
        begun = sending.request(submitted, actor=VERA)
        cases.move(submitted, Move.WITHDRAW, OFFICER, actor=VERA, reason="We give it up")
    if is_lost:
        kept_at(pdf).unlink()
    assert not work.send_appeal(str(begun.id))
    assert mails.latest(10) == []
    [one] = queries.sendings(submitted)
    assert one.state is SendingState.BROKEN
    assert one.problem == "The appeal was “Withdrawn” before this went out, so it did not go."
    assert queries.history(submitted)[0].text == "Appeal did not go out any more"
    assert told(cast.VERA, "could not go out") == []
    page = vera.get("appeals.carrier", account_id=case.account_id, case_id=case.id)
    assert "so it did not go" in page.text_of("#sending-1")
    assert not page.page.select("#sending-1 form")


def test_what_goes_out_meets_an_erasure_without_a_deadlock(app, sent, monkeypatch):
    """Both hold the case before what is sent of it (RULINGS 6)."""
    with unit_of_work():
        answer = sending.request(sent, actor=VERA, words="Ask (512) 555-0100")
    meanwhile, as_before = Meanwhile(app), forgetting.lock

    def lock(*args):
        case = as_before(*args)  # the erasure holds the case, and no letter yet
        meanwhile.do(lambda: sending.finish(answer, PACKED))
        return case

    monkeypatch.setattr(forgetting, "lock", lock)
    with unit_of_work():
        number = {"before": clock.utcnow(), "is_dry": False}
        assert forgetting.forget_number(cast.JUNIPER, "+15125550100", **number)
    assert meanwhile.end() == [True]
    assert queries.sendings(sent)[1].words == "Ask [erased]"
