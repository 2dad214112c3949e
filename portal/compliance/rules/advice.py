"""What to do about a suspension, by the carrier's reason (A-1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from portal.texting_accounts.values import Cause


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, with the page where it is done: an endpoint that takes account_id."""

    words: str
    endpoint: str | None = None
    label: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


_DELIVERY: Final = Step(
    "Find the codes behind the errors, and stop what sends to those numbers: landlines, numbers "
    "that don't exist, people who said stop.",
    "reports.show",
    "See the errors by code",
    {"name": "delivery"},
)
_CONSENT: Final = Step(
    "Stop texting people without a valid consent record, and add the evidence that is missing.",
    "consent.index",
    "See the consent records",
)
_SENDS: Final = Step(
    "Find the text that people answered with STOP, and end what still sends it.",
    "messaging.campaigns",
    "See the sends",
)
_FORMS: Final = Step(
    "Have a published form that names who texts, how often, what it costs, STOP and HELP, with a "
    "box nobody ticks for them.",
    "optin.index",
    "See the opt-in forms",
)
_ANSWER: Final = Step(
    "Answer the carrier's mail with the cause, what you changed, and what it asks for. Until it "
    "lifts the suspension, nothing leaves; trying on from other numbers makes it worse."
)

STEPS: Final[Mapping[Cause | None, tuple[Step, ...]]] = {
    None: (
        Step(
            "Look for the carrier's mail: it names the reason and says how to answer. A compliance "
            "officer enters the reason here, and this list then says what mends it."
        ),
        _ANSWER,
    ),
    Cause.HIGH_ERRORS: (_DELIVERY, _ANSWER),
    Cause.HIGH_OPT_OUTS: (_SENDS, _CONSENT, _ANSWER),
    Cause.CONSENT: (_CONSENT, _FORMS, _ANSWER),
    Cause.NO_SENDER: (
        Step("Let the first text to everybody begin with your name and your brokerage's."),
        _SENDS,
        _ANSWER,
    ),
    Cause.NO_OPT_OUT: (
        Step('Let the first text to everybody end with "Reply STOP to unsubscribe".'),
        _SENDS,
        _ANSWER,
    ),
    Cause.SIMILAR: (
        Step(
            "Send one wording from one number. Where several must send it, write down the business "
            "reason and have an officer approve the wording."
        ),
        _SENDS,
        _ANSWER,
    ),
    Cause.PROVISIONING: (
        Step(
            "Don't buy, recycle or give back numbers: each try is refused here and counted there. "
            "Write down why your business needs the numbers it has."
        ),
        _ANSWER,
    ),
    Cause.OTHER: (_ANSWER,),
}
