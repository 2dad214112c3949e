"""What goes to the carrier, as plain data: everything its PDF and ZIP are built from (A-5).

The same submission gives the same bytes: nothing here is looked up, and every time stands in it.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from portal.appeals.rules.proving import NumberProof, Outcome
from portal.core import formats

MOST_IN_PDF: Final = 1_000  # numbers; the CSV has all of them
_ENDINGS: Final[Mapping[str, str]] = {
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "text/csv": ".csv",
    "text/plain": ".txt",
}
_WIDE, _TALL = 1.35, 0.42
_LONGEST_STEM: Final = 60
_STEERING: Final = frozenset({"Cc", "Cf", "Cs"})
_UNSAFE: Final = re.compile(r"[^\w.\- ()]+")


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of a part: its name as it was handed in, and its bytes as they are kept."""

    name: str
    media_type: str
    sha256: str
    content: bytes = field(repr=False)

    @property
    def is_picture(self) -> bool:
        """Say whether it can be set as a picture."""
        return self.media_type in {"image/png", "image/jpeg"}


@dataclass(frozen=True, slots=True)
class AnsweredPart:
    """One part: what was asked word for word, what was answered, and what is shown with it."""

    number: int
    heading: str
    text: str
    link: str = ""
    is_set_aside: bool = False
    facts: tuple[tuple[str, str], ...] = ()  # such as who confirmed it, and when
    files: tuple[Attached, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure before the traffic was stopped, and since."""

    name: str
    before: str
    since: str


@dataclass(frozen=True, slots=True)
class Pause:
    """That the traffic really stopped: what, when, by whom, and what the figures did (part 5)."""

    part: int
    what: str
    facts: tuple[tuple[str, str], ...]
    metrics: tuple[Metric, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history."""

    at: datetime
    who: str
    what: str


@dataclass(frozen=True, slots=True)
class Laid:
    """Where a picture lies for the compiler, and its width by its height."""

    path: str
    ratio: float

    @property
    def shape(self) -> str:
        """Return how it is set: as wide as the page, as a whole tall page, or in between."""
        if self.ratio >= _WIDE:
            return "wide"
        return "tall" if self.ratio < _TALL else "part"


@dataclass(frozen=True, slots=True)
class Submission:
    """One submission, whole."""

    case_id: UUID
    application: str
    organization: str
    account: str
    zone: str
    title: str
    submitted_at: datetime
    facts: tuple[tuple[str, str], ...]  # of the suspension and of the case
    parts: tuple[AnsweredPart, ...]
    forms: tuple[tuple[str, str], ...] = ()  # name and address of each published form
    forms_part: int | None = None  # the part they belong to
    pause: Pause | None = None
    proof_part: int | None = None  # the part `numbers` belong to
    numbers: tuple[NumberProof, ...] = ()
    others: tuple[Attached, ...] = ()  # files of no part
    history: tuple[Line, ...] = ()


def named_files(submission: Submission) -> list[tuple[str, Attached]]:
    """Return every file with its name in the ZIP: its part, its place, and a name without harm."""
    found = []
    for folder, files in (
        *((f"part-{part.number}", part.files) for part in submission.parts),
        ("other", submission.others),
    ):
        for place, file in enumerate(files, 1):
            name = f"{folder}/{place:02d}-{safe_name(file.name, file.media_type)}"
            found.append((name, file))
    return found


def safe_name(name: str, media_type: str) -> str:
    """Return a file's name as every system can unpack it, with the ending of what it is.

    Folders, control signs, signs that turn the reading direction and anything that is no letter,
    digit or plain mark go; the ending is never what somebody wrote.
    """
    last = unicodedata.normalize("NFC", name.replace("\\", "/")).rpartition("/")[2]
    ending = _ENDINGS.get(media_type, ".bin")
    stem = last[: -len(ending)] if last.lower().endswith(ending) else last
    plain = "".join(c for c in stem if unicodedata.category(c)[0] != "C")
    plain = " ".join(_UNSAFE.sub(" ", plain).split()).strip(" .-_")
    while len(plain.encode()) > _LONGEST_STEM:
        plain = plain[:-1]
    return f"{plain.strip(' .') or 'file'}{ending}"


def as_text(submission: Submission) -> str:
    """Return the parts with their answers as plain text, signs and all."""
    lines = [submission.title, f"{submission.organization}, {submission.account}", ""]
    lines += [f"{name}: {value}" for name, value in submission.facts]
    for part in submission.parts:
        lines += ["", "", f"{part.number}. {part.heading.strip()}", ""]
        if part.is_set_aside:
            lines.append("Not applicable:")
        lines += [text for text in (part.link, part.text) if text]
        lines += [f"{name}: {value}" for name, value in part.facts]
        lines += [f"Attached: {file.name}" for file in part.files]
        if part.number == submission.proof_part:
            lines.append(proof_words(submission.numbers))
    return "\n".join(lines).strip() + "\n"


def proof_words(numbers: Sequence[NumberProof]) -> str:
    """Return in a sentence how many of the numbers have proof."""
    if not numbers:
        return "No numbers were named."
    of = {outcome: sum(n.outcome is outcome for n in numbers) for outcome in Outcome}
    named = formats.plural(len(numbers), "number")
    said = [
        f"{named} named: {formats.number(of[Outcome.PROVEN])} with proof of opt-in",
        f"{formats.number(of[Outcome.WITHOUT])} without",
    ]
    if of[Outcome.NEVER_TEXTED]:
        said.append(f"{formats.number(of[Outcome.NEVER_TEXTED])} never texted by this account")
    if of[Outcome.UNREAD]:
        said.append(f"{formats.number(of[Outcome.UNREAD])} that can't be read")
    return f"{', '.join(said)}."


def document(submission: Submission, paths: Mapping[str, Laid]) -> dict[str, Any]:
    """Return the text of the PDF, as the JSON its template reads.

    `paths` says where a picture lies for the compiler, by its name in the ZIP.
    """
    zone = submission.zone

    def moment(at: datetime | None) -> str:
        return formats.moment(at, zone) if at else ""

    files = named_files(submission)
    shown = submission.numbers[:MOST_IN_PDF]
    return {
        "application": submission.application,
        "organization": shown_text(submission.organization),
        "account": shown_text(submission.account),
        "title": submission.title,
        "case": str(submission.case_id),
        "submitted": f"{moment(submission.submitted_at)} ({formats.iso(submission.submitted_at)})",
        "facts": [[name, shown_text(value)] for name, value in submission.facts],
        "parts": [_part(part, submission, files, paths) for part in submission.parts],
        "proof": proof_words(submission.numbers) if submission.proof_part else None,
        "proof_part": submission.proof_part,
        "numbers_cut": len(submission.numbers) - len(shown),
        "without": [
            [_number(n), shown_text(n.outcome_words), shown_text(n.why)]
            for n in shown
            if not n.is_proven
        ],
        "proven": [
            [
                _number(n),
                shown_text(n.who) or "Not recorded",
                n.how,
                moment(n.agreed_at),
                f"{formats.plural(n.texts, 'text')}, from {moment(n.first_at)}",
                str(n.record_id),
            ]
            for n in shown
            if n.is_proven
        ],
        "files": [
            [name, shown_text(file.name), formats.number(len(file.content)), file.sha256]
            for name, file in files
        ],
        "history": [
            [moment(line.at), shown_text(line.who), shown_text(line.what)]
            for line in submission.history
        ],
        "note": None,
    }


def _part(
    part: AnsweredPart,
    submission: Submission,
    files: Sequence[tuple[str, Attached]],
    paths: Mapping[str, Laid],
) -> dict[str, Any]:
    mine = [(n, f) for n, f in files if n.startswith(f"part-{part.number}/")]
    pause = submission.pause if submission.pause and submission.pause.part == part.number else None
    return {
        "number": part.number,
        "heading": shown_text(part.heading.strip()),
        "set_aside": part.is_set_aside,
        "link": shown_text(part.link),
        "text": shown_text(part.text),
        "facts": [[name, shown_text(value)] for name, value in part.facts],
        "pictures": [
            {
                "path": paths[name].path,
                "shape": paths[name].shape,
                "caption": f"{name}, SHA-256 {file.sha256}",
            }
            for name, file in mine
            if name in paths
        ],
        "files": [name for name, _ in mine if name not in paths],
        "forms": [[shown_text(n), url] for n, url in submission.forms]
        if part.number == submission.forms_part
        else [],
        "pause": {
            "what": shown_text(pause.what),
            "facts": [[name, shown_text(value)] for name, value in pause.facts],
            "metrics": [[m.name, m.before, m.since] for m in pause.metrics],
        }
        if pause
        else None,
    }


def _number(proof: NumberProof) -> str:
    return proof.e164 or shown_text(proof.written)


def shown_text(text: str) -> str:
    """Return text for a page, without the signs that steer how it is read or printed."""
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in _STEERING)
