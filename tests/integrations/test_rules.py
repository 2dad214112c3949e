"""Tokens, signatures, the schedule of tries, and shapes."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from portal.integrations.rules import schedule, signing, tokens
from portal.integrations.rules.shapes import Choice, Count, Flag, ListOf, Maybe, Text, Thing

NOW = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


class TestTokens:
    def test_a_token_shows_its_prefix_and_keeps_its_secret(self):
        prefix, token = tokens.compose("0123456789ab", "s" * 43)
        assert tokens.prefix_of(token) == prefix == "cdk_0123456789ab"
        assert "s" * 43 not in tokens.digest(token)
        assert tokens.fits(token, tokens.digest(token))
        assert not tokens.fits(token + "x", tokens.digest(token))

    @pytest.mark.parametrize(
        "odd",
        ["", "cdk_", "cdk_0123456789ab", "cdk_0123456789AB_" + "s" * 43,
         "cdk_0123456789ab_" + "s" * 42, "cdk_0123456789ab_" + "s" * 43 + "\n",
         "xdk_0123456789ab_" + "s" * 43, "cdk_0123456789ab_" + "\u00e9" * 43],
    )  # fmt: skip
    def test_what_is_no_token_has_no_prefix(self, odd):
        assert tokens.prefix_of(odd) is None


class TestSigning:
    def test_it_is_the_signature_of_the_scheme_s_own_example(self):
        """The vector that the libraries of standardwebhooks.com test themselves with."""
        signed = signing.sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            '{"test": 2432232314}',
        )
        assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    def test_a_receiver_can_check_it_from_the_headers_alone(self):
        secret = signing.show_secret(b"k" * 32)
        body = '{"a": "\u00e9"}'
        headers = signing.headers([secret], "id-1", NOW, body)
        key = base64.b64decode(secret.partition("_")[2])
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
        wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{wanted}"
        assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))

    @pytest.mark.parametrize("change", [("id-2", 0, "x"), ("id-1", 1, "x"), ("id-1", 0, "y")])
    def test_id_time_and_body_are_all_under_it(self, change):
        secret = signing.show_secret(b"k" * 32)
        assert signing.sign(secret, "id-1", 0, "x") != signing.sign(secret, *change)


class TestSchedule:
    def test_eight_tries_stretch_over_a_day(self):
        at, times = NOW, []
        for tries in range(1, 20):
            again = schedule.next_try(tries, at)
            if again is None:
                break
            assert again > at
            at = again
            times.append(at - NOW)
        assert len(times) == schedule.MOST_TRIES - 1 == 7
        assert timedelta(hours=23) < times[-1] < timedelta(hours=24)

    @pytest.mark.parametrize(
        ("status", "given_up", "is_off"),
        [(500, 0, False), (None, 2, False), (None, 3, True), (410, 0, True), (404, 1, False)],
    )
    def test_an_endpoint_is_switched_off_when_gone_or_after_three_in_vain(
        self, status, given_up, is_off
    ):
        assert (schedule.off_reason(status, given_up) is not None) is is_off


THING = Thing(
    "Thing",
    "",
    {
        "name": Text("", 5, least=2, form="[a-z]+", form_words="Use letters."),
        "kind": Choice("", ("a", "b")),
        "is_it": Flag(""),
        "count": Count(""),
        "maybe": Maybe(Text("", 5)),
        "list": ListOf("", Choice("", ("x",)), 2, least=1),
    },
    optional=frozenset({"maybe", "list"}),
)
RIGHT = {"name": "abc", "kind": "a", "is_it": True, "count": 0}


class TestShapes:
    @pytest.mark.parametrize("more", [{}, {"maybe": None}, {"maybe": ""}, {"list": ["x", "x"]}])
    def test_what_fits_has_no_fault(self, more):
        assert list(THING.faults(RIGHT | more)) == []

    @pytest.mark.parametrize(
        ("change", "where"),
        [
            ({"name": "a"}, "name"), ({"name": "abcdef"}, "name"), ({"name": "ab1"}, "name"),
            ({"name": b"abc"}, "name"), ({"kind": "c"}, "kind"), ({"kind": []}, "kind"),
            ({"is_it": 1}, "is_it"), ({"is_it": None}, "is_it"), ({"count": True}, "count"),
            ({"count": -1}, "count"), ({"count": 1.0}, "count"), ({"maybe": 5}, "maybe"),
            ({"list": []}, "list"), ({"list": ["x"] * 3}, "list"), ({"list": ["x", "y"]}, "list/1"),
            ({"list": {"0": "x"}}, "list"), ({"other": 1}, "other"), ({"": 1}, ""),
        ],
    )  # fmt: skip
    def test_what_does_not_fit_is_named_by_its_place(self, change, where):
        assert [fault.field for fault in THING.faults(RIGHT | change)] == [where]

    def test_each_missing_field_is_named(self):
        missing = [fault.field for fault in THING.faults({})]
        assert missing == ["name", "kind", "is_it", "count"]
        assert [fault.field for fault in THING.faults([])] == ["body"]

    def test_the_schema_says_what_the_check_asks(self):
        schema = THING.definition()
        assert schema["required"] == ["name", "kind", "is_it", "count"]
        assert schema["additionalProperties"] is False
        named = schema["properties"]
        assert named["name"] == {
            "type": "string", "description": "", "minLength": 2, "maxLength": 5,
            "pattern": "^[a-z]+$",
        }  # fmt: skip
        assert named["maybe"]["type"] == ["string", "null"]
        assert named["list"]["maxItems"] == 2
        assert named["kind"]["enum"] == ["a", "b"]
