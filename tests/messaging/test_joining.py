"""Signing up by text: the join keyword and the YES to a double opt-in (Q-1, Q-2, Q-6)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from twilio.request_validator import RequestValidator

from portal.billing import queries as billing
from portal.consent import queries as consent
from portal.consent import service as consenting
from portal.consent.values import (
    BOTH_KINDS,
    TALK_ONLY,
    Checkbox,
    Event,
    Method,
    NewConsent,
    Strength,
)
from portal.contacts.values import Language
from portal.core.audit import Actor
from portal.core.db import db, unit_of_work
from portal.core.errors import BadInput
from portal.messaging import queries
from portal.messaging.models import InboundText, Message
from portal.messaging.rules.joining import JoinWords
from portal.messaging.service import inbound, joining, optouts
from portal.messaging.service.incoming import Incoming, Received
from portal.messaging.values import Kind
from portal.numbers import queries as numbers
from portal.optin import queries as optin_queries
from portal.optin import service as optin
from portal.optin.values import ConfirmationState, Content
from tests.factories.contacts import make_contact
from tests.factories.messaging import ALICE_ACTS
from workers.optin import ask_double_opt_in, expire_confirmations, ring_for_unasked
from workers.sending import drain

CAROL = "+13125550142"  # a number in Chicago
FORM = Actor(None, "Form “Open house”", "203.0.113.9")
WORDS = JoinWords(
    "Juniper Realty", "new listings in Lincoln Park", "Up to 4 messages a month",
    "help@juniper.example", "https://juniper.example/terms", "https://juniper.example/privacy",
)  # fmt: skip


@pytest.fixture
def homes(northside, sender):
    """Northside signs people up by HOMES."""
    with unit_of_work():
        joining.set_keyword(
            northside.tenant, "HOMES", WORDS, BOTH_KINDS, is_on=True, actor=ALICE_ACTS
        )
    return northside


@pytest.fixture
def says(northside, sender, clock):
    """Take in a text from Carol (or somebody)."""

    def say(body, sid=None, sent_at=None, number=CAROL, opt_out_type=None):
        clock.travel(by=timedelta(seconds=2))
        with unit_of_work():
            return inbound.receive(
                Incoming(
                    northside.organization_id, sid or f"SM{uuid4().hex}", number, sender.e164, body,
                    1, [], opt_out_type, {}, sent_at=sent_at,
                )
            )  # fmt: skip

    return say


def records(account, number=CAROL):
    db.session.rollback()
    return consent.records(account.tenant, number)


def standing(account):
    return consent.standing(account.tenant, CAROL)


def sent(account, purpose):
    db.session.rollback()
    return db.session.query(Message).filter_by(account_id=account.id, purpose=purpose).all()


def sign_up(account, key="one", **changes):
    """Have Carol's number entered on a form that asks for a double opt-in, or tells."""
    entered = NewConsent(
        CAROL, Method.HOSTED_FORM, name="Carol Reyes", disclosure_text="I agree.",
        checkbox=Checkbox.CHECKED, form_name="Open house", form_version="3", kinds=BOTH_KINDS,
        idempotency_key=key,
    )  # fmt: skip
    content = Content(sender="Juniper Realty", **(changes or {"is_double_opt_in": True}))
    record = consenting.record_consent if changes else consenting.record_asked
    with unit_of_work():
        record_id = record(account.tenant, entered, FORM)
        return optin.ask_confirmation(
            account.tenant, record_id, content=content, form_name="Open house", actor=FORM
        )


