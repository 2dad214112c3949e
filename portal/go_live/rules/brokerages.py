"""What each organization needs at the carrier: its account, its numbers, their registration."""

from collections.abc import Sequence

from portal.core.formats import plural
from portal.go_live.rules.carrier import wrong_with
from portal.go_live.rules.judging import LOOK, NOT_LOOKED
from portal.go_live.values import BrokerageFacts, Check, Place, Standing, Topic
from portal.registrations.values import State

_REGISTERS = "Its team lead or compliance officer does that under Registration."
_PLAIN = {
    State.DRAFT: (
        Standing.TODO,
        "Brand and campaign are a draft, not sent in yet: local numbers can't send.",
        _REGISTERS,
    ),
    State.SUBMITTING: (
        Standing.TODO,
        "Brand and campaign are being sent in to the carriers.",
        "It goes on by itself.",
    ),
    State.IN_REVIEW: (
        Standing.TODO,
        "The carriers look at brand and campaign: until they agree, local numbers can't send.",
        "It goes on by itself; Registration says by when.",
    ),
    State.SUSPENDED: (
        Standing.FAILING,
        "The carriers suspended brand or campaign: local numbers can't send.",
        "Its team lead or compliance officer reads under Registration what to do.",
    ),
}


def checks(brokerages: Sequence[BrokerageFacts]) -> list[Check]:
    """Judge each organization's account at the carrier and its registration."""
    if not brokerages:
        return [
            Check(
                Topic.BROKERAGES,
                "A brokerage",
                Standing.TODO,
                "There is none yet.",
                "Create the first one, and invite its team lead.",
                place=Place.ORGANIZATIONS,
            )
        ]
    return [check for facts in brokerages for check in _of(facts)]


def _of(facts: BrokerageFacts) -> list[Check]:
    looked_at = facts.answer.at if facts.has_account and facts.answer else None
    return [
        Check(
            Topic.BROKERAGES,
            title,
            *judged,
            looked_at=at,
            place=Place.ORGANIZATION,
            organization_id=facts.id,
        )
        for title, judged, at in (
            (f"{facts.name}: account and numbers", _account(facts), looked_at),
            (f"{facts.name}: registration", _registration(facts), None),
        )
    ]


def _account(facts: BrokerageFacts) -> tuple[Standing, str, str]:
    if not facts.has_account:
        return (
            Standing.TODO,
            "It has no account at the carrier and no number yet: both come with the first number.",
            "Its team lead sets a number up, or transfers one, under Numbers.",
        )
    answer = facts.answer
    if answer is None:
        return Standing.TODO, NOT_LOOKED, LOOK
    if (wrong := wrong_with(answer)) is not None:
        sentence, mend = wrong
        return Standing.FAILING, sentence, mend or _no_token(facts)
    if answer.not_looked:
        return Standing.FAILING, answer.not_looked, "Look again in a minute."
    if answer.strays:
        return (
            Standing.FAILING,
            (
                f"{plural(answer.strays, 'number')} of its own lead elsewhere at the carrier, or are gone "
                "there: what people text, a STOP among it, does not come here."
            ),
            "Its team lead or compliance officer points them here under Carrier webhooks.",
        )
    count = facts.local + facts.toll_free
    if count == 0:
        return Standing.TODO, "It has no number yet.", "Its team lead sets one up under Numbers."
    leads = "leads" if count == 1 else "lead"
    return Standing.GOOD, f"Its account is active, and {plural(count, 'number')} {leads} here.", ""


def _no_token(facts: BrokerageFacts) -> str:
    if facts.is_sandbox:
        return "The sandbox forgot the account, or its own state was reset: make reset, then begin anew."
    return (
        "If it was opened in the sandbox, Twilio does not know it: begin with an empty database. "
        "If its token was changed in Twilio's Console, message support."
    )


def _registration(facts: BrokerageFacts) -> tuple[Standing, str, str]:
    a2p = _brand(facts)
    if facts.unverified:
        of_toll_free = _toll_free(facts)
        return min(a2p, of_toll_free, key=lambda judged: list(Standing).index(judged[0]))
    return a2p


def _brand(facts: BrokerageFacts) -> tuple[Standing, str, str]:
    state = facts.registration
    is_toll_free_alone = facts.toll_free > 0 and facts.local == 0
    if state is None and is_toll_free_alone:
        return (
            Standing.GOOD,
            "It texts from toll-free numbers alone, and they are verified.",
            "",
        )
    if state is None:
        return (
            Standing.TODO,
            "Brand and campaign are not registered: local numbers can't send.",
            _REGISTERS,
        )
    if state is State.REJECTED or (facts.trouble and state is not State.REGISTERED):
        return (
            Standing.FAILING,
            f"Brand and campaign: {facts.trouble}"
            if facts.trouble
            else "The carriers rejected brand or campaign.",
            "Its team lead or compliance officer mends that under Registration and sends it in again.",
        )
    if state is State.REGISTERED:
        verified = " Its toll-free numbers are verified." if facts.toll_free else ""
        return Standing.GOOD, f"Brand and campaign are registered.{verified}", ""
    return _PLAIN[state]


def _toll_free(facts: BrokerageFacts) -> tuple[Standing, str, str]:
    if facts.toll_free_trouble:
        return (
            Standing.FAILING,
            f"Toll-free verification: {facts.toll_free_trouble}",
            "Its team lead or compliance officer mends that under Registration and sends it in again.",
        )
    can = "can't send: it is" if facts.unverified == 1 else "can't send: they are"
    return (
        Standing.TODO,
        f"{plural(facts.unverified, 'toll-free number')} {can} not verified yet.",
        "Its team lead or compliance officer asks for verification under Registration.",
    )
