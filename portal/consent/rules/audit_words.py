"""Audit events in words (M-4)."""

from collections.abc import Mapping
from typing import Any, Final

_WORDS: Final[Mapping[str, str]] = {
    "consent:consent:record": "Consent recorded",
    "consent:consent:ask": "Person asked to confirm by text",
    "consent:consent:refuse": "Not valid consent stored",
    "consent:consent:end": "Consent ended",
    "consent:import:record": "Consents imported",
    "consent:opt-out:record": "Opt-out recorded",
    "consent:opt-in:record": "Opt-in recorded",
    "consent:do-not-contact:add": "Number put on the do-not-contact list",
    "consent:do-not-contact:remove": "Number taken off the do-not-contact list",
    "consent:hold:place": "Sending held for a person's words",
    "consent:hold:confirm": "Held number opted out",
    "consent:hold:lapse": "Hold nobody looked at became an opt-out",
    "consent:hold:release": "Hold released",
    "consent:opt-outs:import": "Listed opt-outs stored",
    "consent:opt-out:reach": "Reach of an opt-out changed",
    "consent:old-opt-outs:answer": "Opt-outs of the old tool settled",
    "site-checks:check:ask": "Check of an outside page asked for",
    "site-checks:check:finish": "Outside page checked",
    "site-checks:page:watch": "Outside page checked every week",
    "site-checks:page:leave": "Weekly check of an outside page ended",
    "billing:subscription:buy": "Plan bought",
    "billing:subscription:renew": "Subscription renewed",
    "billing:subscription:upgrade": "Plan upgraded",
    "billing:subscription:downgrade": "Plan downgraded",
    "billing:subscription:cancel": "Subscription canceled",
    "billing:subscription:keep": "Cancellation withdrawn",
    "billing:subscription:end": "Subscription ended",
    "billing:subscription:ask": "Renewal asked of the card",
    "billing:subscription:unpaid": "Subscription ends unpaid",
    "billing:invoice:write": "Invoice written",
    "billing:invoice:pay": "Invoice paid",
    "billing:invoice:void": "Invoice void",
    "billing:issuer:edit": "Invoice details changed",
    "billing:payer:edit": "Billing details changed",
    "billing:payment:ask": "Payment by card begun",
    "billing:payment:pay": "Payment by card came",
    "billing:payment:decline": "Card declined",
    "billing:payment:lapse": "Renewal by card given up",
    "billing:payment:return": "Payment by card goes back",
    "billing:payment:refund": "Payment by card refunded",
    "audit:log:export": "Audit log exported",
    "messaging:lint-level:set": "Level of the content check set",
    "messaging:lint-review:ask": "Release of a blocked text asked for",
    "messaging:lint-review:release": "Blocked text released",
    "messaging:lint-review:refuse": "Blocked text not released",
    "messaging:similar-texts:flag": "Similar texts from many numbers found",
    "messaging:similar-policy:set": "Threshold of similar texts set",
    "messaging:template:approve": "Wording approved for many numbers",
    "messaging:template:withdraw": "Approval of a wording withdrawn",
    "people:organization:sites": "Own sites named",
    "messaging:texts:export": "File of texts asked for",
    "messaging:texts:download": "File of texts downloaded",
    "billing:statement:export": "File of the statement asked for",
    "billing:statement:download": "Statement downloaded",
    "schedules:report:make": "Report by mail set up",
    "schedules:report:stop": "Report by mail stopped",
    "dnc:list:upload": "Do-not-call list uploaded",
    "dnc:list:start": "Loading of a do-not-call list begun",
    "dnc:list:finish": "Do-not-call list put into use",
    "dnc:list:fail": "Do-not-call list not taken",
    "dnc:list:cancel": "Do-not-call list left out",
    "dnc:list:remove": "Do-not-call list taken out of use",
    "dnc:exemption:add": "Business relationship recorded",
    "dnc:exemption:end": "Business relationship ended",
    "dnc:check:add": "Check of do-not-call by hand confirmed",
    "retention:erasure:request": "Erasure of a person asked for",
    "retention:erasure:do": "Person erased",
    "retention:hold:set": "Legal hold set",
    "retention:hold:ask_release": "Release of a legal hold asked for",
    "retention:hold:release": "Legal hold released",
    "retention:policy:set": "Retention terms set",
    "retention:sweep:finish": "Data past its term taken away",
    "retention:sweep:report": "Data past its term counted",
    "retention:reassigned:check": "Reassigned numbers checked",
    "retention:reassigned:export": "Numbers exported for a check",
    "leaving:person:off-board": "Person off-boarded",
    "accounts:account:give": "Account given to somebody else",
    "tasks:task:hand-over": "Task given to somebody else",
    "integrations:key:make": "API key made",
    "integrations:key:revoke": "API key revoked",
    "integrations:webhook:renew": "Signing secret of a webhook renewed",
    "integrations:webhook:keep": "Webhook kept by another person",
    "integrations:webhook:switch-on": "Webhook switched on",
    "integrations:webhook:switch-off": "Webhook switched off",
    "integrations:webhook:test": "Test event sent to a webhook",
    "integrations:webhook:send-again": "Event sent to a webhook again",
}
_PAST: Final[Mapping[str, str]] = {
    "send": "sent",
    "buy": "bought",
    "begin": "begun",
    "set": "set",
    "withdraw": "withdrawn",
    "find": "found",
    "give": "given",
    "take": "taken",
    "hold": "held",
    "stop": "stopped",
    "cancel": "cancelled",
    "submit": "submitted",
    "sign_in": "signed in",
    "sign_out": "signed out",
    "forget": "forgotten",
    "reset": "reset",
    "revoke_others": "revoked in all other browsers",
}
_HIDDEN: Final = frozenset({"salt"})
_MOST: Final = 8


def words(event: str) -> str:
    """Return an event of the form slice:noun:verb as a short statement."""
    if event in _WORDS:
        return _WORDS[event]
    parts = event.split(":")
    noun, verb = (parts[-2], parts[-1]) if len(parts) > 1 else (parts[0], "")
    if noun == "import" and len(parts) == 3:
        noun = f"{parts[0].rstrip('s')} import"
    said = f"{noun} {_past(verb)}".replace("_", " ").replace("-", " ").strip()
    return said[:1].upper() + said[1:]


def facts(payload: Mapping[str, Any] | None) -> tuple[tuple[str, str], ...]:
    """Return what an entry says, for people; nothing when it was redacted (C-10)."""
    if payload is None:
        return (("content", "redacted"),)
    shown = []
    for name, value in payload.items():
        if name in _HIDDEN or value in (None, "", [], {}):
            continue
        shown.append((name.replace("_", " "), _short(value)))
    return tuple(shown[:_MOST])


def _past(verb: str) -> str:
    if not verb or verb in _PAST:
        return _PAST.get(verb, "")
    head, _, tail = verb.replace("-", "_").partition("_")
    if head.endswith(("ed", "en")):
        past = head
    elif head.endswith("e"):
        past = f"{head}d"
    elif head.endswith("y") and head[-2:-1] not in "aeiou":
        past = f"{head[:-1]}ied"
    else:
        past = f"{head}ed"
    return f"{past} {tail}".strip()


def _short(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        text = ", ".join(str(item) for item in value)
    elif isinstance(value, Mapping):
        text = ", ".join(f"{key}: {item}" for key, item in value.items())
    else:
        text = str(value)
    return text if len(text) <= 160 else f"{text[:157]}…"