class TestKeyword:
    def test_it_signs_up_keeps_the_act_and_is_answered_with_the_disclosure(
        self, homes, sender, says, carrier_fake, clock
    ):
        assert says(" Homes! ", sid="SM" + "1" * 32) is Received.STORED
        [record], [answer] = records(homes), sent(homes, "join")
        assert (record.event, record.method) == (Event.GIVEN, Method.JOIN_KEYWORD)
        assert (record.strength, record.kinds) == (Strength.EXPRESS_WRITTEN, BOTH_KINDS)
        assert 'Texted "Homes!" to' in record.method_details
        assert "SM" + "1" * 32 in record.method_details
        assert record.disclosure_text == answer.body
        assert (record.form_name, record.form_version) == ("Join keyword HOMES", "1")
        assert (answer.credits, answer.from_e164) == (0, sender.e164)
        drain(str(homes.id))
        assert [text.body for text in carrier_fake.sent] == [record.disclosure_text]
        assert billing.balance(homes.id).spent == 1  # an opt-in keyword costs one credit (B-10)
        [talk] = queries.conversations(homes.tenant).rows
        assert not talk.needs_answer

    def test_a_text_told_twice_signs_up_once(self, homes, says):
        for expected in (Received.STORED, Received.DUPLICATE):
            assert says("HOMES", sid="SM" + "1" * 32) is expected
        assert (len(records(homes)), len(sent(homes, "join"))) == (1, 1)

    def test_eight_webhooks_at_once_sign_up_once(self, app, homes, sender, carrier_fake):
        def post(_place):
            with app.app_context():
                credentials = numbers.credentials(homes.organization_id)
                data = {
                    "AccountSid": credentials.account_sid, "ApiVersion": "2010-04-01",
                    "MessageSid": "SM" + "2" * 32, "From": CAROL, "To": sender.e164,
                    "Body": "homes", "NumMedia": "0", "NumSegments": "1",
                }  # fmt: skip
                url = "http://localhost/webhooks/twilio/sms"
                made = RequestValidator(credentials.auth_token).compute_signature(url, data)
                headers = {"X-Twilio-Signature": made}
                answer = app.test_client().post("/webhooks/twilio/sms", data=data, headers=headers)
                db.session.remove()
                return answer.status_code

        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(post, range(8))) == {200}
        assert (len(records(homes)), len(sent(homes, "join"))) == (1, 1)

    def test_it_is_the_person_s_own_act_and_opens_an_opted_out_number(self, homes, says):
        """Q-2."""
        says("STOP")
        assert standing(homes).is_opted_out
        says("HOMES")
        assert not standing(homes).is_opted_out
        assert standing(homes).kinds == BOTH_KINDS
        assert len(sent(homes, "join")) == 1

    def test_one_that_was_sent_before_the_stop_opens_nothing(self, homes, says, clock):
        """I3: found late on the carrier's list, it is kept and changes nothing."""
        early = clock.now
        clock.travel(by=timedelta(minutes=2))
        says("STOP")
        says("HOMES", sent_at=early)
        assert standing(homes).is_opted_out
        assert [r.event for r in records(homes)] == [Event.GIVEN, Event.OPTED_OUT]

    @pytest.mark.parametrize("body", ["homes please", "Any homes left?", "HOME"])
    def test_talk_signs_nobody_up(self, homes, says, body):
        says(body)
        assert {r.method for r in records(homes)} == {Method.INQUIRY}
        assert sent(homes, "join") == []

    def test_switched_off_or_of_another_account_it_is_a_text_like_any_other(
        self, homes, bobs, says
    ):
        with unit_of_work():
            joining.set_keyword(
                bobs.tenant, "BRIAR", WORDS, BOTH_KINDS, is_on=True, actor=ALICE_ACTS
            )
            joining.set_keyword(
                homes.tenant, "HOMES", WORDS, BOTH_KINDS, is_on=False, actor=ALICE_ACTS
            )
        says("BRIAR")
        says("HOMES")
        assert {r.method for r in records(homes)} == {Method.INQUIRY}

    def test_a_name_that_is_known_is_kept_with_the_record(self, homes, says):
        make_contact(homes, "Carol", "Reyes", CAROL)
        says("HOMES")
        assert records(homes)[0].name == "Carol Reyes"

    def test_a_short_code_signs_nobody_up(self, homes, says):
        assert says("HOMES", number="88788") is Received.STORED
        assert sent(homes, "join") == []

    def test_every_change_makes_a_new_version(self, homes, says):
        with unit_of_work():
            joining.set_keyword(
                homes.tenant, "homes", WORDS, TALK_ONLY, is_on=True, actor=ALICE_ACTS
            )
        says("HOMES")
        [record] = records(homes)
        assert (record.form_version, record.kinds) == ("2", TALK_ONLY)

    def test_a_word_that_is_taken_is_refused(self, northside):
        for word in ("STOP", "yes", "two words"):
            with pytest.raises(BadInput), unit_of_work():
                joining.set_keyword(
                    northside.tenant, word, WORDS, BOTH_KINDS, is_on=True, actor=ALICE_ACTS
                )
        assert queries.join_keyword(northside.tenant) is None


