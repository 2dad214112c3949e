"""The public address, and whether webhooks come through to it."""

import ipaddress

from portal.core.addresses import parts_of
from portal.go_live.rules.judging import LOOK, RESTART, by_operation
from portal.go_live.values import Check, Place, ReachFacts, Standing, Topic

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_INSIDE = (".example", ".test", ".localhost", ".local", ".internal")


def checks(facts: ReachFacts) -> list[Check]:
    """Judge the address by itself, then what the last test calls showed of it."""
    return [Check(Topic.REACH, "Public address", *_address(facts)), _webhooks(facts)]


def _address(facts: ReachFacts) -> tuple[Standing, str, str]:
    url, grave = facts.public_url, by_operation(is_sandbox=facts.is_sandbox)
    mend = f"Set PUBLIC_URL to the address people type, with https, and {RESTART}."
    if is_inside(url):
        return grave, f"PUBLIC_URL is {url}, which only this machine or its network reaches.", mend
    if not url.startswith("https://"):
        return (
            grave,
            f"PUBLIC_URL is {url}: without https, passwords and people's names can be read on the way.",
            mend,
        )
    return Standing.GOOD, f"People and the carrier use {url}.", ""


def is_inside(url: str) -> bool:
    """Say whether an address is one the internet can't reach, by its look alone."""
    host = (parts_of(url).hostname or "").lower()
    if host in _HERE:
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_INSIDE)


def _webhooks(facts: ReachFacts) -> Check:
    title = "Webhooks"
    if not facts.calls:
        return Check(
            Topic.REACH,
            title,
            Standing.TODO,
            "No test call was made yet: whether the carrier gets through is not known.",
            LOOK,
            place=Place.WEBHOOKS,
        )
    bad = next((call for call in facts.calls if not call.is_good), None)
    shown = bad or facts.calls[0]
    return Check(
        Topic.REACH,
        title,
        Standing.FAILING if bad else Standing.GOOD,
        shown.sentence,
        shown.mend,
        looked_at=min(call.at for call in facts.calls),
        place=Place.WEBHOOKS,
    )
