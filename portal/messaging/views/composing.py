"""The composer: choose people, write, see what will happen and what it costs, send (S-1, R-8)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from flask import Response, flash, g, request, url_for
from wtforms.validators import ValidationError

from portal.billing import queries as billing
from portal.billing.errors import NotEnoughCredits
from portal.consent import service as consent
from portal.contacts import queries as contacts
from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import BadInput, DomainError, NotFound
from portal.core.typed import line
from portal.core.web import page, see_other, takes, wants_partial
from portal.messaging import queries
from portal.messaging.errors import (
    ApprovalNeeded,
    CostChanged,
    LimitChoiceNeeded,
    NothingToSend,
    OkNeeded,
    TextRefused,
)
from portal.messaging.forms.composing import FALLBACK, ComposeForm
from portal.messaging.queries import composing as reads
from portal.messaging.rules.merge import USUAL_FALLBACKS
from portal.messaging.service import drafts, sending
from portal.messaging.values import CampaignRef, DraftRef, Gate, Kind
from portal.messaging.views import approvals, attaching, linted
from portal.messaging.views.blueprint import bp
from portal.messaging.views.choices import choices
from portal.messaging.views.composed import FIELD_LABELS, NO_REASON, gate_of, plain, said
from portal.messaging.views.finding import search
from portal.messaging.views.sheet import Sheet, contact_url, fix_url, lay_out
from portal.messaging.views.typed import PICKED, keep, look_of, told, unsaved

_WHOLE: Final = "This is the whole cost. Press Send when it is right."
_CHANGED: Final = "Something changed since the cost was shown. This is the cost now."
_CHOOSE: Final = (
    "This is the whole cost. Choose what becomes of those beyond the day's limits; then it can go."
)
_NO_FALLBACK: Final = "Write what stands here for people without a value, or leave them out."
_NOBODY: Final = "Choose who gets this text."


@bp.get("/accounts/<uuid:account_id>/texts/new")
@bp.get("/accounts/<uuid:account_id>/texts/drafts/<uuid:draft_id>")
@requires(Permission.SEND_TEXTS)
@takes("people", "start", "find", "saved")
def compose(account_id: UUID, draft_id: UUID | None = None) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show a text being written, or an empty page for a new one."""
    return _show(draft_id)


