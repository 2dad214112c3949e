"""Sending an appeal on: what goes out is packed once, kept sealed, and never built anew (A-5).

packed = submitting.pack(case, actor=actor)      # no transaction is open: it takes seconds
with unit_of_work():
case = handling.advance(case, Move.SUBMIT, ...)
submitting.freeze(case, packed, actor=actor)
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from portal.appeals import queries
from portal.appeals.errors import NotThatWay
from portal.appeals.rules.submission import (
    AnsweredPart,
    Attached,
    Line,
    Metric,
    Pause,
    Submission,
)
from portal.appeals.rules.templates import PartOf
from portal.appeals.service import (
    cases,
    certificates,
    checking,
    files,
    knowing,
    packing,
    reviewing,
)
from portal.appeals.service.checking import Looked
from portal.appeals.service.files import Checked
from portal.appeals.service.packing import Packed
from portal.appeals.values import (
    FROZEN,
    PART_WORDS,
    STATE_LABELS,
    CaseRef,
    FileKind,
    FileRef,
    HistoryRef,
    Kind,
    PartRef,
    Slot,
    State,
)
from portal.compliance.rules.health import Outcomes
from portal.core import audit, clock, formats
from portal.core.audit import Actor
from portal.core.settings import settings
from portal.numbers import queries as numbers
from portal.people import queries as people
from portal.texting_accounts import queries as accounts
from portal.texting_accounts.values import AccountRef, RestrictionKind, RestrictionRef

_TITLES: Final = {
    Kind.SUSPENSION: "Appeal of a suspension",
    Kind.SIMILAR: "Justification of similar messages across numbers",
}


def pack(case: CaseRef, *, actor: Actor) -> Packed:
    """Build the PDF and the ZIP of a case as it stands. Raises FileRefused when it is too large.

    Outside a unit of work. Comments stay inside: the carrier gets the history of states and parts.
    """
    return packing.pack(submission_of(case, clock.utcnow(), actor))


def freeze(case: CaseRef, packed: Packed, *, actor: Actor) -> tuple[FileRef, FileRef]:
    """Keep what is sent, sealed, with its hashes in the audit log; return the PDF and the ZIP.

    Raises NotThatWay when this case was sent before: what was sent is frozen.
    """
    if any(file.kind in FROZEN for file in queries.files(case)):
        raise NotThatWay("This appeal was sent already, and what was sent stays as it is.")
    name = f"appeal-{case.id.hex[:8]}-round-{case.round}"
    pdf = Checked(f"{name}.pdf", "application/pdf", packed.pdf)
    archive = Checked(f"{name}.zip", "application/zip", packed.zip)
    kept = (
        files.keep(case, pdf, actor=actor, kind=FileKind.PDF),
        files.keep(case, archive, actor=actor, kind=FileKind.ZIP),
    )
    audit.record(
        "appeals:case:freeze",
        actor=actor,
        organization_id=case.organization_id,
        account_id=case.account_id,
        subject_id=case.id,
        pdf_sha256=packed.pdf_sha256,
        zip_sha256=packed.zip_sha256,
        files=len(packed.files),
    )
    return kept


def submission_of(case: CaseRef, at: datetime, actor: Actor) -> Submission:
    """Return a case as plain data, as it would go to the carrier at a moment."""
    account = accounts.get_or_404(case.tenant)
    organization = people.organization(case.organization_id)
    looked = checking.look(case)
    asked = {part.number: part for part in looked.template.parts}
    suspension = accounts.restriction(case.tenant, case.restriction_id)
    return Submission(
        case_id=case.id,
        application=settings().application_name,
        organization=organization.name if organization else "",
        account=account.name,
        zone=account.timezone,
        title=_TITLES[case.kind],
        submitted_at=at,
        facts=_facts(case, account, suspension, actor),
        parts=tuple(_part(asked[part.number], part, account.timezone) for part in looked.parts),
        forms=tuple(knowing.form_addresses(account)),
        forms_part=_of_slot(looked, Slot.WEB_ADDRESS),
        pause=_pause(case, looked.parts, account, suspension),
        proof_part=_of_slot(looked, Slot.PROOF),
        numbers=tuple(looked.proof),
        others=(
            *_certificates(case, looked),
            *(_attached(file) for file in _beside(case)),
        ),
        history=tuple(
            line for one in reversed(queries.history(case)) if (line := _line(one)) is not None
        ),
    )


def _of_slot(looked: Looked, slot: Slot) -> int | None:
    return next((part.number for part in looked.parts if part.slot is slot), None)


def _certificates(case: CaseRef, looked: Looked) -> tuple[Attached, ...]:
    """Return the certificates of the named numbers, where any of them has proof."""
    part = next((one for one in looked.parts if one.numbers and one.is_given), None)
    if part is None or not any(found.is_proven for found in looked.proof):
        return ()
    return certificates.attached(case, part)


def _beside(case: CaseRef) -> list[FileRef]:
    """Return the document that went out in the round before (A-6); notes and replies stay inside."""
    if case.previous_id is None:
        return []
    before = queries.files(queries.case_or_404(case.tenant, case.previous_id))
    return [file for file in before if file.kind is FileKind.PDF]


def _facts(
    case: CaseRef, account: AccountRef, suspension: RestrictionRef | None, actor: Actor
) -> tuple[tuple[str, str], ...]:
    found = [("Account", account.name)]
    if suspension is not None:
        found += [
            ("Suspended", formats.moment(suspension.set_at, account.timezone)),
            ("Reason", suspension.cause_label),
        ]
        if suspension.reason:
            found.append(("The carrier said", suspension.reason))
    if case.carrier_ticket:
        found.append(("The carrier's ticket", case.carrier_ticket))
    found += [
        (
            "Numbers in use",
            ", ".join(formats.phone(s.e164) for s in numbers.senders(account.id)) or "None",
        ),
        ("Round", formats.number(case.round)),
        ("Template", f"{case.kind_label}, version {case.template_version}"),
        ("Sent by", actor.label),
    ]
    return tuple(found)


def _part(asked: PartOf, part: PartRef, zone: str) -> AnsweredPart:
    confirmed: tuple[tuple[str, str], ...] = ()
    if part.confirmed_at is not None:
        confirmed = (
            ("Confirmed", formats.moment(part.confirmed_at, zone)),
            ("By", part.confirmed_by),
        )
    return AnsweredPart(
        part.number,
        asked.heading,
        part.text,
        link=part.link,
        is_set_aside=part.is_set_aside,
        facts=confirmed,
        files=() if part.is_set_aside else tuple(_attached(file) for file in part.files),
    )


def _attached(file: FileRef) -> Attached:
    """Return a file with its bytes. Raises NotFound, or SecretUnreadable when it was changed."""
    content = files.content_of(file)
    return Attached(file.name, file.media_type, hashlib.sha256(content).hexdigest(), content)


def _pause(
    case: CaseRef,
    parts: Sequence[PartRef],
    account: AccountRef,
    suspension: RestrictionRef | None,
) -> Pause | None:
    """Return what stopped, with the week before the suspension and what was since (part 5)."""
    part = next((one for one in parts if one.slot is Slot.CEASED), None)
    if part is None or part.confirmed_at is None:
        return None
    found = knowing.metrics(account, suspension.set_at if suspension else case.created_at)
    stopped = cases.holding(account, RestrictionKind.BULK_PAUSE)
    facts: list[tuple[str, str]] = []
    if stopped is not None:
        facts = [
            ("Stopped", formats.moment(stopped.set_at, account.timezone)),
            ("By", stopped.set_by),
        ]
    before, since = found.before, found.since
    rates = (
        Metric(
            "Texts delivered", formats.number(before.delivered), formats.number(since.delivered)
        ),
        Metric("Opt-out rate", _opt_outs(before), _opt_outs(since)),
        Metric("Error rate", _errors(before), _errors(since)),
    )
    what = "Bulk and plan texts of the whole account. Before means the seven days before the suspension."
    return Pause(part.number, what, tuple(facts), rates)


def _opt_outs(of: Outcomes) -> str:
    if not of.delivered:
        return "Nothing delivered"
    return f"{formats.percent(of.opt_out_rate)}, {formats.plural(of.opted_out, 'opt-out')}"


def _errors(of: Outcomes) -> str:
    if not of.attempted:
        return "Nothing sent"
    return f"{formats.percent(of.error_rate)}, {formats.plural(of.wrong, 'text')}"


def _line(one: HistoryRef) -> Line | None:
    """Return a line of the history the carrier may read: states and parts, no words among us."""
    if one.state is not None:
        said = STATE_LABELS[one.state]
        if one.state is State.APPROVED and one.text.startswith(reviewing.OWN):
            said = f"{said} {one.text}"
        return Line(one.at, one.by_name, said)
    if one.part and one.kind in PART_WORDS:
        return Line(one.at, one.by_name, f"Part {one.part}: {PART_WORDS[one.kind]}")
    return None
