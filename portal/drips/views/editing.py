"""The editor of plans: steps added, moved and checked while one writes; saving makes a version (P-1)."""

from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from flask import Response, flash, g, request, url_for
from werkzeug.datastructures import MultiDict

from portal.compliance.rules.lint import Finding
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import DomainError, NotAllowed, NotFound
from portal.core.web import page, see_other, takes, wants_partial
from portal.drips.errors import StepsWrong
from portal.drips.forms import ChangeForm, NewForm, PlanForm, filled, rearranged
from portal.drips.queries import library as queries
from portal.drips.queries import pages
from portal.drips.rules.library import Keeper
from portal.drips.rules.ready import ready_plan
from portal.drips.service import authoring
from portal.drips.values import (
    LONGEST_LETTER,
    LONGEST_TEXT,
    LONGEST_TITLE,
    STEP_LABELS,
    DripRef,
    OnReply,
    Place,
    Step,
    StepKind,
)
from portal.drips.views.blueprint import ALL, ONE, bp, keeper, url_of, whose
from portal.messaging.errors import ChangedMeanwhile, NameTaken, OkNeeded
from portal.messaging.rules import linted
from portal.messaging.rules.linted import Verdict
from portal.messaging.rules.merge import FIELDS
from portal.messaging.service import linting
from portal.messaging.service import saved as own

_PILLS: Final = {
    "block": ("blocked", "Blocked"),
    "warn": ("watch", "Warning"),
    "info": ("plain", "Remark"),
}
_FIRST: Final = (Step(StepKind.TEXT),)  # of a plan that begins empty


@dataclass(frozen=True, slots=True)
class Row:
    """One step in the editor."""

    place: int
    form: Any
    step: Step
    reads: pages.Reads
    verdict: Verdict | None

    @property
    def label(self) -> str:
        """Return what the step does, in a word."""
        return STEP_LABELS[self.step.kind]

    @property
    def findings(self) -> list[tuple[Finding, str, tuple[str, str]]]:
        """Return what the content check found, each with its rule's name and its pill."""
        if self.verdict is None:
            return []
        is_released = self.verdict.is_released
        return [
            (
                f,
                linted.RULES[f.rule][0],
                ("good", "Released") if f.level == "block" and is_released else _PILLS[f.level],
            )
            for f in self.verdict.findings
        ]


