"""When texts may go: every state's rule with its source, a number to try, and officers' edits."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, flash, g, request, url_for

from portal.compliance import queries
from portal.compliance import service as compliance
from portal.compliance.errors import LooserThanLaw, NeverOpen, TooEarly
from portal.compliance.forms import DAYS, HoursForm, TrialForm
from portal.compliance.queries import EditRef
from portal.compliance.rules import windows
from portal.compliance.rules.policy import (
    CANADA,
    EDITABLE,
    FEDERAL,
    INFORMATION,
    STRICTEST,
    Edit,
    Row,
    Rulebook,
)
from portal.compliance.rules.windows import LAW, Why
from portal.compliance.views.blueprint import bp
from portal.contacts.rules.numbers import read
from portal.core import clock
from portal.core.access import Permission, me, requires
from portal.core.db import unit_of_work
from portal.core.errors import NotFound
from portal.core.web import page, see_other, takes

_HERE: Final = "/organizations/<uuid:organization_id>/hours"
_FIRST: Final = (FEDERAL,)
_LAST: Final = (CANADA, STRICTEST)


@dataclass(frozen=True, slots=True)
class Line:
    """One state as the list shows it today."""

    row: Row
    law: Row
    next_from: date | None  # an edit to come

    @property
    def is_own(self) -> bool:
        """Say whether the organization tightened it."""
        return not self.row.opens_as(self.law) or self.row.max_per_day != self.law.max_per_day


@bp.get(_HERE)
@bp.get("/accounts/<uuid:account_id>/hours")
@requires(Permission.VIEW_ORGANIZATION)
@takes("number", "state", "day", "at", "kind")
def hours(organization_id: UUID | None = None, account_id: UUID | None = None) -> Response:  # noqa: ARG001
    """Show the rule of every state, and which one decides for a number and a time."""
    book, today = queries.rulebook(g.organization.id), _today()
    is_asked = "number" in request.args
    form = TrialForm(formdata=request.args if is_asked else None)
    lines = _lines(book, today, queries.edits(g.organization.id))
    form.state.choices = [("", "Not known"), *_states(lines)]
    told, fault = None, ""
    if not is_asked:
        now = clock.utcnow().astimezone(ZoneInfo(me().timezone))
        form.day.data, form.at.data = now.date(), now.time().replace(second=0, microsecond=0)
    elif form.validate():
        told, fault = _try(form, book)
    return page(
        "compliance/hours.html",
        None,
        422 if is_asked and form.errors else 200,
        lines=lines,
        form=form,
        told=told,
        fault=fault,
        here=request.path,
        may_set=me().may(Permission.SET_HOURS),
        organization=g.organization,
        zone=me().timezone,
    )


@bp.get(f"{_HERE}/<string:code>")
@requires(Permission.VIEW_ORGANIZATION)
def state_hours(organization_id: UUID, code: str) -> Response:
    """Show one state's rule with its source and the organization's edits of it."""
    row = _row(queries.rulebook(organization_id), code)
    form = HoursForm(formdata=None)
    form.show(row, _today())
    return _state_page(organization_id, code, form)


@bp.post(f"{_HERE}/<string:code>")
@requires(Permission.SET_HOURS)
def set_hours(organization_id: UUID, code: str) -> Response:
    """Tighten one state's hours from a day on, or go back to the law."""
    _row(LAW, code)
    form = HoursForm()
    if not form.validate_on_submit():
        return _state_page(organization_id, code, form, 422)
    law = LAW.on(form.holds_from.data).rows[code]
    edit = Edit() if request.form.get("do") == "law" else form.edit(law)
    if edit is None:
        return _state_page(organization_id, code, form, 422)
    try:
        with unit_of_work():
            compliance.set_hours(
                organization_id,
                code,
                edit,
                holds_from=form.holds_from.data,
                note=form.note.data or "",
                now=clock.utcnow(),
                today=_today(),
                actor=me().actor,
            )
    except TooEarly as error:
        form.refuse("holds_from", error)
        return _state_page(organization_id, code, form, 422)
    except LooserThanLaw as error:
        form.refuse(_field_of(error), error)
        return _state_page(organization_id, code, form, 422)
    flash(f"The hours of {law.name} hold from {form.holds_from.data:%-d %B %Y} on.", "ok")
    return see_other(url_for("compliance.state_hours", organization_id=organization_id, code=code))


def _state_page(organization_id: UUID, code: str, form: HoursForm, status: int = 200) -> Response:
    book, today = queries.rulebook(organization_id), _today()
    row = _row(book, code)
    history = [each for each in queries.edits(organization_id) if each.dated.code == code]
    return page(
        "compliance/state.html",
        None,
        status,
        row=row,
        law=LAW.on(today).rows[code],
        days=DAYS,
        form=form,
        history=list(reversed(history)),
        may_set=me().may(Permission.SET_HOURS) and code in EDITABLE,
        organization=g.organization,
    )


def _try(form: TrialForm, book: Rulebook) -> tuple[Why | None, str]:
    """Return what decides for the number and the time entered, or why nothing does."""
    reading = read(form.number.data or "")
    if reading.e164 is None:
        form.number.errors = [*form.number.errors, "This can't be read as a phone number."]
        return None, ""
    try:
        told = windows.why(
            form.moment(me().timezone),
            state=form.state.data or None,
            phone=reading.e164,
            automated=form.kind.data == "automated",
            table=book,
        )
    except NeverOpen as error:
        return None, error.message
    return told, ""


def _lines(book: Rulebook, today: date, edits: list[EditRef]) -> list[Line]:
    rows, law = book.on(today).rows, LAW.on(today).rows
    coming = {each.dated.code: each.dated.holds_from for each in edits}
    codes = [code for code in rows if code not in {*_FIRST, *_LAST, *INFORMATION}]
    ordered = [*_FIRST, *sorted(codes, key=lambda code: rows[code].name), *_LAST]
    return [
        Line(rows[code], law[code], day if (day := coming.get(code)) and day > today else None)
        for code in ordered
    ]


def _states(lines: list[Line]) -> list[tuple[str, str]]:
    aside = {*_FIRST, *_LAST}
    return [(line.row.code, line.row.name) for line in lines if line.row.code not in aside]


def _row(book: Rulebook, code: str) -> Row:
    row = book.on(_today()).rows.get(code)
    if row is None or code in INFORMATION:
        raise NotFound("There is no rule by that name. The list shows every state.")
    return row


def _today() -> date:
    """Return the day of the organization."""
    return clock.utcnow().astimezone(ZoneInfo(g.organization.timezone)).date()


def _field_of(error: LooserThanLaw) -> str:
    """Return the field a refusal is about, by the day it names."""
    for words, name in (
        ("weekday hours", "weekday_until"),
        ("Saturday hours", "saturday_until"),
        ("Sunday hours", "sunday_until"),
        ("holidays", "bars_holidays"),
        ("texts in 24 hours", "max_per_day"),
    ):
        if words in error.message:
            return name
    return "weekday_until"
