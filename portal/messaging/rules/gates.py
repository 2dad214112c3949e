"""The gates of S-2, in order: small named rules that each may say no, and why.

Two lists: what stops an account altogether, and what stops one text. Issues that add a rule
add it to a list; planning and the last look before the carrier (T2) go through the same ones.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

from portal.consent import rules as consent
from portal.consent.values import MessageKind, Reach, Strength
from portal.dnc.rules import verdict as call_lists
from portal.messaging.rules import holding
from portal.messaging.rules.allotment import RECIPIENTS, SEGMENTS
from portal.messaging.rules.gate_facts import AccountFacts, TextFacts
from portal.messaging.rules.whys import BULK_PAUSED, FIXES, OLD_OPT_OUTS
from portal.messaging.values import Fate, Gate, Kind
from portal.texting_accounts.values import AccountState

STOP_CONFIRMATION: Final = "stop"  # the one system text that passes an opt-out (RULINGS 15)
CAMPAIGN_PAUSED: Final = "campaign_paused"
TRAFFIC_STOPPED: Final = "traffic_stopped"
CATCHING_UP: Final = "catching_up"
RECORDS_IN_DOUBT: Final = "records_in_doubt"


AccountRule = Callable[[AccountFacts], Gate | None]
TextRule = Callable[[TextFacts], Gate | None]

_FOREIGN: Final = "This number is outside country code 1. A team lead can switch its country on."


def records_trusted(facts: AccountFacts) -> Gate | None:
    """Stop every text while the records may be older than what the carrier has seen (I14)."""
    if not facts.records_in_doubt:
        return None
    return _gate(
        RECORDS_IN_DOUBT,
        "Sending has stopped until the records and the carrier's list agree.",
        Fate.HELD,
    )


def account_active(facts: AccountFacts) -> Gate | None:
    """Stop a paused or closed account."""
    if facts.state is AccountState.CLOSED:
        return _gate("account_closed", "This account is closed. Texts can't be sent from it.")
    if facts.state is AccountState.PAUSED:
        why = f" {facts.state_reason}" if facts.state_reason else ""
        return _gate("account_inactive", f"Sending is paused for this account.{why}", Fate.HELD)
    return None


def has_subscription(facts: AccountFacts) -> Gate | None:
    """Stop an account without an active subscription (B-1)."""
    if facts.has_subscription:
        return None
    return _gate(
        "no_subscription",
        "You need an active subscription.",
        Fate.HELD,
    )


def has_number(facts: AccountFacts) -> Gate | None:
    """Stop an account that has no number to send from."""
    if facts.sender is not None and facts.sender.is_ready:
        return None
    return _gate(
        "no_number",
        "This account has no number to text from yet.",
        Fate.HELD,
    )


def number_registered(facts: AccountFacts) -> Gate | None:
    """Stop a number that carriers don't know yet (N-5)."""
    if facts.sender is None or facts.sender.is_registered:
        return None
    return _gate(
        "number_unregistered",
        "Your number is still being registered with the carriers. Texts leave once it is approved.",
        Fate.HELD,
    )


def account_not_suspended(facts: AccountFacts) -> Gate | None:
    """Stop a suspended account (A-1)."""
    if facts.state is not AccountState.SUSPENDED:
        return None
    why = f" {facts.state_reason}" if facts.state_reason else ""
    return _gate(
        "account_suspended",
        f"The carrier has suspended this account.{why}",
        Fate.HELD,
    )


def bulk_paused(why: str) -> Gate:
    """Return the gate that bulk and plan texts meet while somebody has to look, and why they do."""
    return _gate(
        BULK_PAUSED,
        f"Bulk and plan texts of this account are paused. {why} Replies go.",
        Fate.HELD,
    )


def bulk_goes(facts: AccountFacts, kind: Kind) -> Gate | None:
    """Hold bulk and plan texts of an account that a person has to look at first (H-4)."""
    if facts.bulk_pause is None or not kind.is_marketing:
        return None
    return bulk_paused(facts.bulk_pause)


def caught_up(facts: TextFacts) -> Gate | None:
    """Hold bulk texts until every text of an outage is known: a STOP may be among them (2.4)."""
    if not facts.kind.is_marketing or not facts.is_catching_up:
        return None
    return _gate(
        CATCHING_UP,
        "Texts that came in while ConsentDesk was away are being read first. It goes by itself.",
        Fate.HELD,
    )


def actor_trusted(facts: TextFacts) -> Gate | None:
    """Stop a text whose sender was disabled or lost the account meanwhile (PROMISES 3.8)."""
    if facts.actor_may_send:
        return None
    return _gate(
        "blocked_actor",
        "Whoever sent this may no longer send from this account. Somebody who may can send it.",
    )


