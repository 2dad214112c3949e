"""What callers hear, where their calls go, and what is counted (N-8, M-3, I10)."""

from datetime import date
from itertools import permutations

import pytest
from sqlalchemy import select, update

from portal.calls import service as calls
from portal.calls.models import Call, CallDay, CallForwarding
from portal.calls.values import Shown
from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.core.tenancy import Tenant
from portal.doctor.queries import counts
from portal.doctor.queries.looking import Look
from tests import cast
from tests.calls.conftest import OURS
from tests.factories.numbers import make_carrier_account
from tests.messaging.hooks import Hook

CAROL, MINE = "+13125550177", "+13125550142"
RINGING = ("voice", {"CallStatus": "ringing"})
TAKEN = (
    "voice-ended",
    {"CallStatus": "in-progress", "DialCallStatus": "completed", "DialCallDuration": "61"},
)
BUSY = ("voice-ended", {"CallStatus": "in-progress", "DialCallStatus": "busy"})
OVER = ("call-status", {"CallStatus": "completed", "CallDuration": "75"})


@pytest.fixture
def forwarded(sender):
    with unit_of_work():
        db.session.add(
            CallForwarding(
                sender_id=sender.id, organization_id=sender.organization_id,
                account_id=sender.account_id, phone=MINE, shown=Shown.CALLER,
                verified_by="Alice Moreno", tries_left=0,
            )
        )  # fmt: skip
    return sender


@pytest.fixture
def ring(app, sender):
    """Post one piece of news of a call, signed."""
    credentials = make_carrier_account(cast.JUNIPER)

    def post(news, number=1, caller=CAROL):
        path, more = news
        params = {"AccountSid": credentials.account_sid, "CallSid": f"CA{number:032x}"}
        params |= {"From": caller, "To": OURS, **more}
        hook = Hook(f"/webhooks/twilio/{path}", tuple(params.items()))
        answer = hook.signed(credentials.auth_token).post(app)
        assert answer.status_code in {200, 204}
        assert hook.but(signature="A" * 28).post(app).status_code == 403
        return answer.get_data(as_text=True)

    return post


def _day():
    db.session.rollback()
    row = db.session.scalar(select(CallDay))
    return row and (row.calls, row.forwarded, row.answered, row.minutes, row.forwarded_minutes)


def test_a_caller_to_a_number_without_forwarding_is_told_to_text(ring):
    said = ring(RINGING)
    assert "You have reached Juniper Realty." in said
    assert "Please hang up and send a text." in said
    assert "<Dial" not in said
    ring(OVER)
    assert _day() == (1, 0, 0, 2, 0)


def test_a_call_goes_to_the_verified_phone_and_shows_the_caller(forwarded, ring):
    said = ring(RINGING)
    assert f'callerId="{CAROL}"' in said
    assert f"<Number>{MINE}</Number>" in said
    assert 'action="http://localhost/webhooks/twilio/voice-ended"' in said
    assert "<Say" not in ring(TAKEN)
    ring(OVER)
    assert _day() == (1, 1, 1, 2, 2)


def test_the_phone_shows_our_number_where_chosen_or_where_the_caller_has_none(forwarded, ring):
    assert f'callerId="{OURS}"' in ring(RINGING, caller="anonymous")
    with unit_of_work():
        db.session.execute(update(CallForwarding).values(shown=Shown.OURS))
    assert f'callerId="{OURS}"' in ring(RINGING, number=2)


def test_a_caller_nobody_took_is_told_so(forwarded, ring):
    ring(RINGING)
    assert "Nobody at Juniper Realty can take your call" in ring(BUSY)
    ring(OVER)
    assert _day() == (1, 1, 0, 2, 0)
    ring(RINGING, number=2)
    ring(OVER, number=2)  # hung up while it rang
    assert [call.state for call in db.session.scalars(select(Call))] == ["missed", "missed"]


@pytest.mark.parametrize("order", list(permutations((TAKEN, OVER, BUSY))))
def test_news_in_any_order_and_twice_count_once(forwarded, ring, order):
    """I10: once it rang; what comes of a call before that is told again or was never ours."""
    for news in (RINGING, *order, *order):
        ring(news)
    assert _day() == (1, 1, 1, 2, 2)


def test_a_call_to_a_number_that_is_not_ours_is_told_to_text_and_not_counted(app, northside):
    credentials = make_carrier_account(cast.JUNIPER)
    params = {"AccountSid": credentials.account_sid, "CallSid": "CA" + "1" * 32, "From": CAROL}
    for path, more in (RINGING, TAKEN, OVER):
        given = tuple((params | {"To": "+13125550199"} | more).items())
        hook = Hook(f"/webhooks/twilio/{path}", given).signed(credentials.auth_token)
        assert hook.post(app).status_code in {200, 204}
    assert _day() is None


def test_the_report_on_calls_says_minutes_apart_from_credits(forwarded, ring, alice):
    for news in (RINGING, TAKEN, OVER):
        ring(news)
    ring(RINGING, number=2)
    ring(BUSY, number=2)
    reply = alice.get("reports.show", account_id=cast.NORTHSIDE, name="calls")
    assert "2 in, 2 forwarded" in reply.text
    assert "Calls cost no credits." in reply.text
    csv = alice.get("reports.file", account_id=cast.NORTHSIDE, name="calls", kind="csv")
    assert "In all,2,2,1,1,2,2" in csv.data.decode()
    of_all = alice.get("reports.show", organization_id=cast.JUNIPER, name="calls")
    assert "2 in, 2 forwarded" in of_all.text


def test_the_doctor_counts_calls_again_and_recount_mends(forwarded, ring):
    for news in (RINGING, TAKEN, OVER):
        ring(news)
    look = Look(cast.JUNIPER, cast.NORTHSIDE, utcnow())
    assert list(counts.counted_otherwise(look)) == []
    with unit_of_work():
        db.session.execute(update(CallDay).values(minutes=9))
    [found] = counts.counted_otherwise(look)
    assert found.subject == date(2026, 3, 2)
    with unit_of_work():
        calls.recount(Tenant(cast.JUNIPER, cast.NORTHSIDE))
    assert list(counts.counted_otherwise(look)) == []
