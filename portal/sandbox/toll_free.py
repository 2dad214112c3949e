"""Toll-free verification: reviewed by the carrier; a new one once the last can't be edited."""

import json
import sqlite3
from typing import Any

from flask import Blueprint, Response, request

from portal.sandbox import formats, reviews
from portal.sandbox.campaigns import find, keep, review_again, rows
from portal.sandbox.context import caller, carrier
from portal.sandbox.errors import TwilioError
from portal.sandbox.paging import answer, newer

bp = Blueprint("toll_free", __name__)
_TEXTS = {
    "business_name": "BusinessName",
    "business_website": "BusinessWebsite",
    "notification_email": "NotificationEmail",
    "use_case_summary": "UseCaseSummary",
    "production_message_sample": "ProductionMessageSample",
    "opt_in_type": "OptInType",
    "message_volume": "MessageVolume",
    "tollfree_phone_number_sid": "TollfreePhoneNumberSid",
    "business_street_address": "BusinessStreetAddress",
    "business_city": "BusinessCity",
    "business_state_province_region": "BusinessStateProvinceRegion",
    "business_postal_code": "BusinessPostalCode",
    "business_country": "BusinessCountry",
    "business_contact_first_name": "BusinessContactFirstName",
    "business_contact_last_name": "BusinessContactLastName",
    "business_contact_email": "BusinessContactEmail",
    "business_contact_phone": "BusinessContactPhone",
    "business_registration_number": "BusinessRegistrationNumber",
    "business_registration_authority": "BusinessRegistrationAuthority",
    "business_registration_country": "BusinessRegistrationCountry",
    "business_type": "BusinessType",
    "additional_information": "AdditionalInformation",
    "external_reference_id": "ExternalReferenceId",
    "privacy_policy_url": "PrivacyPolicyUrl",
    "terms_and_conditions_url": "TermsAndConditionsUrl",
}
_LISTS = {"use_case_categories": "UseCaseCategories", "opt_in_image_urls": "OptInImageUrls"}
_NEEDED = (
    "business_name",
    "business_website",
    "notification_email",
    "use_case_summary",
    "production_message_sample",
    "opt_in_type",
    "message_volume",
    "tollfree_phone_number_sid",
    "business_registration_number",
    *_LISTS,
)


def _status(row: sqlite3.Row) -> str:
    return reviews.status(
        row, ("PENDING_REVIEW", "IN_REVIEW"), "TWILIO_APPROVED", "TWILIO_REJECTED"
    )


def is_verified(number_sid: str) -> bool:
    """Say whether a number has an approved verification."""
    row = carrier().store.row(
        "SELECT * FROM registrations WHERE kind = 'toll_free' AND parent = ?", number_sid
    )
    return row is not None and _status(row) == "TWILIO_APPROVED"


def _shape(row: sqlite3.Row) -> dict[str, object]:
    data, verdict, status = json.loads(row["data"]), json.loads(row["verdict"]), _status(row)
    is_rejected = status == "TWILIO_REJECTED"
    ends = row["due"] + reviews.EDIT_WINDOW_S
    return {
        "sid": row["sid"],
        "account_sid": row["account_sid"],
        "customer_profile_sid": None,
        "trust_product_sid": None,
        "regulated_item_sid": None,
        **data,
        "tollfree_phone_number": _e164(data["tollfree_phone_number_sid"]),
        "status": status,
        "rejection_reason": verdict.get("words") if is_rejected else None,
        "error_code": verdict.get("code") if is_rejected else None,
        "edit_allowed": is_rejected and not verdict["is_final"] and formats.now() < ends,
        "edit_expiration": formats.iso8601(ends) if is_rejected else None,
        "rejection_reasons": [{"code": verdict["code"], "reason": verdict["words"]}]
        if is_rejected
        else None,
        "date_created": formats.iso8601(row["created"]),
        "date_updated": formats.iso8601(row["updated"]),
        "url": f"https://messaging.twilio.com/v1/Tollfree/Verifications/{row['sid']}",
    }


def _number(row: sqlite3.Row) -> str:
    return str(json.loads(row["data"])["tollfree_phone_number_sid"])


def _make_way(number_sid: str) -> None:
    """Let a rejected verification that can't be edited any more stand beside a new one."""
    row = carrier().store.row(
        "SELECT * FROM registrations WHERE kind = 'toll_free' AND parent = ?", number_sid
    )
    if row is None or _status(row) != "TWILIO_REJECTED" or _shape(row)["edit_allowed"]:
        return
    with carrier().store.work() as db:
        db.execute(
            "UPDATE registrations SET parent = ? WHERE sid = ?",
            (f"{number_sid}:{row['sid']}", row["sid"]),
        )


def _e164(number_sid: str) -> str | None:
    row = carrier().store.row("SELECT e164 FROM numbers WHERE sid = ?", number_sid)
    return str(row["e164"]) if row else None


def _data(before: dict[str, Any]) -> dict[str, Any]:
    form, data = request.form, dict(before)
    for name, key in _TEXTS.items():
        data[name] = form[key] if key in form else data.get(name)
    for name, key in _LISTS.items():
        data[name] = form.getlist(key) if key in form else data.get(name, [])
    for name in _NEEDED:
        if not data[name]:
            raise TwilioError(20001, f"{(_TEXTS | _LISTS).get(name)} is required")
    return data


def _verdict(data: dict[str, Any]) -> str:
    magic = reviews.of_words(reviews.TOLL_FREE, data["use_case_summary"])
    return reviews.verdict(magic, is_bad=magic is not None)


@bp.get("/Tollfree/Verifications")
def index() -> Response:
    """List the caller's verifications."""
    number = request.args.get("TollfreePhoneNumberSid")
    return newer(
        "verifications", [r for r in rows("toll_free") if number in {None, _number(r)}], _shape
    )


@bp.post("/Tollfree/Verifications")
def create() -> Response:
    """Send a toll-free number in for verification."""
    data = _data({})
    number = carrier().store.row(
        "SELECT e164 FROM numbers WHERE sid = ? AND account_sid = ?",
        data["tollfree_phone_number_sid"],
        caller()["sid"],
    )
    if number is None or not formats.is_toll_free(number["e164"]):
        raise TwilioError(20001, "TollfreePhoneNumberSid is not a toll-free number of yours")
    _make_way(data["tollfree_phone_number_sid"])
    sid = keep("toll_free", "HH", data["tollfree_phone_number_sid"], data, _verdict(data))
    return answer(_shape(find("toll_free", sid)), 201)


@bp.get("/Tollfree/Verifications/<sid>")
def fetch(sid: str) -> Response:
    """Show one verification."""
    return answer(_shape(find("toll_free", sid)))


@bp.post("/Tollfree/Verifications/<sid>")
def update(sid: str) -> Response:
    """Change a rejected verification while that is allowed, which sends it in again."""
    row = find("toll_free", sid)
    if not _shape(row)["edit_allowed"]:
        raise TwilioError(20001, "This verification can't be edited")
    data = _data(json.loads(row["data"]))
    review_again(sid, data, _verdict(data))
    return answer(_shape(find("toll_free", sid)), 202)