def number_textable(facts: TextFacts) -> Gate | None:
    """Stop a missing, impossible or untextable number."""
    if facts.e164 is None:
        return _gate("invalid_number", facts.problem or "There is no phone number to text.")
    if facts.is_unreachable:
        return _gate(
            "unreachable", facts.problem or "The carrier says this number can't be texted."
        )
    if facts.problem:
        return _gate("invalid_number", facts.problem)
    return None


def said_once(facts: TextFacts) -> Gate | None:
    """Stop a second contact with the same number in one send."""
    if not facts.is_duplicate:
        return None
    return _gate("duplicate", "Another person on the list has the same number.")


def region_allowed(facts: TextFacts) -> Gate | None:
    """Stop a country that nobody switched on, or that has had its texts of today."""
    if facts.country_code == 1:
        return None
    if facts.country_room is None:
        return _gate("region_blocked", _FOREIGN)
    if facts.country_room < 1 and not facts.is_counted:
        return _gate(
            "daily_country",
            "The daily limit for this country is reached.",
            Fate.HELD,
            held_until=facts.tomorrow,
        )
    return None


def not_opted_out(facts: TextFacts) -> Gate | None:
    """Stop everything to somebody who said STOP; only they can undo it (Q-2, Q-7)."""
    standing = facts.standing
    if standing is None:
        return None
    if standing.opted_out_at is not None and facts.purpose == STOP_CONFIRMATION:
        if facts.now <= standing.opted_out_at + holding.CONFIRMS_WITHIN:
            return None
        return holding.LATE
    if standing.opted_out_at is not None:
        return _gate("opted_out", "This person opted out. Only they can opt in again, with START.")
    if standing.org_opted_out_at is not None and standing.org_reach is Reach.EVERYTHING:
        return _gate("org_opted_out", "This person opted out of every text from your organization.")
    if standing.org_opted_out_at is not None and facts.kind.is_marketing:
        return _gate(
            "org_opted_out",
            "This person opted out of marketing texts from your organization.",
        )
    return None


def not_held_for_words(facts: TextFacts) -> Gate | None:
    """Hold what would go to somebody who seems to have asked for no more texts (Q-4)."""
    if facts.standing is None:
        return None
    return holding.shut(facts.standing, facts.kind, facts.purpose, facts.now)


def old_opt_outs_known(facts: TextFacts) -> Gate | None:
    """Stop bulk texts to imported people until the old tool's opt-outs are settled (Q-7)."""
    if not facts.kind.is_marketing or not facts.is_old_list_open:
        return None
    return _gate(
        OLD_OPT_OUTS,
        "Contacts were imported, but not who opted out in your old tool. Import that list, or say "
        "there is none.",
    )


def not_on_internal_list(facts: TextFacts) -> Gate | None:
    """Stop a number on the organization's own do-not-contact list."""
    if facts.standing is None or facts.standing.dnc_at is None:
        return None
    return _gate("do_not_contact", "This number is on your organization's do-not-contact list.")


def not_on_call_list(facts: TextFacts) -> Gate | None:
    """Stop a text to a number on a national or state list without an exemption (S-2)."""
    if facts.kind is Kind.SYSTEM or facts.call_list is None:
        return None
    refusal = call_lists.judge(
        facts.call_list,
        is_written=False,  # then nothing had to be known of the lists
        rests_on_inquiry=_rests_on_inquiry(facts),
    )
    return _gate(refusal.code, refusal.sentence) if refusal else None


def passed_call_list(facts: TextFacts) -> dict[str, Any]:
    """Return what let a text pass the do-not-call lists, to be stored with it (S-2)."""
    if facts.kind is Kind.SYSTEM or facts.call_list is None:
        return {}
    return call_lists.passed_by(facts.call_list, rests_on_inquiry=_rests_on_inquiry(facts))


def consent_sufficient(facts: TextFacts) -> Gate | None:
    """Stop a text the person's consent doesn't cover (C-7, C-8)."""
    if facts.kind is Kind.SYSTEM:
        return None
    if facts.standing is None:
        return _gate("consent_missing", "There is no record that this person agreed to be texted.")
    kind = MessageKind.MARKETING if facts.kind.is_marketing else MessageKind.ONE_TO_ONE
    basis = consent.allows(facts.standing, kind, facts.now)
    if basis.ok:
        return None
    return _gate(basis.code, basis.sentence)


