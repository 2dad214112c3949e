"""Campaigns: the list, and for each what happened to every recipient and why (S-8, S-10, S-11)."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid4

from flask import Response, flash, g, request, url_for

from portal.billing.errors import NotEnoughCredits
from portal.contacts import queries as contacts
from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError, NotAllowed
from portal.core.formats import plural
from portal.core.typed import line
from portal.core.web import page, see_other, takes, wants_partial
from portal.messaging import queries
from portal.messaging.errors import TooLate
from portal.messaging.queries import composing as reads
from portal.messaging.rules.plan import Plan
from portal.messaging.service import campaigns as service
from portal.messaging.service import drafts, sending
from portal.messaging.service.planning import plan as plan_send
from portal.messaging.values import (
    CampaignRef,
    CampaignState,
    Kind,
    Recipient,
    State,
    TextView,
)
from portal.messaging.views import campaign_words as words
from portal.messaging.views.blueprint import bp
from portal.messaging.views.sheet import contact_url, fix_url
from portal.messaging.views.talking import log_view
from portal.numbers import queries as numbers

_HERE: Final = "/accounts/<uuid:account_id>/campaigns/<uuid:campaign_id>"
_TEXT: Final = "/accounts/<uuid:account_id>/texts/<uuid:message_id>/again"
PER_PAGE: Final = 50
_PHRASE: Final = "send again"


@bp.get("/accounts/<uuid:account_id>/campaigns")
@requires(Permission.VIEW_CONVERSATIONS)
@takes("after")
def campaigns(account_id: UUID) -> Response:
    """List the bulk sends of the account, newest first."""
    found = queries.campaigns(g.account.tenant, request.args.get("after") or None, PER_PAGE)
    now = clock.utcnow()
    here = url_for("messaging.campaigns", account_id=account_id)
    return page(
        "messaging/campaigns.html",
        "messaging/_campaigns.html",
        rows=[(row, words.pill_of(row, now), words.shares(row)) for row in found.rows],
        first_url=here if request.args.get("after") else None,
        next_url=f"{here}?after={found.next_cursor}" if found.next_cursor else None,
        failed=words.FAILED,
        may_send=me().may(Permission.SEND_TEXTS),
    )


@bp.get(_HERE)
@requires(Permission.VIEW_CONVERSATIONS)
@takes("state", "after")
def campaign(account_id: UUID, campaign_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show one send: where it stands, and what became of every recipient."""
    found = queries.campaign(g.account.tenant, campaign_id)
    log_view("campaign", campaign_id)
    return page("messaging/campaign.html", "messaging/_campaign_rows.html", **_context(found))


@bp.get(f"{_HERE}/progress")
@requires(Permission.VIEW_CONVERSATIONS)
@takes("state", "after")
def campaign_progress(account_id: UUID, campaign_id: UUID) -> Response:
    """Show how far a send got; asked again only while something moves."""
    found = queries.campaign(g.account.tenant, campaign_id)
    if not wants_partial():
        return see_other(url_for("messaging.campaign", account_id=account_id, campaign_id=found.id))
    return page("messaging/_progress.html", "messaging/_progress.html", **_context(found), oob=True)


@bp.post(f"{_HERE}/pause")
@requires(Permission.SEND_TEXTS)
def pause_campaign(account_id: UUID, campaign_id: UUID) -> Response:  # noqa: ARG001
    """Keep back what has not left (S-8)."""
    with unit_of_work():
        service.pause(g.account.tenant, campaign_id, actor=me().actor)
    flash("Paused. What the carrier has already goes on.", "ok")
    return _to(campaign_id)


@bp.post(f"{_HERE}/resumption")
@requires(Permission.SEND_TEXTS)
def resume_campaign(account_id: UUID, campaign_id: UUID) -> Response:  # noqa: ARG001
    """Let a paused send go on, in order (S-8)."""
    with unit_of_work():
        service.resume(g.account.tenant, campaign_id, actor=me().actor)
    flash("Sending goes on.", "ok")
    return _to(campaign_id)