class TestDoubleOptIn:
    def ask(self, account, clock):
        """Sign Carol up, and have the text that asks her leave."""
        asked = sign_up(account)
        assert ask_double_opt_in(str(asked)) is True
        drain(str(account.id))
        return asked

    def test_a_yes_to_the_text_that_asked_is_consent(
        self, northside, sender, says, carrier_fake, clock
    ):
        asked = self.ask(northside, clock)
        [text] = carrier_fake.sent
        assert "Reply YES to confirm" in text.body
        assert "Juniper Realty" in text.body
        assert standing(northside).strength is Strength.NONE
        says("Yes!", sid="SM" + "3" * 32)
        [confirmed, entered] = records(northside)
        assert (confirmed.method, confirmed.strength) == (
            Method.DOUBLE_OPT_IN, Strength.EXPRESS_WRITTEN,
        )  # fmt: skip
        assert "SM" + "3" * 32 in confirmed.method_details
        assert entered.event is Event.ASKED
        assert standing(northside).kinds == BOTH_KINDS
        assert optin_queries.confirmation(asked).state is ConfirmationState.CONFIRMED
        [answer] = sent(northside, "start")
        assert answer.body.startswith("Juniper Realty: you are signed up.")
        assert billing.balance(northside.id).spent == 1  # the YES; both of ours are free

    def test_the_job_asks_once_however_often_it_runs(self, northside, sender, clock):
        asked = sign_up(northside)
        assert [ask_double_opt_in(str(asked)) for _ in range(3)] == [True, False, False]
        assert len(sent(northside, "double_opt_in")) == 1
        assert ask_double_opt_in(str(uuid4())) is False

    def test_a_second_yes_is_talk(self, northside, sender, says, carrier_fake, clock):
        self.ask(northside, clock)
        says("YES")
        says("YES")
        assert len(sent(northside, "start")) == 1
        assert len(records(northside)) == 2

    @pytest.mark.parametrize("body", ["yes please", "ok", "START", "no"])
    def test_only_yes_confirms(self, northside, sender, says, carrier_fake, clock, body):
        self.ask(northside, clock)
        says(body)
        assert Method.DOUBLE_OPT_IN not in {r.method for r in records(northside)}

    def test_a_yes_before_the_text_has_left_is_talk(self, northside, sender, says, clock):
        """Q-6: a yes to anything else is a normal reply."""
        asked = sign_up(northside)
        ask_double_opt_in(str(asked))
        says("YES")
        assert Method.DOUBLE_OPT_IN not in {r.method for r in records(northside)}
        assert db.session.query(InboundText).one().keyword is None

    def test_a_yes_after_its_time_is_talk(self, northside, sender, says, carrier_fake, clock):
        self.ask(northside, clock)
        clock.travel(by=timedelta(days=8))
        says("YES")
        assert Method.DOUBLE_OPT_IN not in {r.method for r in records(northside)}

    def test_it_waits_for_the_hours_of_the_persons_state(
        self, northside, sender, carrier_fake, clock
    ):
        """P-3: it is an automated text; at 22:00 in Chicago it waits for the morning."""
        clock.travel(to=datetime(2026, 3, 3, 4, 0, tzinfo=UTC))
        self.ask(northside, clock)
        assert carrier_fake.sent == []
        clock.travel(to=datetime(2026, 3, 3, 15, 30, tzinfo=UTC))
        drain(str(northside.id))
        assert len(carrier_fake.sent) == 1

    def test_who_opted_out_is_not_asked(self, northside, sender, carrier_fake, clock):
        """RULINGS 15: exempt from consent and limits, not from the opt-out."""
        with unit_of_work():
            optouts.opt_out(northside.tenant, CAROL, source="call", details="", actor=ALICE_ACTS)
        self.ask(northside, clock)
        assert carrier_fake.sent == []
        [text] = sent(northside, "double_opt_in")
        assert text.reason_code == "opted_out"

    def test_a_stop_in_answer_ends_it(self, northside, sender, says, carrier_fake, clock):
        self.ask(northside, clock)
        says("STOP")
        assert standing(northside).is_opted_out

    def test_a_yes_after_a_stop_undoes_it_and_confirms_nothing(
        self, northside, sender, says, carrier_fake, clock
    ):
        """Q-1: nothing stood before the opt-out, so what comes back is conversation only."""
        self.ask(northside, clock)
        says("STOP")
        says("YES")
        assert not standing(northside).is_opted_out
        assert standing(northside).kinds == TALK_ONLY


