"""Five hundred genuine webhooks, each kept once, whenever it comes again (W3, W4)."""

from datetime import timedelta
from itertools import cycle
from uuid import uuid4

import pytest
from sqlalchemy import select

from portal.consent import queries as consent
from portal.core.db import db, unit_of_work
from portal.core.secrets_box import box
from portal.messaging.models import InboundText, WebhookEvent
from portal.numbers.models import CarrierAccount
from tests.factories.messaging import make_leaving, make_ready, make_recipient
from tests.factories.numbers import make_carrier_account, place_of_token
from tests.messaging.hooks import SMS, STATUS, Hook, everything
from workers.retention import sweep_retention
from workers.sending import apply_statuses

BODIES = (
    *("", " ", "Hi", "Is it still available?", "STOP", "start", "HELP", "yes", "a" * 1600),
    *("Sí, ¿a las 5?", "Grüße aus Köln", "Привет", "你好,几点?", "こんにちは", "안녕하세요"),
    *("مرحبا", "שלום", "नमस्ते", "สวัสดี", "ﬁ ligature", "Ａ full width", "e\u0301 combining"),
    *("😀", "👩‍👩‍👧‍👦 family", "🇺🇸🏡", "👍🏽", "1️⃣", "\u200b\u200d\ufeff", "\u202eevil", "𝐒𝐓𝐎𝐏"),
    *("a+b=c&d;e%20f?g#h", "%F0%9F", "+1 (312) 555-0100", "=1+1", "<b>&amp;</b>", "{first_name}"),
    *("line\nbreak\r\nand\ttab", "nul \0 inside", "\x01\x02\x7f", "\\x00 \\u0000", "'; DROP TABLE"),
    *("Reply STOP to stop", "BodyFrom+13125550100", "x" * 153 + "€", "–—…“”", "\ue000\uffff"),
)
KNOWN_EXTRAS = (  # each of the names the carrier documents, beside those that matter
    *(("ApiVersion", "2010-04-01"), ("SmsSid", "SM" + "0" * 32), ("SmsStatus", "received")),
    *(("SmsMessageSid", "SM" + "0" * 32), ("FromCity", "SAINT-JEAN-SUR-RICHELIEU")),
    *(("FromState", "IL"), ("FromZip", "60601"), ("FromCountry", "US"), ("ToCity", "")),
    *(("ToState", "IL"), ("ToZip", ""), ("ToCountry", "US")),
)
NEW_EXTRAS = (
    *(("SomethingNew", "1"), ("Body2", "STOP"), ("ReferralNumMedia", "0"), ("x-lower.case", "ü")),
    *(("ChannelMetadata", '{"type":"sms","data":{"a":[1]}}'), ("ButtonText", "😀" * 40)),
    *(("AddOns", '{"status":"successful"}'), ("MessageStatusX", "sent"), ("Padding", "p" * 20_000)),
)
SENDERS = (
    "+13125550177",
    "+447700900123",
    "+12025550143",
    "72345",
    "+390612345678",
    "888",
    "+99912345678",
)
STATUSES = (
    *("accepted", "scheduled", "queued", "sending", "sent", "delivered", "read", "undelivered"),
    *("failed", "canceled", "partially_delivered", "something_new"),
)
CODES = (None, "", "30003", "30005", "30008", "21610", "30034")
AGES = [
    timedelta(**{unit: n})
    for unit, n in (
        ("seconds", 1),
        ("minutes", 5),
        ("hours", 13),
        ("days", 1),
        ("days", 31),
        ("days", 400),
    )
]


def inbound(account_sid, to, count):
    """Return what people may text: every body, sender, medium and extra in changing company."""
    bodies, senders, news = cycle(BODIES), cycle(SENDERS), cycle(NEW_EXTRAS)
    for number in range(count):
        media = number % 11
        params = [
            ("AccountSid", account_sid),
            ("MessageSid", f"{'MM' if media else 'SM'}{number:032x}"),
            ("From", next(senders)),
            ("To", to),
            ("Body", next(bodies)),
            ("NumSegments", str(number % 10 + 1)),
            ("NumMedia", str(media)),
            *KNOWN_EXTRAS[: number % len(KNOWN_EXTRAS)],
        ]
        for place in range(media):
            url = f"https://api.twilio.com/2010-04-01/Accounts/x/Messages/y/Media/{place}"
            params += [(f"MediaUrl{place}", url), (f"MediaContentType{place}", "image/jpeg")]
        if number % 2:
            params.append(next(news))
        if number % 3 == 0:
            params.append(("MessagingServiceSid", "MG" + "a" * 32))
        if number % 7 == 0:
            params.append(("OptOutType", ("STOP", "START", "HELP")[number % 3]))
        yield Hook(SMS, tuple(params))


