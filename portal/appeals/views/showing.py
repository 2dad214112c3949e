"""The page of a case, which every view of it answers with (A-2 to A-5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from flask import Response, g, url_for

from portal.appeals import queries
from portal.appeals.forms import AsideForm, AssigneeForm, MoveForm, NumbersForm, PartForm, ShownForm
from portal.appeals.rules import states, templates
from portal.appeals.rules.readiness import Level, Readiness, Standing
from portal.appeals.rules.states import MOVES, Move, Party
from portal.appeals.rules.templates import PartOf
from portal.appeals.service import (
    cases,
    ceasing,
    certificates,
    checking,
    handling,
    knowing,
    reviewing,
)
from portal.appeals.service.checking import Looked
from portal.appeals.service.knowing import Known
from portal.appeals.values import (
    FROZEN,
    PART_WORDS,
    CaseRef,
    FileRef,
    Happening,
    HistoryRef,
    PartRef,
    SendingRef,
    Slot,
    State,
    Tally,
)
from portal.core import clock
from portal.core.access import Permission, me
from portal.core.base_form import BaseForm
from portal.core.web import page
from portal.drips.queries import library
from portal.proofs.values import BundleRef
from portal.texting_accounts import queries as accounts

STATE_LOOKS: Final[Mapping[State, str]] = {
    State.DRAFT: "queued",
    State.IN_REVIEW: "held",
    State.RETURNED: "watch",
    State.APPROVED: "good",
    State.SUBMITTED: "sent",
    State.INFORMATION_REQUESTED: "watch",
    State.REINSTATED: "good",
    State.DENIED: "blocked",
    State.WITHDRAWN: "plain",
}
_LEVELS: Final = {
    Level.DONE: ("good", "Ready"),
    Level.WEAK: ("watch", "Weak"),
    Level.MISSING: ("failed", "Missing"),
}
_MILESTONES: Final = ("Build the case", "Review", "Sent to the carrier", "Decision")
_REACHED: Final = {
    State.DRAFT: 0,
    State.RETURNED: 0,
    State.IN_REVIEW: 1,
    State.APPROVED: 1,
    State.SUBMITTED: 2,
    State.INFORMATION_REQUESTED: 2,
    State.REINSTATED: 4,
    State.DENIED: 4,
}
# Those on this page; what the carrier answered is kept beside its replies.
BUTTONS: Final = (Move.HAND_IN, Move.APPROVE, Move.RETURN, Move.SUBMIT, Move.WITHDRAW)
_MOVED: Final = {
    State.DRAFT: "Appeal begun",
    State.IN_REVIEW: "Handed in",
    State.RETURNED: "Returned",
    State.APPROVED: "Approved",
    State.SUBMITTED: "Sent to the carrier",
    State.INFORMATION_REQUESTED: "The carrier asks for information",
    State.REINSTATED: "Reinstated",
    State.DENIED: "Denied",
    State.WITHDRAWN: "Withdrawn",
}
_SAID: Final = {
    Happening.ASSIGNED: "Works on it",
    Happening.MAILED: "To the carrier",
    Happening.REPLIED: "The carrier writes",
    Happening.REMINDED: "Reminder",
    Happening.ATTACHED: "Files added",
    Happening.TICKET: "Ticket of the carrier",
    Happening.ERASED: "A person's number was erased at their wish; what was sent stays as it went",
}
_ICONS: Final = {
    Happening.MOVED: ("scale", "accent"),
    Happening.STOPPED: ("pause", "ok"),
    Happening.ATTACHED: ("image", None),
    Happening.ASSIGNED: ("people", None),
}


@dataclass(frozen=True, slots=True)
class Slots:
    """Forms with what was just typed, instead of fresh ones, by the number of their part."""

    part: Mapping[int, PartForm] = field(default_factory=dict)
    aside: Mapping[int, AsideForm] = field(default_factory=dict)
    numbers: Mapping[int, NumbersForm] = field(default_factory=dict)
    move: MoveForm | None = None
    tried: Move | None = None

    def homeless(self, moves: Sequence[Move], *, may_write: bool) -> BaseForm | None:
        """Return what was typed where the page has no form for it any more, or None."""
        if self.move is not None and self.tried not in moves:
            return self.move
        written = [*self.part.values(), *self.aside.values(), *self.numbers.values()]
        return next(iter(written), None) if not may_write else None

    def tried_what(self, shown: Sequence["Shown"]) -> str:
        """Name the step or the part that was typed for."""
        if self.tried is not None:
            return MOVES[self.tried].label
        numbers = {*self.part, *self.aside, *self.numbers}
        of = next((one for one in shown if one.part.number in numbers), None)
        return f"Part {of.part.number}: {of.standing.title}" if of else ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One part as the page shows it."""

    asked: PartOf
    part: PartRef
    standing: Standing
    form: PartForm
    aside: AsideForm | None  # None: it is required
    numbers: NumbersForm | None
    choices: ShownForm | None
    tally: Tally | None = None  # of the proof for its numbers
    bundle: BundleRef | None = None  # of the certificates of its numbers
    stopped_at: datetime | None = None  # since when the traffic really waits (part 5)

    @property
    def look(self) -> tuple[str, str]:
        """Return the pill that says how it stands."""
        if self.part.is_set_aside:
            return "plain", "Not applicable"
        return _LEVELS[self.standing.level]


