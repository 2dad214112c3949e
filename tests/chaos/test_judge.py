"""The judge must convict: each crime by hand, and an honest run acquitted."""

from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from tests.chaos import records
from tests.chaos.judge import (
    Balance,
    Case,
    Create,
    Crime,
    Entry,
    Intent,
    LastWord,
    Stop,
    Text,
    judge,
)
from tests.chaos.test_chaos import assert_it_was_large_enough, assert_nothing_was_wrong

CAROL, DAVE = "+13125550101", "+13125550102"
SENT = Text("t1", "north", CAROL, "delivered", 2, "SM1", campaign="n1")
LEFT_OUT = Text("t2", "north", DAVE, "unconfirmed", 2, None, campaign="n1")
BODY = "Juniper: Open house 7. STOP to end"
TAKEN = Create(1, 100.0, "accepted", "201", "SM1", CAROL, "t1", body=BODY)
DROPPED = Create(2, 101.0, "dropped", "500_before", None, DAVE, "t2", body=BODY)
BOOKS = (
    Entry("north", "grant", 100),
    Entry("north", "reserve", 2, "t1"),
    Entry("north", "reserve", 2, "t2"),
    Entry("north", "capture", 2, "t1"),
    Entry("north", "release", 2, "t2"),
    Entry("north", "inbound", 1),
)
HONEST = Case(
    creates=(TAKEN, DROPPED),
    texts=(SENT, LEFT_OUT),
    heard=frozenset({"SM1"}),
    cleared={("t1", 1): 99.0, ("t2", 1): 99.5},
    stops=(Stop(CAROL, 200.0),),
    intents=(Intent("n1", 2, is_acknowledged=True, words="Open house 7"),),
    entries=BOOKS,
    balances=(Balance("north", 97, 0, 3),),
)


def crimes(case):
    return {finding.crime for finding in judge(case).findings}


def with_lines(*lines):
    """Return the honest books with other lines for t1, the counters following them."""
    kept = [line for line in BOOKS if line.text != "t1"]
    return replace(HONEST, entries=(*kept, *lines))


def test_an_honest_run_is_acquitted():
    verdict = judge(HONEST)
    assert verdict.findings == []
    assert (verdict.texts, verdict.accepted, verdict.unconfirmed_though_accepted) == (2, 1, 0)


# doubled -------------------------------------------------------------------------------------------------------------


def test_two_sids_for_one_text_are_a_double():
    again = Create(3, 110.0, "accepted", "201", "SM2", CAROL, "t1", 2)
    verdict = judge(replace(HONEST, creates=(TAKEN, DROPPED, again)))
    assert verdict.count(Crime.DOUBLE) == 1


def test_a_second_try_after_an_unclear_answer_is_a_gamble_even_when_it_went_well():
    again = Create(3, 110.0, "dropped", "reset_before", None, DAVE, "t2", 2)
    assert crimes(replace(HONEST, creates=(TAKEN, DROPPED, again))) == {Crime.GAMBLE}


def test_a_second_try_after_a_429_is_fair():
    busy = Create(0, 90.0, "dropped", "429", None, CAROL, "t1")
    taken = replace(TAKEN, attempt=2)
    assert crimes(replace(HONEST, creates=(busy, taken, DROPPED))) == set()


def test_the_same_words_twice_are_a_double_by_whatever_name_they_went():
    third, again = replace(SENT, id="t3", sid="SM3"), replace(TAKEN, seq=3, text="t3", sid="SM3")
    case = replace(HONEST, texts=(SENT, LEFT_OUT, third))
    assert judge(replace(case, creates=(TAKEN, DROPPED, again))).count(Crime.DOUBLE) == 1
    for other in (replace(again, body="Open house 8"), replace(again, to=DAVE)):
        assert judge(replace(case, creates=(TAKEN, DROPPED, other))).count(Crime.DOUBLE) == 0