@bp.post(f"{_HERE}/cancellation")
@requires(Permission.SEND_TEXTS)
def cancel_campaign(account_id: UUID, campaign_id: UUID) -> Response:  # noqa: ARG001
    """Stop for good what has not left; its credits come back (S-8)."""
    with unit_of_work():
        report = service.cancel(g.account.tenant, campaign_id, actor=me().actor)
    said = f"Canceled {plural(report.canceled, 'text')}. {plural(report.credits_back, 'credit')} came back."
    flash(said if report.canceled else "Nothing was left to cancel.", "ok")
    return _to(campaign_id)


@bp.post(f"{_HERE}/left-out")
@requires(Permission.SEND_TEXTS)
def resend_blocked(account_id: UUID, campaign_id: UUID) -> Response:
    """Open a text to everybody who was left out; gates and cost are shown anew (S-11, R-8)."""
    found = queries.campaign(g.account.tenant, campaign_id)
    ids = reads.blocked_people(g.account.tenant, campaign_id)
    if not ids:
        raise TooLate("Nobody was left out of this campaign who is still in your contacts.")
    with unit_of_work():
        draft_id = drafts.start_draft(
            g.account, ids, body=found.body, name=f"{found.name} (again)", actor=me().actor
        )
    return see_other(url_for("messaging.compose", account_id=account_id, draft_id=draft_id))


