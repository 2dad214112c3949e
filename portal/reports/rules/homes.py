"""The set-up checklist as a pure function of facts (X-7)."""

from collections.abc import Mapping

from portal.go_live.values import Summary
from portal.reports.values import AccountFacts, Step

PLAN, NUMBER, CONTACTS, CONSENT, TEXT = "plan", "number", "contacts", "consent", "text"
OPT_OUTS = "opt_outs"
ORGANIZATIONS, PEOPLE, GO_LIVE = "organizations", "people", "go_live"


def steps(facts: AccountFacts, links: Mapping[str, str | None]) -> list[Step]:
    """Return the steps from a new account to its first delivered text, done ones ticked."""
    sender = facts.sender
    return [
        _step(facts.has_subscription, "Buy a plan", "Without one nothing is sent", links[PLAN]),
        _step(
            sender is not None,
            "Set up a number",
            "Transfer yours or choose a new one"
            if facts.has_subscription
            else "Needs a plan first",
            links[NUMBER],
        ),
        _step(
            facts.has_old_opt_outs,
            "Import the opt-outs of your old tool",
            "First of all, or say there are none",
            links[OPT_OUTS],
        ),
        _step(
            facts.contacts > 0, "Import your contacts", "CSV, with a dry run first", links[CONTACTS]
        ),
        _step(facts.has_consent, "Record consent", "Import it or enter it by hand", links[CONSENT]),
        _step(
            facts.has_delivered,
            "Send your first text",
            "Sent, not delivered yet" if facts.has_sent else "One person is enough to begin",
            links[TEXT],
        ),
    ]


def installation_steps(
    *,
    has_organization: bool,
    has_people: bool,
    checks: Summary,
    links: Mapping[str, str],
) -> list[Step]:
    """Return the steps from an empty installation to its first delivered text."""
    left = [
        f"{count} {words}"
        for count, words in ((checks.failing, "failing"), (checks.todo, "to do"))
        if count
    ]
    return [
        _step(
            has_organization,
            "Create the first brokerage",
            "Its name and time zone",
            links[ORGANIZATIONS],
        ),
        _step(has_people, "Invite its team lead", "By mail, or by a link", links[PEOPLE]),
        _step(
            checks.is_ready,
            "Look whether all is ready to go live",
            ", ".join(left),
            links[GO_LIVE],
        ),
        Step("The first real text is delivered", "todo", "A team lead or agent sends it", None),
    ]


def is_set_up(facts: AccountFacts) -> bool:
    """Say whether the checklist has done its work: a text was delivered."""
    return facts.has_delivered


def _step(is_done: bool, text: str, note: str, url: str | None) -> Step:
    return Step(text, "done" if is_done else "todo", None if is_done else note, url)