def case_of(case_id: UUID) -> CaseRef:
    """Return a case of this account. Raises NotFound."""
    return queries.case_or_404(g.account.tenant, case_id)


def url_of(case: CaseRef, part: int | None = None) -> str:
    """Return the address of a case, or of one of its parts."""
    there = url_for("appeals.show", account_id=case.account_id, case_id=case.id)
    return f"{there}#part-{part}" if part else there


def prefix(number: int, what: str = "part") -> str:
    """Return what the fields of a part's form are called by: one page holds those of all parts."""
    return f"{what}{number}"


def lines(
    case: CaseRef, kept: Sequence[FileRef], *, without: frozenset[Happening] = frozenset()
) -> list[dict[str, object]]:
    """Return what happened to a case, with its files, as a timeline shows it, the newest first."""
    return [
        _line(one, [file.name for file in kept if file.about_id == one.id])
        for one in queries.history(case)
        if one.kind not in without
    ]


def my_parties(case: CaseRef) -> frozenset[Party]:
    """Return as what whoever is signed in acts on a case."""
    who = me()
    return cases.parties(
        case,
        may_write=who.may(Permission.WRITE_APPEALS),
        may_review=who.may(Permission.REVIEW_APPEALS),
        may_send=who.may(Permission.SEND_APPEALS),
    )


def known() -> Known:
    """Return what the portal can show in this account's appeal."""
    return knowing.known(g.account, library.keeper(g.account, me()))


def case_page(case: CaseRef, slots: Slots | None = None, status: int = 200) -> Response:
    """Show a case: its parts, how they stand, what may be done, and what happened."""
    slots = slots or Slots()
    looked = checking.glance(case)
    ready = looked.readiness
    by = my_parties(case)
    moves = [move for move in states.moves_for(case.state, by) if move in BUTTONS]
    barred = reviewing.barred(case, me().actor) if Move.APPROVE in moves else ""
    moves = [move for move in moves if not (barred and move is Move.APPROVE)]
    may_write = case.is_writable and me().may(Permission.WRITE_APPEALS)
    parts = {part.number: part for part in looked.parts}
    found = known() if may_write else None
    shown = [
        _shown(case, asked, parts[asked.number], slots=slots, looked=looked, found=found)
        for asked in looked.template.parts
    ]
    suspension = accounts.restriction(case.tenant, case.restriction_id)
    kept = queries.files(case)
    at = suspension.set_at if suspension else case.created_at
    history = lines(case, kept)
    return page(
        "appeals/case.html",
        None,
        status,
        case=case,
        look=STATE_LOOKS[case.state],
        suspension=suspension,
        shown=shown,
        ready=ready,
        checklist=_checklist(ready),
        milestones=_milestones(case),
        may_write=may_write,
        moves=moves,
        not_done=slots.homeless(moves, may_write=may_write),
        not_done_of=slots.tried_what(shown),
        barred=barred,
        ways=MOVES,
        move_form=slots.move if slots.tried in moves else MoveForm(formdata=None),
        tried=slots.tried,
        has_officer=cases.has_officer(case.organization_id),
        is_overdue=case.due_at is not None and case.due_at <= clock.utcnow(),
        assignee_form=_assignee_form(case) if _may_assign(case) else None,
        metrics=knowing.metrics(g.account, at),
        found=found,
        as_text=_as_text(looked.template, parts),
        history=history,
        erased_at=next((o["at"] for o in history if o["text"] == _SAID[Happening.ERASED]), None),
        sent=[file for file in kept if file.kind in FROZEN],
        stuck=None if case.is_over or case.submitted_at is None else _stuck(case),
        previous=queries.case_or_404(case.tenant, case.previous_id) if case.previous_id else None,
    )


def _stuck(case: CaseRef) -> SendingRef | None:
    """Return what was to go to the carrier and waits for a person, or None."""
    found = (one for one in queries.sendings(case) if one.is_broken or one.waits_for_a_person)
    return next(found, None)


