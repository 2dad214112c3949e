"""The mail server, who mail comes from, and the last test mail."""

from portal.go_live.rules.judging import LOOK, NOT_LOOKED, RESTART
from portal.go_live.values import Check, MailFacts, Place, Standing, Topic
from portal.mail.values import MailState

_EXAMPLES = (".example", "@example.com", "@localhost")


def checks(facts: MailFacts) -> list[Check]:
    """Judge whether mail goes, from whom, and whether one was seen to go."""
    return [
        Check(
            Topic.MAIL,
            "Mail server",
            *_server(facts),
            looked_at=facts.answer.at if facts.has_server and facts.answer else None,
        ),
        Check(Topic.MAIL, "Addresses", *_addresses(facts)),
        Check(
            Topic.MAIL,
            "Test mail",
            *_test(facts),
            looked_at=facts.test.at if facts.test else None,
            place=Place.OUTBOX,
        ),
    ]


def _server(facts: MailFacts) -> tuple[Standing, str, str]:
    if not facts.has_server:
        return (
            Standing.TODO,
            (
                "SMTP_URL is not set: invitations, passwords and alerts are kept here, and nobody gets "
                "them."
            ),
            f"Set SMTP_URL, like smtp://user:password@mail.yourbrokerage.com:587, and {RESTART}.",
        )
    if facts.answer is None:
        return Standing.TODO, NOT_LOOKED, LOOK
    if facts.answer.problem:
        return (
            Standing.FAILING,
            facts.answer.problem,
            "Mail waits for two days and is then given up. Mend the server or SMTP_URL, then look again.",
        )
    clear = " It is spoken to in the clear, as SMTP_TLS says." if facts.is_in_the_clear else ""
    return Standing.GOOD, f"The mail server lets the portal in.{clear}", ""


def _addresses(facts: MailFacts) -> tuple[Standing, str, str]:
    examples = [
        name
        for name, address in (("SENDER_EMAIL", facts.sender), ("SUPPORT_EMAIL", facts.support))
        if address.lower().endswith(_EXAMPLES)
    ]
    if examples:
        one = len(examples) == 1
        return (
            Standing.TODO,
            (
                f"{' and '.join(examples)} {'is' if one else 'are'} still the example: "
                "such mail is refused or lost, and nobody can answer it."
            ),
            (
                f"Set {'it' if one else 'them'} to {'an address' if one else 'addresses'} of yours, "
                f"and {RESTART}."
            ),
        )
    return Standing.GOOD, f"Mail comes from {facts.sender}; people write to {facts.support}.", ""


def _test(facts: MailFacts) -> tuple[Standing, str, str]:
    test = facts.test
    if test is None:
        return (
            Standing.TODO,
            "No test mail was sent in the last 30 days.",
            "Send one to yourself, and look whether it comes and is not taken for spam.",
        )
    if test.state is MailState.SENT:
        return (
            Standing.GOOD,
            f"The mail server took a test mail to {test.to}. Whether it came, its reader knows.",
            "",
        )
    if test.state is MailState.FAILED:
        return (
            Standing.FAILING,
            f"The mail server refused the test mail to {test.to}: {test.error}",
            "Mend what it says, then send another one.",
        )
    if test.state is MailState.KEPT:
        return (
            Standing.TODO,
            "The test mail was kept: there was no mail server. It is not sent later.",
            "Once SMTP_URL is set, send another one.",
        )
    if test.error:
        return (
            Standing.FAILING,
            f"The test mail to {test.to} did not go yet: {test.error}",
            "It is tried again by itself for two days.",
        )
    return (
        Standing.TODO,
        f"The test mail to {test.to} is on its way.",
        "It goes within seconds; the outbox shows it.",
    )
