"""A number brought over from another carrier, at the carrier's twin over HTTP (N-3)."""

from datetime import timedelta

from portal.core.db import db, unit_of_work
from portal.core.settings import settings
from portal.numbers import queries as numbers
from portal.porting import service as porting
from portal.porting.models import PortIn
from portal.porting.values import State, Step
from tests.porting.conftest import E164, PDF, advance, now, save, send_in
from workers.porting import forget_drafts


def at_twilio(twin, account):
    own = numbers.credentials(account.organization_id)
    return twin.client(own.account_sid, own.auth_token)


def test_a_number_is_brought_over_from_check_to_first_text(twin, account, draft):
    known = advance(send_in(account, draft))
    assert known.state is State.DONE
    [sender] = numbers.senders(account.id)
    assert (sender.e164, sender.id, sender.is_ready) == (E164, known.sender_id, True)
    client = at_twilio(twin, account)
    [number] = client.incoming_phone_numbers.list()
    assert number.sms_url.endswith("/webhooks/twilio/sms#rc=5&rp=all&ct=3000&rt=8000")
    [service] = client.messaging.v1.services.list()
    [pooled] = client.messaging.v1.services(service.sid).phone_numbers.list()
    assert pooled.phone_number == E164
    assert (known.has_account_number, known.has_pin, known.bill) == (False, False, None)


def test_a_bill_is_sealed_on_disk_told_to_twilio_and_deleted(twin, account, draft):
    path = settings().evidence_dir / "bills" / draft.bill.name
    assert b"%PDF" not in path.read_bytes()
    assert porting.content_of(draft.bill) == PDF
    advance(send_in(account, draft))
    assert not path.exists()


def test_a_draft_nobody_sends_in_is_forgotten_with_its_secrets(twin, account, draft, clock):
    clock.travel(by=timedelta(days=89))
    assert forget_drafts() == 0
    clock.travel(by=timedelta(days=2))
    assert (forget_drafts(), forget_drafts()) == (1, 0)
    known = now(draft)
    assert (known.state, known.has_pin, known.bill) == (State.CANCELED, False, None)


def test_a_request_nobody_mends_is_called_off_and_its_secrets_forgotten(
    twin, account, draft, clock
):
    save(draft, account_number="881001")  # the twin's carrier turns it down
    known = advance(send_in(account, draft))
    assert known.state is State.ACTION_NEEDED
    clock.travel(by=timedelta(days=89))
    assert forget_drafts() == 0
    clock.travel(by=timedelta(days=2))
    assert (forget_drafts(), forget_drafts()) == (1, 0)
    known = now(draft)
    assert (known.has_account_number, known.has_pin, known.bill) == (False, False, None)
    assert advance(known).state is State.CANCELED


def test_a_secret_no_key_opens_is_told_and_loses_nothing(twin, account, draft):
    with unit_of_work():
        row = db.session.get(PortIn, draft.id)
        row.sealed_pin = row.sealed_account_number  # another column's: it opens nowhere else
    known = advance(send_in(account, draft))
    assert known.todo[0] is Step.ORDER
    assert "can't be read" in known.trouble.sentence
