"""One PDF and one ZIP of a submission (A-5): the same submission gives the same bytes.

Nothing is looked up here and nothing kept: see `submitting`. Outside a unit of work: setting a
PDF with pictures takes a second or two.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typst
from PIL import Image, UnidentifiedImageError

from portal.appeals.errors import FileRefused
from portal.appeals.rules import submission as rules
from portal.appeals.rules.submission import Submission
from portal.appeals.service import proof_gathering
from portal.core import formats
from portal.core.typesetting import Pdf, Typesetter, joined

PDF_NAME: Final = "appeal.pdf"
MANIFEST: Final = "manifest.json"
MOST_BYTES: Final = 80_000_000  # of all files of one submission
_TEMPLATE: Final = Path(__file__).parents[1] / "data" / "appeal.typ"
_ALWAYS: Final = (1980, 1, 1, 0, 0, 0)  # a ZIP's own times say nothing
_PACKED: Final = (".pdf", ".png", ".jpg", ".zip", ".mp4", ".3gp")  # no smaller when packed again
_MOST_PIXELS: Final = 80_000_000
_NO_PICTURE: Final = "A picture could not be set here. It lies in the ZIP as it was handed in."


@dataclass(frozen=True, slots=True)
class Packed:
    """A submission as it goes out; `files` are the hashes the manifest names, by file."""

    pdf: bytes
    zip: bytes
    files: Mapping[str, str]
    is_archival: bool

    @property
    def pdf_sha256(self) -> str:
        """Return the hash of the PDF."""
        return hashlib.sha256(self.pdf).hexdigest()

    @property
    def zip_sha256(self) -> str:
        """Return the hash of the ZIP."""
        return hashlib.sha256(self.zip).hexdigest()


def pack(submission: Submission) -> Packed:
    """Set the PDF and pack the ZIP. Raises FileRefused when there is too much of it."""
    size = sum(len(file.content) for _, file in rules.named_files(submission))
    if size > MOST_BYTES:
        raise FileRefused(
            f"The files of this appeal are too large together: {size // 1_000_000} MB, and "
            f"{MOST_BYTES // 1_000_000} MB may go out. Remove a film or a scan."
        )
    pdf = _set(submission)
    files: dict[str, str] = {}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in _contents(submission, pdf.content):
            add(archive, name, content)
            files[name] = hashlib.sha256(content).hexdigest()
        add(archive, MANIFEST, _manifest(submission, files).encode())
    return Packed(pdf.content, out.getvalue(), files, pdf.is_archival)


def _contents(submission: Submission, pdf: bytes) -> Iterator[tuple[str, bytes]]:
    yield PDF_NAME, pdf
    yield "README.txt", _readme(submission).encode()
    yield "answers.txt", rules.as_text(submission).encode()
    if submission.numbers:
        yield "numbers.csv", proof_gathering.as_csv(submission.numbers).encode()
        without = [n for n in submission.numbers if not n.is_proven]
        if without:
            yield "numbers-without-proof.csv", proof_gathering.as_csv(without).encode()
    for name, file in rules.named_files(submission):
        yield name, file.content


def _manifest(submission: Submission, files: Mapping[str, str]) -> str:
    told = {
        "about": "SHA-256 of every file of this appeal",
        "appeal": str(submission.case_id),
        "submitted_at": formats.iso(submission.submitted_at),
        "files": files,
    }
    return json.dumps(told, indent=1, sort_keys=True) + "\n"


def _readme(submission: Submission) -> str:
    return f"""{submission.title}
{submission.organization}, {submission.account}

Submitted {formats.iso(submission.submitted_at)} with {submission.application}.

{PDF_NAME}                  the whole appeal, to read
answers.txt                 its answers as text, to copy into a ticket
numbers.csv                 every number that was named, with its proof or what is missing
numbers-without-proof.csv   those without proof alone
part-1 to part-{len(submission.parts)}            the screenshots and files of each part
other                       the certificates of the named numbers; what went out in a round before
{MANIFEST}               the SHA-256 of every other file

To check it, work out the SHA-256 of each file and compare it with {MANIFEST}.
"""


def add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Put a file into a ZIP so that anybody may read it once it is unpacked."""
    info = zipfile.ZipInfo(name, _ALWAYS)
    info.compress_type = zipfile.ZIP_STORED if name.endswith(_PACKED) else zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    info.create_system = 3  # the same on every machine
    archive.writestr(info, content)


def _set(submission: Submission) -> Pdf:
    """Return the PDF; a picture that can't be read costs only itself."""
    with Typesetter(_TEMPLATE) as setter:
        laid: dict[str, rules.Laid] = {}
        has_damaged = False
        for name, file in rules.named_files(submission):
            if file.is_picture and name.startswith("part-"):
                ratio = _ratio(file.content)
                if ratio is None:
                    has_damaged = True
                    continue
                path = f"picture{len(laid)}{'.png' if file.media_type.endswith('png') else '.jpg'}"
                (setter.folder / path).write_bytes(file.content)
                laid[name] = rules.Laid(path, ratio)
        at = submission.submitted_at
        data = {**rules.document(submission, laid), "logo": setter.logo}
        data["note"] = _NO_PICTURE if has_damaged else None
        with suppress(typst.TypstError):
            return setter.set_document(data, at)
        data = {**rules.document(submission, {}), "logo": setter.logo}
        data["note"] = joined(_NO_PICTURE)
        return setter.set_document(data, at)


def _ratio(content: bytes) -> float | None:
    """Return a picture's width by its height; None for one that can't be read or is far too large."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as picture:
            width, height = picture.size
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None
    return width / height if 0 < width * height <= _MOST_PIXELS else None