@bp.get(f"{ALL}/new")
@requires(Permission.SEND_TEXTS)
@takes("ready", "copy")
def new(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show the editor with a ready plan, a copy of another, or one empty text."""
    by = keeper()
    name, on_reply, steps = _begun(by)
    form = NewForm(formdata=None, data=filled(name, on_reply, steps))
    form.offer(_places(by))
    return _page(form, 200)


@bp.post(ALL)
@requires(Permission.SEND_TEXTS)
def create(account_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Keep a new plan; nothing typed is lost when it can't be kept."""
    by, do = keeper(), request.form.get("do", "")
    if (answer := _aside(NewForm, do, None)) is not None:
        return answer
    form = NewForm()
    form.offer(_places(by))
    if not form.validate_on_submit():
        return _page(form, 422)
    try:
        with unit_of_work():
            drip_id = authoring.create(
                g.account,
                by,
                form.chosen(by.places),
                name=form.name.data or "",
                steps=_steps(form),
                on_reply=OnReply(form.on_reply.data),
                lint_ok=_ok_to(form),
                actor=me().actor,
            )
    except DomainError as error:
        _refuse(form, error)
        return _page(form, 422)
    flash("Saved. Nobody is in this plan yet.", "ok")
    return see_other(url_for("drips.show", account_id=g.account.id, drip_id=drip_id))


@bp.get(f"{ONE}/edit")
@requires(Permission.SEND_TEXTS)
def edit(account_id: UUID, drip_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Show the editor with a plan's steps."""
    drip = _changeable(drip_id)
    data = filled(drip.name, drip.on_reply, drip.steps) | {"edits": drip.edits}
    return _page(ChangeForm(formdata=None, data=data), 200, drip=drip)


@bp.post(f"{ONE}/edit")
@requires(Permission.SEND_TEXTS)
def save(account_id: UUID, drip_id: UUID) -> Response:  # noqa: ARG001 (loaded as g.account)
    """Save a plan; other steps make a new version, for who is enrolled from now on."""
    drip, do = _changeable(drip_id), request.form.get("do", "")
    if (answer := _aside(ChangeForm, do, drip)) is not None:
        return answer
    form = ChangeForm()
    if not form.validate_on_submit():
        return _page(form, 422, drip=drip)
    by, actor = keeper(), me().actor
    try:
        with unit_of_work():
            number = authoring.save_steps(
                g.account,
                by,
                drip_id,
                _steps(form),
                edits=form.edits.data,
                lint_ok=_ok_to(form),
                actor=actor,
            )
            authoring.change(
                by,
                drip_id,
                name=form.name.data or "",
                on_reply=OnReply(form.on_reply.data),
                edits=queries.drip_or_404(by, drip_id).edits,
                actor=actor,
            )
    except DomainError as error:
        now = queries.drip_or_404(by, drip_id)
        if isinstance(error, ChangedMeanwhile):
            form.edits.data = now.edits  # who saves again has seen what stands now
        _refuse(form, error)
        return _page(form, 422, drip=now)
    told = "Saved."
    if number != drip.version:
        told = f"Saved as version {number}. Who is in the plan goes on with the steps they began with."  # fmt: skip
    flash(told, "ok")
    return see_other(url_of(drip))


def _aside(shape: type[NewForm] | type[ChangeForm], do: str, drip: DripRef | None) -> Response | None:  # fmt: skip
    """Do what else the form was sent for: a step changed, a look, a question; None: it is saved."""
    verb, _, what = do.partition(":")
    if verb not in ("add", "up", "down", "remove", "check", "ask", "twins"):
        return None
    sent = MultiDict(request.form)
    if verb in ("add", "up", "down", "remove"):
        sent = rearranged(sent, do)
    place = int(what) if what.isdecimal() and len(what) < 5 else -1
    if verb == "twins" and f"steps-{place}-body" in sent:
        sent[f"steps-{place}-body"] = pages.with_twins(sent[f"steps-{place}-body"])
    form = shape(formdata=sent)
    if isinstance(form, NewForm):
        form.offer(_places(keeper()))
    rows = _rows(form)
    row = rows[place] if 0 <= place < len(rows) else None
    if verb == "ask" and row is not None:
        _ask_officer(form, row)
        rows = _rows(form)
    if verb == "check" and row is not None and wants_partial():
        return page("drips/_step_check.html", "drips/_step_check.html", row=row, to=_to(drip))
    return _page(form, 200, drip=drip, rows=rows)


def _ask_officer(form: PlanForm, row: Row) -> None:
    """Ask an officer to release a step's words, once for the same words (H-1)."""
    if row.verdict is None or not row.verdict.blocks:
        _beside(form.steps[row.place].form.body, "Nothing in this text is blocked any more.")
        return
    with unit_of_work():
        linting.ask(g.account, row.step.body.strip(), row.verdict, actor=me().actor)
    flash("An officer is asked. You are told what they decide; save the plan then.", "ok")


def _refuse(form: PlanForm, error: DomainError) -> None:
    """Show a refusal beside what it is about; what is about nothing here is raised again."""
    if isinstance(error, (NotAllowed, NotFound)):
        raise error
    if isinstance(error, StepsWrong):
        for fault in error.faults:
            if fault.position < 0:
                form.form_errors = [*form.form_errors, fault.message]
            else:
                _beside(form.steps[fault.position].form[fault.field], fault.message)
    elif isinstance(error, OkNeeded):
        _beside(form.lint_ok, "Read the warnings, and type OK to save the plan with them.")
    elif isinstance(error, NameTaken):
        form.refuse("name", error)
    else:
        form.form_errors = [*form.form_errors, error.message]


def _beside(field: Any, words: str) -> None:
    field.errors = [*field.errors, words]


def _page(
    form: PlanForm, status: int, drip: DripRef | None = None, rows: list[Row] | None = None
) -> Response:
    rows = _rows(form) if rows is None else rows
    found = {row.place: row.verdict for row in rows if row.verdict is not None}
    return page(
        "drips/edit.html",
        "drips/_steps.html" if status == 200 and request.form.get("do") else None,
        status,
        form=form,
        drip=drip,
        rows=rows,
        cost=sum(row.reads.credits for row in rows),
        warnings=[f for verdict in found.values() for f in verdict.warnings],
        lint_key=authoring.lint_key(found),
        kinds=STEP_LABELS,
        fields=FIELDS,
        whose=whose(keeper())[drip.place] if drip else None,
        to=_to(drip),
    )


def _to(drip: DripRef | None) -> str:
    """Return where the editor is sent to."""
    if drip is None:
        return url_for("drips.create", account_id=g.account.id)
    return url_for("drips.save", account_id=g.account.id, drip_id=drip.id)


def _rows(form: PlanForm) -> list[Row]:
    """Return the steps as they stand in the form, each with how it reads and what is said of it."""
    steps = [_as_read(step) for step in _steps(form)]
    found, values = authoring.verdicts(g.account, steps), own.own_values(g.account)
    return [
        Row(
            place,
            entry.form,
            step,
            pages.reads(step, values),
            found.get(place),
        )
        for place, (entry, step) in enumerate(zip(form.steps, steps, strict=True))
    ]


def _steps(form: PlanForm) -> list[Step]:
    return [entry.form.step for entry in form.steps]


def _as_read(step: Step) -> Step:
    """Return a step with as much of its words as can be kept: nobody waits for a look at more."""
    most = LONGEST_TEXT if step.kind is StepKind.TEXT else LONGEST_LETTER
    return replace(step, title=step.title[:LONGEST_TITLE], body=step.body[:most])


def _ok_to(form: PlanForm) -> str:
    return linted.ok_to(form.lint_ok.data or "", form.lint_seen.data or "")


def _begun(by: Keeper) -> tuple[str, OnReply, tuple[Step, ...]]:
    """Return name, answer to replies and steps that a new plan begins with. Raises NotFound."""
    if (key := request.args.get("ready")) is not None:
        plan = ready_plan(key)
        if plan is None:
            raise NotFound("We can't find that plan. Choose one of the list.")
        return plan.name, OnReply.PAUSE, plan.steps
    if (asked := request.args.get("copy")) is not None:
        try:
            drip = queries.drip_or_404(by, UUID(asked))
        except ValueError:
            queries.not_here()
        return f"{drip.name[:70]} (copy)", drip.on_reply, drip.steps
    return "", OnReply.PAUSE, _FIRST


def _changeable(drip_id: UUID) -> DripRef:
    """Return a plan of which this person may change the steps. Raises NotFound or NotAllowed."""
    by = keeper()
    drip = queries.drip_or_404(by, drip_id)
    authoring.check_may_change(by, drip.place)
    return drip


def _places(by: Keeper) -> dict[Place, str]:
    """Return where this person may keep a plan, in words."""
    return {place: words for place, words in whose(by).items() if by.may_change(place)}
