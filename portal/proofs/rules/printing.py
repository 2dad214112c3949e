"""A story as the words of its certificate (C-1, C-6): names and values, never markup."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from portal.consent.values import (
    CHECKBOX_WORDS,
    KIND_WORDS,
    STRENGTH_ALLOWS,
    Basis,
    Event,
    RecordRef,
    Strength,
)
from portal.core import formats
from portal.optin.values import PICTURE_WORDS
from portal.proofs.values import Story

_PICTURES: Final = frozenset({"image/png", "image/jpeg"})
_TONES: Final = {
    Strength.EXPRESS_WRITTEN: "ok",
    Strength.EXPRESS: "ok",
    Strength.INQUIRY: "quiet",
    Strength.NONE: "bad",
}
_KINDS: Final = {
    "application/pdf": "a PDF document",
    "image/png": "a picture",
    "image/jpeg": "a photograph",
    "text/html": "the page as it was served",
}
CLAIMS: Final = frozenset({Event.GIVEN, Event.ASKED, Event.NOT_VALID})  # a person is said to agree
_ON_LINE: Final = (
    "On line: open {address} or scan the code on the first page. The page works the fingerprint "
    "out anew and says whether it is the one in the log. It shows no personal data."
)
_OFF_LINE: Final = (
    "Off line: run consentdesk-verify.py, which needs nothing but Python, on the JSON of this "
    "certificate and its evidence files. One changed byte is found and named."
)

Row = list[str | None]


def document(
    story: Story,
    *,
    application: str,
    verify_url: str,
    issued_at: datetime,
    log: Sequence[Row],
    note: str | None = None,
) -> dict[str, Any]:
    """Return the text of a certificate, as the JSON its template reads."""
    record, zone = story.record, story.zone

    def moment(at: datetime) -> str:
        return f"{formats.moment(at, zone)} ({formats.iso(at)})"

    is_consent = record.event in CLAIMS
    return {
        "application": application,
        "organization": story.organization,
        "account": story.account,
        "title": "Certificate of consent" if is_consent else "Certificate of a consent event",
        "phone": formats.phone(record.e164),
        "who": _shown(story.who),
        "tone": "quiet"
        if record.event is Event.ASKED or not is_consent
        else _TONES[record.strength],
        "verdict": verdict(record),
        "lead": lead(story),
        "record_id": str(record.id),
        "read_at_utc": formats.iso(story.read_at),
        "agreed": _agreed(story, moment),
        "disclosure": _shown(record.disclosure_text) or None,
        "seen": _seen(record) if is_consent else None,
        "followed": [[moment(r.recorded_at), _happened(r)] for r in story.followed],
        "texts": texts(story),
        "stands": [
            ["One-to-one texts", _may(story.talk)],
            ["Bulk texts and plans", _may(story.marketing)],
            ["As of", moment(story.read_at)],
        ],
        "score": f"{story.complete.score} %",
        "missing": list(story.complete.missing) if is_consent else [],
        "evidence": _evidence(story),
        "log": [
            ["Fingerprint of the record", record.sha256, "hash"],
            *log,
            ["Certificate issued", moment(issued_at)],
        ],
        "steps": [_ON_LINE.format(address=verify_url), _OFF_LINE],
        "note": note,
    }


def verdict(record: RecordRef) -> str:
    """Return the one line a certificate is about."""
    if record.event is not Event.GIVEN:
        return record.event_label
    return {
        Strength.EXPRESS_WRITTEN: "Express written consent",
        Strength.EXPRESS: "Express consent",
        Strength.INQUIRY: "Inquiry by the person",
        Strength.NONE: "Not valid consent",
    }[record.strength]


def lead(story: Story) -> str:
    """Return in a sentence what happened, how and when, and what it carries."""
    record = story.record
    how = f"{record.event_label} ({record.method_label.lower()})"
    when = formats.moment(record.happened_at, story.zone)
    claimed = ", as the record claims" if record.is_imported and record.given_at else ""
    allows = STRENGTH_ALLOWS[record.strength]
    carries = f" Allows {allows[:1].lower()}{allows[1:]}" if record.event is Event.GIVEN else ""
    return f"{how}, {when}{claimed}.{carries}"


def texts(story: Story) -> str:
    """Return what was texted on the ground of the record."""
    texted = story.texted
    if texted is None:
        return "No text rested on this record."
    what = formats.plural(texted.texts, "text rested", "texts rested")
    first = formats.moment(texted.first_at, story.zone)
    if texted.texts == 1:
        return f"{what} on this record: {first}."
    return (
        f"{what} on this record: the first {first}, the last "
        f"{formats.moment(texted.last_at, story.zone)}."
    )


def is_picture(media_type: str) -> bool:
    """Say whether a piece of evidence can be set as a picture."""
    return media_type in _PICTURES


def _agreed(story: Story, moment: Any) -> list[Row]:
    record = story.record
    claimed = record.given_as_written
    if claimed and record.given_zone and record.given_zone not in claimed:
        claimed = f"{claimed} ({record.given_zone})"
    kinds = " and ".join(KIND_WORDS[kind] for kind in record.kinds)
    found: list[Row] = [
        ["Person", _shown(record.name) or None],
        ["Phone", f"{formats.phone(record.e164)} ({record.e164})"],
        ["E-mail", _shown(record.email) or None],
        ["Postal address", _shown(record.postal_address) or None],
        ["Date and time", moment(record.given_at) if record.given_at else None],
        ["Recorded by our clock", moment(record.recorded_at)],
        ["Method", record.method_label],
        ["Details", _shown(record.method_details) or None],
        ["Recorded by", _shown(record.collected_by) or None],
    ]
    if claimed:
        found.insert(5, ["As written in the source", _shown(claimed)])
    if record.event in {Event.GIVEN, Event.ASKED}:
        found.append(["Agreed to", kinds[:1].upper() + kinds[1:] if kinds else "Nothing"])
    return found


def _seen(record: RecordRef) -> list[Row]:
    form = record.form_name
    if record.form_version:
        form = (
            f"{form}, version {record.form_version}" if form else f"Version {record.form_version}"
        )
    return [
        ["Checkbox", CHECKBOX_WORDS[record.checkbox]],
        ["Web address", _shown(record.source_url) or None],
        ["Form and version", _shown(form) or None],
        ["IP address", record.ip_address or None],
        ["Browser", _shown(record.user_agent) or None],
    ]


def _evidence(story: Story) -> list[dict[str, str]]:
    found = []
    kept = story.record.evidence
    if kept is not None:
        kind = _KINDS.get(kept.media_type, kept.media_type or "a file")
        found.append({"name": _shown(kept.file_name), "kind": kind, "sha256": kept.sha256})
    for picture in story.pictures:
        kind = f"a picture of the form's page, {formats.iso(picture.taken_at)}"
        name = PICTURE_WORDS[picture.kind]
        found.append({"name": name, "kind": kind, "sha256": picture.sha256})
    return found


def _happened(record: RecordRef) -> str:
    details = f": {record.method_details}" if record.method_details else ""
    return _shown(f"{record.event_label} ({record.method_label.lower()}){details}")


def _may(basis: Basis) -> str:
    return "May go" if basis.ok else f"Blocked. {basis.sentence}"


def _shown(text: str) -> str:
    """Return text without signs that steer a reader's eye or a printer (PROMISES threat 3)."""
    return "".join(
        c
        for c in text
        if c == "\n"
        or (ord(c) >= 0x20 and ord(c) != 0x7F and not 0x80 <= ord(c) < 0xA0
            and c not in "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    )  # fmt: skip
