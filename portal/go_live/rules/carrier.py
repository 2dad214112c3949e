"""The carrier the settings name, and its credentials."""

from portal.core.addresses import parts_of
from portal.go_live.rules.judging import LOOK, NOT_LOOKED, RESTART
from portal.go_live.values import Answer, CarrierFacts, Check, Standing, Topic

_TWILIO = "twilio.com"


def checks(facts: CarrierFacts) -> list[Check]:
    """Judge whether texts go to Twilio, and whether it accepts who we are."""
    return [
        Check(Topic.CARRIER, "Where texts go", *_address(facts)),
        Check(
            Topic.CARRIER,
            "Credentials",
            *_credentials(facts),
            looked_at=facts.answer.at if facts.answer else None,
        ),
    ]


def _address(facts: CarrierFacts) -> tuple[Standing, str, str]:
    if facts.is_sandbox:
        return (
            Standing.TODO,
            "The carrier sandbox stands in for Twilio: no text leaves this machine.",
            (
                "Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN of your Twilio account, name an empty "
                f"database, and {RESTART}."
            ),
        )
    if facts.api_base is None:
        return Standing.GOOD, "Texts go to Twilio.", ""
    parts = parts_of(facts.api_base)
    mend = f"Unset TWILIO_API_BASE and {RESTART}."
    host = (parts.hostname or "").lower()
    if host != _TWILIO and not host.endswith(f".{_TWILIO}"):
        return (
            Standing.FAILING,
            (
                "Real credentials are set, but TWILIO_API_BASE leads to "
                f"{parts.netloc.rpartition('@')[2]}, which is not Twilio's: a sandbox or a test takes "
                "the texts, and nobody gets them."
            ),
            mend,
        )
    if parts.scheme != "https":
        return (
            Standing.FAILING,
            "TWILIO_API_BASE has no https: the token and every text can be read on the way.",
            mend,
        )
    return Standing.GOOD, f"Texts go to Twilio at {host}, as TWILIO_API_BASE says.", ""


def _credentials(facts: CarrierFacts) -> tuple[Standing, str, str]:
    answer, who = facts.answer, "The sandbox" if facts.is_sandbox else "Twilio"
    if answer is None:
        return Standing.TODO, NOT_LOOKED, LOOK
    if (wrong := wrong_with(answer)) is not None:
        sentence, mend = wrong
        return (
            Standing.FAILING,
            sentence,
            mend
            or (
                "Compare TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN with Twilio's Console, set them, "
                f"and {RESTART}."
            ),
        )
    if answer.is_trial:
        return (
            Standing.TODO,
            (
                "It is a trial account: Twilio sends only to phones you verified there, and puts words "
                "of its own before each text."
            ),
            "Upgrade the account in Twilio's Console, under Billing.",
        )
    return Standing.GOOD, f"{who} accepts the account SID and the token.", ""


def wrong_with(answer: Answer) -> tuple[str, str] | None:
    """Return what is wrong with an account at the carrier, and what mends it; empty: it depends."""
    if not answer.is_reached:
        return (
            answer.problem,
            "Look again in a minute. If it stays, let this machine reach the carrier's API.",
        )
    if answer.problem:
        return answer.problem, ""
    if answer.status == "suspended":
        return (
            "Twilio has suspended or closed the account: nothing is sent.",
            "Ask Twilio's support why, and have it reactivated; the portal notices by itself.",
        )
    if answer.status != "active":
        return (
            f"The account is {answer.status or 'in an unknown state'} at Twilio: nothing is sent.",
            "Ask Twilio's support; an account that is closed does not come back.",
        )
    return None
