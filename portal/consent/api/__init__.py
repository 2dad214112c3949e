"""Consent by API: record that a person agreed on a page of the customer's own, and read it back (C-2)."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Any
from uuid import UUID

from flask import Blueprint

from portal.consent import queries, rules
from portal.consent import service as consent
from portal.consent.api.shapes import (
    BAD_PHONE,
    EXAMPLE,
    HISTORY,
    ID,
    MAX_BODY_BYTES,
    MAX_FILE_BYTES,
    MOST_RECORDS,
    NEW_CONSENT,
    RECORD_EXAMPLE,
    RECORDED,
    STANDS_EXAMPLE,
    TEXTS,
)
from portal.consent.errors import EvidenceRefused, MomentRefused
from portal.consent.rules.reading import ip_of
from portal.consent.rules.words import not_valid_reason
from portal.consent.service import evidence as files
from portal.consent.values import (
    Checkbox,
    Event,
    Evidence,
    MessageKind,
    Method,
    NewConsent,
    RecordRef,
    Standing,
)
from portal.contacts.errors import NobodyNamed, NumberRefused
from portal.contacts.rules.numbers import read
from portal.contacts.rules.people import is_email
from portal.contacts.service.joining import join_contact
from portal.contacts.values import ConsentSource, ContactDetails, NewNumber
from portal.core.access import Scope
from portal.core.clock import utcnow
from portal.gateways.uploads import Upload
from portal.integrations.api.operations import Answer, Call, Operation, Returns, operation
from portal.integrations.api.problems import PROBLEM, Problem, body_of
from portal.integrations.rules.shapes import Fault, number
from portal.integrations.service import written

bp = Blueprint("consent_api", __name__)


def _prepared(call: Call) -> tuple[NewConsent, Upload | None]:
    """Read what was sent before anything is locked: a picture takes its time."""
    new = _consent_of(call.body)
    if "page_html" in call.body and "evidence" in call.body:
        raise _wrong("evidence", "Send page_html or evidence, not both: a record has one file.")
    if "evidence" not in call.body:
        return new, None
    given = call.body["evidence"]
    try:
        content = base64.b64decode(given["content_base64"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise _wrong("evidence/content_base64", "This is not base64.") from error
    if len(content) > MAX_FILE_BYTES:
        raise _wrong("evidence/content_base64", "The file is larger than 5 MB.")
    try:
        return new, files.checked(BytesIO(content), given["file_name"])
    except EvidenceRefused as error:
        raise _wrong("evidence/content_base64", error.message) from error


@operation(
    bp,
    Operation(
        "POST",
        "/consents",
        Scope.WRITE_CONSENTS,
        "record_consent",
        "Record a consent",
        "Kept as it is sent, with its fingerprint in the audit log. Express written takes the "
        "disclosure text and a checked box; anything less allows one-to-one texts (C-8). After an "
        "opt-out it is kept and changes nothing: only the person's own act opens the number again.",
        (
            Returns(
                201,
                "Recorded; `event` is not_valid where it is kept as no consent.",
                RECORDED,
                {**RECORD_EXAMPLE, "contact_id": ID, "stands": STANDS_EXAMPLE},
            ),
            Returns(
                422,
                "What can't be recorded, field by field.",
                PROBLEM,
                body_of(
                    422,
                    "consent_refused",
                    f"phone: {BAD_PHONE}",
                    fields=[{"field": "phone", "detail": BAD_PHONE}],
                ),
            ),
        ),
        request=NEW_CONSENT,
        example=EXAMPLE,
        max_body_bytes=MAX_BODY_BYTES,
        prepare=_prepared,
    ),
)
def record_consent(call: Call) -> Answer:
    """Record one consent, and add the person where that is asked."""
    assert isinstance(call.prepared, tuple)
    new, upload = call.prepared
    new = replace(new, idempotency_key=f"api:{call.nonce}")
    kept: Evidence | None = None
    try:
        contact_id = _join(call, new)
        if upload is not None:
            kept = files.keep_upload(upload)
        elif "page_html" in call.body:
            page = call.body["page_html"].encode()
            kept = files.keep_file(page, "page.html", "text/html")
        record_id = consent.record_consent(
            call.account.tenant, replace(new, evidence=kept), call.actor
        )
    except BaseException as error:
        if kept is not None:
            files.remove(kept)
        if isinstance(error, MomentRefused):
            raise _wrong("given_at", error.message) from error
        raise
    record = queries.record_or_404(call.account.tenant, record_id)
    if kept is not None and (record.evidence is None or record.evidence.name != kept.name):
        files.remove(kept)  # the record of an earlier request has its own
    said = (new.e164, new.given_as_written, new.method)
    if (record.e164, record.given_as_written, record.method) != said:
        # Its kept answer is forgotten, its record is not.
        raise Problem(
            409,
            "idempotency_key_reused",
            "This Idempotency-Key was used for another consent. Make a new key for a new one.",
        )
    told = {**_record(record), "contact_id": contact_id and str(contact_id)}
    return Answer(201, {**told, "stands": _stands(call, record.e164)})


def _phone_of_query(call: Call) -> str:
    phone = call.query.get("phone")
    if phone is None:
        fault = Fault("phone", "Say whose consent you ask for: ?phone=%2B13125550142")
        raise Problem(400, "bad_request", f"{fault.field}: {fault.detail}.", [fault])
    return phone


@operation(
    bp,
    Operation(
        "GET",
        "/consents",
        Scope.READ_CONSENTS,
        "consents",
        "What stands for a number, and its history",
        "Changes nothing. A number nobody knows has no history and allows nothing.",
        (
            Returns(
                200,
                "What stands and what led to it.",
                HISTORY,
                {
                    "phone": "+13125550142",
                    "stands": STANDS_EXAMPLE,
                    "history": [RECORD_EXAMPLE],
                },
            ),
        ),
        in_query={"phone": number("The number, as E.164; write the plus sign as %2B.")},
    ),
)
def consents(call: Call) -> Answer:
    """Tell the history of a number and what stands now."""
    phone = _phone_of_query(call)
    history = queries.history(call.account.tenant, [phone], MOST_RECORDS)
    return Answer(
        200,
        {
            "phone": phone,
            "stands": _stands(call, phone),
            "history": [_record(record) for record in history],
        },
    )


def _consent_of(body: Mapping[str, Any]) -> NewConsent:
    phone = read(body["phone"])
    if phone.e164 is None:
        raise _wrong("phone", phone.why)
    given_at = _moment_of("given_at", body["given_at"])
    try:
        given_at = consent.moment_checked(given_at, utcnow())
    except MomentRefused as error:  # before a file is read, and anything locked
        raise _wrong("given_at", error.message) from error
    texts = {name: body.get(name, "").strip() for name in TEXTS}
    texts["disclosure_text"] = body.get("disclosure_text", "")  # word for word
    if texts["ip_address"] and ip_of(texts["ip_address"]) is None:
        raise _wrong("ip_address", "This is not an IP address.")
    if texts["email"] and not is_email(texts["email"]):
        raise _wrong("email", "Write it like name@example.com.")
    person = body.get("contact", {})
    if not texts["name"]:
        texts["name"] = f"{person.get('first_name', '')} {person.get('last_name', '')}".strip()
    if not texts["disclosure_text"].strip():
        texts["disclosure_text"] = ""
    kinds = body.get("kinds")
    return NewConsent(
        phone.e164,
        Method(body.get("method", Method.API)),
        given_at=given_at,
        given_zone="UTC",
        given_as_written=body["given_at"],
        checkbox=Checkbox(body.get("checkbox", Checkbox.NOT_RECORDED)),
        kinds=tuple(k for k in MessageKind if k in kinds) if kinds else None,
        **texts,
    )


def _moment_of(name: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise _wrong(name, "There is no such day or time.") from error


def _join(call: Call, new: NewConsent) -> UUID | None:
    """Add the person of a consent to the address book, where the request asks for that."""
    person = call.body.get("contact")
    if person is None:
        return None
    if new.method not in {Method.API, Method.PAPER, Method.VERBAL}:
        raise _wrong("contact", f"{not_valid_reason(new.method)} They are not taken in.")
    first, _, last = new.name.partition(" ")
    is_named = person.get("first_name") or person.get("last_name")
    details = ContactDetails(
        first_name=person.get("first_name", "") if is_named else first[:100],
        last_name=person.get("last_name", "") if is_named else last[:100],
        email=new.email,
        tags=tuple(person.get("tags", ())),
        numbers=(NewNumber(new.e164),),
    )
    try:
        joined, _ = join_contact(
            call.account.tenant, details, ConsentSource.RECORDED, actor=call.actor
        )
    except (NumberRefused, NobodyNamed) as error:
        raise _wrong("phone", error.message) from error
    return joined.id


def _record(record: RecordRef) -> dict[str, Any]:
    is_refused = record.event is Event.NOT_VALID
    is_agreement = is_refused or record.event is Event.GIVEN
    return {
        "id": str(record.id),
        "phone": record.e164,
        "event": record.event,
        "reason": not_valid_reason(record.method) if is_refused else None,
        "method": record.method,
        "strength": record.strength,
        "kinds": list(record.kinds),
        "given_at": _moment(record.given_at),
        "recorded_at": written(record.recorded_at),
        "form_name": record.form_name,
        "form_version": record.form_version,
        "evidence_sha256": record.evidence.sha256 if record.evidence else None,
        "sha256": record.sha256,
        "missing": list(rules.completeness(record).missing) if is_agreement else [],
    }


def _stands(call: Call, e164: str) -> dict[str, Any]:
    now = utcnow()
    standing = queries.standing(call.account.tenant, e164, now)
    return {
        "strength": standing.strength,
        "kinds": list(standing.kinds),
        "record_id": standing.record_id and str(standing.record_id),
        "expires_at": _moment(standing.expires_at),
        "opted_out_at": _moment(standing.opted_out_at),
        "organization_opted_out_at": _moment(standing.org_opted_out_at),
        "do_not_contact_since": _moment(standing.dnc_at),
        "one_to_one": _allowed(standing, MessageKind.ONE_TO_ONE, now),
        "marketing": _allowed(standing, MessageKind.MARKETING, now),
    }


def _allowed(standing: Standing, kind: MessageKind, now: datetime) -> dict[str, Any]:
    basis = rules.allows(standing, kind, now)
    return {"allowed": basis.ok, "code": basis.code, "sentence": basis.sentence}


def _moment(at: datetime | None) -> str | None:
    return written(at) if at else None


def _wrong(place: str, detail: str) -> Problem:
    return Problem(422, "consent_refused", f"{place}: {detail}", [Fault(place, detail)])
