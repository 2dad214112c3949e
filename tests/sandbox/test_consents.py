"""The sandbox keeps consents that are told in bulk as its own blocks (X-2, Q-8, facts 1.12)."""

import uuid
from datetime import UTC, timedelta

import pytest
from twilio.base.exceptions import TwilioRestException

from portal.core import clock

PERSON = "+13125550101"


def item(sender, **more):
    return {
        "contact_id": PERSON,
        "correlation_id": uuid.uuid4().hex,
        "sender_id": sender,
        "status": "opt-out",
        "source": "offline",
        "date_of_consent": clock.utcnow().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    } | more


def tell(twilio, *items):
    return twilio.accounts.v1.bulk_consents.create(items=list(items)).items


def test_who_was_told_of_is_refused_with_21610_afterwards(twilio, number, send, sandbox):
    send(PERSON)
    [said] = tell(twilio, item(number))
    assert (said["error_code"], said["error_messages"]) == (0, [])
    with pytest.raises(TwilioRestException) as refused:
        send(PERSON)
    assert refused.value.code == 21610
    send("+13125550102")
    assert sandbox.blocks() == [{"scope": number, "person": PERSON}]


def test_telling_it_twice_changes_nothing_and_an_opt_in_lifts_it(twilio, number, send, sandbox):
    tell(twilio, item(number), item(number))
    assert len(sandbox.blocks()) == 1
    tell(twilio, item(number, status="opt-in", source="website"))
    assert sandbox.blocks() == []
    send(PERSON)


def test_an_opt_in_older_than_the_stop_lifts_nothing(twilio, number, sandbox):
    sandbox.says(PERSON, number, "STOP")
    yesterday = (clock.utcnow() - timedelta(days=1)).isoformat()
    tell(twilio, item(number, status="opt-in", date_of_consent=yesterday))
    assert len(sandbox.blocks()) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"contact_id": "312-555-0101"}, "INVALID_CONTACT_ID"),
        ({"correlation_id": "short"}, "INVALID_CORRELATION_ID"),
        ({"sender_id": "+13125550199"}, "INVALID_SENDER_ID"),
        ({"sender_id": "MG" + "0" * 32}, "INVALID_SENDER_ID"),
        ({"status": "stop"}, "INVALID_STATUS"),
        ({"source": "crm"}, "INVALID_SOURCE"),
        ({"date_of_consent": "soon"}, "INVALID_DATE_OF_CONSENT"),
        ({"date_of_consent": "2999-01-01T00:00:00Z"}, "INVALID_DATE_OF_CONSENT"),
    ],
)
def test_a_wrong_item_is_told_and_stops_no_other(twilio, number, sandbox, change, reason):
    wrong, right = tell(twilio, item(number, **change), item(number))
    assert (wrong["error_code"], wrong["error_messages"]) == (30646, [reason])
    assert right["error_code"] == 0
    assert len(sandbox.blocks()) == 1


@pytest.mark.parametrize("items", [[{}] * 26, ["x"]])
def test_what_is_no_batch_is_refused_whole(twilio, number, items, sandbox):
    with pytest.raises(TwilioRestException) as refused:
        tell(twilio, *items)
    assert refused.value.status == 400
    assert sandbox.blocks() == []


def test_a_sleeping_account_is_told_so(twilio, number, sandbox):
    sandbox.post(f"accounts/{sandbox.sid}/status", status="suspended")
    with pytest.raises(TwilioRestException) as refused:
        tell(twilio, item(number))
    assert refused.value.code == 20005
