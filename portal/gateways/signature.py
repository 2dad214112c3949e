"""Tell whether a webhook is the carrier's and has the one meaning it was signed with.

The signature joins names and values without a mark between them (PROMISES 1.6), so
other parameters can carry the same one. A webhook is believed only when the names that
matter are there exactly once and have their strict form, and then the signature is right.
"""

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from portal.core.addresses import NONE, parts_of
from portal.core.errors import BadWebhook
from portal.gateways.received import storable

BODY_DIGEST = "bodySHA256"  # in the address of a webhook whose body is JSON

_ACCOUNT = re.compile(r"AC[0-9a-f]{32}")
_MESSAGE = re.compile(r"(SM|MM)[0-9a-f]{32}")
_CALL = re.compile(r"CA[0-9a-f]{32}")
_CALLER = re.compile(r"[+A-Za-z0-9.@:_-]{0,100}")  # a number, a word for none, or an address
_CALL_STATUS = re.compile(r"[a-z-]{2,20}")
_SECONDS = re.compile(r"[0-9]{1,6}")
_SERVICE = re.compile(r"(MG[0-9a-f]{32})?")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_SENDER = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}")  # a short code may write too
_STATUS = re.compile(r"[a-z_]{2,20}")
_CODE = re.compile(r"([0-9]{4,6})?")
_COUNT = re.compile(r"[0-9]{1,2}")
_WORD = re.compile(r"[A-Z_]{0,16}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_ANY = re.compile(r".*", re.DOTALL)
_URL = re.compile(r"https?://[^\s]{1,2000}")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9.+/_;= -]{0,120}")
_DEFAULT_PORTS = {"https": 443, "http": 80}

_INBOUND_REQUIRED = {
    "AccountSid": _ACCOUNT,
    "MessageSid": _MESSAGE,
    "From": _SENDER,
    "To": _PHONE,
    "Body": _ANY,
}
_STATUS_REQUIRED = {"AccountSid": _ACCOUNT, "MessageSid": _MESSAGE, "MessageStatus": _STATUS}
_CALL_REQUIRED = {
    "AccountSid": _ACCOUNT,
    "CallSid": _CALL,
    "From": _CALLER,
    "To": _PHONE,
    "CallStatus": _CALL_STATUS,
}
_CALL_TELLING = ("DialCallStatus", "DialCallDuration")
_OPTIONAL = {
    "CallDuration": _SECONDS,
    "DialCallStatus": _CALL_STATUS,
    "DialCallDuration": _SECONDS,
    "NumMedia": _COUNT,
    "NumSegments": _COUNT,
    "MessagingServiceSid": _SERVICE,
    "OptOutType": _WORD,
    "ErrorCode": _CODE,
}


@dataclass(frozen=True, slots=True)
class InboundWebhook:
    """A text that came in, as the carrier posts it (FACTS 1.4)."""

    account_sid: str
    message_sid: str
    from_number: str
    to: str
    body: str
    segments: int
    media: tuple[tuple[str, str], ...]  # (URL, content type) of each
    service_sid: str | None
    opt_out_type: str | None
    params: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class StatusWebhook:
    """News of a text that went out (FACTS 1.3)."""

    account_sid: str
    message_sid: str
    status: str
    error_code: int | None
    params: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CallWebhook:
    """News of a call to a number of ours: it rings, its other leg ended, or all of it did.

    Seconds are None where the news does not tell them.
    """

    call_sid: str
    from_number: str = field(repr=False)
    to: str
    status: str
    seconds: int | None  # of the whole call
    dialed: str | None  # how the other leg ended
    dialed_seconds: int | None


def read_call(params: Sequence[tuple[str, str]]) -> CallWebhook:
    """Return the call these parameters tell of (N-8). Raises BadWebhook."""
    given = _checked(params, _CALL_REQUIRED, _CALL_TELLING)
    return CallWebhook(
        call_sid=given["CallSid"],
        from_number=given["From"],
        to=given["To"],
        status=given["CallStatus"],
        seconds=int(given["CallDuration"]) if "CallDuration" in given else None,
        dialed=given.get("DialCallStatus"),
        dialed_seconds=int(given["DialCallDuration"]) if "DialCallDuration" in given else None,
    )


def read_inbound(params: Sequence[tuple[str, str]]) -> InboundWebhook:
    """Return the text these parameters tell of. Raises BadWebhook."""
    given = _checked(params, _INBOUND_REQUIRED, ("NumMedia", "NumSegments", "OptOutType"))
    count = min(int(given.get("NumMedia") or 0), 10)
    return InboundWebhook(
        account_sid=given["AccountSid"],
        message_sid=given["MessageSid"],
        from_number=given["From"],
        to=given["To"],
        body=storable(given["Body"]),
        segments=max(int(given.get("NumSegments") or 1), 1),
        media=tuple(_medium(given, index) for index in range(count)),
        service_sid=given.get("MessagingServiceSid") or None,
        opt_out_type=given.get("OptOutType") or None,
        params=given,
    )


