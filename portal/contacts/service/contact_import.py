"""What an import does with contacts: read each row, merge by number, keep what is known (K-1, K-7).

Two rows are one person when they would be texted at the same number, or when they share any
number and the name or the e-mail address. What is known stays; a row only fills what is empty,
adds tags and numbers, and leaves a note where it gave the person another name. A row without a
number that can be read is kept when it has an e-mail address, marked N/A (K-3).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from portal.contacts import queries
from portal.contacts.rules import mapping as mapping_rules
from portal.contacts.rules import numbers as number_rules
from portal.contacts.rules import people
from portal.contacts.rules.cells import tidy
from portal.contacts.rules.mapping import CONTACT_FIELDS, Field
from portal.contacts.service import book
from portal.contacts.service.book import MAX_NUMBERS, Line, Person
from portal.contacts.service.handling import Batcher
from portal.contacts.service.merging import Changes, Index, enter, is_other_name, merge
from portal.contacts.service.numbers import keep_numbers
from portal.contacts.service.rows import Finding, Row, Verdict
from portal.contacts.values import ImportKind, ImportRef, Language, Run, Weight
from portal.core.audit import Actor

_SPANISH: Final = frozenset({"es", "spa", "spanish", "espanol", "es-us", "es-mx"})


class ContactHandler:
    """The row handler of contact imports."""

    kind = ImportKind.CONTACTS
    tables = ("phone_numbers", "contacts", "contact_numbers", "contact_words")
    fields: Sequence[Field] = CONTACT_FIELDS

    def mapping_problem(self, mapping: Sequence[str]) -> str | None:
        """Ask for a way to tell people apart."""
        if {"phone", "email"}.isdisjoint(mapping):
            return "Match at least one column to Phone number or E-mail."
        return None

    def open(self, import_: ImportRef, *, dry: bool, actor: Actor) -> Batcher:
        """Return a batcher that remembers rows itself when nothing is written."""
        return _ContactBatcher(import_, dry, actor)


class _ContactBatcher:
    def __init__(self, import_: ImportRef, dry: bool, actor: Actor) -> None:
        self._import = import_
        self._tenant = import_.tenant
        self._dry = dry
        self._actor = actor
        self._index = Index()
        self._seen: set[str] = set()
        self._read_rows: Sequence[tuple[Person | None, list[Finding]]] = ()
        self._labels = [mapping_rules.number_label(column) for column in import_.columns]
        self._phones = [i for i, name in enumerate(import_.mapping) if name == "phone"]
        self._extra_tags = people.split_tags(str(import_.options.get("tags") or ""))
        self._source = tidy(str(import_.options.get("lead_source") or ""))

    def prepare(self, rows: Sequence[Row]) -> None:
        """Make people of the rows: on SQLite nobody else can write while they are taken (G9)."""
        self._read_rows = [self._read(row) for row in rows]

    def take(self, rows: Sequence[Row]) -> Sequence[Verdict]:
        """Answer each row; write the batch in sets unless this is the dry run."""
        read = self._read_rows
        persons = [person for person, _ in read if person]
        if self._dry:
            self._seen.update(p.preferred for p in persons if p.preferred)
        else:
            lines = [line.reading for person in persons for line in person.lines]
            keep_numbers(self._tenant.organization_id, lines)
            book.hold(self._tenant)
            self._index = Index()
        self._index.load(self._tenant, persons, dry=self._dry)
        self._note(read)
        changes = Changes()
        verdicts = [
            self._settle(row, person, findings, changes)
            for row, (person, findings) in zip(rows, read, strict=True)
        ]
        if not self._dry:
            changes.write(self._tenant, self._actor, self._import.id)
        return verdicts

    def runs(self) -> tuple[Run, ...]:
        """Return runs of numbers among all rows."""
        return number_rules.runs(self._seen)

    def _note(self, read: Sequence[tuple[Person | None, list[Finding]]]) -> None:
        """Add what is known of the numbers texts would go to: do-not-call lists (S-2)."""
        preferred = [person.preferred for person, _ in read if person and person.preferred]
        told = queries.import_notes(self._tenant, preferred)
        for person, findings in read if told else ():
            if person and (why := told.get(person.preferred or "")):
                findings.append(
                    Finding(Weight.NOTE, "call_list", why, value=person.preferred or "")
                )

    def _read(self, row: Row) -> tuple[Person | None, list[Finding]]:
        """Make a person of a row, or say why it is none."""
        findings: list[Finding] = []
        person = Person(
            street=_value(row, "street"),
            city=_value(row, "city"),
            state=people.state_code(_value(row, "state")),
            zip=_value(row, "zip"),
            lead_source=_value(row, "lead_source") or self._source,
        )
        person.first_name, person.last_name = _name(row, findings)
        if people.fold(row.first("language")) in _SPANISH:
            person.language = Language.ES
        tags = [*(text for _, text in row.all("tags")), *self._extra_tags]
        person.tags = people.split_tags(";".join(tags))[: people.MAX_TAGS]
        _email(row, person, findings)
        _day(row, person, findings)
        person.lines = self._lines(row, findings)
        textable = [line for line in person.lines if line.reading.is_textable]
        person.preferred = textable[0].reading.e164 if textable else None
        if not person.email and not any(line.reading.e164 for line in person.lines):
            return None, [_no_way(row)]
        if person.preferred is None:
            findings.insert(0, _kept(row))
        elif len(textable) < len(person.lines):
            findings += _spoilt(row, person)
        return person, findings

    def _lines(self, row: Row, findings: list[Finding]) -> list[Line]:
        """Read every number of a row, each once, with the label its columns give it."""
        labels = dict(row.all("phone_label"))
        found: dict[str, Line] = {}
        for column, text in row.all("phone"):
            reading = number_rules.read(text)
            told = self._told(column, labels) if labels else ""
            line = Line(reading, people.line_label(told or self._labels[column]))
            if reading.remark:
                findings.append(Finding(Weight.NOTE, "remark", reading.remark, column, text))
            found.setdefault(reading.e164 or f"?{reading.raw}", line)
        return list(found.values())[:MAX_NUMBERS]

    def _told(self, column: int, labels: Mapping[int, str]) -> str:
        """Return what a column between a number's and the next one's calls it, or nothing."""
        following = min((i for i in self._phones if i > column), default=len(self._labels))
        return next((labels[i] for i in range(column + 1, following) if i in labels), "")

    def _settle(
        self, row: Row, person: Person | None, findings: list[Finding], changes: Changes
    ) -> Verdict:
        if person is None:
            return Verdict(findings=tuple(findings))
        note = "\n".join(text for _, text in row.all("note"))
        entry = self._index.find(person)
        if entry is None:
            entry = enter(self._index, person, row.line, None if self._dry else changes)
            changes.note(entry, note)
            return Verdict(is_imported=True, findings=tuple(findings))
        where = f"line {entry.line}" if entry.line else "a contact you have"
        if is_other_name(entry, person):
            said = f"{person.first_name} {person.last_name}".strip()
            findings.append(
                Finding(
                    Weight.NOTE,
                    "other_name",
                    f"Same number as {where}, under another name. Merged; the first name stays "
                    "and this one is kept as a note.",
                    value=said,
                )
            )
            changes.alias(entry, person, f"in an import as {{told}} (line {row.line})")
        changes.note(entry, note)
        merge(self._index, entry, person, None if self._dry else changes)
        return Verdict(is_merged=True, findings=tuple(findings))


def _value(row: Row, field: str) -> str:
    text = row.first(field)
    return people.said(text) if text else ""


def _name(row: Row, findings: list[Finding]) -> tuple[str, str]:
    first, last = tidy(row.first("first_name")), tidy(row.first("last_name"))
    if not first and not last:
        first, last = people.split_name(tidy(row.first("full_name")))
    if max(len(first), len(last)) > 100:
        findings.append(
            Finding(Weight.NOTE, "cut", "A name has 100 characters at most; the rest was cut.")
        )
    return first[:100], last[:100]


def _email(row: Row, person: Person, findings: list[Finding]) -> None:
    for column, cell in row.all("email")[:1]:
        text = tidy(cell).removeprefix("mailto:")
        if people.is_email(text):
            person.email = text
        elif not people.says_nothing(text):
            findings.append(
                Finding(
                    Weight.NOTE,
                    "email",
                    "This is not an e-mail address, so it is left out. Write it like "
                    "name@example.com.",
                    column,
                    cell,
                )
            )


def _day(row: Row, person: Person, findings: list[Finding]) -> None:
    for column, cell in row.all("known_since")[:1]:
        person.known_since = people.read_day(cell)
        if person.known_since is None and not people.says_nothing(cell):
            findings.append(
                Finding(
                    Weight.NOTE,
                    "date",
                    "This is not a date, so it is left out. Write it like 2026-03-02.",
                    column,
                    cell,
                )
            )


def _kept(row: Row) -> Finding:
    """Say that a contact is kept but cannot be texted, and why (K-3)."""
    for column, text in row.all("phone"):
        reading = number_rules.read(text)
        return Finding(
            Weight.KEPT,
            reading.problem or "empty",
            f"Kept, but the number cannot be texted. {reading.why}",
            column,
            text,
        )
    return Finding(
        Weight.KEPT, "empty", "Kept, but there is no number to text. The e-mail address is there."
    )


def _spoilt(row: Row, person: Person) -> Iterator[Finding]:
    """Name the numbers that cannot be texted of somebody who has another."""
    bad = {line.reading.raw: line.reading for line in person.lines if line.reading.problem}
    for column, text in row.all("phone"):
        reading = bad.get(text.strip()[: number_rules.LONGEST_RAW])
        if reading and reading.problem:
            why = f"{reading.why} The contact's other number is used."
            yield Finding(Weight.NOTE, reading.problem, why, column, text)


def _no_way(row: Row) -> Finding:
    """Say why a row is rejected: nothing to reach the person by."""
    for column, text in row.all("phone"):
        why = number_rules.read(text).why
        return Finding(
            Weight.REJECTED,
            "no_way_to_reach",
            f"{why} There is no e-mail address either. Correct the number.",
            column,
            text,
        )
    return Finding(
        Weight.REJECTED,
        "no_way_to_reach",
        "There is neither a phone number nor an e-mail address. Add one.",
    )
