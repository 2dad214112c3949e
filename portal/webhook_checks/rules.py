"""What a webhook's two addresses tell: where they differ, and which setting mends that."""

from collections.abc import Mapping, Sequence
from typing import Final

from portal.core.addresses import NONE, parts_of
from portal.webhook_checks.values import Check, Difference, Part, Reason, Verdict

_PORTS: Final[Mapping[str, int]] = {"https": 443, "http": 80}
_FINE, _BAD_REQUEST, _NOT_FOUND = 204, 400, 404
_REDIRECTS: Final = range(300, 400)
_GATEWAYS: Final = frozenset({502, 503, 504})

REFUSALS: Final = {
    Reason.OTHER_SPELLING: "That is not how the address was given to the carrier.",
    Reason.NOT_SIGNED: "The signature is not the carrier's.",
    Reason.UNKNOWN_ACCOUNT: "The signature is not the carrier's.",
    Reason.OTHER_ADDRESS: "The signature is not the carrier's.",
    Reason.UNPROVEN: "The signature is not the carrier's.",
    Reason.OTHER_BODY: "The signature is not the carrier's.",
    Reason.FOREIGN_HOST: "The portal has another address.",
}
# Why, and what mends it; what the caller is told above tells a forger nothing.
WHY: Final = {
    Reason.OTHER_SPELLING: (
        "The path was spelled otherwise than it was given to the carrier.",
        "Let the proxy pass the path on as it comes, without decoding or rewriting it.",
    ),
    Reason.NOT_SIGNED: (
        "It carried no signature.",
        (
            "If it was the carrier's, let the proxy pass the header X-Twilio-Signature on. "
            "If not, somebody else knocked: nothing was done."
        ),
    ),
    Reason.UNKNOWN_ACCOUNT: (
        "It named no carrier account of ours.",
        (
            "If a number here belongs to another Twilio account, transfer it. If not, somebody else "
            "knocked: nothing was done."
        ),
    ),
    Reason.OTHER_ADDRESS: (
        "The carrier signed it, but for another address than ours.",
        "Set PUBLIC_URL to the address that was signed, or let the number point here again.",
    ),
    Reason.UNPROVEN: (
        "No token we hold made the signature.",
        (
            "Either the token was changed at Twilio, or a proxy changed the address or the form, or "
            "it was not the carrier: then nothing was done."
        ),
    ),
    Reason.OTHER_BODY: (
        "The address was signed, but with another body.",
        (
            "Let the proxy pass the body and the query on as they come: one that rewrites JSON, or "
            "drops bodySHA256, keeps news of numbers out."
        ),
    ),
    Reason.FOREIGN_HOST: (
        "It came under another host name than PUBLIC_URL says.",
        "Let the proxy pass the Host header on as it comes, or set PUBLIC_URL to that name.",
    ),
}


def candidates(scheme: str, hosts: Sequence[str], target: str, public_url: str) -> list[str]:
    """Return the addresses a refused webhook may have been signed for, ours left out."""
    names = dict.fromkeys([*hosts, parts_of(public_url).netloc])
    schemes = dict.fromkeys([scheme, "https", "http"])
    found = [f"{one}://{name}{target}" for name in names for one in schemes]
    return [url for url in found if url != public_url + target]


def differences(signed: str, seen: str, *, hops: int, trusted: int) -> tuple[Difference, ...]:
    """Return in what the address seen is not the one signed, each with the setting that mends it.

    `hops` proxies wrote themselves down; `trusted` is TRUSTED_PROXIES.
    """
    a, b = _parts(signed), _parts(seen)
    same_port = {a[Part.PORT], b[Part.PORT]} == {"443", "80"} and a[Part.SCHEME] != b[Part.SCHEME]
    return tuple(
        Difference(part, a[part], b[part], _mend(part, seen, hops=hops, trusted=trusted))
        for part in Part
        # The default port follows the scheme: it is no difference of its own.
        if a[part] != b[part] and not (part is Part.PORT and same_port)
    )


def parts_differing(signed: str, ours: str) -> str:
    """Return the names of the parts in which two addresses differ, path and query left out."""
    a, b = _parts(signed), _parts(ours)
    return ", ".join(part for part in (Part.SCHEME, Part.HOST, Part.PORT) if a[part] != b[part])


