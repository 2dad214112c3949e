"""How each check stands, as pure functions of facts (X-1)."""

from collections.abc import Sequence
from datetime import datetime

from portal.go_live.rules import brokerages, carrier, machine, mail, reach
from portal.go_live.values import Check, Facts, Standing, Summary


def judge(facts: Facts, now: datetime) -> list[Check]:
    """Return every check in the order of the page."""
    return [
        *carrier.checks(facts.carrier),
        *reach.checks(facts.reach),
        *mail.checks(facts.mail),
        *brokerages.checks(facts.brokerages),
        *machine.checks(facts.machine, now),
    ]


def summary(checks: Sequence[Check]) -> Summary:
    """Return how many checks stand how."""
    standings = [check.standing for check in checks]
    return Summary(*(standings.count(one) for one in Standing))
