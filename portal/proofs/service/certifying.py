"""Certifying records: a token for the public page, the PDF, and the JSON that is checked off line."""

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from portal.consent import queries as consent
from portal.consent.rules.facts import fingerprint
from portal.consent.service import evidence as evidence_files
from portal.consent.values import Evidence, RecordRef
from portal.core import audit, audit_tree, checkpoints, formats
from portal.core.audit import Actor
from portal.core.audit_tree import Measure, Tree
from portal.core.checkpoints import LogBroken
from portal.core.clock import utcnow
from portal.core.db import db, is_sqlite
from portal.core.errors import NotFound
from portal.core.offline.notes import read_note
from portal.core.settings import settings
from portal.core.tenancy import Tenant, owned
from portal.optin.values import PICTURE_WORDS, PictureRef
from portal.proofs.errors import Erased, NotLogged
from portal.proofs.models import ProofCertificate
from portal.proofs.queries.stories import places
from portal.proofs.rules import certificate, offline, printing
from portal.proofs.service.typesetting import Pdf, Setter
from portal.proofs.values import Certificate, Checked, LogPlace, Story

MOST_PICTURE_BYTES: Final = 2_000_000  # a larger scan lies beside the certificate, not in it

_ENDINGS: Final = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "application/zip": ".zip",
    "text/html": ".html",
    "text/csv": ".csv",
    "text/plain": ".txt",
}


@dataclass(frozen=True, slots=True)
class Made:
    """A certificate in both its forms."""

    pdf: Pdf
    text: str  # the JSON that is checked off line


def measured(organization_id: UUID) -> Measure | None:
    """Return what a checkpoint would be made of, None where the newest covers the whole log.

    Call it outside the unit of work that keeps the checkpoint.
    """
    end = audit.head(organization_id).position
    if end == 0 or checkpoints.newest(organization_id, covering=end) is not None:
        return None
    return audit_tree.measure(organization_id)


def cover(measure: Measure | None) -> None:
    """Sign a checkpoint of the log as `measured` found it; None: there is one. Raises LogBroken."""
    if measure is not None:
        checkpoints.make(measure)


def certify(
    tenant: Tenant, records: Sequence[RecordRef], *, actor: Actor
) -> dict[UUID, Certificate]:
    """Return the certificate of each of at most 500 records, made where there was none.

    A record has one for ever, so that what was printed on paper leads to the same page.
    """
    if not records:
        return {}
    insert = (sqlite if is_sqlite() else postgresql).insert(ProofCertificate)
    db.session.execute(
        insert.on_conflict_do_nothing(),
        [
            {
                "record_id": record.id,
                "organization_id": record.organization_id,
                "account_id": record.account_id,
                "token": secrets.token_urlsafe(32),
                "issued_at": utcnow(),
                "issued_by": actor.label[:200],
            }
            for record in records
        ],
    )
    rows = db.session.scalars(
        select(ProofCertificate).where(
            owned(tenant, ProofCertificate),
            ProofCertificate.record_id.in_([record.id for record in records]),
        )
    )
    return {
        row.record_id: Certificate(row.token, row.record_id, tenant, row.issued_at, row.issued_by)
        for row in rows
    }


def make(
    setter: Setter,
    story: Story,
    certified: Certificate,
    *,
    with_pictures: bool = True,
    trees: dict[int, Tree] | None = None,
) -> Made:
    """Set the PDF of a certificate and write its JSON. Raises NotLogged, Erased or LogBroken.

    Pictures get pages of their own, or lie beside it once for many certificates, whose proofs
    then share `trees`.
    """
    text = written(story, trees)
    pdf = setter.set(
        document(story, certified, json.loads(text)["log"]),
        address=address(certified),
        at=story.read_at,
        pictures=_pictures(story) if with_pictures else (),
    )
    return Made(pdf, text)


def document(story: Story, certified: Certificate, log: Mapping[str, Any]) -> dict[str, Any]:
    """Return the text of a certificate; `log` is the proof that its entry stands in the log."""
    note = read_note(log["checkpoint"])
    signed = f"signed {note.time} over {formats.plural(note.size, 'entry', 'entries')}"
    return printing.document(
        story,
        application=settings().application_name,
        verify_url=address(certified),
        issued_at=certified.issued_at,
        log=[
            ["Entry of the log", _entry_words(story)],
            ["Hash of the entry", log["entry"]["hash"], "hash"],
            ["Checkpoint", signed],
            ["Root of the log", note.root, "hash"],
            ["Signature (Ed25519)", note.signature, "hash"],
            ["Public key", log["public_keys"][0], "hash"],
        ],
    )


def written(story: Story, trees: dict[int, Tree] | None = None) -> str:
    """Return the JSON of a certificate. Raises NotLogged, Erased or LogBroken."""
    log = log_of(story, trees)
    assert story.place is not None  # it has a place in the log
    return certificate.as_text(story.record, story.place, log)


def log_of(story: Story, trees: dict[int, Tree] | None = None) -> dict[str, Any]:
    """Return the proof that a record's entry stands in the log.

    Raises NotLogged until a checkpoint covers it, Erased when its content is gone, LogBroken.
    """
    if story.record.redacted_at is not None:
        raise Erased(
            "The personal data of this record was erased. Its fingerprint stays in the log, but "
            "there is nothing left to certify."
        )
    place = story.place
    log = (
        checkpoints.inclusion(place.chain, place.position, discloses=True, trees=trees)
        if place
        else None
    )
    if log is None:
        raise NotLogged("No checkpoint of the log covers this record yet. Try again in a minute.")
    return log


