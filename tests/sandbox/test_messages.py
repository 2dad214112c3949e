"""Texts out: what the carrier takes, refuses, lists and reports."""

from datetime import timedelta

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

from portal.sandbox.magic import FROM, TO

PERSON = "+13125550101"


def refused(call, *args, **kwargs):
    with pytest.raises(TwilioRestException) as caught:
        call(*args, **kwargs)
    return caught.value


def test_a_text_goes_from_queued_to_delivered_with_signed_callbacks(sandbox, ear, send):
    message = send(body="Hi there")
    assert (message.status, message.num_segments, message.direction) == (
        "queued",
        "1",
        "outbound-api",
    )
    assert message.sid.startswith("SM")
    assert message.date_sent is None
    sandbox.flush()
    assert ear.statuses() == ["sent", "delivered"]
    for call in ear.heard:
        assert call["path"] == "/status?m=7&a=1"
        signature = call["headers"]["X-Twilio-Signature"]
        validator = RequestValidator(sandbox.token)
        assert validator.validate(ear.url + call["path"], call["form"], signature)
    last = ear.forms()[-1]
    assert last["MessageSid"] == message.sid
    assert last["SmsStatus"] == "delivered"
    assert len(last["RawDlrDoneDate"]) == 10
    fetched = message.fetch()
    assert fetched.status == "delivered"
    assert fetched.price == "-0.00790"
    assert fetched.date_sent


def test_a_service_chooses_the_sender_after_accepting(sandbox, ear, twilio, number):
    service = twilio.messaging.v1.services.create(
        friendly_name="Juniper", status_callback=f"{ear.url}/of-service"
    )
    owned = twilio.incoming_phone_numbers.list(phone_number=number)[0]
    service.phone_numbers.create(phone_number_sid=owned.sid)
    message = twilio.messages.create(to=PERSON, body="Hi", messaging_service_sid=service.sid)
    assert (message.status, message.from_, message.num_segments) == ("accepted", None, "0")
    sandbox.flush()
    assert message.fetch().from_ == number
    assert message.fetch().num_segments == "1"
    assert ear.statuses() == ["queued", "sent", "delivered"]
    assert ear.forms()[0]["MessagingServiceSid"] == service.sid


@pytest.mark.parametrize("magic", [m for m in TO if m.effect == "refuse"], ids=lambda m: m.number)
def test_magic_recipients_are_refused_with_their_code(send, magic):
    to = "+1312" + magic.number.replace("-", "") if magic.is_family else magic.number
    error = refused(send, to=to)
    assert (error.code, error.status) == (magic.code, 400)
    assert error.msg


@pytest.mark.parametrize("magic", FROM, ids=lambda m: m.number)
def test_magic_senders_behave_as_twilio_documents(send, magic):
    if magic.effect == "refuse":
        assert refused(send, from_=magic.number).code == magic.code
    else:
        assert send(from_=magic.number).status == "queued"


@pytest.mark.parametrize("magic", [m for m in TO if m.effect == "deliver"], ids=lambda m: m.number)
def test_magic_outcomes_end_as_told(sandbox, ear, send, magic):
    message = send(to="+1206" + magic.number.replace("-", ""))
    sandbox.flush()
    ended = message.fetch()
    assert (ended.status, ended.error_code) == (magic.final, magic.code or None)
    last = ear.forms()[-1]
    assert last["MessageStatus"] == magic.final
    assert last.get("ErrorCode", "") == (str(magic.code) if magic.code else "")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to": ""}, 21604),
        ({"to": "+1312555"}, 21211),
        ({"to": "hello"}, 21211),
        ({"from_": "nonsense"}, 21212),
        ({"from_": "+13125550177"}, 21606),
        ({"body": "x" * 1601}, 21617),
        ({"body": "   "}, 21602),
        ({"media_url": ["https://example.com/a.png"] * 11}, 21623),
        ({"media_url": ["not a link"]}, 21620),
        ({"status_callback": "ftp://example.com"}, 21609),
        ({"status_callback": "https://bad_host.example.com/x"}, 21609),
        ({"validity_period": 36001}, 21624),
        ({"messaging_service_sid": "MG" + "0" * 32}, 21701),
        ({"messaging_service_sid": "nonsense"}, 21705),
    ],
    ids=str,
)
def test_what_twilio_refuses_is_refused(twilio, number, change, code):
    asked = {"to": PERSON, "from_": number, "body": "Hi"} | change
    assert refused(twilio.messages.create, **asked).code == code


def test_a_text_needs_a_sender_and_another_recipient(twilio, number):
    assert refused(twilio.messages.create, to=PERSON, body="Hi").code == 21603
    assert refused(twilio.messages.create, to=number, from_=number, body="Hi").code == 21266


