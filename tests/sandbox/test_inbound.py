"""Texts in: keywords as the carrier handles them, webhooks, replies."""

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

from portal.sandbox.inbound import HELP, OPT_IN, OPT_OUT, REPLIES, TOLL_FREE_REPLIES

PERSON = "+13125550101"


@pytest.fixture
def service(twilio, number):
    """A service with the number in its pool, webhook on the number."""
    made = twilio.messaging.v1.services.create(
        friendly_name="Juniper", use_inbound_webhook_on_number=True
    )
    made.phone_numbers.create(phone_number_sid=twilio.incoming_phone_numbers.list()[0].sid)
    return made


def replies(sandbox):
    return [
        message["body"]
        for message in sandbox.get("messages")["messages"]
        if message["direction"] == "outbound-reply"
    ]


def is_refused(twilio, number, **more):
    try:
        twilio.messages.create(to=PERSON, from_=number, body="Hi", **more)
    except TwilioRestException as error:
        assert (error.status, error.code) == (400, 21610)
        return True
    return False


def test_a_text_reaches_the_webhook_signed_and_with_twilios_fields(sandbox, ear, number):
    said = sandbox.says(PERSON, number, "Is it still available?")
    assert said["webhooks"][0]["state"] == "done"
    call = ear.heard[0]
    assert call["path"] == "/sms?n=1"
    form = call["form"]
    assert form["MessageSid"] == form["SmsSid"] == form["SmsMessageSid"] == said["sid"]
    assert (form["From"], form["To"], form["Body"]) == (PERSON, number, "Is it still available?")
    assert (form["NumMedia"], form["NumSegments"], form["SmsStatus"]) == ("0", "1", "received")
    assert (form["FromCity"], form["FromState"], form["FromCountry"]) == ("CHICAGO", "IL", "US")
    assert "OptOutType" not in form
    signature = call["headers"]["X-Twilio-Signature"]
    assert RequestValidator(sandbox.token).validate(ear.url + call["path"], form, signature)


@pytest.mark.parametrize("word", sorted(OPT_OUT))
def test_every_stop_word_blocks_and_is_answered_once_for_free(sandbox, ear, twilio, number, word):
    sandbox.says(PERSON, number, f"  {word.lower()} ")
    assert is_refused(twilio, number)
    assert replies(sandbox) == [REPLIES["STOP"]]
    sandbox.says(PERSON, number, word)
    assert len(replies(sandbox)) == 1
    sandbox.flush()
    answer = twilio.messages.list(to=PERSON)[0]
    assert (answer.direction, answer.status, answer.price) == (
        "outbound-reply",
        "delivered",
        "0.00000",
    )
    assert ear.heard[0]["form"]["Body"].strip() == word.lower()


@pytest.mark.parametrize("word", sorted(OPT_IN))
def test_every_start_word_lifts_and_answers_only_where_something_was_blocked(
    sandbox, twilio, number, word
):
    sandbox.says(PERSON, number, word)
    assert replies(sandbox) == []
    sandbox.says(PERSON, number, "STOP")
    sandbox.says(PERSON, number, word)
    assert replies(sandbox)[-1] == REPLIES["START"]
    assert not is_refused(twilio, number)


@pytest.mark.parametrize("word", sorted(HELP))
def test_every_help_word_is_answered(sandbox, number, word):
    sandbox.says(PERSON, number, word)
    assert replies(sandbox) == [REPLIES["HELP"]]


@pytest.mark.parametrize("words", ["opt out", "please stop", "stop by at 5", "STOP!"])
def test_phrases_are_no_keywords_to_the_carrier(sandbox, twilio, number, words):
    sandbox.says(PERSON, number, words)
    assert not is_refused(twilio, number)
    assert replies(sandbox) == []


def test_a_block_is_between_one_person_and_one_number(sandbox, twilio, number):
    other = twilio.incoming_phone_numbers.create(area_code="312").phone_number
    sandbox.says(PERSON, number, "STOP")
    assert is_refused(twilio, number)
    assert not is_refused(twilio, other)
    assert twilio.messages.create(to="+13125550102", from_=number, body="Hi").sid


