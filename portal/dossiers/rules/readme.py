"""What a dossier says of itself: README.txt, SHA256SUMS and manifest.json."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from portal.core import formats
from portal.dossiers.rules.contents import CONTENTS, LEFT_OUT
from portal.dossiers.values import KEPT_FOR, DossierRef, Whose

MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
EVIDENCE_LIST: Final = "evidence/index.csv"
EVIDENCE_HEAD: Final = (
    "file", "sha256", "bytes", "media_type", "name", "belongs_to", "row", "missing_because",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Packed:
    """A file as it lies in the ZIP; no row count where it has no rows."""

    name: str
    sha256: str
    size: int
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """A file that should be there and could not be read, and why."""

    name: str
    belongs_to: str
    row: str
    why: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a dossier is about, in words."""

    application: str
    version: str
    organization: str
    account: str
    public_key: str
    verifier: str
    log_proofs: str
    terms: Mapping[str, int]  # how long each kind of thing is kept, in days


def readme(dossier: DossierRef, facts: Facts, rows: Mapping[str, int]) -> str:
    """Return what the ZIP says to whoever unpacks it."""
    listed = "\n".join(
        _entry(
            content.name,
            f"{content.about}{_scope(content.whose, content.at)}",
            rows.get(content.name, 0),
            content.headings,
        )
        for content in CONTENTS
    )
    terms = "; ".join(f"{kind} {days} days" for kind, days in facts.terms.items())
    left_out = "\n".join(f"  {table}: {why}" for table, why in sorted(LEFT_OUT.items()))
    return f"""EVERYTHING ABOUT THE ACCOUNT {facts.account}

Organization    {facts.organization}
Account         {facts.account} ({dossier.account_id})
For             {dossier.counsel}
Because         {dossier.reason}
Asked for by    {dossier.created_by}, {formats.iso(dossier.created_at)}
Period          {dossier.period}; days are those of {dossier.zone}
Made by         {facts.application} {facts.version}

HOW TO READ IT
Every time is in UTC, as 2026-03-02T18:00:00Z; a day alone is a day of the account, in {dossier.zone}.
CSV files are UTF-8 and parted by commas. A cell that a spreadsheet would run as a formula has an
apostrophe in front, and so has every phone number, for it begins with +: take the first
apostrophe away to have the value. Lists and facts within a cell are JSON. Files that end in
.jsonl hold one JSON object a line, without apostrophes.
The columns ending in _id lead to the column id of the file about that thing. Words that a person
asked to be forgotten are gone ("[erased]"); hashes, times and numbers stay.
A file whose period counts by a time holds nothing that came after this was asked for. All others
(the address book, what stands now) are as they were when a worker read them, some time later, and
so are rows that moved on meanwhile, like a text that was delivered.

HOW TO CHECK IT
  sha256sum -c {SUMS}
works out the hash of every file. {MANIFEST} has the same hashes, with sizes and row counts; the
hash of the whole ZIP stands in the audit log of {facts.application} and on the page it came from.
  python {facts.verifier} THIS_FOLDER_OR_ZIP --key {facts.public_key}
checks all hashes, and follows each line of {facts.log_proofs} to the checkpoint that was signed over
the tamper-evident log: one byte that differs is found and named. It needs nothing but Python
3.11. The log is the organization's; entries about other accounts are not in here, only hashes on
the way to the signature, so the check proves that each entry stands in the log as it was written,
not that none was left out.

EVIDENCE
evidence/SHA256.ending holds scans, pages as served, screenshots, files of appeals, and pictures of
texts, each once, named by its SHA-256. {EVIDENCE_LIST} says which row each belongs to, and why
one is missing; what is missing is in {MANIFEST} too.

HOW LONG THINGS ARE KEPT
{textwrap.fill(terms, 96)}
This ZIP is deleted from {facts.application} {KEPT_FOR.days} days after it was made, later only while a legal hold stands, and
at once when somebody of the organization is erased (C-10). It can be made again.

FILES
{listed}
{_entry(facts.log_proofs, "The entries of audit/entries.csv with all that is needed to check them.", rows.get(facts.log_proofs, 0), ())}
{_entry(EVIDENCE_LIST, "The files of evidence/ and the rows they belong to.", rows.get(EVIDENCE_LIST, 0), EVIDENCE_HEAD)}

WHAT IS LEFT OUT
Passwords, keys, tokens and whatever else opens something are in no file. Of what the database
keeps about an account these tables are not here:
{left_out}
"""


def sums(files: Sequence[Packed]) -> str:
    """Return the hashes as `sha256sum -c` reads them."""
    return "".join(f"{file.sha256}  {file.name}\n" for file in files)


def manifest(
    dossier: DossierRef, facts: Facts, files: Sequence[Packed], missing: Sequence[Missing]
) -> str:
    """Return the hash, size and rows of every file, and what is missing."""
    told: dict[str, Any] = {
        "about": "SHA-256 of every file of this dossier",
        "files": {file.name: file.sha256 for file in files},
        "sizes": {file.name: file.size for file in files},
        "rows": {file.name: file.rows for file in files if file.rows is not None},
        "missing": [
            {"file": one.name, "belongs_to": one.belongs_to, "row": one.row, "why": one.why}
            for one in missing
        ],
        "dossier": {
            "id": str(dossier.id),
            "organization": facts.organization,
            "account": facts.account,
            "account_id": str(dossier.account_id),
            "for": dossier.counsel,
            "because": dossier.reason,
            "asked_by": dossier.created_by,
            "asked_at": formats.iso(dossier.created_at),
            "first_day": str(dossier.first or ""),
            "last_day": str(dossier.last or ""),
            "zone": dossier.zone,
            "made_by": f"{facts.application} {facts.version}",
            "public_key": facts.public_key,
        },
    }
    return json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _entry(name: str, about: str, rows: int, headings: Sequence[str]) -> str:
    said = f"\n{name}  ({formats.plural(rows, 'row')})\n{textwrap.indent(textwrap.fill(about, 92), '  ')}"
    if not headings:
        return said
    columns = textwrap.fill(f"Columns: {', '.join(headings)}", 92)
    return f"{said}\n{textwrap.indent(columns, '  ')}"


def _scope(whose: Whose, at: str | None) -> str:
    if whose is Whose.ORGANIZATION:
        return " The organization's, whatever the period."
    return f" The period counts by {at}." if at else ""
