"""The first text of a workflow, held against the six violations a carrier shows (A-4, H-1).

There is one lint (`portal.compliance.rules.lint`), and this asks it. What it found is told here
in the terms of the six examples that suspended accounts are shown, each with what the carrier
minds in it and how to mend it; whatever else it found is told as it is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from portal.compliance.rules.lint import Finding, Rule, lint


class Violation(StrEnum):
    """The kinds of first text that got accounts suspended, by the carrier's six examples."""

    COLD_OFFER = "cold_offer"
    OWNER_QUESTION = "owner_question"
    BENEFIT_CARD = "benefit_card"
    RELIEF_MONEY = "relief_money"
    MONEY_TO_CLAIM = "money_to_claim"
    LAST_CHANCE = "last_chance"


@dataclass(frozen=True, slots=True)
class Told:
    """What people are told of a kind: its name, what the carrier minds, and what to do."""

    name: str
    why: str
    fix: str


KINDS: Final[Mapping[Violation, Told]] = {
    Violation.COLD_OFFER: Told(
        "Cold offer to buy",
        "It offers to buy from a stranger, or asks whether they would sell. Nobody asked for it, "
        "so no consent covers it.",
        "Make the first text an answer to what the person signed up for, and leave the offer out.",
    ),
    Violation.OWNER_QUESTION: Told(
        "Asking who owns a property",
        "It asks a stranger whether a property is theirs: their name and address came from public "
        "records, not from them, and consent can't come from there.",
        "Write only to people who gave you their number, and say where they did.",
    ),
    Violation.BENEFIT_CARD: Told(
        "A benefit card or sign-up somebody left open",
        "It urges a stranger to finish signing up for a card or benefit: that is how fraud begins.",
        "Leave the card or benefit out, and name your brokerage and what they asked you for.",
    ),
    Violation.RELIEF_MONEY: Told(
        "Relief money",
        "It holds out public money to strangers; carriers filter that whoever sends it.",
        "Leave the money out. For a real programme for buyers, name it and its agency, and link to "
        "your own page.",
    ),
    Violation.MONEY_TO_CLAIM: Told(
        "Money or a prize to claim",
        "It says that money or a prize is waiting to be claimed: people who signed up for listings "
        "did not ask for that.",
        "Say plainly what you offer, without a prize and without an amount to claim.",
    ),
    Violation.LAST_CHANCE: Told(
        "Last chance, coupons and pressure",
        "It presses people to act at once or baits them with a coupon, which carriers score as spam.",
        "Give the real date or reason instead, and link to your own site.",
    ),
}

# The six texts as they were shown: for the page that explains them, and for tests.
EXAMPLES: Final[Mapping[Violation, str]] = {
    Violation.COLD_OFFER: (
        "Hello, my name is Crystelle, and I'm seeking to buy a few houses in the area. If you're "
        "interested, I'd like to make you an offer on 984 Michael Cv. Is there a price range at "
        "which you'd consider selling?"
    ),
    Violation.OWNER_QUESTION: (
        "Hello Zina. Do you own of1768 Woodtree Cir? Really wanna talk about it if you have time."
    ),
    Violation.BENEFIT_CARD: (
        "Hey, this is Karan from the XXXXXXX Center. If you didn't finish signing up to get your "
        "Allowance Card, give us a call back ASAP: (800) 000-0000"
    ),
    Violation.RELIEF_MONEY: (
        "KATE, it's Daniel. You can get up to $30K/person who worked during COVID. Let me help you "
        "in 2023. YES for info."
    ),
    Violation.MONEY_TO_CLAIM: (
        "Hey Shubham, it's Shivam. Let's start 2023 by claiming your XXXXX (up to $26K/person). "
        "Interested? YES for more information!"
    ),
    Violation.LAST_CHANCE: (
        "Last chance to receive January $5 coupon by joining XXXXXXX Salon Club by the end of the "
        "year 2022!https://msgsndr.com/l/XXXXXXXX"
    ),
}


@dataclass(frozen=True, slots=True)
class Hit:
    """One of the six kinds found in a text: by which rule of the lint, in which words."""

    violation: Violation
    rule: Rule
    matched: str

    @property
    def told(self) -> Told:
        """Return what people are told of it."""
        return KINDS[self.violation]


@dataclass(frozen=True, slots=True)
class FirstText:
    """What was found in a first text: the six kinds, and all else that is at least a warning."""

    hits: tuple[Hit, ...]
    others: tuple[Finding, ...]

    @property
    def is_clean(self) -> bool:
        """Say whether nothing in it is like what accounts are suspended for."""
        return not self.hits and not self.others


def look(
    body: str,
    *,
    sender_names: Sequence[str],
    own_domains: Sequence[str] = (),
    notice_follows: bool = False,
) -> FirstText:
    """Return what is wrong with a text as the first one after somebody opted in (A-4).

    `notice_follows` as in `lint`: the text itself then need not say how to stop.
    """
    hits: dict[Violation, Hit] = {}
    others = []
    findings = lint(
        body,
        first_contact=True,
        sender_names=sender_names,
        own_domains=own_domains,
        notice_follows=notice_follows,
    )
    for finding in findings:
        violation = _kind_of(finding, body)
        if violation is not None:
            hits.setdefault(violation, Hit(violation, finding.rule, finding.matched))
        elif finding.level != "info":
            others.append(finding)
    order = list(Violation)
    return FirstText(
        tuple(sorted(hits.values(), key=lambda hit: order.index(hit.violation))), tuple(others)
    )


_owns: Final = re.compile(r"own\b|owns\b|owner|due[nñ]o|propietari", re.IGNORECASE)
_card: Final = re.compile(r"\bcards?\b", re.IGNORECASE)
_claim: Final = re.compile(r"\bclaim", re.IGNORECASE)


def _kind_of(finding: Finding, body: str) -> Violation | None:
    """Return which of the six a finding of the lint is; None for anything else."""
    if finding.rule == "solicitation":
        is_owner = _owns.search(finding.matched)
        return Violation.OWNER_QUESTION if is_owner else Violation.COLD_OFFER
    if finding.rule != "bait":
        return None
    name = finding.kind
    if name == "relief money" and _card.search(finding.matched):
        return Violation.BENEFIT_CARD
    if _claim.search(body) and name != "pressure":
        return Violation.MONEY_TO_CLAIM
    if name == "relief money":
        return Violation.RELIEF_MONEY
    is_coupon = name == "pressure" or re.search(r"coupon|voucher", finding.matched, re.IGNORECASE)
    return Violation.LAST_CHANCE if is_coupon else Violation.MONEY_TO_CLAIM
