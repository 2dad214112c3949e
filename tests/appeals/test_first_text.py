"""The first text is held against the six violations carriers show (A-4)."""

import pytest

from portal.appeals.rules.first_text import EXAMPLES, KINDS, Violation, look

NAMES, DOMAINS = ("Bob Lee", "Juniper Realty"), ("juniperrealty.com",)

# Each example, the rule that catches it, and words it is caught by.
CAUGHT = [
    (Violation.COLD_OFFER, "solicitation", "buy a few houses"),
    (Violation.OWNER_QUESTION, "solicitation", "Do you own"),
    (Violation.BENEFIT_CARD, "bait", "Allowance Card"),
    (Violation.RELIEF_MONEY, "bait", "$30K/person"),
    (Violation.MONEY_TO_CLAIM, "bait", "$26K/person"),
    (Violation.LAST_CHANCE, "bait", "coupon"),
]
# Others of the same kinds.
LIKE_THEM = [
    (Violation.COLD_OFFER, "Bob Lee here. Would you consider selling 12 Elm St? Reply STOP to end."),
    (Violation.OWNER_QUESTION, "Are you the owner of 12 Elm St?"),
    (Violation.BENEFIT_CARD, "Your spending card is ready"),
    (Violation.RELIEF_MONEY, "Stimulus checks for homeowners"),
    (Violation.MONEY_TO_CLAIM, "Claim your prize"),
    (Violation.MONEY_TO_CLAIM, "You won a free cruise"),
    (Violation.LAST_CHANCE, "Final notice"),
]  # fmt: skip


@pytest.mark.parametrize(("violation", "rule", "words"), CAUGHT)
def test_each_example_is_caught_by_the_right_rule_and_as_its_own_kind(violation, rule, words):
    found = look(EXAMPLES[violation], sender_names=NAMES, own_domains=DOMAINS)

    assert [(hit.violation, hit.rule) for hit in found.hits] == [(violation, rule)]
    assert words in found.hits[0].matched
    assert {"sender", "opt_out"} <= {finding.rule for finding in found.others}
    assert not found.is_clean
    assert all((found.hits[0].told.name, found.hits[0].told.why, found.hits[0].told.fix))


def test_the_last_ones_link_is_told_too_and_the_kinds_are_six():
    found = look(EXAMPLES[Violation.LAST_CHANCE], sender_names=NAMES, own_domains=DOMAINS)

    assert "foreign_link" in {finding.rule for finding in found.others}
    assert len(KINDS) == len(EXAMPLES) == 6


@pytest.mark.parametrize(("violation", "body"), LIKE_THEM)
def test_others_of_their_kind_are_caught_as_such(violation, body):
    assert [hit.violation for hit in look(body, sender_names=NAMES).hits] == [violation]


def test_a_proper_first_text_is_clean():
    body = "Hi Carol, Bob Lee of Juniper Realty. You asked for listings in Oak Park: "
    body += "juniperrealty.com/oak. Reply STOP to unsubscribe."

    assert look(body, sender_names=NAMES, own_domains=DOMAINS).is_clean
    without = body.removesuffix(" Reply STOP to unsubscribe.")
    assert [f.rule for f in look(without, sender_names=NAMES, own_domains=DOMAINS).others] == [
        "opt_out"
    ]
    assert look(without, sender_names=NAMES, own_domains=DOMAINS, notice_follows=True).is_clean