def test_a_block_through_a_service_covers_all_its_numbers(sandbox, twilio, number, service):
    other = twilio.incoming_phone_numbers.create(area_code="312")
    service.phone_numbers.create(phone_number_sid=other.sid)
    sandbox.says(PERSON, number, "STOP")
    assert sandbox.get("blocks")["blocks"] == [{"scope": service.sid, "person": PERSON}]
    assert is_refused(twilio, other.phone_number)
    assert is_refused(twilio, number, messaging_service_sid=service.sid)
    sandbox.says(PERSON, other.phone_number, "START")
    assert not is_refused(twilio, number)


def test_a_block_by_number_stays_when_the_number_joins_a_service(sandbox, twilio, number):
    sandbox.says(PERSON, number, "STOP")
    made = twilio.messaging.v1.services.create(friendly_name="Late")
    made.phone_numbers.create(phone_number_sid=twilio.incoming_phone_numbers.list()[0].sid)
    assert is_refused(twilio, number, messaging_service_sid=made.sid)
    sandbox.says(PERSON, number, "START")
    assert not is_refused(twilio, number, messaging_service_sid=made.sid)


def test_toll_free_numbers_are_answered_by_the_network(sandbox, twilio):
    free = twilio.incoming_phone_numbers.create(phone_number="+18885550160").phone_number
    sandbox.says(PERSON, free, "STOP")
    sandbox.says(PERSON, free, "UNSTOP")
    assert replies(sandbox) == [TOLL_FREE_REPLIES["STOP"], TOLL_FREE_REPLIES["START"]]


def test_with_carrier_keywords_off_the_portal_is_on_its_own(sandbox, ear, twilio, number):
    sandbox.turn(carrier_keywords=False)
    sandbox.says(PERSON, number, "STOP")
    assert replies(sandbox) == []
    assert not is_refused(twilio, number)
    assert ear.heard[0]["form"]["Body"] == "STOP"


def test_carrier_keywords_can_be_off_for_one_number_or_service(sandbox, twilio, number, service):
    sandbox.post(f"senders/{service.sid}", carrier_keywords=False)
    sandbox.says(PERSON, number, "STOP")
    assert not is_refused(twilio, number)
    other = twilio.incoming_phone_numbers.create(area_code="312").phone_number
    sandbox.post(f"senders/{other}", carrier_keywords=False)
    sandbox.says(PERSON, other, "STOP")
    assert not is_refused(twilio, other)
    with pytest.raises(ValueError, match="Give one of: carrier_keywords"):
        sandbox.post(f"senders/{other}", advanced_opt_out=True)


@pytest.mark.parametrize(
    ("word", "kind"), [("quit", "STOP"), ("Unstop", "START"), ("INFO", "HELP")]
)
def test_advanced_opt_out_names_the_kind_in_the_webhook(sandbox, ear, number, service, word, kind):
    sandbox.post(f"senders/{service.sid}", advanced_opt_out=True)
    sandbox.says(PERSON, number, word)
    assert ear.heard[0]["form"]["OptOutType"] == kind
    assert ear.heard[0]["form"]["MessagingServiceSid"] == service.sid


def test_a_service_without_the_switch_gets_the_webhook_itself(sandbox, ear, number, service):
    service.update(use_inbound_webhook_on_number=False, inbound_request_url=f"{ear.url}/service")
    sandbox.says(PERSON, number, "Hi")
    assert [call["path"] for call in ear.heard] == ["/service"]
    service.update(inbound_request_url="")
    assert sandbox.says(PERSON, number, "Hi")["webhooks"] == []


def test_twiml_replies_are_sent_unless_the_person_has_stopped(sandbox, ear, number):
    twiml = "<Response><Message>One</Message><Message><Body>Two</Body></Message></Response>"
    ear.answers[:] = [(200, "text/xml; charset=utf-8", twiml)]
    sandbox.says(PERSON, number, "Hi")
    assert replies(sandbox) == ["One", "Two"]
    ear.answers[:] = [(200, "text/xml", twiml)]
    said = sandbox.says(PERSON, number, "STOP")
    assert said["webhooks"][0]["problem"].startswith("21610")
    assert replies(sandbox)[2:] == [REPLIES["STOP"]]