class TestConfirmationText:
    """C-2: whoever signed up on a form without double opt-in may be told so, once and for free."""

    OFTEN = "Message frequency varies, up to 4 messages a month."

    def told(self, account, **changes):
        return sign_up(account, frequency=self.OFTEN, **({"has_confirmation_text": True} | changes))

    @pytest.mark.parametrize(
        ("language", "words"),
        [
            ("en", ("you signed up for our texts", "HELP for help", "STOP to end", "rates")),
            ("es", ("se inscribió", "HELP para ayuda", "STOP para cancelar", "tarifas")),
        ],
    )
    def test_it_says_who_how_often_and_how_to_end_and_is_free(
        self, northside, sender, carrier_fake, clock, language, words
    ):
        confirmation = self.told(northside, language=Language(language))
        assert ask_double_opt_in(str(confirmation)) is True
        drain(str(northside.id))
        [text] = carrier_fake.sent
        for part in ("Juniper Realty: ", self.OFTEN, *words):
            assert part in text.body
        [kept] = sent(northside, "signed_up")
        assert (kept.credits, kept.kind) == (0, Kind.SYSTEM)
        assert billing.balance(northside.id).spent == 0

    def test_however_often_the_job_runs_and_the_sweep_rings_it_is_told_once(
        self, northside, sender, clock
    ):
        confirmation = self.told(northside)
        clock.travel(by=timedelta(minutes=2))
        assert ring_for_unasked() == 1
        told = [ask_double_opt_in(str(confirmation)) for _ in range(3)]
        assert told == [True, False, False]
        assert ring_for_unasked() == 0
        assert len(sent(northside, "signed_up")) == 1

    def test_eight_jobs_at_once_tell_once(self, app, northside, sender, clock):
        confirmation = self.told(northside)

        def run(_place):
            with app.app_context():
                try:
                    return ask_double_opt_in(str(confirmation))
                finally:
                    db.session.remove()

        with ThreadPoolExecutor(8) as threads:
            assert sorted(threads.map(run, range(8))) == [False] * 7 + [True]
        assert len(sent(northside, "signed_up")) == 1

    def test_whoever_opted_out_meanwhile_is_not_told(
        self, northside, sender, says, carrier_fake, clock
    ):
        """RULINGS 15: exempt from consent and limits, not from the opt-out."""
        confirmation = self.told(northside)
        says("STOP")
        ask_double_opt_in(str(confirmation))
        drain(str(northside.id))
        assert "signed up" not in "".join(text.body for text in carrier_fake.sent)
        assert sent(northside, "signed_up") == []

    def test_it_waits_for_the_hours_of_the_persons_state(
        self, northside, sender, carrier_fake, clock
    ):
        """P-3: it is an automated text."""
        clock.travel(to=datetime(2026, 3, 3, 4, 0, tzinfo=UTC))
        ask_double_opt_in(str(self.told(northside)))
        drain(str(northside.id))
        assert carrier_fake.sent == []
        clock.travel(to=datetime(2026, 3, 3, 15, 30, tzinfo=UTC))
        drain(str(northside.id))
        assert len(carrier_fake.sent) == 1

    def test_a_yes_to_it_is_talk_and_it_never_expires_into_a_question(
        self, northside, sender, says, carrier_fake, clock
    ):
        confirmation = self.told(northside)
        ask_double_opt_in(str(confirmation))
        drain(str(northside.id))
        says("YES")
        assert Method.DOUBLE_OPT_IN not in {r.method for r in records(northside)}
        clock.travel(by=timedelta(days=8))
        assert expire_confirmations() == 0
        assert optin_queries.confirmation(confirmation).state is ConfirmationState.TOLD