def news(account_sid, texts, count):
    """Return what the carrier may tell of texts of ours, and of one that is not."""
    codes, extras = cycle(CODES), cycle(NEW_EXTRAS)
    for number in range(count):
        text = texts[number // len(STATUSES)]
        params = [
            ("AccountSid", account_sid),
            ("MessageSid", f"SM{text.message_id.hex}"),
            ("MessageStatus", STATUSES[number % len(STATUSES)]),
            *KNOWN_EXTRAS[: number % len(KNOWN_EXTRAS)],
        ]
        code = next(codes)
        if code is not None:
            params.append(("ErrorCode", code))
        if number % 2:
            params += [next(extras), ("RawDlrDoneDate", "2603021800"), ("From", "+13125550100")]
        query = ("", f"m={text.message_id}", f"m={text.message_id}&a=1")[number % 3]
        yield Hook(STATUS, tuple(params), query)


@pytest.fixture
def sender(northside):
    return make_ready(northside)


@pytest.fixture
def credentials(northside, sender):
    """Ours, while the token is being changed: the carrier signs with either (PROMISES 4, row 7)."""
    ours = make_carrier_account(northside.organization_id)
    with unit_of_work():
        row = db.session.scalars(
            select(CarrierAccount).where(
                CarrierAccount.organization_id == northside.organization_id
            )
        ).one()
        row.sealed_previous_token = box().seal(
            "the token before", place_of_token(row, "sealed_previous_token")
        )
    return ours


def test_500_genuine_webhooks_are_each_kept_once_whenever_they_come_again(
    app, northside, sender, credentials, clock
):
    texts = make_leaving(northside, 30, sender)
    hooks = [
        *inbound(credentials.account_sid, sender.e164, 150),
        *news(credentials.account_sid, texts, 350),
    ]
    tokens = cycle([credentials.auth_token, credentials.auth_token, "the token before"])
    genuine = [
        hook.signed(next(tokens), hook.url.replace("localhost", "localhost:80", number % 5 == 0))
        for number, hook in enumerate(hooks)
    ]
    for hook in genuine:
        answer = hook.post(app)
        assert answer.status_code == (200 if hook.path == SMS else 204), hook
    assert_kept_once(genuine)
    apply_statuses()
    for start, age in enumerate(AGES):  # a sixth at each age, and all of them at the last
        clock.travel(by=age)
        sweep_retention()
        before = everything()
        for hook in genuine if age is AGES[-1] else genuine[start :: len(AGES)]:
            assert hook.post(app).status_code in {200, 204}
        assert apply_statuses() == 0
        assert everything() == before


def assert_kept_once(genuine):
    """Each text as it was written, each news with all its parameters; nothing else."""
    db.session.rollback()  # a test's own reading must not hold an old view of the database
    kept = {
        row.sid: (row.body, row.e164, len(row.media), row.payload)
        for row in db.session.scalars(select(InboundText))
    }
    told = [dict(hook.params) for hook in genuine if hook.path == SMS]
    assert kept == {
        said["MessageSid"]: (
            said["Body"].replace("\0", "\ufffd"),
            said["From"],
            int(said["NumMedia"]),
            said,
        )
        for said in told
    }
    events = [row.payload for row in db.session.scalars(select(WebhookEvent))]
    told = [dict(hook.params) for hook in genuine if hook.path == STATUS]
    assert len(events) == len(told)
    assert all(said in events for said in told)


def test_an_old_start_does_not_undo_a_later_stop(app, northside, sender, credentials, clock):
    """W4, I3: a signed START works for ever, but once."""
    carol = make_recipient(northside)

    def says(body):
        params = (
            *(("AccountSid", credentials.account_sid), ("MessageSid", f"SM{uuid4().hex}")),
            *(("From", carol.number.e164), ("To", sender.e164), ("Body", body)),
        )
        return Hook(SMS, params).signed(credentials.auth_token)

    first_stop, start, stop = says("STOP"), says("START"), says("STOP")
    for hook in (first_stop, start, stop):
        assert hook.post(app).status_code == 200
        clock.travel(by=timedelta(minutes=1))
    before = everything()
    for age in AGES:
        clock.travel(by=age)
        for hook in (start, first_stop, stop, start):
            assert hook.post(app).status_code == 200
        assert consent.standing(northside.tenant, carol.number.e164).is_opted_out
    assert everything() == before