def test_an_empty_pool_and_a_sender_outside_the_pool_are_refused(twilio, number):
    service = twilio.messaging.v1.services.create(friendly_name="Empty")
    asked = {"to": PERSON, "body": "Hi", "messaging_service_sid": service.sid}
    assert refused(twilio.messages.create, **asked).code == 21704
    other = twilio.incoming_phone_numbers.create(area_code="312")
    service.phone_numbers.create(phone_number_sid=other.sid)
    assert refused(twilio.messages.create, from_=number, **asked).code == 21606


def test_wrong_credentials_are_refused(sandbox):
    account = sandbox.client(token="wrong").api.v2010.accounts(sandbox.sid)
    error = refused(account.fetch)
    assert (error.status, error.code) == (401, 20003)


def test_a_refusal_has_twilios_error_body(send):
    error = refused(send, to="+15005550001")
    assert (error.status, error.code) == (400, 21211)
    assert error.msg.endswith("Invalid 'To' Phone Number: +15005550001")


def test_texts_are_listed_newest_first_in_pages(sandbox, twilio, send):
    sent = [send(body=f"Text {n}").sid for n in range(5)]
    send(to="+13125550102")
    listed = twilio.messages.list(to=PERSON, page_size=2)
    assert [message.sid for message in listed] == sent[::-1]
    page = twilio.messages.page(to=PERSON, page_size=2)
    assert len(list(page)) == 2
    assert page.next_page_url


def test_lists_filter_by_sender_and_day_sent(sandbox, twilio, send, number, clock):
    today, tomorrow = clock.now.date(), clock.now.date().replace(day=clock.now.day + 1)
    message = send()
    assert twilio.messages.list(date_sent=today) == []
    sandbox.flush()
    assert [m.sid for m in twilio.messages.list(from_=number)] == [message.sid]
    assert [m.sid for m in twilio.messages.list(date_sent=today)] == [message.sid]
    assert [m.sid for m in twilio.messages.list(date_sent_after=today)] == [message.sid]
    assert twilio.messages.list(date_sent_after=tomorrow) == []
    assert [m.sid for m in twilio.messages.list(date_sent_before=tomorrow)] == [message.sid]


def test_young_texts_are_missing_from_lists_for_the_list_lag(sandbox, twilio, send, clock):
    sandbox.turn(list_lag_seconds=60)
    message = send()
    assert twilio.messages.list() == []
    assert message.fetch().sid == message.sid
    clock.travel(by=timedelta(seconds=61))
    assert [m.sid for m in twilio.messages.list()] == [message.sid]


def test_pictures_are_listed_not_downloaded(twilio, send):
    message = send(media_url=["https://example.com/a.png", "https://example.com/b.jpg"])
    assert message.sid.startswith("MM")
    assert message.num_media == "2"
    assert [m.content_type for m in message.media.list()] == ["image/png", "image/jpeg"]


def test_segments_are_counted_as_the_carrier_counts(send):
    assert send(body="a" * 160).num_segments == "1"
    assert send(body="a" * 161).num_segments == "2"
    assert send(body="é" * 160).num_segments == "1"
    assert send(body="ê" * 71).num_segments == "2"
    assert send(body="€" * 81).num_segments == "2"


def test_a_body_can_be_redacted_and_a_text_deleted(sandbox, twilio, send):
    message = send()
    assert refused(message.delete).status == 400
    sandbox.flush()
    assert message.update(body="").body == ""
    assert message.delete()
    assert refused(message.fetch).status == 404
    assert [entry["sid"] for entry in sandbox.log()] == [message.sid]


def test_a_text_that_outlives_its_validity_fails(sandbox, ear, send, clock):
    message = send(to="+13125551036", validity_period=120)
    sandbox.flush()
    assert message.fetch().status == "queued"
    clock.travel(by=timedelta(seconds=121))
    sandbox.flush()
    assert (message.fetch().status, message.fetch().error_code) == ("failed", 30036)


def test_a_scheduled_text_can_be_canceled(sandbox, twilio, number, clock):
    service = twilio.messaging.v1.services.create(friendly_name="Later")
    owned = twilio.incoming_phone_numbers.list()[0]
    service.phone_numbers.create(phone_number_sid=owned.sid)
    asked = {"to": PERSON, "body": "Hi", "messaging_service_sid": service.sid}
    late = {"schedule_type": "fixed", "send_at": clock.now + timedelta(hours=1)}
    soon = {"schedule_type": "fixed", "send_at": clock.now + timedelta(seconds=1)}
    assert refused(twilio.messages.create, **asked, **soon).code == 35114
    message = twilio.messages.create(**asked, **late)
    sandbox.flush()
    assert message.fetch().status == "scheduled"
    assert message.update(status="canceled").status == "canceled"


def test_the_truth_log_keeps_callback_marks_and_order(sandbox, send):
    first, second = send(body="one"), send(body="two")
    log = sandbox.log()
    assert [entry["sid"] for entry in log] == [first.sid, second.sid]
    assert (log[0]["m"], log[0]["a"], log[0]["body"], log[0]["to"]) == ("7", "1", "one", PERSON)