class TestPage:
    FORM = {
        "word": "Homes", "programme": "new listings in Lincoln Park.",
        "frequency": "Up to 4 messages a month", "help_contact": "help@juniper.example",
        "terms_url": "https://juniper.example/terms",
        "privacy_url": "https://juniper.example/privacy",
        "kinds": "both", "language": "en", "is_on": "y",
    }  # fmt: skip

    @pytest.fixture
    def here(self, northside):
        return {"account_id": northside.id}

    def test_a_lead_chooses_it_and_prints_the_sheet(self, alice, here, sender):
        assert "Choose a keyword" in alice.get("messaging.join_keyword", **here).text
        page = alice.follow(alice.post("messaging.set_join_keyword", data=self.FORM, **here))
        assert "HOMES signs people up." in page.text
        assert "You are signed up to receive texts from" in page.text
        sheet = alice.get("messaging.join_sheet", **here)
        assert sheet.page.h1.text.startswith("Text HOMES to (")
        for part in ("Message and data rates may apply", "Up to 4 messages", "STOP", "/terms"):
            assert part in sheet.text

    @pytest.mark.parametrize(
        ("change", "field", "said"),
        [
            ({"word": "STOP"}, "word", "means something else"),
            ({"word": ""}, "word", "Choose a keyword"),
            ({"programme": ""}, "programme", "what the texts are about"),
            ({"frequency": "As we like"}, "frequency", "how often you text"),
            ({"terms_url": "javascript:alert(1)"}, "terms_url", "https://www.example.com"),
            ({"privacy_url": "http://[x"}, "privacy_url", "https://www.example.com"),
        ],
    )
    def test_what_is_wrong_is_told_beside_its_field_and_nothing_is_lost(
        self, alice, here, sender, change, field, said
    ):
        reply = alice.post("messaging.set_join_keyword", 422, data=self.FORM | change, **here)
        assert said in reply.text_of(f"#{field}-error")
        assert reply.field("help_contact") == "help@juniper.example"

    def test_who_may_see_and_who_may_change_it(self, alice, bob, vera, mallory, here, homes):
        for who in (alice, bob, vera):
            assert "HOMES" in who.get("messaging.join_keyword", **here).text.upper()
            who.get("messaging.join_sheet", **here)
        for who in (bob, vera):
            who.post("messaging.set_join_keyword", 403, data=self.FORM, **here)
        mallory.get("messaging.join_keyword", 404, **here)

    def test_without_a_number_there_is_no_sheet(self, alice, here):
        alice.post("messaging.set_join_keyword", data=self.FORM, **here)
        assert "has no number yet" in alice.get("messaging.join_keyword", **here).text
        alice.get("messaging.join_sheet", 404, **here)
