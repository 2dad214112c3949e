"""Opt-out lists of other tools, whatever their columns are called (Q-7).

Each row becomes an opt-out of the account, dated as it claims; what waits for these numbers is
stopped in the same transaction. A row that is in the history already changes nothing, so a file
may come twice. Rows that say the person still is subscribed are left out.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from portal.consent import service as consent
from portal.consent.rules.reading import NOTHING, time_of
from portal.consent.values import Method, NewConsent, OldOptOuts
from portal.contacts.rules import numbers as number_rules
from portal.contacts.rules.cells import tidy
from portal.contacts.rules.mapping import Field
from portal.contacts.service.handling import Batcher
from portal.contacts.service.rows import Finding, Row, Verdict
from portal.contacts.values import ImportKind, ImportRef, Run, Weight
from portal.core.audit import Actor
from portal.core.clock import utcnow
from portal.messaging.service import optouts
from portal.people.values import DEFAULT_TIMEZONE
from portal.texting_accounts import queries as accounts

FIELDS: Final = (
    Field("name", "Name", r"(?:(?:full|contact|lead|client|customer|subscriber) )?name"),
    Field(
        "phone",
        "Phone number",
        r"(?!.*\bfax\b).*\b(?:phones?|mobile|cell|cellphone|telephone|tel|msisdn|telefono)\b"
        r"(?!.*\b(?:type|status|label|ext)\b).*|(?:to|from|recipient|contact)?(?: |^)number"
        r"|to|recipient|subscriber|address|contact id",
    ),
    Field(
        "opted_out_at",
        "Date of the opt-out",
        r"(?=.*\b(?:date|time|at|on|timestamp|created|updated|changed)\b)"
        r"(?=.*\b(?:unsub\w*|opt\w*|out|stop\w*|removed|dnc|date|time|timestamp|created|updated|changed)\b)"
        r".*|unsub time",
    ),
    Field(
        "status",
        "Status",
        r".*\b(?:status|state|subscribed|opt ?in|opted in|opt ?out|opted out|unsubscribed|dnc"
        r"|do not (?:text|contact|call|sms)|consent|error code|errorcode|keyword|optouttype|opt out type)\b.*",
    ),
    Field("details", "Reason or note", r"(?:.* )?(?:reason|details?|notes?|comments?|body|message|campaign|source)"),
)  # fmt: skip
_IN: Final = re.compile(
    r"(?:re)?subscribed|active|opt(?:ed)?[ -]?in|in|start|allowed|false|no|n|0|ok|valid|delivered",
    re.IGNORECASE,
)
_NO_COLUMN: Final = re.compile(
    r"subscribed|opt(?:ed)? ?in|consent", re.IGNORECASE
)  # there a "no" means the person is out
_YES: Final = re.compile(r"yes|y|true|t|1|x|on|checked", re.IGNORECASE)
_NO: Final = re.compile(r"no|n|false|f|0|off|unchecked", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Read:
    """A row as an opt-out, None where it is none; and what was odd about it."""

    consent: NewConsent | None
    findings: tuple[Finding, ...]


class OptOutHandler:
    """The row handler of opt-out lists."""

    kind = ImportKind.OPT_OUTS
    tables = ("phone_numbers", "consent_standings", "organization_opt_outs")
    fields: Sequence[Field] = FIELDS

    def mapping_problem(self, mapping: Sequence[str]) -> str | None:
        """Ask for the one thing an opt-out is kept by."""
        if "phone" not in mapping:
            return "Match one column to Phone number: an opt-out is kept by number."
        return None

    def open(self, import_: ImportRef, *, dry: bool, actor: Actor) -> Batcher:
        """Return a batcher that remembers rows itself when nothing is written."""
        return _OptOutBatcher(import_, dry=dry, actor=actor)


class _OptOutBatcher:
    def __init__(self, import_: ImportRef, *, dry: bool, actor: Actor) -> None:
        self._import, self._tenant, self._dry, self._actor = import_, import_.tenant, dry, actor
        account = accounts.account(import_.account_id)
        self._zone = account.timezone if account else DEFAULT_TIMEZONE
        self._seen: dict[str, int] = {}  # the line of each key met in this run
        place = import_.mapping.index("status") if "status" in import_.mapping else None
        column = import_.columns[place] if place is not None else ""
        self._status_column = re.sub(r"[\W_]+", " ", column)

    def prepare(self, rows: Sequence[Row]) -> None:
        """Do nothing: opt-outs are read while they are taken."""

    def take(self, rows: Sequence[Row]) -> Sequence[Verdict]:
        """Answer each row; store a batch of opt-outs unless this is the dry run."""
        read = [self._read(row) for row in rows]
        again: dict[str, str] = {}
        fresh: list[NewConsent] = []
        for row, item in zip(rows, read, strict=True):
            if item.consent is None:
                continue
            key = item.consent.idempotency_key
            if key in self._seen and self._seen[key] != row.line:
                again[key + str(row.line)] = f"Line {self._seen[key]} says the same."
                continue
            self._seen[key] = row.line
            fresh.append(item.consent)
        kept = self._keep(fresh)
        verdicts = []
        for row, item in zip(rows, read, strict=True):
            if item.consent is None:
                verdicts.append(Verdict(findings=item.findings))
                continue
            key = item.consent.idempotency_key
            why = again.get(key + str(row.line))
            if why is None and not kept[key]:
                why = "This opt-out is here already."
            if why is not None:
                told = Finding(Weight.NOTE, "again", f"{why} It is kept once.")
                verdicts.append(Verdict(is_merged=True, findings=(*item.findings, told)))
            else:
                verdicts.append(Verdict(is_imported=True, findings=item.findings))
        return verdicts

    def runs(self) -> tuple[Run, ...]:
        """Return none: nobody makes up numbers to opt them out."""
        return ()

    def _keep(self, fresh: Sequence[NewConsent]) -> dict[str, bool]:
        if not fresh:
            return {}
        if self._dry:
            known = consent.kept_keys(self._tenant, [c.idempotency_key for c in fresh])
            return {c.idempotency_key: c.idempotency_key not in known for c in fresh}
        kept = optouts.store_many(self._tenant, fresh, import_id=self._import.id, actor=self._actor)
        consent.answer_old_opt_outs(
            self._tenant, OldOptOuts.IMPORTED, note=self._import.consent_note, actor=self._actor
        )
        return kept

    def _read(self, row: Row) -> _Read:
        """Make an opt-out of a row, or say why it is none."""
        phone = row.all("phone")
        column, written = phone[0] if phone else (None, "")
        number = number_rules.read(written)
        if number.e164 is None:
            why = f"{number.why} An opt-out is kept by its number: correct it."
            return _Read(None, (Finding(Weight.REJECTED, "phone", why, column, written),))
        findings: list[Finding] = []
        for place, text in row.all("status")[:1]:
            if self._says_in(text):
                why = "This row says the person may be texted. It is no opt-out and was left out."
                return _Read(None, (Finding(Weight.REJECTED, "still_in", why, place, text),))
        at, as_written, zone = None, "", ""
        for place, text in row.all("opted_out_at")[:1]:
            read = None if text.casefold() in NOTHING else time_of(text, self._zone)
            if read is None or read.at > utcnow():
                why = "This is no date in the past. The opt-out holds from today on."
                findings.append(Finding(Weight.NOTE, "date", why, place, text))
            else:
                at, as_written, zone = read.at, tidy(text), read.zone
        parts = [self._import.consent_note, self._import.file_name, f"line {row.line}"]
        parts += [tidy(text) for _, text in (*row.all("status"), *row.all("details"))]
        made = NewConsent(
            number.e164,
            Method.LIST,
            given_at=at,
            given_zone=zone,
            given_as_written=as_written,
            name=tidy(row.first("name")),
            method_details=", ".join(part for part in dict.fromkeys(parts) if part),
        )
        return _Read(replace(made, idempotency_key=_key(made)), tuple(findings))

    def _says_in(self, text: str) -> bool:
        """Say whether a status means the person may be texted, by its column where it is yes or no."""
        words = " ".join(text.replace("_", " ").split())
        is_in_column = bool(_NO_COLUMN.search(self._status_column)) and not re.search(
            r"unsub|out|do not|dnc|revok", self._status_column, re.IGNORECASE
        )
        if _YES.fullmatch(words):
            return is_in_column
        if _NO.fullmatch(words):
            return not is_in_column
        return bool(_IN.fullmatch(words))


def _key(made: NewConsent) -> str:
    """Return what makes two rows the same opt-out: the number, and when it was said."""
    at = made.given_at.isoformat() if made.given_at else ""
    return f"opt-out-list:{hashlib.sha256(f'{made.e164} {at}'.encode()).hexdigest()}"
