"""What a move changes, who stopped before it, and which steps are left (N-2)."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from portal.gateways.numbers import Capabilities
from portal.gateways.transfers import OldText, ServiceUse, TheirNumber
from portal.transfers.rules import findings, letters, steps
from portal.transfers.rules.findings import Here
from portal.transfers.rules.opt_outs import stopped
from portal.transfers.values import Path, Signature, Step, Weight

AT = datetime(2026, 3, 2, tzinfo=UTC)
CLEAR = Here(has_campaign=True, held=None)
ABLE = Capabilities(sms=True, mms=True, voice=True)


def number(**changes):
    return TheirNumber(
        **{"sid": "PN1", "e164": "+13125550142", "name": "x", "capabilities": ABLE} | changes
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"origin": "hosted"}, "hosted"),
        ({"address_requirements": "any"}, "an address of its owner"),
        ({"capabilities": Capabilities(voice=True)}, "can't text"),
        ({"e164": "+442079460142"}, "is not a US number"),
        ({"e164": "+19005550142"}, "premium"),
    ],
)
def test_what_cannot_be_moved_is_stopped_with_its_reason(changes, words):
    assert words in findings.why_not(number(**changes), held=None)
    found = findings.judge(number(**changes), None, CLEAR)
    assert findings.is_stopped(found)
    assert found[0].weight is Weight.STOP


def test_what_another_organization_has_is_not_told():
    ours, theirs = uuid4(), uuid4()
    assert findings.why_held(None, ours) is None
    assert findings.why_held(ours, ours) == "Your brokerage has it here already."
    told = findings.why_held(theirs, ours)
    assert told == "It can't be set up here now. Message support."
    found = findings.judge(number(), None, Here(has_campaign=True, held=told))
    assert findings.is_stopped(found)


CHANGES = {
    "service": {},
    "sms_webhook": {"sms_url": "https://ann:secret@old.example/x?key=1"},
    "voice": {"voice_url": "https://old.example/v"},
    "emergency": {"has_emergency_address": True},
    "status_callback": {"status_callback": "https://old.example/s"},
    "toll_free": {"e164": "+18335550142"},
}


@pytest.mark.parametrize("code", CHANGES)
def test_what_breaks_is_named_without_the_keys_in_an_address(code):
    service = ServiceUse("MG1", "Leads", has_campaign=True) if code == "service" else None
    found = findings.judge(number(**CHANGES[code]), service, CLEAR)
    assert code in {one.code for one in found}
    assert not findings.is_stopped(found)
    words = " ".join(one.sentence + one.advice for one in found)
    assert "secret" not in words
    assert "key=" not in words


@pytest.mark.parametrize(
    ("service", "has_campaign", "words"),
    [
        (None, True, "may send at once"),
        (ServiceUse("MG1", "x", has_campaign=True), True, "it joins yours"),
        (None, False, "can't send before your registration is approved"),
    ],
)
def test_its_registration_is_foretold(service, has_campaign, words):
    found = findings.judge(number(), service, Here(has_campaign, held=None))
    assert words in " ".join(f"{one.sentence} {one.advice}" for one in found)


def test_the_newest_word_of_each_person_counts_and_plain_words_do_too():
    """Q-4: newest first; a yes in talk brings nobody back."""
    log = [
        OldText("SM7", "+13125550105", "yes", AT),
        OldText("SM6", "+13125550101", "START", AT),
        OldText("SM5", "+13125550102", "stop texting me", AT),
        OldText("SM4", "+13125550103", "Hello", AT),
        OldText("SM3", "+13125550101", "STOP", AT),
        OldText("SM2", "+13125550105", "Unsubscribe", AT),
        OldText("SM1", "72345", "STOP", AT),
    ]
    assert [(one.e164, one.sid) for one in stopped(log)] == [
        ("+13125550102", "SM5"),
        ("+13125550105", "SM2"),
    ]


@pytest.mark.parametrize("path", Path)
def test_each_way_has_every_step_once_and_deletes_the_token_last(path):
    taken = steps.all_steps(path)
    assert len(set(taken)) == len(taken)
    assert taken[-1] is Step.CLEAN_UP
    assert {Step.MOVE, Step.AWAIT} & set(taken) == {
        Step.MOVE if path is Path.SAME_OWNER else Step.AWAIT
    }
    for left in range(len(taken)):
        words = [word for _, word in steps.milestones(taken[left:], is_seen=True)]
        assert words.count("current") == 1
    assert set(steps.STEP_WORDS) == set(Step)


@pytest.mark.parametrize(
    ("step", "days", "waits", "is_over"),
    [
        (Step.PICK, 6, True, False),
        (Step.PICK, 7, True, True),
        (Step.CARRY, 30, False, False),
        (Step.CARRY, 8, True, True),
        (Step.AWAIT, 59, False, False),
        (Step.AWAIT, 60, False, True),
    ],
)
def test_a_token_does_not_stay_with_what_nobody_goes_on_with(step, days, waits, is_over):
    now = AT + timedelta(days=days)
    assert steps.is_abandoned(step, AT, now, waits_for_person=waits) is is_over


def test_the_letter_names_both_accounts_and_who_signed():
    letter = letters.request(
        Signature("Ann Old", "Owner", "ann@old.example", AT, "Alice"),
        e164="+13125550142",
        old_account_sid="ACold",
        new_account_sid="ACnew",
        organization="Juniper",
    )
    for words in ("+13125550142", "ACold", "ACnew (Juniper)", "Ann Old, Owner", "2026-03-02"):
        assert words in letter