def checked(certified: Certificate) -> Checked:
    """Work out anew whether a record is what was logged. Raises NotFound when it is gone."""
    record = consent.records_of(certified.tenant, [certified.record_id]).get(certified.record_id)
    if record is None:
        raise NotFound("We can't find that certificate.")
    place = places(certified.tenant, [record]).get(record.id)
    faults: list[str] = []
    if fingerprint(record) != record.sha256:
        faults.append("The facts of the record do not give its fingerprint: it was changed.")
    if place is None:
        faults.append("No entry of the log stands for the record.")
    else:
        faults += _of_log(record, place)
    if record.evidence is not None and record.redacted_at is None:
        faults += _of_evidence(record)
    return Checked(
        record.sha256,
        record.form_name,
        record.form_version,
        record.method_label,
        record.recorded_at,
        place.position if place else None,
        place.hash if place else "",
        place.at if place else None,
        record.redacted_at is not None,
        tuple(faults),
    )


def evidence_of(record: RecordRef) -> bytes | None:
    """Return the file behind a record, byte for byte as it was handed in; None without one."""
    return _content(record.evidence) if record.evidence is not None else None


def picture_of(picture: PictureRef) -> bytes | None:
    """Return a picture of the form's page; None when its file is gone."""
    return _content(Evidence(picture.name, picture.sha256, picture.name, picture.media_type))


def files_of(story: Story) -> Iterator[tuple[str, bytes]]:
    """Give every file behind a record with its name in a bundle; each is named by its hash."""
    kept = story.record.evidence
    content = evidence_of(story.record)
    if kept is not None and content is not None:
        yield evidence_name(kept.sha256, kept.media_type), content
    for picture in story.pictures:
        content = picture_of(picture)
        if content is not None:
            yield evidence_name(picture.sha256, picture.media_type), content


def evidence_name(sha256: str, media_type: str) -> str:
    """Return the name of a piece of evidence in a bundle: its hash, with an ending of its kind."""
    return f"{offline.EVIDENCE}{sha256}{_ENDINGS.get(media_type, '.bin')}"


def address(certified: Certificate) -> str:
    """Return the public address of a certificate."""
    return f"{settings().public_url}/verify/{certified.token}"


def note_download(record: RecordRef, what: str, *, actor: Actor) -> None:
    """Write down that personal data left the portal with a certificate (M-4)."""
    audit.record(
        "proofs:certificate:download",
        actor=actor,
        organization_id=record.organization_id,
        account_id=record.account_id,
        subject_id=record.id,
        what=what,
    )


def _of_log(record: RecordRef, place: LogPlace) -> list[str]:
    """Return what is wrong with the way from a record to a signed checkpoint."""
    is_whole = record.redacted_at is None
    try:
        log = checkpoints.inclusion(place.chain, place.position, discloses=is_whole)
    except (LogBroken, LookupError) as error:
        return [str(error)]
    if log is None:
        return ["No signed checkpoint covers the record yet."]
    if not is_whole:
        return []  # inclusion() checked what is left: the entry, its place and the signature
    read = json.loads(certificate.as_text(record, place, log))
    found = offline.why_certificate_fails(
        read, checkpoints.trusted_keys(), checkpoints.verify_signature
    )
    return [f"{wrong[:1].upper()}{wrong[1:]}." for wrong in found]


def _of_evidence(record: RecordRef) -> list[str]:
    assert record.evidence is not None
    content = evidence_of(record)
    if content is None:
        return ["The evidence file is not there any more."]
    if hashlib.sha256(content).hexdigest() != record.evidence.sha256:
        return ["The evidence file was changed."]
    return []


def _entry_words(story: Story) -> str:
    place = story.place
    assert place is not None
    others = len(place.covers) - 1
    along = f", with {formats.plural(others, 'other')} of the same import" if others else ""
    return f"{formats.number(place.position)}, {formats.iso(place.at)}{along}"


def _pictures(story: Story) -> list[tuple[str, bytes, str]]:
    """Return a scan and the form's pictures to be set with the certificate, the small enough ones."""
    kept = story.record.evidence
    found: list[tuple[str, bytes | None, str]] = []
    if kept is not None and printing.is_picture(kept.media_type):
        caption = f"{kept.file_name}, SHA-256 {kept.sha256}"
        found.append(("Evidence", evidence_of(story.record), caption))
    for picture in story.pictures:
        title = f"The page as served: {PICTURE_WORDS[picture.kind].lower()}"
        caption = f"Taken by {picture.taken_by}, {formats.iso(picture.taken_at)}, SHA-256 {picture.sha256}"
        found.append((title, picture_of(picture), caption))
    return [
        (title, content, caption)
        for title, content, caption in found
        if content is not None and len(content) <= MOST_PICTURE_BYTES
    ]


def _content(evidence: Evidence) -> bytes | None:
    try:
        return evidence_files.content_of(evidence)
    except NotFound:
        return None
