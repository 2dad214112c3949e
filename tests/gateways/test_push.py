"""Web Push as browsers and push services read it (RFC 8291, RFC 8188, RFC 8292)."""

from datetime import UTC, datetime

import jwt
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec

from portal.gateways import push
from tests.gateways.browser import PushBrowser

# The example of RFC 8291, section 5 and appendix A.
SAID = b"When I grow up, I want to be a watermelon"
AUTH, SALT = "BTBZMqHH6r4Tts7J_aSIgg", "DGv6ra1nlYgDCS1FRnbzlw"
BROWSER = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
ONCE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tl"
    "zAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_standard():
    body = push.encrypted(SAID, BROWSER, AUTH, salt=push.decode(SALT), once=ONCE)
    assert push.encode(body) == BODY


def test_a_browser_reads_what_was_meant_for_it_and_no_other_does():
    one, other = PushBrowser(), PushBrowser()
    body = push.sealed_for({"title": "Maya wrote"}, one.p256dh, one.auth, salt=bytes(16))
    assert one.read(body) == {"title": "Maya wrote"}
    with pytest.raises(InvalidTag):
        other.read(body)


def test_the_proof_says_who_pushes_where_and_for_how_long():
    private, now = push.new_key(), datetime(2026, 3, 2, 18, tzinfo=UTC)
    sent = push.headers("https://push.example/x/abc?y=1", private, "help@juniper.example", now)
    scheme, _, rest = sent["Authorization"].partition(" ")
    told = dict(part.split("=", 1) for part in rest.split(", "))
    assert (scheme, told["k"]) == ("vapid", push.public_of(private))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), push.decode(told["k"]))
    claims = jwt.decode(
        told["t"], key, ["ES256"], audience="https://push.example", options={"verify_exp": False}
    )
    assert claims["sub"] == "mailto:help@juniper.example"
    assert claims["exp"] - now.timestamp() == 12 * 3600


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [("", ""), ("x", AUTH), (BROWSER, "short"), (BROWSER[:-4], AUTH), ("é" * 87, AUTH), ("A" * 87, AUTH)],
)  # fmt: skip
def test_what_is_no_browsers_key_is_told_apart(p256dh, auth):
    assert push.is_subscription(BROWSER, AUTH)
    assert not push.is_subscription(p256dh, auth)