def values_present(facts: TextFacts) -> Gate | None:
    """Stop a text with a merge field that has no value (S-9)."""
    if not facts.missing:
        return None
    named = ", ".join(f"{{{name}}}" for name in facts.missing)
    return _gate("missing_value", f"Nothing is known for {named}. Fill it in or give a fallback.")


def hours_open(facts: TextFacts) -> Gate | None:
    """Hold a text until the person's hours and days allow it (P-3)."""
    return facts.hours.gate if facts.hours else None


def recipients_left_today(facts: TextFacts) -> Gate | None:
    """Hold whoever would be one recipient too many today (S-5)."""
    if _is_unlimited(facts) or facts.is_reply or not facts.takes_recipient:
        return None
    if facts.recipients_left >= 1:
        return None
    return _gate(
        RECIPIENTS,
        "Today's limit of people is reached.",
        Fate.HELD,
        held_until=facts.tomorrow,
    )


def segments_left_today(facts: TextFacts) -> Gate | None:
    """Hold what would pass today's segments (S-5)."""
    if _is_unlimited(facts) or facts.segments <= facts.segments_left:
        return None
    return _gate(
        SEGMENTS,
        "Today's limit of segments is reached.",
        Fate.HELD,
        held_until=facts.tomorrow,
    )


def not_too_often(facts: TextFacts) -> Gate | None:
    """Hold a text to somebody who had as many in 24 hours as their state allows (S-2)."""
    return facts.too_often.gate if facts.too_often else None


ACCOUNT_GATES: Final[tuple[AccountRule, ...]] = (
    records_trusted,
    account_active,
    has_subscription,
    has_number,
    number_registered,
    account_not_suspended,
)

TEXT_GATES: Final[tuple[TextRule, ...]] = (
    actor_trusted,
    caught_up,
    number_textable,
    said_once,
    region_allowed,
    not_opted_out,
    not_held_for_words,
    old_opt_outs_known,
    not_on_internal_list,
    not_on_call_list,
    consent_sufficient,
    values_present,
    hours_open,
    recipients_left_today,
    segments_left_today,
    not_too_often,
)

OPTED_OUT: Final = frozenset({"opted_out", "org_opted_out"})
LIMIT_CODES: Final = frozenset({RECIPIENTS, SEGMENTS, "daily_country"})
NO_MEANS: Final = frozenset({"no_subscription", "no_number"})  # S-6
ACCOUNT_CODES: Final = frozenset(
    {
        RECORDS_IN_DOUBT,
        "account_inactive",
        "no_subscription",
        "no_number",
        "number_unregistered",
        "account_suspended",
    }
)


def day_full(facts: TextFacts) -> Gate | None:
    """Return the first limit of a day that a text would pass, or None: it finds its place (S-5)."""
    rules = (region_allowed, recipients_left_today, segments_left_today)
    return next((gate for rule in rules if (gate := rule(facts))), None)


def account_gate(facts: AccountFacts, kind: Kind | None = None) -> Gate | None:
    """Return the first gate that stops the whole account, or all its texts of a kind, or None."""
    shut = next((gate for rule in ACCOUNT_GATES if (gate := rule(facts))), None)
    return shut or (bulk_goes(facts, kind) if kind is not None else None)


def text_gate(facts: TextFacts) -> Gate | None:
    """Return the first gate that is shut for this text, or None."""
    for rule in TEXT_GATES:
        gate = rule(facts)
        if gate is not None:
            return gate
    return None


def shut_gates(account: AccountFacts, text: TextFacts) -> list[Gate]:
    """Return every gate that is shut, for the page that explains them."""
    found: Iterable[Gate | None] = [
        *(rule(account) for rule in ACCOUNT_GATES),
        bulk_goes(account, text.kind),
        *(rule(text) for rule in TEXT_GATES),
    ]
    return list({gate.code: gate for gate in found if gate is not None}.values())


def _gate(
    code: str, sentence: str, outcome: Fate = Fate.BLOCKED, *, held_until: datetime | None = None
) -> Gate:
    endpoint, label = FIXES.get(code, (None, None))
    return Gate(code, sentence, outcome, endpoint, label, held_until)


def _rests_on_inquiry(facts: TextFacts) -> bool:
    """Whether nothing but the person's own text or inquiry allows this one (C-8)."""
    standing = facts.standing
    return (
        facts.kind is Kind.ONE_TO_ONE
        and standing is not None
        and standing.strength is Strength.INQUIRY
        and (standing.expires_at is None or facts.now < standing.expires_at)
    )


def _is_unlimited(facts: TextFacts) -> bool:
    """Whether limits don't stop the text: of the system, counted already, or let go at a risk."""
    return facts.kind is Kind.SYSTEM or facts.is_counted or facts.passes_limits