# told no -------------------------------------------------------------------------------------------------------------


def test_a_send_that_was_refused_has_no_texts():
    no = replace(HONEST.intents[0], is_acknowledged=False, is_refused=True)
    verdict = judge(replace(HONEST, intents=(no,)))
    assert {finding.crime for finding in verdict.findings} == {Crime.UNASKED}
    assert verdict.count(Crime.UNASKED) == 2  # the one that left, and the one that did not
    nothing = replace(HONEST, creates=(), texts=(), intents=(no,), entries=(), balances=())
    assert crimes(nothing) == set()


def test_texts_that_no_send_asked_for_are_convicted():
    alone = (replace(HONEST.intents[0], people=1),)
    stray = replace(LEFT_OUT, campaign="n3")
    assert crimes(replace(HONEST, intents=alone, texts=(SENT, stray))) == {Crime.UNASKED}
    made_up = replace(TAKEN, body="Nobody wrote this")
    assert crimes(replace(HONEST, creates=(made_up, DROPPED))) == {Crime.UNASKED}


# lost ----------------------------------------------------------------------------------------------------------------


def test_a_text_that_never_ended_is_lost():
    for state in ("queued", "held", "claimed", "submitting", "unknown"):
        stuck = replace(LEFT_OUT, state=state)
        assert Crime.LOST in crimes(replace(HONEST, texts=(SENT, stuck)))


def test_a_text_called_unsent_though_its_callback_was_answered_is_lost():
    wrong = replace(SENT, state="unconfirmed", sid=None)
    assert Crime.LOST in crimes(replace(HONEST, texts=(wrong, LEFT_OUT)))
    assert Crime.LOST in crimes(
        replace(HONEST, heard=frozenset(), texts=(replace(wrong, state="expired"), LEFT_OUT))
    )


def test_a_text_nobody_could_know_of_is_counted_apart():
    silent = replace(
        HONEST, heard=frozenset(), texts=(replace(SENT, state="unconfirmed"), LEFT_OUT)
    )
    verdict = judge(silent)
    assert verdict.unconfirmed_though_accepted == 1
    assert verdict.count(Crime.LOST) == 0


def test_a_text_called_sent_that_the_carrier_never_took_is_lost():
    for wrong in (replace(LEFT_OUT, state="sent", sid="SM9"), replace(LEFT_OUT, state="accepted")):
        assert Crime.LOST in crimes(replace(HONEST, texts=(SENT, wrong)))


def test_a_text_of_another_is_not_its_own():
    wrong = replace(LEFT_OUT, state="sent", sid="SM1")
    assert Crime.LOST in crimes(replace(HONEST, texts=(SENT, wrong)))


def test_a_text_at_the_carrier_that_we_do_not_know_is_lost():
    stranger = replace(TAKEN, seq=3, sid="SM7", text="t9", to=DAVE)
    assert crimes(replace(HONEST, creates=(TAKEN, DROPPED, stranger))) == {Crime.LOST}


@pytest.mark.parametrize("people", [1, 3])
def test_a_send_that_was_confirmed_has_exactly_its_texts(people):
    intents = (replace(HONEST.intents[0], people=people),)
    assert crimes(replace(HONEST, intents=intents)) == {Crime.LOST}


def test_a_send_that_was_acknowledged_and_is_gone_is_lost():
    gone = (*HONEST.intents, Intent("n2", 5, is_acknowledged=True))
    assert crimes(replace(HONEST, intents=gone)) == {Crime.LOST}
    unheard = (*HONEST.intents, Intent("n2", 5, is_acknowledged=False))
    assert crimes(replace(HONEST, intents=unheard)) == set()


# wrong credit --------------------------------------------------------------------------------------------------------

RESERVE, CAPTURE = Entry("north", "reserve", 2, "t1"), Entry("north", "capture", 2, "t1")
RELEASE = Entry("north", "release", 2, "t1")


