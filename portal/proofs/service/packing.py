"""What lies in a bundle and how it is packed: the list, the README, the manifest (C-6).

Times in a ZIP say nothing, and what is packed already is not packed again.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from portal.core import checkpoints, formats
from portal.core.cells import safe
from portal.proofs.rules import offline, printing
from portal.proofs.service import certifying, script
from portal.proofs.values import Asked, BundleRef, Certificate, Story

ROWS: Final = "rows.json"  # of a batch's own file: what it has to say in the CSV
OUTCOMES: Final = "outcomes.json"  # and for each number the record found, or why there is none
_BOM: Final = "\ufeff"
_ALWAYS: Final = (1980, 1, 1, 0, 0, 0)  # a ZIP's own times say nothing
_PACKED: Final = (".pdf", ".jpg", ".png")  # no smaller when they are compressed again
_HEADINGS: Final = (
    "Number", "Digits", "As asked", "Name", "Proof", "Method", "Agreed (UTC)", "Recorded (UTC)",
    "One-to-one texts", "Bulk texts and plans", "Completeness", "Missing", "Texts sent on it",
    "Record", "Fingerprint SHA-256", "Certificate PDF", "Certificate JSON", "Evidence", "Public page",
    "Why there is no proof",
)  # fmt: skip


class Joiner:
    """Copies batches into a ZIP piece by piece, each file once, and takes down its hash."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Pack into this ZIP."""
        self._archive = archive
        self._files: dict[str, str] = {}

    def join(self, bundle: BundleRef, parts: Iterator[Path], cover: bytes) -> None:
        """Write everything; the manifest comes last."""
        self._copy("cover.pdf", io.BytesIO(cover))
        self._text("README.txt", readme(bundle))
        self._text(script.NAME, script.script())
        listed = io.StringIO()
        listed.write(_BOM)
        lines = csv.writer(listed)
        lines.writerow(_HEADINGS)
        for path in parts:
            with zipfile.ZipFile(path) as part:
                for info in part.infolist():
                    if info.filename == ROWS:
                        lines.writerows(json.loads(part.read(info)))
                    elif info.filename not in {OUTCOMES, *self._files}:
                        with part.open(info) as content:
                            self._copy(info.filename, content)
        self._text("numbers.csv", listed.getvalue())
        manifest = {"about": "SHA-256 of every file of this bundle", "files": self._files}
        text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
        self._archive.writestr(info_of(offline.MANIFEST, zipfile.ZIP_DEFLATED), text)

    def _text(self, name: str, text: str) -> None:
        self._copy(name, io.BytesIO(text.encode()))

    def _copy(self, name: str, content: IO[bytes]) -> None:
        total = hashlib.sha256()
        packing = zipfile.ZIP_STORED if name.endswith(_PACKED) else zipfile.ZIP_DEFLATED
        with self._archive.open(info_of(name, packing), "w") as copy:
            while block := content.read(1 << 18):
                total.update(block)
                copy.write(block)
        self._files[name] = total.hexdigest()


def readme(bundle: BundleRef) -> str:
    """Return what a bundle says of itself to whoever unpacks it."""
    return f"""{bundle.title}

Proof of opt-in for {formats.plural(bundle.numbers, "number")}, asked for {formats.iso(bundle.created_at)} by {bundle.created_by}.

cover.pdf             what was asked for, what was found, and room for a custodian's signature
numbers.csv           every number that was asked for, with its proof, or why there is none
certificates/         one certificate a number: a PDF to read, and JSON to check
evidence/             the files behind the records, byte for byte; each is named by its SHA-256
manifest.json         the SHA-256 of every file
{script.NAME}   checks all of this off line; it needs nothing but Python 3.11

To check: python {script.NAME} THIS_FOLDER_OR_ZIP --key {checkpoints.public_key()}

It works out every hash anew, follows each record to its entry of the tamper-evident log and on to
the checkpoint that was signed over it. One byte that differs is found and named, and the exit
status is then 1. Each PDF bears the address of a public page that checks its record on line.
"""


def row(asked: Asked, story: Story, certified: Certificate, name: str, evidence: str) -> list[str]:
    """Return the line of a number that has proof."""
    record = story.record
    cells = [
        record.e164,
        record.e164[1:],
        asked.written,
        story.who,
        printing.verdict(record),
        record.method_label,
        formats.iso(record.given_at) if record.given_at else "",
        formats.iso(record.recorded_at),
        "may go" if story.talk.ok else story.talk.sentence,
        "may go" if story.marketing.ok else story.marketing.sentence,
        f"{story.complete.score} %",
        "; ".join(story.complete.missing),
        str(story.texted.texts if story.texted else 0),
        str(record.id),
        record.sha256,
        f"{name}.pdf",
        f"{name}.json",
        evidence,
        certifying.address(certified),
        "",
    ]
    return [safe(cell) for cell in cells]


def row_without(asked: Asked, why: str) -> list[str]:
    """Return the line of a number that has none, with the reason."""
    e164 = asked.e164 or ""
    cells = [e164, e164[1:], asked.written, *[""] * (len(_HEADINGS) - 4), why]
    return [safe(cell) for cell in cells]


def info_of(name: str, packing: int = zipfile.ZIP_STORED) -> zipfile.ZipInfo:
    """Return how a file goes into a ZIP."""
    info = zipfile.ZipInfo(name, _ALWAYS)
    info.compress_type = packing
    info.external_attr = 0o644 << 16
    return info


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