def verdict(check: Check, *, trusted: int) -> Verdict:
    """Return what a test call shows, in words."""
    differing = (
        differences(check.signed_url, check.seen_url, hops=check.hops, trusted=trusted)
        if check.arrived_at
        else ()
    )
    if check.is_good:
        mend = ""
        if differing:
            mend = (
                "Signatures hold, as they are checked against PUBLIC_URL. Mend what differs all "
                "the same: links and limits by address rest on it."
            )
        return Verdict(True, "The portal was reached, and the signature holds.", mend, differing)
    if check.arrived_at:
        reason = (
            Reason.OTHER_BODY if check.refusal == WHY[Reason.OTHER_BODY][0] else Reason.UNPROVEN
        )
        return Verdict(
            False,
            "The portal was reached, but the signature does not hold.",
            differing[0].mend if differing else WHY[reason][1],
            differing,
        )
    return Verdict(False, *_not_reached(check), ())


def proxies(hops: int, trusted: int) -> str:
    """Return what is wrong with TRUSTED_PROXIES as a call came through; empty: nothing."""
    if hops > trusted:
        return (
            f"The call came through {hops} that name themselves, but TRUSTED_PROXIES is {trusted}: "
            f"set TRUSTED_PROXIES={hops}."
        )
    if hops < trusted:
        return (
            f"TRUSTED_PROXIES is {trusted}, but the call came through {hops} that name themselves: "
            f"set TRUSTED_PROXIES={hops}, else anybody may claim any address."
        )
    return ""


def _not_reached(check: Check) -> tuple[str, str]:
    if check.no_answer:
        return (
            f"The public address did not answer: {check.no_answer[:1].lower()}{check.no_answer[1:]}",
            (
                "Check the name in PUBLIC_URL, its DNS record, the certificate and the firewall. Where "
                "this server can't reach itself from inside, the last genuine webhooks below are the "
                "better sign."
            ),
        )
    if check.answer is None:
        return "The test call broke off.", "Ask for another one."
    sentence = f"Something in front of the portal answered with status {check.answer}."
    if check.answer == _BAD_REQUEST:
        return sentence, WHY[Reason.FOREIGN_HOST][1]
    if check.answer in _REDIRECTS:
        return sentence, "Set PUBLIC_URL to the address it leads to: the carrier follows none."
    if check.answer == _NOT_FOUND:
        return sentence, _PATH
    if check.answer in _GATEWAYS:
        return sentence, "The proxy is there, but can't reach the portal: check its upstream."
    if check.answer == _FINE:
        return (
            "A portal answered, but not this one.",
            "PUBLIC_URL names another installation: set it to the address of this one.",
        )
    return sentence, "Let the proxy pass /webhooks/twilio on without asking who calls."


_PATH: Final = "Let the proxy pass the path on as it comes, with nothing cut off or put before it."


def _mend(part: Part, seen: str, *, hops: int, trusted: int) -> str:
    if part is Part.PATH:
        return _PATH
    if part is Part.QUERY:
        return "Let the proxy pass the query on as it comes."
    if hops != trusted:
        return proxies(hops, trusted)
    header = "X-Forwarded-Proto" if part is Part.SCHEME else "Host or X-Forwarded-Host"
    root = "/".join(seen.split("/", 3)[:3])
    if hops == 0 and part is Part.SCHEME:
        return (
            "A proxy that ends TLS says so: let it send X-Forwarded-Proto and X-Forwarded-For, and "
            "set TRUSTED_PROXIES=1."
        )
    return f"Let the proxy send {header} as it got it, or set PUBLIC_URL={root}."


def _parts(url: str) -> dict[Part, str]:
    """Return the parts of an address; a host that is none is told as the header said it."""
    scheme, _, rest = url.partition("://")
    netloc, slash, target = rest.partition("/")
    path, _, query = target.partition("?")
    parts = parts_of(f"{scheme}://{netloc}")
    host, _, port = netloc.partition(":")
    if parts != NONE:
        host, port = parts.hostname or "", str(parts.port or _PORTS.get(parts.scheme) or "")
    return {
        Part.SCHEME: scheme,
        Part.HOST: host,
        Part.PORT: port,
        Part.PATH: slash + path,
        Part.QUERY: query,
    }
