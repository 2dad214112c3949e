"""One conversation: the talk, the answer with its cost, and what stands in the way (Q-3, C-8)."""

import secrets
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from flask import Response, flash, g, render_template, request, url_for

from portal.billing import queries as billing
from portal.billing.errors import NotEnoughCredits
from portal.consent import queries as consent_queries
from portal.consent import service as consent
from portal.consent.errors import MomentRefused
from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError, NotFound
from portal.core.web import page, see_other, takes, wants_partial
from portal.media.errors import FileGone
from portal.messaging import queries
from portal.messaging.errors import OkNeeded, TextRefused
from portal.messaging.forms.talking import ReplyForm, StatedForm, tidy
from portal.messaging.queries import contact_page
from portal.messaging.queries.talk import credits_used
from portal.messaging.rules.segments import replace
from portal.messaging.service import campaigns, sending, talks
from portal.messaging.values import (
    ConversationRef,
    Draft,
    Kind,
    MediaRef,
)
from portal.messaging.views import attaching, linted
from portal.messaging.views.blueprint import bp
from portal.messaging.views.choices import Choices
from portal.messaging.views.composed import NO_REASON
from portal.messaging.views.costing import Cost, cost_of
from portal.messaging.views.inbox import conversation_url, is_live, listing
from portal.messaging.views.polling import is_settled
from portal.messaging.views.talking import (
    Look,
    changed,
    fix_of,
    hands_of,
    has,
    initials,
    is_lead,
    is_mate,
    is_reader,
    log_view,
    look_at,
    recipient_of,
    shown_name,
    talk_of,
    way,
)

_LOOKS_EVERY: Final = 10  # seconds between polls that look at everything, the answer's gates too
_HERE = "/accounts/<uuid:account_id>/conversations/<uuid:conversation_id>"