@pytest.mark.parametrize(
    "lines",
    [
        (RESERVE, RELEASE),  # sent for nothing
        (RESERVE,),  # never resolved
        (RESERVE, CAPTURE, RELEASE),
        (RESERVE, CAPTURE, CAPTURE),
        (RESERVE, RESERVE, CAPTURE),
        (CAPTURE,),
        (RESERVE, replace(CAPTURE, credits=3)),  # more than was shown
        (),
    ],
)
def test_a_text_that_was_sent_is_charged_once_as_shown(lines):
    assert judge(with_lines(*lines)).count(Crime.CREDIT) >= 1


def test_a_text_costs_the_segments_that_the_carrier_counted():
    """I4: the carrier counts, not we."""
    assert judge(replace(HONEST, segments={"SM1": 2})).findings == []
    assert crimes(replace(HONEST, segments={"SM1": 3})) == {Crime.CREDIT}


def test_a_text_that_was_not_sent_is_not_charged():
    lines = [line for line in BOOKS if (line.kind, line.text) != ("release", "t2")]
    wrong = replace(HONEST, entries=(*lines, Entry("north", "capture", 2, "t2")))
    assert Crime.CREDIT in crimes(wrong)


def test_counters_that_are_not_the_sum_of_their_lines():
    for wrong in ((98, 0, 3), (97, 0, 4), (97, 2, 3)):
        assert crimes(replace(HONEST, balances=(Balance("north", *wrong),))) == {Crime.CREDIT}


def test_the_house_pays_for_late_proof_only():
    late = replace(with_lines(RESERVE, RELEASE), balances=(Balance("north", 99, 0, 1),))
    assert crimes(replace(late, house=frozenset({"t1"}))) == set()
    assert crimes(replace(HONEST, house=frozenset({"t1"}))) == {Crime.CREDIT}


# after STOP ----------------------------------------------------------------------------------------------------------


def test_a_text_cleared_after_the_stop_was_stored_is_convicted():
    case = replace(HONEST, stops=(Stop(CAROL, 98.0),))
    assert crimes(case) == {Crime.AFTER_STOP}
    assert crimes(replace(case, cleared={})) == {Crime.AFTER_STOP}


def test_also_one_that_the_carrier_did_not_take():
    assert crimes(replace(HONEST, stops=(Stop(DAVE, 98.0),))) == {Crime.AFTER_STOP}


def test_a_text_that_was_leaving_when_the_stop_came_is_counted_and_bounded():
    case = replace(HONEST, stops=(Stop(CAROL, 99.5),))
    verdict = judge(case)
    assert (verdict.findings, verdict.left_as_stop_came) == ([], 1)
    assert crimes(replace(case, most_in_flight=0)) == {Crime.AFTER_STOP}


def test_a_start_lifts_the_stop_and_the_confirmation_may_go():
    assert crimes(replace(HONEST, stops=(Stop(CAROL, 90.0, lifted_at=95.0),))) == set()
    confirmation = replace(SENT, purpose="stop", credits=0, campaign="n1")
    lines = tuple(line for line in BOOKS if line.text != "t1")
    case = replace(
        HONEST,
        texts=(confirmation, LEFT_OUT),
        stops=(Stop(CAROL, 98.0),),
        entries=lines,
        balances=(Balance("north", 99, 0, 1),),
    )
    assert crimes(case) == set()


def test_a_second_confirmation_of_one_opt_out_is_convicted():
    two = (replace(SENT, purpose="stop"), replace(SENT, purpose="stop", id="t3"))
    again = replace(TAKEN, text="t3", seq=TAKEN.seq + 10, at=TAKEN.at + 1, sid="SM3")
    case = replace(
        HONEST,
        texts=(*two, LEFT_OUT),
        creates=(TAKEN, again, DROPPED),
        stops=(Stop(CAROL, 98.0),),
    )
    assert Crime.AFTER_STOP in crimes(case)
    assert Crime.AFTER_STOP not in crimes(replace(case, creates=(TAKEN, DROPPED)))
    taken_back = (Stop(CAROL, 90.0, lifted_at=97.0), Stop(CAROL, 98.0))
    assert Crime.AFTER_STOP not in crimes(replace(case, stops=taken_back))


