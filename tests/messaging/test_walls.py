"""What holds even when the code above it forgets: keys across organizations, names of webhooks."""

from uuid import uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from twilio.request_validator import RequestValidator

from portal.core.db import db, unit_of_work
from portal.messaging.models import InboundText, Message
from portal.numbers import queries as numbers
from tests.cast import LAKEVIEW_HOMES
from tests.factories.messaging import make_campaign, make_recipient


def test_a_text_of_an_account_cannot_be_another_organizations(northside, sender):
    """I12, RULINGS 9: organization and account are one key."""
    make_campaign(northside, [make_recipient(northside)])
    with pytest.raises(IntegrityError), unit_of_work():
        db.session.execute(update(Message).values(organization_id=LAKEVIEW_HOMES))


def test_only_what_is_signed_says_which_text_it_is(app, northside, sender):
    """I10: the token in the carrier's header is not under its signature."""
    credentials = numbers.credentials(northside.organization_id)

    def post(sid, token):
        data = {
            "AccountSid": credentials.account_sid,
            "MessageSid": sid,
            "From": "+13125559876",
            "To": sender.e164,
            "Body": "Hi",
        }
        url = "http://localhost/webhooks/twilio/sms"
        signed = RequestValidator(credentials.auth_token).compute_signature(url, data)
        headers = {"X-Twilio-Signature": signed, "I-Twilio-Idempotency-Token": token}
        return app.test_client().post("/webhooks/twilio/sms", data=data, headers=headers)

    first, second = (f"SM{uuid4().hex}" for _ in range(2))
    for sid, token in ((first, "one"), (first, "two"), (second, "two")):
        assert post(sid, token).status_code == 200
    assert set(db.session.scalars(select(InboundText.sid))) == {first, second}