def test_a_reply_with_a_picture_keeps_only_links_a_phone_can_open(sandbox, ear, number):
    media = "<Media>https://example.com/a.png</Media><Media>javascript:alert(1)</Media>"
    ear.answers[:] = [(200, "text/xml", f"<Response><Message>Look{media}</Message></Response>")]
    sandbox.says(PERSON, number, "Hi")
    assert sandbox.get("messages")["messages"][-1]["num_media"] == "1"


@pytest.mark.parametrize(
    ("kind", "body", "problem"),
    [
        ("text/html", "<p>Hi", "12300"),
        ("text/xml", "<Response>", "12100"),
        ("text/xml", "<Other/>", "12100"),
        ("text/xml", "<Response>" + " " * 65536 + "</Response>", "11750"),
    ],
    ids=["html", "broken", "other", "long"],
)
def test_an_answer_that_is_no_twiml_is_a_problem(sandbox, ear, number, kind, body, problem):
    ear.answers[:] = [(200, kind, body)]
    said = sandbox.says(PERSON, number, "Hi")
    assert said["webhooks"][0]["problem"].startswith(problem)


def test_pictures_from_a_phone_can_be_fetched_by_the_portal(sandbox, ear, twilio, number):
    sandbox.says(PERSON, number, "", media=[{"content_type": "image/png", "data": "iVBORw0KGgo="}])
    form = ear.heard[0]["form"]
    assert form["MessageSid"].startswith("MM")
    assert (form["NumMedia"], form["MediaContentType0"]) == ("1", "image/png")
    fetched = sandbox.http.request("GET", form["MediaUrl0"])
    assert fetched.data.startswith(b"\x89PNG")
    media = twilio.messages(form["MessageSid"]).media.list()[0]
    assert form["MediaUrl0"].endswith(media.sid)
    assert media.delete()
    assert sandbox.http.request("GET", form["MediaUrl0"]).status == 404


def test_the_fallback_hears_of_it_when_the_webhook_fails(sandbox, ear, twilio, number):
    owned = twilio.incoming_phone_numbers.list()[0]
    owned.update(sms_url=f"{ear.url}/sms#rc=0", sms_fallback_url=f"{ear.url}/fallback")
    ear.answers[:] = [(500, "text/plain", "")]
    sandbox.says(PERSON, number, "Hi")
    assert [call["path"] for call in ear.heard] == ["/sms", "/fallback"]
    assert ear.heard[1]["form"]["ErrorCode"] == "11200"
    assert ear.heard[1]["form"]["ErrorUrl"] == f"{ear.url}/sms"


def test_an_application_goes_before_the_address_of_a_number(sandbox, ear, twilio, number):
    twilio.incoming_phone_numbers.list()[0].update(
        sms_url=f"{ear.url}/sms", sms_application_sid="AP" + "a" * 32
    )
    sandbox.says(PERSON, number, "Hi")
    assert ear.heard == []


def test_a_get_webhook_carries_its_form_in_the_signed_query(sandbox, ear, twilio, number):
    twilio.incoming_phone_numbers.list()[0].update(sms_url=f"{ear.url}/get", sms_method="GET")
    sandbox.says(PERSON, number, "Hi")
    call = ear.heard[0]
    assert "Body=Hi" in call["path"]
    signature = call["headers"]["X-Twilio-Signature"]
    assert RequestValidator(sandbox.token).validate(ear.url + call["path"], {}, signature)


def test_a_text_to_nobody_or_to_a_suspended_account_does_not_arrive(sandbox, number):
    with pytest.raises(ValueError, match="nobody's number"):
        sandbox.says(PERSON, "+13125550188", "Hi")
    sandbox.post(f"accounts/{sandbox.sid}/status", status="suspended")
    with pytest.raises(ValueError, match="not active"):
        sandbox.says(PERSON, number, "Hi")