def test_a_text_handed_over_long_after_it_was_cleared_is_convicted():
    """27 hours between look and POST are no text that was just leaving, STOP or not."""
    late = replace(TAKEN, at=99.0 + 27 * 3600)
    assert crimes(replace(HONEST, creates=(late, DROPPED))) == {Crime.LATE}
    stopped = replace(HONEST, creates=(late, DROPPED), stops=(Stop(CAROL, 99.5),))
    assert crimes(stopped) == {Crime.LATE}
    assert crimes(replace(stopped, posts_within=28 * 3600)) == set()


def test_time_that_was_leapt_over_is_nobodys_delay():
    late = replace(TAKEN, at=99.0 + 25 * 3600 + 5)
    case = replace(HONEST, creates=(late, DROPPED), stops=())
    assert crimes(replace(case, leaps=((100.0, 25 * 3600),))) == set()
    for before_or_after in (98.0, late.at + 1):
        assert crimes(replace(case, leaps=((before_or_after, 25 * 3600),))) == {Crime.LATE}


@pytest.mark.parametrize("is_heard", [True, False])
def test_who_said_stop_last_may_not_be_texted(is_heard):
    last = LastWord(CAROL, is_stop=True, is_heard=is_heard, is_out=False)
    assert crimes(replace(HONEST, last_words=(last,))) == {Crime.STANDING}
    assert crimes(replace(HONEST, last_words=(replace(last, is_out=True),))) == set()


def test_who_said_start_last_and_was_heard_may_be_texted():
    last = LastWord(CAROL, is_stop=False, is_heard=True, is_out=True)
    assert crimes(replace(HONEST, last_words=(last,))) == {Crime.STANDING}
    for fair in (replace(last, is_out=False), replace(last, is_heard=False)):
        assert crimes(replace(HONEST, last_words=(fair,))) == set()


# behind --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs", "is_behind"),
    [
        ("delivered", "delivered", False),
        ("sent", "delivered", True),
        ("sent", "sent", False),
        ("delivered", "failed", True),
        ("accepted", "undelivered", True),
    ],
)
def test_a_text_ends_here_as_it_ended_at_the_carrier(ours, theirs, is_behind):
    texts = (replace(SENT, state=ours), LEFT_OUT)
    case = replace(HONEST, texts=texts, statuses={"SM1": theirs})
    assert judge(case).count(Crime.BEHIND) == is_behind


# what is read, and what a run must have seen -------------------------------------------------------------------------


def inbound(sid, word, at):
    moment = format_datetime(datetime.fromtimestamp(at, UTC))
    who = {"sid": sid, "from": CAROL, "direction": "inbound"}
    return {**who, "body": word, "date_created": moment}


def test_a_stop_whose_webhook_was_refused_is_not_judged():
    said = [inbound("SM8", "STOP", 100)]
    refused = {"kind": "inbound", "sid": "SM8", "closed": 101.0, "state": "done", "answer": 403}
    for answer, judged in ((403, 0), (200, 1)):
        hooks = records.answered([{**refused, "answer": answer}])
        assert len(records.stops(said, records.heard_at(hooks), {})) == judged


@pytest.mark.parametrize(
    ("learned", "lifted_at"),
    [({"SM9": 112.0}, 112.0), ({}, None)],  # by a webhook or the list; by neither
)
def test_a_start_that_never_came_here_lifts_no_stop(learned, lifted_at):
    said = [inbound("SM8", "STOP", 100), inbound("SM9", "START", 110)]
    assert records.stops(said, {"SM8": 101.0}, learned) == [Stop(CAROL, 101.0, lifted_at)]