@bp.get(_TEXT)
@requires(Permission.SEND_TEXTS)
@takes("talk")
def confirm_again(account_id: UUID, message_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Show a text that did not arrive, and what sending it again would cost."""
    return _again_page(queries.text(g.account.tenant, message_id), uuid4().hex)


@bp.post(_TEXT)
@requires(Permission.SEND_TEXTS)
def send_again(account_id: UUID, message_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Send a text again as a new one through all gates; an unconfirmed one only knowingly."""
    text = queries.text(g.account.tenant, message_id)
    nonce = line(request.form.get("nonce", ""))[:64] or uuid4().hex
    if text.is_unconfirmed:
        if not me().may(Permission.SEND_AGAIN_ANYWAY):
            raise NotAllowed("A team lead or the owner of the account can send this text again.")
        if " ".join(request.form.get("phrase", "").lower().split()) != _PHRASE:
            return _again_page(text, nonce, 422, phrase_fault=f"Type “{_PHRASE}” to go on.")
    try:
        with unit_of_work():
            again = service.send_again(
                g.account, message_id, nonce=nonce, actor=me().actor, anyway=text.is_unconfirmed
            )
    except (BadInput, TooLate, NotAllowed):
        raise
    except DomainError as refusal:
        return _again_page(text, nonce, refusal.status, hindrance=refusal)
    flash("Sent again. It goes through every rule as a new text.", "ok")
    return see_other(_talk_of(text) or _url(again.id))


def _context(found: CampaignRef) -> dict[str, Any]:
    """Return all that the campaign page and its live piece draw."""
    tab, tenant, now = _tab(), g.account.tenant, clock.utcnow()
    rows = queries.campaign_rows(
        tenant, found.id, words.TABS[tab][1], request.args.get("after") or None, PER_PAGE
    )
    sender = numbers.default_sender(g.account.id)
    waiting = found.count(State.QUEUED, State.CLAIMED)
    return {
        "campaign": found,
        "pill": words.pill_of(found, now),
        "every": words.poll_every(found, now),
        "shares": words.shares(found),
        "handed": words.handed_over(found),
        "failed": found.count(*words.FAILED),
        "cancelable": words.may_be_canceled(found),
        "minutes_left": waiting // (60 * sender.segments_per_second) if sender else 0,
        "spending": reads.spending(tenant, found.id),
        "without_receipt": words.without_receipt(found, now),
        "opted_out": reads.opted_out_on_the_way(tenant, found.id),
        "reasons": [
            (why, fix_url(g.account.id, why.fix_endpoint))
            for why in queries.campaign_reasons(tenant, found.id)
            if why.sentence and why.state in (State.HELD, State.BLOCKED)
        ],
        "tab": tab,
        "tabs": _tabs(found, tab),
        "rows": [_row(text) for text in rows.rows],
        "changed": reads.changed_at(tenant, [text.id for text in rows.rows]),
        "first_url": _url(found.id, tab) if request.args.get("after") else None,
        "next_url": _url(found.id, tab, rows.next_cursor) if rows.next_cursor else None,
        "progress_url": _url(
            found.id, tab, request.args.get("after"), endpoint="messaging.campaign_progress"
        ),
        "is_running": found.state is CampaignState.RUNNING,
        "is_paused": found.state is CampaignState.PAUSED,
        "is_bulk": found.kind is Kind.BULK,
        "talk_url": _talk_url(found, rows.rows),
        "now": now,
        "may_send": me().may(Permission.SEND_TEXTS),
    }


def _row(text: TextView) -> Mapping[str, Any]:
    return {
        "text": text,
        "pill": words.text_pill(text),
        "meaning": words.meaning_of(text),
        "url": contact_url(g.account.id, text.contact_id) if text.contact_id else None,
        "fix_url": fix_url(g.account.id, text.fix_endpoint) if text.state in _MENDABLE else None,
        "again_url": url_for("messaging.confirm_again", account_id=g.account.id, message_id=text.id)
        if words.may_repeat(text)
        else None,
    }


_MENDABLE: Final = (State.BLOCKED, State.HELD)


def _tab() -> str:
    tab = request.args.get("state", "")
    if tab not in words.TABS:
        raise BadInput(f"state: choose one of {', '.join(filter(None, words.TABS))}.")
    return tab


def _tabs(found: CampaignRef, current: str) -> list[Mapping[str, Any]]:
    """Return the views of the table that hold anything, and the present one."""
    views: list[Mapping[str, Any]] = []
    for name, (label, states) in words.TABS.items():
        count = found.total if states is None else found.count(*states)
        if count or name in ("", current):
            views.append(
                {
                    "label": label,
                    "count": count,
                    "url": _url(found.id, name),
                    "is_current": name == current,
                }
            )
    return views


def _talk_url(found: CampaignRef, rows: tuple[TextView, ...]) -> str | None:
    """Return the conversation a one-to-one text belongs to."""
    return _conversation_with(rows[0]) if found.kind is Kind.ONE_TO_ONE and rows else None


def _talk_of(text: TextView) -> str | None:
    """Return the conversation that led to the page of a text, if one did."""
    return _conversation_with(text) if "talk" in request.values else None


def _conversation_with(text: TextView) -> str | None:
    talk = queries.conversation(g.account.tenant, text.e164) if text.e164 else None
    if talk is None:
        return None
    return url_for("messaging.conversation", account_id=g.account.id, conversation_id=talk.id)


def _again_page(
    text: TextView,
    nonce: str,
    status: int = 200,
    *,
    phrase_fault: str | None = None,
    hindrance: DomainError | None = None,
) -> Response:
    is_short, talk_url = isinstance(hindrance, NotEnoughCredits), _talk_of(text)
    return page(
        "messaging/again.html",
        None,
        status,
        text=text,
        pill=words.text_pill(text),
        meaning=words.meaning_of(text),
        nonce=nonce,
        planned=_plan_again(text),
        phrase=_PHRASE,
        phrase_fault=phrase_fault,
        hindrance=hindrance,
        buy_url=url_for("billing.marketplace", account_id=g.account.id) if is_short else None,
        may_anyway=me().may(Permission.SEND_AGAIN_ANYWAY),
        talk_url=talk_url,
        back_url=talk_url or (_url(text.campaign_id) if text.campaign_id else None),
    )


def _plan_again(text: TextView) -> Plan | None:
    """Return what sending a text again would do, while its person is in the contacts."""
    person = (
        contacts.by_numbers(g.account.tenant, [text.e164]).get(text.e164) if text.e164 else None
    )
    if person is None or text.e164 is None:
        return None
    recipient = Recipient(person, sending.number_of(person, text.e164))
    draft = service.draft_again(g.account.tenant, text.id)
    return plan_send(g.account, [recipient], draft, clock.utcnow())


def _to(campaign_id: UUID) -> Response:
    return see_other(_url(campaign_id))


def _url(
    campaign_id: UUID,
    tab: str = "",
    after: str | None = None,
    *,
    endpoint: str = "messaging.campaign",
) -> str:
    query: dict[str, Any] = {"state": tab or None, "after": after or None}
    return url_for(endpoint, account_id=g.account.id, campaign_id=campaign_id, **query)