@bp.post("/accounts/<uuid:account_id>/texts/drafts")
@requires(Permission.SEND_TEXTS)
def start_draft(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Begin a text to the people selected (K-4), or with the first thing typed on an empty page."""
    chosen = contacts.selection_of(g.account.tenant, request.form.to_dict(flat=False))
    if chosen.is_empty and "body" not in request.form:
        raise BadInput("Nobody is selected. Tick the people this text is for and try again.")
    with unit_of_work():
        draft_id = drafts.start_draft(g.account, chosen, actor=me().actor)
        drafts.edit_draft(
            g.account.tenant, draft_id, options={"chosen": told(chosen)}, actor=me().actor
        )
    keep(draft_id)
    is_whole = request.form.get("do") in ("cost", "send")
    if faults := _attach(draft_id):
        response = _show(draft_id, 422, faults=faults)
    else:
        response = _calculated(draft_id) if is_whole else see_other(_url(draft_id))
    if wants_partial():
        response.headers["HX-Push-Url"] = _url(draft_id)  # a reload finds the draft
    return response


@bp.post("/accounts/<uuid:account_id>/texts/drafts/<uuid:draft_id>")
@requires(Permission.SEND_TEXTS)
def save_draft(account_id: UUID, draft_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Keep what was typed and do what was pressed: add, remove, look, show the cost, send."""
    do = request.form.get("do")
    try:
        return _done(draft_id, do)
    except NotFound:  # the second of two clicks: the first has sent it, or did so meanwhile
        sent = reads.sent_with(g.account.tenant, line(request.form.get("nonce", "")), me().user_id)
        if sent is None and (asked := approvals.asked_by(request.form)) is not None:
            return see_other(asked)
        if sent is None:
            raise
    if do != "send":
        flash("This text was sent already. Nothing was changed in it.")
    return see_other(_sent_url(sent))


def _done(draft_id: UUID, do: str | None) -> Response:
    """Keep what was typed and do what was pressed. Raises NotFound once the draft is gone."""
    keep(draft_id)
    faults = _attach(draft_id)
    if faults:
        return _show(draft_id, 422, faults=faults)
    if do == "cost":
        return _calculated(draft_id)
    if do in ("send", "now"):
        return _send(draft_id, is_now=do == "now")
    if do == "ask":
        linted.ask_officer(_sheet(draft_id).draft)
    if do == "save":
        flash("Saved. You find it under New text.", "ok")
    is_picked = PICKED in request.form
    is_files = do == "attach" or attaching.OFF in request.form
    focus = "body" if is_picked else "saved" if do == "saved" else "attached" if is_files else None
    return _back(draft_id, focus)


def _attach(draft_id: UUID) -> dict[str, str]:
    """Put the files a form brings to its draft, or take one off; return what is wrong, by field."""
    tenant, sent = g.account.tenant, request.form
    before = list(queries.draft(tenant, draft_id, me().user_id).file_ids)
    if attaching.OFF in sent:
        before = [id_ for id_ in before if str(id_) != sent[attaching.OFF]]
    after, fault = attaching.taken(before)
    if after != before or attaching.OFF in sent:
        with unit_of_work():
            drafts.attach_files(tenant, draft_id, after, actor=me().actor)
    return {attaching.TAKEN: fault} if fault else {}


@bp.post("/accounts/<uuid:account_id>/texts/drafts/<uuid:draft_id>/removal")
@requires(Permission.SEND_TEXTS)
def discard(account_id: UUID, draft_id: UUID) -> Response:
    """Throw a draft away."""
    with unit_of_work():
        drafts.discard_draft(g.account.tenant, draft_id, actor=me().actor)
    flash("The draft is gone.", "ok")
    return see_other(url_for("messaging.compose", account_id=account_id))


@bp.post("/accounts/<uuid:account_id>/texts/measure")
@bp.post("/accounts/<uuid:account_id>/texts/drafts/<uuid:draft_id>/measure")
@requires(Permission.SEND_TEXTS)
def measure(account_id: UUID, draft_id: UUID | None = None) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Reckon while somebody types (R-6), and keep what they typed."""
    if draft_id is None:
        typed = unsaved(ComposeForm().body.data)
        sheet = lay_out(g.account, typed, look_of(whole=False), clock.utcnow())
    else:
        keep(draft_id, with_actions=False)
        sheet = _sheet(draft_id)
    return _partial("messaging/_live.html", sheet, draft_id)


@bp.get("/accounts/<uuid:account_id>/texts/people")
@bp.get("/accounts/<uuid:account_id>/texts/drafts/<uuid:draft_id>/people")
@requires(Permission.SEND_TEXTS)
@takes("people", "start", "find")
def find_people(account_id: UUID, draft_id: UUID | None = None) -> Response:
    """Search people to add while somebody types."""
    look, written = look_of(whole=False), _written(draft_id)
    if not wants_partial():
        return see_other(
            url_for("messaging.compose", account_id=account_id, draft_id=draft_id, find=look.find)
        )
    return page(
        "messaging/_found.html",
        "messaging/_found.html",
        found=search(g.account.tenant, look.find) if look.find else None,
        known=frozenset(written.contact_ids) if written else frozenset(),
    )


@bp.post("/accounts/<uuid:account_id>/texts/drafts/<uuid:draft_id>/consent")
@requires(Permission.RECORD_CONSENT)
def state_consent(account_id: UUID, draft_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Record what the agent says of how and when this one person agreed (C-8)."""
    keep(draft_id)
    sheet, form = _sheet(draft_id), ComposeForm()
    if not sheet.asks_consent or sheet.outlook is None:
        raise BadInput("This can be said of one person without a record at a time.")
    text = sheet.outlook.texts[0]
    try:
        given_at = form.agreed_at(g.account.timezone, clock.utcnow())
        with unit_of_work():
            consent.agent_stated(
                g.account.tenant,
                text.e164 or "",
                how=(form.how.data or "").strip(),
                given_at=given_at,
                name=text.name,
                actor=me().actor,
            )
    except ValidationError as fault:
        return _show(draft_id, 422, faults={"agreed_on": str(fault)})
    except DomainError as fault:
        return _show(draft_id, 422, faults={"how": fault.message})
    flash(f"Recorded as agent-stated: {text.name} agreed to one-to-one texts.", "ok")
    return _back(draft_id)


def _send(draft_id: UUID, *, is_now: bool = False) -> Response:
    """Send, once the cost was shown for exactly this; else show it first (R-8).

    `is_now` is what a person insists on outside the hours, with a reason (P-3).
    """
    written = queries.draft(g.account.tenant, draft_id, me().user_id)
    shown = written.options.get("shown")
    if not shown:
        return _calculated(draft_id)
    sheet = _sheet(draft_id, whole=True)
    because = written.options.get("now_because", "") if is_now else ""
    lacks = {"now_because": NO_REASON} if is_now and not because else approvals.fault_of(sheet)
    if faults := _faults(sheet) or lacks:
        return _show(draft_id, 422, faults=faults)
    try:
        campaign = _confirm(sheet, shown, because)
    except CostChanged:
        return _calculated(draft_id, _CHANGED)
    except ApprovalNeeded:
        return approvals.ask(sheet, linted.ok_to(written.options))
    except OkNeeded as fault:
        return _show(draft_id, 422, faults={"lint_ok": fault.message})
    except LimitChoiceNeeded as fault:
        return _show(draft_id, 422, faults={"over_limit": fault.message})
    except (TextRefused, NothingToSend, NotEnoughCredits) as refusal:
        return _show(draft_id, refusal.status, hindrance=gate_of(refusal))
    flash(said(sheet, campaign, because), "ok")
    return see_other(_sent_url(campaign.id))


def _confirm(sheet: Sheet, shown: str, because: str) -> CampaignRef:
    """Queue the text and clear the draft up, both or neither."""
    assert sheet.written is not None
    assert sheet.draft is not None
    if because and not sheet.is_known:
        raise CostChanged
    with unit_of_work():
        campaign = sending.confirm(
            g.account,
            queries.draft_recipients(g.account.tenant, sheet.written),
            replace(sheet.draft, now_because=because),
            nonce=sheet.written.nonce,
            shown_key=None if because else shown,  # the same text at the same cost, only now
            actor=me().actor,
            lint_ok=linted.ok_to(sheet.written.options),
            second=approvals.second_of(sheet),
        )
        drafts.discard_draft(g.account.tenant, sheet.written.id, actor=me().actor)
    return campaign


def _calculated(draft_id: UUID, say: str = _WHOLE) -> Response:
    """Note that the cost of exactly this is being shown, and show it."""
    sheet = _sheet(draft_id, whole=True)
    faults = _faults(sheet)
    if faults or sheet.plan is None or sheet.written is None:
        return _show(draft_id, 422, faults=faults)
    with unit_of_work():
        drafts.edit_draft(
            g.account.tenant,
            draft_id,
            options={**sheet.written.options, "shown": sheet.plan.key},
            actor=me().actor,
        )
    if sheet.plan.may_send:
        flash(_CHOOSE if sheet.lacks_choice else say)
    return _back(draft_id, "cost-table")


def _sheet(draft_id: UUID | None, *, whole: bool = False) -> Sheet:
    return lay_out(g.account, _written(draft_id), look_of(whole=whole), clock.utcnow())


def _written(draft_id: UUID | None) -> DraftRef | None:
    if draft_id is None:
        return None
    return queries.draft(g.account.tenant, draft_id, me().user_id)


def _show(
    draft_id: UUID | None,
    status: int = 200,
    *,
    faults: Mapping[str, str] | None = None,
    hindrance: Gate | None = None,
    focus: str | None = None,
) -> Response:
    """Render the composer as the draft stands, with what is wrong beside its fields."""
    sheet, form = _sheet(draft_id), ComposeForm(formdata=request.form if faults else None)
    if sheet.written is not None:
        form.show(sheet.written)
    if faults:
        form.errors  # noqa: B018 (WTForms gathers errors once; ours come after)
        for field, message in faults.items():
            form.blame("find" if field == "people" else field, message)
    return page(
        "messaging/compose.html",
        "messaging/_composer.html",
        status,
        **_context(sheet, form, draft_id),
        hindrance=hindrance,
        focus=focus,
        drafts=reads.drafts_of(g.account.tenant, me().user_id) if draft_id is None else [],
        saved=choices() if "saved" in request.args else None,
    )


def _partial(template: str, sheet: Sheet, draft_id: UUID | None) -> Response:
    form = ComposeForm(formdata=None)
    if sheet.written is not None:
        form.show(sheet.written)
    return page(template, template, **_context(sheet, form, draft_id))


def _context(sheet: Sheet, form: ComposeForm, draft_id: UUID | None) -> dict[str, Any]:
    return {
        "sheet": sheet,
        "form": form,
        "urls": _urls(draft_id),
        "field_labels": FIELD_LABELS,
        "usual_fallbacks": USUAL_FALLBACKS,
        "find": look_of(whole=False).find,
        "contact_url": lambda contact_id: contact_url(g.account.id, contact_id),
        "known": frozenset(sheet.written.contact_ids) if sheet.written else frozenset(),
        "stopper": sheet.outlook.barrier if sheet.outlook else None,
        "low": billing.low_credits(sheet.account, sheet.balance, me()),
        "plain": plain,
        "second": approvals.ask_of(sheet),
        "lint": linted.of_sheet(sheet, form),
        "fix_url": lambda gate: fix_url(g.account.id, gate.fix_endpoint),
    }


def _urls(draft_id: UUID | None) -> dict[str, str | None]:
    """Return where the composer's buttons lead; an empty page becomes a draft by any of them."""
    account = {"account_id": g.account.id}
    if draft_id is None:
        start = url_for("messaging.start_draft", **account)
        return {
            "save": start,
            "measure": url_for("messaging.measure", **account),
            "find": url_for("messaging.find_people", **account),
        }
    here = {**account, "draft_id": draft_id}
    verbs = {
        "save": "save_draft",
        "measure": "measure",
        "find": "find_people",
        "consent": "state_consent",
        "discard": "discard",
    }
    return {name: url_for(f"messaging.{verb}", **here) for name, verb in verbs.items()}


def _faults(sheet: Sheet) -> dict[str, str]:
    """Return what must be mended before the cost can be known, by field."""
    found = {}
    if not sheet.people:
        found["people"] = _NOBODY
    if sheet.fault is not None:
        found["body"] = plain(sheet.fault.message)
    if sheet.time_fault is not None:
        found[sheet.time_fault.field] = str(sheet.time_fault)
    for name in sheet.lacks_fallback:
        found[f"{FALLBACK}{name}"] = _NO_FALLBACK
    return found


def _back(draft_id: UUID, focus: str | None = None) -> Response:
    """Show the composer again: the piece to htmx, a redirect to everybody else."""
    if wants_partial():
        return _show(draft_id, focus=focus or "recipients")
    return see_other(_url(draft_id) + (f"#{focus}" if focus else ""))


def _url(draft_id: UUID) -> str:
    look = look_of(whole=False)
    is_picking = request.form.get("do") == "saved"
    query = {"people": look.view, "start": look.start, "find": look.find, "saved": int(is_picking)}
    kept: dict[str, Any] = {name: value for name, value in query.items() if value}
    return url_for("messaging.compose", account_id=g.account.id, draft_id=draft_id, **kept)


def _sent_url(campaign_id: UUID) -> str:
    """Return where a send is watched: a bulk one on its page, a single text in its conversation."""
    tenant, account = g.account.tenant, {"account_id": g.account.id}
    campaign = queries.campaign(tenant, campaign_id)
    if campaign.kind is Kind.ONE_TO_ONE:
        [text] = queries.campaign_rows(tenant, campaign_id, limit=1).rows
        talk = queries.conversation(tenant, text.e164) if text.e164 else None
        if talk is not None:
            return url_for("messaging.conversation", conversation_id=talk.id, **account)
    return url_for("messaging.campaign", campaign_id=campaign_id, **account)