def read_status(params: Sequence[tuple[str, str]]) -> StatusWebhook:
    """Return the news these parameters tell. Raises BadWebhook."""
    given = _checked(params, _STATUS_REQUIRED, ("ErrorCode",))
    code = given.get("ErrorCode")
    return StatusWebhook(
        account_sid=given["AccountSid"],
        message_sid=given["MessageSid"],
        status=given["MessageStatus"],
        error_code=int(code) if code else None,
        params=given,
    )


def external_url(public_url: str, path: str, query: str) -> str:
    """Return the URL the carrier posted to, from our own settings: never from Host."""
    return public_url.rstrip("/") + path + (f"?{query}" if query else "")


def sign(token: str, url: str, params: Sequence[tuple[str, str]]) -> str:
    """Return the signature the carrier would make with this token; for our own test calls."""
    return str(RequestValidator(token).compute_signature(url, _Values(params)))


def is_genuine(
    url: str, params: Sequence[tuple[str, str]], signature: str | None, tokens: Sequence[str]
) -> bool:
    """Say whether a token of the account signed these parameters for this URL.

    Several tokens count while one is being changed. Every comparison is made in
    constant time, and all of them are made. Nothing is signed for an address that is none:
    a host name comes from a header, which may say anything.
    """
    parts = parts_of(url)
    if not signature or parts == NONE or "@" in parts.netloc:
        return False  # a user name in the URL would change what is signed
    given = signature.encode("utf-8", "replace")
    values = _Values(params)
    matches = [
        hmac.compare_digest(
            RequestValidator(token).compute_signature(candidate, values).encode(), given
        )
        for token in tokens
        for candidate in _with_and_without_port(url)
    ]
    return any(matches)


def is_genuine_json(url: str, body: bytes, signature: str | None, tokens: Sequence[str]) -> bool:
    """Say whether a token signed this address, and the address signed this body (FACTS 1.5)."""
    is_body = is_signed_body(url, body)
    return is_genuine(url, [], signature, tokens) and is_body


def is_signed_body(url: str, body: bytes) -> bool:
    """Say whether an address names the digest of this body, and of no other."""
    digests = parse_qs(parts_of(url).query).get(BODY_DIGEST, [])
    return len(digests) == 1 and hmac.compare_digest(digests[0].encode(), digest(body).encode())


def digest(body: bytes) -> str:
    """Return what the address of a webhook in JSON says of its body."""
    return hashlib.sha256(body).hexdigest()


class _Values(dict[str, list[str]]):
    """Parameters as the validator reads them: every value of a name."""

    def __init__(self, params: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        for name, value in params:
            self.setdefault(name, []).append(value)

    def getlist(self, name: str) -> list[str]:
        return self[name]


def _with_and_without_port(url: str) -> tuple[str, ...]:
    """Return the URL and its twin: the carrier signs now with the default port, now without."""
    parts = parts_of(url)
    default = _DEFAULT_PORTS.get(parts.scheme)
    if parts.port is None and default is not None:
        return url, parts._replace(netloc=f"{parts.netloc}:{default}").geturl()
    if parts.port == default:
        return url, parts._replace(netloc=parts.netloc.rpartition(":")[0]).geturl()
    return (url,)


def _checked(
    params: Sequence[tuple[str, str]],
    required: Mapping[str, re.Pattern[str]],
    telling: Sequence[str],
) -> dict[str, str]:
    """Return parameters that can only be read one way; `telling` may be missing, not hidden."""
    counts = Counter(name for name, _ in params)
    said = "".join(name + ("" if name == "Body" else value) for name, value in sorted(params))
    for name in telling:
        if name not in counts and name in said:  # cut elsewhere, it is part of another
            raise BadWebhook(f"{name} must be there by itself.")
    for name in required:
        if counts[name] != 1:
            raise BadWebhook(f"{name} must be there exactly once.")
    for name, value in params:
        if not _NAME.fullmatch(name):
            raise BadWebhook("A parameter's name has letters and digits only.")
        if counts[name] != 1:  # the signature is the same with a value twice (PROMISES 1.6)
            raise BadWebhook(f"{name} must be there at most once.")
        form = required.get(name) or _optional(name)
        if form is not None and not form.fullmatch(value):
            raise BadWebhook(f"{name} does not have its form.")
    return dict(params)


def _optional(name: str) -> re.Pattern[str] | None:
    if name.startswith("MediaUrl"):
        return _URL
    if name.startswith("MediaContentType"):
        return _MEDIA_TYPE
    return _OPTIONAL.get(name)


def _medium(given: Mapping[str, str], index: int) -> tuple[str, str]:
    url = given.get(f"MediaUrl{index}")
    if url is None:
        raise BadWebhook(f"MediaUrl{index} must be there exactly once.")
    return url, given.get(f"MediaContentType{index}", "")