@pytest.mark.parametrize(
    ("came_at", "lifted_at"),
    [(103.0, 108.0), (111.0, None)],  # before the START was said; the START had overtaken it
)
def test_a_start_lifts_a_stop_that_had_come_though_our_answer_to_it_took_longer(came_at, lifted_at):
    said = [inbound("SM8", "STOP", 100), inbound("SM9", "START", 108)]
    learned = {"SM8": came_at, "SM9": 108.0}
    assert records.stops(said, {"SM8": 115.0}, learned) == [Stop(CAROL, 115.0, lifted_at)]


def test_the_carriers_own_no_is_later_than_the_word_before_it():
    """21610 after a START is a STOP of the carrier's: the product obeys, and who said it is no case."""
    lines = [("+13125550150", 21610, 9.0), ("+13125550150", 21610, 7.0), (CAROL, 21612, 8.0)]
    log = [{"to": to, "code": code, "at_epoch": at} for to, code, at in lines]
    assert records.refused_as_out(log) == {"+13125550150": 9.0}


@pytest.mark.parametrize(
    ("words", "stored", "learned", "refused_at", "is_judged"),
    [
        ((("START", 100), ("STOP", 101)), {"SM1": 101.5, "SM0": 109.0}, {}, 0.0, True),
        ((("STOP", 100), ("START", 110)), {"SM0": 109.0}, {}, 0.0, True),
        ((("STOP", 100), ("START", 110)), {"SM0": 111.0}, {}, 0.0, False),  # after the START
        ((("STOP", 100), ("START", 110)), {}, {"SM0": 100.0}, 0.0, True),  # from the list
        ((("STOP", 100), ("START", 110)), {}, {"SM0": 111.0}, 0.0, False),  # the answer was lost
        ((("STOP", 100), ("START", 110)), {"SM0": 101.0}, {}, 115.0, False),
        ((("STOP", 100),), {"SM0": 101.0}, {}, 115.0, True),
    ],
)
def test_a_start_is_no_case_while_the_stop_before_was_on_its_way(
    words, stored, learned, refused_at, is_judged
):
    said = [inbound(f"SM{place}", word, at) for place, (word, at) in enumerate(words)]
    assert records.is_judged(said, stored, learned, refused_at) is is_judged


GOOD = {
    "database": "sqlite",
    "seed": 1,
    "findings": [],
    "crimes": dict.fromkeys(Crime, 0),
    "unconfirmed_though_accepted": 0,
    "texts": 300,
    "accepted": 260,
    "delivered": 200,
    "process_faults": {"kill web": 30},
    "provider_faults": {"429": 120},
    "people_said": {"STOP": 10, "START": 3},
    "callbacks": {"texts heard of": 200},
    "stops_judged": 9,
    "last_words_judged": 8,
    "sends_by": {"web": 3, "program": 2, "service": 9},
    "segments": {"1": 200, "2": 100},
    "double_clicks": 4,
}


def assert_is_proof(came):
    assert_nothing_was_wrong(came)
    assert_it_was_large_enough(came, "short")


@pytest.mark.parametrize(
    "poor",
    [
        {"stops_judged": 0},
        {"last_words_judged": 0},
        {"callbacks": {"texts heard of": 0}},
        {"delivered": 0},
        {"sends_by": {"web": 3, "service": 9}},
        {"segments": {"1": 300}},
        {"double_clicks": 0},
        {"texts": 199},
        {"provider_faults": {"429": 119}},
        {"unconfirmed_though_accepted": 1},
        {"crimes": {**GOOD["crimes"], Crime.LATE: 1}},
        {"findings": ["something"]},
    ],
)
def test_a_run_that_proves_nothing_is_no_proof(poor):
    assert_is_proof(GOOD)
    with pytest.raises(AssertionError):
        assert_is_proof({**GOOD, **poor})
