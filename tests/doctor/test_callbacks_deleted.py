"""The doctor takes nothing for a fault that retention or an erasure may delete (I10, C-11)."""

from datetime import timedelta

import pytest
from sqlalchemy import delete

from portal.core.clock import utcnow
from portal.core.db import db, unit_of_work
from portal.doctor import queries
from portal.doctor.values import Scope
from portal.messaging.models import WebhookEvent
from portal.messaging.service import forgetting
from tests.factories.messaging import make_leaving, make_ready
from tests.factories.numbers import make_carrier_account
from tests.messaging.hooks import STATUS, Hook
from workers.retention import sweep_retention
from workers.sending import apply_statuses


@pytest.fixture
def text(app, northside):
    """A text that a callback said was delivered."""
    [text] = make_leaving(northside, 1, make_ready(northside))
    ours = make_carrier_account(northside.organization_id)
    params = (
        ("AccountSid", ours.account_sid),
        ("MessageSid", f"SM{text.message_id.hex}"),
        ("MessageStatus", "delivered"),
    )
    hook = Hook(STATUS, params, f"m={text.message_id}&a=1").signed(ours.auth_token)
    assert hook.post(app).status_code == 204
    assert apply_statuses() == 1
    return text


def faults(account):
    db.session.rollback()
    found = queries.examine(Scope(account.organization_id, account.id), utcnow())
    return [one.sentence for one in found if one.check == "state_beyond_reports"]


def test_a_callback_deleted_after_its_term_is_no_fault(northside, text, clock):
    assert faults(northside) == []
    clock.travel(by=timedelta(days=91))
    sweep_retention()
    assert faults(northside) == []


def test_a_callback_deleted_by_an_erasure_is_no_fault(northside, text, clock):
    with unit_of_work():
        of, e164 = northside.organization_id, text.e164
        forgetting.forget_callbacks_of(of, e164, before=clock.now, is_dry=False)
        forgetting.erase_words(of, before=clock.now, only=e164, is_dry=False)
    assert faults(northside) == []


def test_a_young_callback_that_is_gone_is_a_fault(northside, text):
    with unit_of_work():
        db.session.execute(delete(WebhookEvent))
    assert len(faults(northside)) == 1