@bp.get(_HERE)
@requires(Permission.READ_TALKS)
@takes("view", "after", "before", "answer")
def conversation(account_id: UUID, conversation_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Show a conversation beside the inbox; the look of somebody who only reads is logged (SPEC 1, S-4)."""
    ref = talk_of(conversation_id)
    log_view("conversation", conversation_id)
    return show(ref)


@bp.get(f"{_HERE}/thread")
@requires(Permission.SEND_TEXTS)
def conversation_thread(account_id: UUID, conversation_id: UUID) -> Response:  # noqa: ARG001
    """Answer an open conversation that asks for news: nothing, or the talk anew."""
    if wants_partial() and is_settled(
        lambda: queries.talk_changed_at(g.account.tenant, conversation_id),
        [request.args.get("mark", "")],
        every=_LOOKS_EVERY,
    ):
        return Response(status=204)
    ref = queries.conversation_by_id(g.account.tenant, conversation_id)
    if not wants_partial():
        return see_other(conversation_url(ref.id))
    now = look_at(ref)
    if request.args.get("seen") == now.talk.version and request.args.get("box") == now.box.state:
        return Response(status=204)
    context = _context(ref, look=now) | {"was": request.args.get("box", ""), "is_news": True}
    return Response(render_template("messaging/_thread_news.html", **context))


@bp.post(f"{_HERE}/replies")
@requires(Permission.SEND_TEXTS)
def reply(account_id: UUID, conversation_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Send an answer by the same gates as every text; what was typed is kept when it can't go."""
    ref = queries.conversation_by_id(g.account.tenant, conversation_id)
    form = ReplyForm()
    files = attaching.of_form()
    if attaching.is_asked():
        after, fault = attaching.added(files)
        form.attach.errors = [fault] if fault else []
        return show(ref, 422 if fault else 200, reply_form=form, files=after)
    if "plain" in request.form:
        form.body.data = replace(form.body.data or "")
        return show(ref, reply_form=form)
    form.has_files = bool(files)
    is_valid = form.validate_on_submit()
    if not attaching.is_complete(files):
        form.attach.errors, is_valid = [FileGone().message], False
    if not is_valid:
        return show(ref, 422, reply_form=form)
    because = (form.now_because.data or "").strip() if request.form.get("do") == "now" else ""
    if request.form.get("do") == "now" and not because:
        form.now_because.errors = [NO_REASON]
        return show(ref, 422, reply_form=form)
    draft = Draft(form.body.data or "", Kind.ONE_TO_ONE, files, now_because=because)
    if "ask_release" in request.form:
        linted.ask_officer(draft)
        return show(ref, reply_form=form)
    try:
        with unit_of_work():
            sending.reply(
                g.account,
                ref.e164,
                draft,
                nonce=form.nonce.data or "",
                actor=me().actor,
                lint_ok=linted.ok_to(request.form),
            )
    except OkNeeded as error:
        return show(ref, 422, reply_form=form, lint_fault=error.message)
    except DomainError as error:
        fresh = queries.conversation_by_id(g.account.tenant, conversation_id)
        form.refuse("body", error)
        return show(fresh, 422, reply_form=form, error=error)
    return _done(conversation_id)


@bp.post(f"{_HERE}/reply-cost")
@requires(Permission.SEND_TEXTS)
def reply_cost(account_id: UUID, conversation_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Say what the answer being written would cost (R-6)."""
    ref = queries.conversation_by_id(g.account.tenant, conversation_id)
    body, files = tidy(request.form.get("body")), attaching.of_form()
    if not wants_partial():
        form = ReplyForm(formdata=None, data={"body": body, "nonce": _nonce()})
        return show(ref, reply_form=form)
    return page(
        "messaging/_reply_live.html",
        cost=(cost := cost_of(recipient_of(ref), body, files)),
        files=files,
        available=billing.balance(g.account.id).available,
        lint=linted.shown(Draft(body, Kind.ONE_TO_ONE, files), cost.plan, {}),
    )


@bp.post(f"{_HERE}/read")
@requires(Permission.SEND_TEXTS)
def mark_read(account_id: UUID, conversation_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Note that the conversation was seen (RULINGS 23: a GET never does)."""
    with unit_of_work():
        talks.mark_read(g.account.tenant, conversation_id)
    if wants_partial():
        return changed(Response(status=204))
    return see_other(conversation_url(conversation_id))


@bp.post(f"{_HERE}/answered")
@requires(Permission.SEND_TEXTS)
def mark_answered(account_id: UUID, conversation_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Take the conversation off the list of those that need an answer."""
    with unit_of_work():
        talks.mark_answered(g.account.tenant, conversation_id)
    return _done(conversation_id)


@bp.post(f"{_HERE}/agent-stated")
@requires(Permission.RECORD_CONSENT)
def reply_consent(account_id: UUID, conversation_id: UUID) -> Response:  # noqa: ARG001 (g.account)
    """Record how and when the person agreed, as the agent says (C-8)."""
    ref = queries.conversation_by_id(g.account.tenant, conversation_id)
    form = StatedForm()
    reply_form = ReplyForm(formdata=None, data={"body": form.body.data, "nonce": _nonce()})
    if not form.validate_on_submit():
        return show(ref, 422, stated_form=form, reply_form=reply_form)
    try:
        record_stated(form, ref.e164, ref.name)
    except DomainError as error:
        form.refuse("given_on" if isinstance(error, MomentRefused) else "how", error)
        return show(ref, 422, stated_form=form, reply_form=reply_form)
    return show(ref, reply_form=reply_form)


@bp.post(f"{_HERE}/texts/<uuid:message_id>/again")
@requires(Permission.SEND_TEXTS)
def send_reply_again(account_id: UUID, conversation_id: UUID, message_id: UUID) -> Response:  # noqa: ARG001
    """Send a text that did not arrive once more, through all gates (S-10); never one in doubt.

    That one has a page of its own, which asks first (RULINGS 22).
    """
    _text_of(conversation_id, message_id)
    nonce = tidy(request.form.get("nonce"))
    if not 8 <= len(nonce) <= 64:
        raise BadInput("nonce: this form is incomplete. Reload the conversation and try again.")
    with unit_of_work():
        campaigns.send_again(g.account, message_id, nonce=nonce, actor=me().actor)
    return _done(conversation_id)


@bp.post(f"{_HERE}/texts/<uuid:message_id>/cancel")
@requires(Permission.SEND_TEXTS)
def cancel_reply(account_id: UUID, conversation_id: UUID, message_id: UUID) -> Response:  # noqa: ARG001
    """Stop a text that still waits (S-8)."""
    _text_of(conversation_id, message_id)
    with unit_of_work():
        report = campaigns.cancel_text(g.account.tenant, message_id, actor=me().actor)
    if report.canceled:
        flash("Canceled. Its credits are back.", "ok")
    else:
        flash("Too late: the text has left already.", "bad")
    return _done(conversation_id)


def record_stated(form: StatedForm, e164: str, name: str) -> None:
    """Keep what an agent says of a person's agreement, once for each form."""
    with unit_of_work():
        consent.agent_stated(
            g.account.tenant,
            e164,
            how=form.how.data or "",
            given_at=form.given_at(me().timezone),
            name=shown_name(name, e164),
            actor=me().actor,
            idempotency_key=f"stated:{form.nonce.data}" if form.nonce.data else "",
        )


def _text_of(conversation_id: UUID, message_id: UUID) -> None:
    """Check that a text belongs to the conversation. Raises NotFound."""
    ref = queries.conversation_by_id(g.account.tenant, conversation_id)
    if queries.text(g.account.tenant, message_id).e164 != ref.e164:
        raise NotFound("We can't find that text in this conversation.")


def _done(conversation_id: UUID) -> Response:
    """Show the talk as it is now, and have the list follow."""
    if not wants_partial():
        return see_other(conversation_url(conversation_id))
    ref = queries.conversation_by_id(g.account.tenant, conversation_id)
    return changed(show(ref, files=()))


def show(
    ref: ConversationRef,
    status: int = 200,
    *,
    reply_form: ReplyForm | None = None,
    stated_form: StatedForm | None = None,
    error: DomainError | None = None,
    lint_fault: str = "",
    saved: Choices | None = None,
    files: tuple[MediaRef, ...] | None = None,
) -> Response:
    """Show the talk with its answer, the answer's form as it was left, and saved replies if asked."""
    context = _context(
        ref,
        reply_form=reply_form,
        stated_form=stated_form,
        error=error,
        lint_fault=lint_fault,
        files=files,
    ) | {"saved": saved}
    if not wants_partial():
        context["listed"] = listing()
    response = page(
        "messaging/conversation.html", "messaging/_convo.html", status, is_live=is_live(), **context
    )
    is_opened = wants_partial() and request.method == "GET"
    marks_read = ref.unread and not is_reader()  # whose answer redraws the list anyway
    return changed(response) if is_opened and not marks_read else response


def _context(
    ref: ConversationRef,
    *,
    reply_form: ReplyForm | None = None,
    stated_form: StatedForm | None = None,
    error: DomainError | None = None,
    lint_fault: str = "",
    files: tuple[MediaRef, ...] | None = None,
    look: Look | None = None,
) -> dict[str, Any]:
    tenant, before = g.account.tenant, _before()
    look = look or look_at(ref, before)
    talk, box = look.talk, look.box
    kept = reply_form.body.data or "" if reply_form else ""
    recipient = recipient_of(ref)
    files = attaching.of_form() if files is None else files
    cost = cost_of(recipient, kept, files) if box.state == "write" else Cost()
    return {
        "talk_with": ref,
        "name": shown_name(ref.name, ref.e164),
        "initials": initials(shown_name(ref.name, ref.e164)),
        "is_lead": is_lead(ref.name, ref.e164),
        "contact": recipient.contact if ref.contact_id else None,
        "is_mate": is_mate(),
        "number": recipient.number,
        "talk": talk,
        "before": before,
        "open_id": str(ref.id),
        "box": box,
        "box_fix": fix_of(box.gate, ref.e164),
        "reply_form": reply_form or ReplyForm(formdata=None, data={"nonce": _nonce()}),
        "stated_form": stated_form
        or (
            box.state == "ask" and StatedForm(formdata=None, data={"body": kept, "nonce": _nonce()})
        ),
        "cost": cost,
        "files": files,
        "lint": linted.shown(Draft(kept, Kind.ONE_TO_ONE, files), cost.plan, {}, lint_fault),
        "available": billing.balance(g.account.id).available,
        "error_fix": _way_on(error, ref.e164),
        "view": contact_page.standing_view(tenant, ref.e164),
        "hold": consent_queries.standing_hold(tenant, ref.e164) if ref.is_held else None,
        "may_record": me().may(Permission.RECORD_CONSENT),
        "used": credits_used(tenant, ref.e164, talk),
        "is_reader": is_reader(),
        "may_send_anyway": me().may(Permission.SEND_AGAIN_ANYWAY),
        "again_nonce": _nonce,
        "hands": hands_of(ref),
        "today": f"{clock.utcnow():%Y-%m-%d}",
        "url": conversation_url(ref.id),
        "thread_url": url_for(
            "messaging.conversation_thread",
            account_id=g.account.id,
            conversation_id=ref.id,
            seen=talk.version,
            mark=look.mark,
            box=box.state,
            last=talk.newest_inbound.id if talk.newest_inbound else None,
        ),
        "may_open_records": me().may(Permission.VIEW_CONSENT) and has("proofs.record"),
        "may_open_campaigns": not is_mate() and has("messaging.campaign"),
        "focus": _focus(),
        "answers": "answer" in request.args,  # a notice led here
        "polls": before is None and not is_reader(),
    }


def _focus() -> str:
    """Return where the cursor goes in an answer to htmx; a whole page leaves it alone."""
    if not wants_partial():
        return ""
    return "reply" if request.method == "POST" else "head"


def _way_on(error: DomainError | None, e164: str) -> tuple[str, str] | None:
    """Return address and label of what mends a refusal."""
    if isinstance(error, NotEnoughCredits):
        return way("billing.marketplace", "Buy credits")
    return fix_of(error.gate, e164) if isinstance(error, TextRefused) else None


def _before() -> datetime | None:
    asked = request.args.get("before")
    if not asked:
        return None
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(asked)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    raise BadInput("before: this is no time. Open the conversation anew.")


def _nonce() -> str:
    return secrets.token_urlsafe(16)
