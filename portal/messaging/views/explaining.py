"""Help: what keywords do, what texts cost, limits, policies and error codes, from their tables (M-5)."""

from typing import Final

from flask import Flask, Response, g, request, url_for

from portal.compliance.rules import business_days, lint_content
from portal.core.access import signed_in
from portal.core.typed import line
from portal.core.web import page, takes, wants_partial
from portal.media.values import MOST_BYTES, MOST_FILES, SEEN_FOR
from portal.messaging import queries
from portal.messaging.queries import contact_page
from portal.messaging.rules import holding, keywords, linted, price, rates, whys
from portal.messaging.rules.allotment import DAYS_AHEAD, REPLY_RESERVE_PERCENT
from portal.messaging.rules.similar import DEFAULT as SIMILAR
from portal.messaging.service import system
from portal.messaging.views.blueprint import bp
from portal.registrations.rules import tiers
from portal.texting_accounts.values import DAILY_RECIPIENTS, DAILY_SEGMENTS

_POLICIES: Final = (  # as the facts name them
    ("Twilio Messaging Policy", "https://www.twilio.com/legal/messaging-policy"),
    ("Forbidden message categories", "https://help.twilio.com/articles/360045004974"),
    ("Telephone Consumer Protection Act, rules", "https://www.ecfr.gov/current/title-47/section-64.1200"),
    ("National Do Not Call Registry", "https://telemarketing.donotcall.gov"),
    ("Reassigned Numbers Database", "https://www.reassigned.us"),
)  # fmt: skip
_FAMILIES: Final = {
    "permanent": "For good",
    "transient": "For now",
    "content": "The text",
    "account": "The account",
    "optout": "Opt-out",
}


def init_app(app: Flask) -> None:
    """Give the layout the way to help, and pages why each rule is there."""
    app.context_processor(_way_to_help)
    app.jinja_env.globals["gate_sources"] = whys.SOURCES


@bp.get("/help")
@signed_in
def explain() -> Response:
    """Show the keyword replies, rates, limits and policies as they hold."""
    return page(
        "messaging/help.html",
        None,
        most_files=MOST_FILES,
        most_mb=MOST_BYTES // 1_000_000,
        seen_days=SEEN_FOR.days,
        replies=(
            (keywords.STOP_WORDS, system.STOP_REPLY),
            (keywords.START_WORDS, system.START_REPLY),
            (keywords.HELP_WORDS, f"…: {system.HELP_REPLY}"),
        ),
        rates=rates.TABLES[-1],
        recipients=DAILY_RECIPIENTS,
        segments=DAILY_SEGMENTS,
        reserve=REPLY_RESERVE_PERCENT,
        days_ahead=DAYS_AHEAD,
        tiers=[(least, cap, tiers.daily_cap(least)) for least, cap in tiers.TIERS],
        safe=tiers.SAFE_PERCENT,
        similar=SIMILAR,
        confirms_within=int(holding.CONFIRMS_WITHIN.total_seconds() // 60),
        honored_by=business_days.TO_HONOR,
        forbidden=lint_content.kinds("forbidden"),
        rules=[(name, linted.LEVELS[level]) for name, level in linted.RULES.values()],
        policies=_POLICIES,
        gates=[
            *((label, whys.SOURCES[codes[0]]) for label, codes in contact_page.GATES),
            ("Your cap of credits in a shared account", whys.SOURCES[price.SHARE]),
        ],
    )


@bp.get("/help/errors")
@signed_in
@takes("q")
def explain_errors() -> Response:
    """Show what the carrier's error codes mean, all or those with some words."""
    wanted = line(request.args.get("q", ""))
    return page(
        "messaging/help_errors.html",
        None,
        wanted=wanted,
        rows=queries.error_meanings(wanted),
        families=_FAMILIES,
    )


def _way_to_help() -> dict[str, object]:
    if g.get("me") is None or wants_partial():
        return {}
    return {"help_url": url_for("messaging.explain")}