def _shown(
    case: CaseRef,
    asked: PartOf,
    part: PartRef,
    *,
    looked: Looked,
    slots: Slots,
    found: Known | None,
) -> Shown:
    text = "" if part.is_set_aside else part.text
    fresh = PartForm(
        formdata=None, prefix=prefix(part.number), edits=part.edits, text=text, link=part.link
    )
    because = part.text if part.is_set_aside else ""
    aside = None
    if not asked.is_required:
        aside = slots.aside.get(part.number) or AsideForm(
            formdata=None,
            prefix=prefix(part.number, "aside"),
            edits=part.edits,
            because=because,
        )
    numbers = None
    if asked.slot is Slot.PROOF:
        numbers = slots.numbers.get(part.number) or NumbersForm(
            formdata=None, prefix=prefix(part.number), named="\n".join(part.numbers)
        )
    return Shown(
        asked,
        part,
        next(one for one in looked.readiness.parts if one.number == part.number),
        slots.part.get(part.number, fresh),
        aside,
        numbers,
        _choices(asked, found) if found else None,
        looked.tally if part.numbers else None,
        certificates.bundle_of(case, part),
        ceasing.paused_since(g.account) if asked.slot is Slot.CEASED else None,
    )


def _choices(asked: PartOf, found: Known) -> ShownForm | None:
    """Return what the portal can show in a part, as a list to choose from; None: nothing."""
    slot, number = asked.slot, asked.number
    if slot is Slot.FIRST_TEXT:
        offered = [(f"plan:{plan.drip_id}", f"Plan “{plan.name}”") for plan in found.plans]
    elif slot is Slot.CHECKBOX:
        offered = [
            (
                f"form:{form.version.id}:{kept.kind}",
                f"Form “{form.name}”, version {form.version.number}, {kept.kind}",
            )
            for form in found.forms
            for kept in form.pictures
        ]
    else:
        return None
    if not offered:
        return None
    form = ShownForm(formdata=None, prefix=prefix(number))
    form.shown.choices = offered
    return form


def _may_assign(case: CaseRef) -> bool:
    who = me()
    return not case.is_over and (
        who.may(Permission.REVIEW_APPEALS) or who.may(Permission.SEND_APPEALS)
    )


def _assignee_form(case: CaseRef) -> AssigneeForm:
    form = AssigneeForm(
        formdata=None, edits=case.edits, assignee=str(case.assignee_id) if case.assignee_id else ""
    )
    people = [(str(one.id), one.name) for one in handling.assignable(case)]
    form.assignee.choices = [("", "Nobody"), *people]
    return form


def _as_text(template: templates.Template, parts: Mapping[int, PartRef]) -> str:
    """Return the case as plain text for a web ticket (A-2)."""
    answers = {}
    for number, part in parts.items():
        if part.is_set_aside:
            answers[number] = f"Not applicable: {part.text}"
            continue
        lines = [part.link, part.text]
        lines += [f"[attached: {file.name}]" for file in part.files]
        if part.numbers:
            lines.append("\n".join(part.numbers))
        answers[number] = "\n".join(line for line in lines if line)
    return templates.as_text(template, answers)


def _checklist(ready: Readiness) -> list[dict[str, object]]:
    return [
        {
            "state": one.level.value,
            "text": one.title,
            "note": " ".join(one.notes) or None,
            "url": f"#part-{one.number}",
        }
        for one in ready.parts
    ]


def _milestones(case: CaseRef) -> list[dict[str, object]]:
    now = _REACHED.get(case.state)
    # One withdrawn stands nowhere, and got no further than it was handed in or sent.
    reached = (3 if case.submitted_at else 1 if case.handed_in_at else 0) if now is None else now
    return [
        {
            "label": label,
            "state": "done" if n < reached else "current" if n == now else "todo",
            "url": None,
        }
        for n, label in enumerate(_MILESTONES)
    ]


def _line(one: HistoryRef, names: Sequence[str]) -> dict[str, object]:
    icon, look = _ICONS.get(one.kind, ("note", None))
    if one.state is not None:
        said = _MOVED[one.state]
    elif one.part:
        said = f"Part {one.part}: {PART_WORDS.get(one.kind, one.kind.value)}"
    else:
        said = _SAID.get(one.kind, one.kind.value.capitalize())
    if one.state is State.DENIED:
        look = "bad"
    if one.state is State.REINSTATED:
        look = "ok"
    return {
        "icon": icon,
        "kind": look,
        "text": f"{said}: {one.text}" if one.text and one.kind is not Happening.STOPPED else said,
        "at": one.at,
        "detail": ", ".join([one.by_name, *names]),
    }
