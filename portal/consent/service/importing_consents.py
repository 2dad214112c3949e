"""What an import does with old consent records: read, judge and keep each row (C-2, C-7, C-8).

Every row becomes one record, dated as it claims and marked as imported; a row that is in the
history already changes nothing, so a file may come twice. One entry of the chain stands for a
batch, with a hash over its records (RULINGS 8).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from typing import BinaryIO, Final
from uuid import uuid4

from portal.consent.errors import EvidenceRefused
from portal.consent.rules import is_opted_out
from portal.consent.rules.facts import sha256_of_all
from portal.consent.rules.reading import (
    CONSENT_FIELDS,
    NOTHING,
    checkbox_of,
    ip_of,
    method_of,
    time_of,
)
from portal.consent.rules.words import not_valid_reason
from portal.consent.service import archives
from portal.consent.service import evidence as files
from portal.consent.service.archives import Archive
from portal.consent.service.keeping import Book, keep, kept_keys
from portal.consent.service.recording import after, entry_of, is_to_come
from portal.consent.values import Checkbox, Event, Evidence, Method, NewConsent, RecordRef, Strength
from portal.contacts import queries as contacts
from portal.contacts.rules import numbers as number_rules
from portal.contacts.rules.cells import tidy
from portal.contacts.rules.mapping import Field
from portal.contacts.service import importing
from portal.contacts.service.handling import Batcher
from portal.contacts.service.rows import Finding, Row, Verdict
from portal.contacts.values import ImportKind, ImportRef, Run, Weight
from portal.core import audit
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.core.tenancy import Tenant
from portal.people.values import DEFAULT_TIMEZONE
from portal.texting_accounts import queries as accounts

_IMPORTED: Final = Verdict(is_imported=True)


def receive(tenant: Tenant, file_name: str, stream: BinaryIO, *, actor: Actor) -> ImportRef:
    """Keep an uploaded CSV, or a ZIP of one with the files its rows name. Raises FileRefused."""
    if not archives.is_archive(stream, file_name):
        return importing.receive(tenant, ConsentHandler(), file_name, stream, actor=actor)
    opened = archives.judge(stream)
    import_ = importing.receive(
        tenant, ConsentHandler(), file_name, BytesIO(opened.table), actor=actor
    )
    archives.keep(import_.stored_name, opened)
    return import_


class ConsentHandler:
    """The row handler of consent imports."""

    kind = ImportKind.CONSENTS
    tables = ("phone_numbers", "consent_records", "consent_standings")
    fields: Sequence[Field] = CONSENT_FIELDS

    def mapping_problem(self, mapping: Sequence[str]) -> str | None:
        """Ask for the one thing a consent cannot do without."""
        if "phone" not in mapping:
            return "Match one column to Phone number: consent is kept by number."
        return None

    def open(self, import_: ImportRef, *, dry: bool, actor: Actor) -> Batcher:
        """Return a batcher that remembers rows itself when nothing is written."""
        return _ConsentBatcher(import_, dry=dry, actor=actor)


@dataclass(frozen=True, slots=True)
class _Read:
    """A row as a consent, with what was odd about it; no consent where it is rejected."""

    consent: NewConsent | None
    findings: tuple[Finding, ...]


class _ConsentBatcher:
    def __init__(self, import_: ImportRef, *, dry: bool, actor: Actor) -> None:
        self._import = import_
        self._tenant = import_.tenant
        self._dry = dry
        self._actor = actor
        account = accounts.account(import_.account_id)
        self._zone = account.timezone if account else DEFAULT_TIMEZONE
        self._seen: dict[str, int] = {}  # the line of each key met in this run
        self._numbers: set[str] = set()
        self._archive = archives.of_import(import_.stored_name)
        self._files: dict[str, _File] = {}  # by the name a row gives: one scan may serve many

    def prepare(self, rows: Sequence[Row]) -> None:
        """Check the files these rows name, and keep them unless this is the dry run."""
        if self._archive is None:
            return
        for name in dict.fromkeys(name for row in rows if (name := row.first("evidence"))):
            if name not in self._files:
                self._files[name] = _checked_file(self._archive, name, keeps=not self._dry)

    def take(self, rows: Sequence[Row]) -> Sequence[Verdict]:
        """Answer each row; write the batch in sets unless this is the dry run."""
        now = utcnow()
        read = [self._read(row, now) for row in rows]
        consents = [r.consent for r in read if r.consent]
        e164s = sorted({consent.e164 for consent in consents})
        if self._dry:
            self._numbers.update(e164s)
        book = Book(self._tenant, e164s, is_dry=self._dry)
        kept_before = kept_keys(self._tenant, [c.idempotency_key for c in consents])
        in_book = set(contacts.by_numbers(self._tenant, e164s)) if e164s else set()
        batch_id = uuid4()
        records: list[tuple[RecordRef, str | None]] = []
        verdicts = []
        for row, item in zip(rows, read, strict=True):
            consent = item.consent
            if consent is None:
                verdicts.append(Verdict(findings=item.findings))
                continue
            key = consent.idempotency_key
            if key in kept_before or key in self._seen:
                verdicts.append(self._again(key, item.findings))
                continue
            self._seen[key] = row.line
            record = entry_of(
                self._tenant,
                consent,
                actor=self._actor,
                is_imported=True,
                import_id=self._import.id,
                batch_id=batch_id,
            )
            records.append((record, key))
            findings = [*item.findings, *_judged(record)]
            if is_opted_out(book[consent.e164]):
                findings.append(_OPTED_OUT)
            if consent.e164 not in in_book:
                findings.append(_NOBODY)
            book[consent.e164] = after(book[consent.e164], record)
            verdicts.append(replace(_IMPORTED, findings=tuple(findings)))
        if records and not self._dry:
            self._write(records, book)
        return verdicts

    def runs(self) -> tuple[Run, ...]:
        """Return runs of numbers among all rows (K-7)."""
        return number_rules.runs(self._numbers)

    def _write(self, records: Sequence[tuple[RecordRef, str | None]], book: Book) -> None:
        keep(records, self._actor)
        book.write()
        kept = [record for record, _ in records]
        audit.record(
            "consent:import:record",
            actor=self._actor,
            organization_id=self._tenant.organization_id,
            account_id=self._tenant.account_id,
            subject_id=kept[0].audit_subject_id,
            import_id=str(self._import.id),
            records=len(kept),
            not_valid=sum(record.event is Event.NOT_VALID for record in kept),
            sha256=sha256_of_all(kept),
        )

    def _again(self, key: str, findings: tuple[Finding, ...]) -> Verdict:
        line = self._seen.get(key)
        where = f"Line {line} says exactly the same" if line else "This record is here already"
        told = Finding(Weight.NOTE, "again", f"{where}. It is kept once.")
        return Verdict(is_merged=True, findings=(*findings, told))

    def _read(self, row: Row, now: datetime) -> _Read:
        """Make a consent of a row, or say why it is none."""
        phone = row.all("phone")
        column, written = phone[0] if phone else (None, "")
        number = number_rules.read(written)
        if number.e164 is None:
            why = f"{number.why} A consent is kept by its number: correct it."
            return _Read(None, (Finding(Weight.REJECTED, "phone", why, column, written),))
        findings: list[Finding] = []
        if number.remark:
            findings.append(Finding(Weight.NOTE, "remark", number.remark, column, written))
        if number.problem:
            why = f"Kept, but the number cannot be texted. {number.why}"
            findings.append(Finding(Weight.KEPT, number.problem, why, column, written))
        consent, refusal = self._dated(row, NewConsent(number.e164, Method.IMPORT), now, findings)
        if refusal is not None:
            return _Read(None, (refusal,))
        consent = _described(row, _sourced(row, consent, findings), findings)
        consent, refusal = self._with_file(row, consent, findings)
        if refusal is not None:
            return _Read(None, (refusal,))
        key = _key(consent)  # over what the row claims, so that it is the same on any day
        if consent.given_at is not None:
            consent = replace(consent, given_at=min(consent.given_at, now))
        return _Read(replace(consent, idempotency_key=key), tuple(findings))

    def _with_file(
        self, row: Row, consent: NewConsent, findings: list[Finding]
    ) -> tuple[NewConsent, Finding | None]:
        """Put the file a row names behind its consent; one that is not there or bad is refused."""
        cells = [(c, text) for c, text in row.all("evidence") if text.casefold() not in NOTHING]
        if not cells:
            return consent, None
        column, name = cells[0]
        if self._archive is None:
            findings.append(Finding(Weight.NOTE, "no_zip", _NO_ZIP, column, name))
            return consent, None
        file = self._files[row.first("evidence")]
        if file.evidence is None:
            return consent, Finding(Weight.REJECTED, "evidence", file.problem, column, name)
        findings.append(Finding(Weight.NOTE, "has_file", "Its file is in the ZIP.", column, name))
        return replace(consent, evidence=file.evidence), None

    def _dated(
        self, row: Row, consent: NewConsent, now: datetime, findings: list[Finding]
    ) -> tuple[NewConsent, Finding | None]:
        """Read when the person agreed, as the file claims; a time to come is refused.

        One that only a faster clock than ours can have written is no time to come.
        """
        cells = [(c, text) for c, text in row.all("given_at") if text.casefold() not in NOTHING]
        if not cells:
            findings.append(
                Finding(Weight.NOTE, "no_date", "When the person agreed is not in the file.")
            )
            return consent, None
        column, text = cells[0]
        read = time_of(text, self._zone)
        if read is None:
            why = "This is not a date and time. Write it like 2026-03-02 09:15:00 -0600."
            return consent, Finding(Weight.REJECTED, "date", why, column, text)
        if is_to_come(read.at, now):
            why = "This date lies in the future: nobody can have agreed then. Correct it."
            return consent, Finding(Weight.REJECTED, "future", why, column, text)
        if read.zone_assumed:
            why = f"No time zone is given; {self._zone} is taken."
            findings.append(Finding(Weight.NOTE, "zone", why, column, text))
        return replace(
            consent, given_at=read.at, given_zone=read.zone, given_as_written=tidy(text)
        ), None


@dataclass(frozen=True, slots=True)
class _File:
    """A file that rows name: what is kept of it, or why it is not taken."""

    evidence: Evidence | None
    problem: str = ""


def _checked_file(archive: Archive, name: str, *, keeps: bool) -> _File:
    try:
        upload = archive.file(name)
    except EvidenceRefused as error:
        return _File(None, error.message)
    if keeps:
        return _File(files.keep_upload(upload))
    return _File(Evidence("", upload.sha256, upload.file_name, upload.media_type))


_NO_ZIP: Final = (
    "The row names a file, and none came with it. Upload a ZIP of the CSV and its files to keep it."
)
_OPTED_OUT: Final = Finding(
    Weight.NOTE,
    "opted_out",
    "This number has opted out. The record is kept; only the person can opt in again.",
)
_NOBODY: Final = Finding(
    Weight.NOTE, "no_contact", "No contact has this number yet. The consent is kept by number."
)


def _sourced(row: Row, consent: NewConsent, findings: list[Finding]) -> NewConsent:
    """Read how the person agreed and the state of the checkbox."""
    details = [tidy(text) for _, text in row.all("method_details")]
    method, checkbox = Method.IMPORT, Checkbox.NOT_RECORDED
    for column, text in row.all("method")[:1]:
        known = method_of(text)
        details.insert(0, tidy(text))
        if known is None:
            why = "This way of agreeing is not known here. It is kept as a note."
            findings.append(Finding(Weight.NOTE, "method", why, column, text))
        method = known or Method.IMPORT
    for column, text in row.all("checkbox")[:1]:
        state = checkbox_of(text)
        if state is None:
            why = "This is neither checked nor unchecked. The checkbox counts as not recorded."
            findings.append(Finding(Weight.NOTE, "checkbox", why, column, text))
        checkbox = state or Checkbox.NOT_RECORDED
    return replace(
        consent,
        method=method,
        checkbox=checkbox,
        method_details="; ".join(d for d in dict.fromkeys(details) if d),
    )


def _described(row: Row, consent: NewConsent, findings: list[Finding]) -> NewConsent:
    """Read who the person is and what they saw."""
    address = consent.ip_address
    for column, text in row.all("ip_address")[:1]:
        read = ip_of(text)
        if read is None and text.casefold() not in NOTHING:
            why = "This is not an IP address, so it is left out."
            findings.append(Finding(Weight.NOTE, "ip", why, column, text))
        address = read or ""
    name = _value(row, "name") or f"{_value(row, 'first_name')} {_value(row, 'last_name')}".strip()
    disclosure = row.first("disclosure_text").strip()
    return replace(
        consent,
        name=name,
        email=_value(row, "email"),
        postal_address=_value(row, "postal_address"),
        ip_address=address,
        source_url=_value(row, "source_url"),
        disclosure_text="" if disclosure.casefold() in NOTHING else disclosure,
        form_name=_value(row, "form_name"),
        form_version=_value(row, "form_version"),
        user_agent=_value(row, "user_agent"),
    )


def _judged(record: RecordRef) -> list[Finding]:
    """Say what the record allows where that is less than everything."""
    if record.event is Event.NOT_VALID:
        why = f"{not_valid_reason(record.method)} Stored as not valid consent; texts are blocked."
        return [Finding(Weight.NOTE, "not_valid", why)]
    if record.strength is Strength.EXPRESS:
        why = "No disclosure with a ticked checkbox: it allows one-to-one texts only."
        return [Finding(Weight.NOTE, "one_to_one_only", why)]
    if record.strength is Strength.INQUIRY:
        return [Finding(Weight.NOTE, "inquiry", "The person wrote: 90 days of answers from then.")]
    return []


def _key(consent: NewConsent) -> str:
    """Return what makes two rows the same record: everything they claim."""
    claimed: Mapping[str, object] = {
        "phone": consent.e164,
        "given_at": consent.given_at.isoformat() if consent.given_at else None,
        "method": consent.method.value,
        "details": consent.method_details,
        "name": consent.name,
        "email": consent.email,
        "address": consent.postal_address,
        "ip": consent.ip_address,
        "url": consent.source_url,
        "disclosure": consent.disclosure_text,
        "checkbox": consent.checkbox.value,
        "form": [consent.form_name, consent.form_version],
        "agent": consent.user_agent,
    }
    if consent.evidence is not None:
        claimed = {**claimed, "evidence": consent.evidence.sha256}
    whole = hashlib.sha256(repr(sorted(claimed.items())).encode())
    return f"import:{whole.hexdigest()}"


def _value(row: Row, field: str) -> str:
    text = tidy(row.first(field))
    return "" if text.casefold() in NOTHING else text
