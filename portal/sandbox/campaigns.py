"""A2P 10DLC: brands, and the campaign of a messaging service."""

import json
import re
import sqlite3
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from portal.sandbox import formats, reviews
from portal.sandbox.auth import missing
from portal.sandbox.context import caller, carrier
from portal.sandbox.errors import TwilioError
from portal.sandbox.paging import answer, newer
from portal.sandbox.trust import business_number

bp = Blueprint("campaigns", __name__)
_STANDARD_SCORE = 40
_USE_CASES = (
    ("LOW_VOLUME", "Low Volume Mixed", False),
    ("MIXED", "Mixed", False),
    ("MARKETING", "Marketing", False),
    ("CUSTOMER_CARE", "Customer Care", False),
    ("ACCOUNT_NOTIFICATION", "Account Notification", False),
    ("AGENTS_FRANCHISES", "Agents and Franchises", True),
)
_SHORTENERS = re.compile(r"\b(bit\.ly|tinyurl\.com|goo\.gl|ow\.ly|rb\.gy|cutt\.us)/", re.IGNORECASE)
_RANGES = {"Description": (40, 4096), "MessageFlow": (40, 2048)}
_TEXTS = {
    "description": "Description",
    "message_flow": "MessageFlow",
    "us_app_to_person_usecase": "UsAppToPersonUsecase",
    "opt_in_message": "OptInMessage",
    "opt_out_message": "OptOutMessage",
    "help_message": "HelpMessage",
    "privacy_policy_url": "PrivacyPolicyUrl",
    "terms_and_conditions_url": "TermsAndConditionsUrl",
}
_FLAGS = {
    "has_embedded_links": "HasEmbeddedLinks",
    "has_embedded_phone": "HasEmbeddedPhone",
    "subscriber_opt_in": "SubscriberOptIn",
    "age_gated": "AgeGated",
    "direct_lending": "DirectLending",
}


def keep(kind: str, prefix: str, parent: str, data: Mapping[str, object], verdict: str) -> str:
    """Begin a review of something the caller sends in; returns its SID. There is one a parent."""
    at, sid = formats.now(), formats.new_sid(prefix)
    with carrier().store.work() as db:
        try:
            db.execute(
                "INSERT INTO registrations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (sid, caller()["sid"], kind, parent, json.dumps(data), verdict, at, reviews.due(at), at, at),
            )  # fmt: skip
        except sqlite3.IntegrityError:
            raise TwilioError(20001, f"{parent} has a {kind} already") from None
    return sid


def review_again(sid: str, data: Mapping[str, object], verdict: str) -> None:
    """Begin another review of something that was sent in."""
    at = formats.now()
    with carrier().store.work() as db:
        db.execute(
            "UPDATE registrations SET data = ?, verdict = ?, submitted = ?, due = ?, updated = ?"
            " WHERE sid = ?",
            (json.dumps(data), verdict, at, reviews.due(at), at, sid),
        )


def find(kind: str, sid: str) -> sqlite3.Row:
    """Return one of the caller's things in review."""
    row = carrier().store.row(
        "SELECT * FROM registrations WHERE sid = ? AND account_sid = ? AND kind = ?",
        sid,
        caller()["sid"],
        kind,
    )
    if row is None:
        raise missing()
    return row


def rows(kind: str) -> list[sqlite3.Row]:
    """Return all of one kind that the caller sent in, newest first."""
    return carrier().store.rows(
        "SELECT * FROM registrations WHERE account_sid = ? AND kind = ? ORDER BY created DESC,"
        " rowid DESC",
        caller()["sid"],
        kind,
    )


def _brand_status(row: sqlite3.Row) -> str:
    status = reviews.status(row, ("PENDING", "IN_REVIEW"), "APPROVED", "FAILED")
    is_suspended = json.loads(row["verdict"]).get("feedback") == "SUSPENDED"
    if status == "APPROVED" and is_suspended and formats.now() >= row["due"] + 86_400:
        return "SUSPENDED"
    return status


def _shape_brand(row: sqlite3.Row) -> dict[str, object]:
    data, verdict, status = json.loads(row["data"]), json.loads(row["verdict"]), _brand_status(row)
    is_low = data["SkipAutomaticSecVet"]
    url = f"https://messaging.twilio.com/v1/a2p/BrandRegistrations/{row['sid']}"
    return {
        "sid": row["sid"],
        "account_sid": row["account_sid"],
        "customer_profile_bundle_sid": data["CustomerProfileBundleSid"],
        "a2p_profile_bundle_sid": data["A2PProfileBundleSid"],
        "brand_type": data["BrandType"],
        "status": status,
        "tcr_id": "B" + row["sid"][-6:].upper() if status == "APPROVED" else None,
        "failure_reason": verdict.get("words") if status == "FAILED" else None,
        "errors": [],
        "brand_score": (verdict.get("score") or (None if is_low else _STANDARD_SCORE))
        if status == "APPROVED"
        else None,
        "brand_feedback": [verdict["feedback"]] if status == "FAILED" else [],
        "identity_status": "VERIFIED" if status == "APPROVED" else "SELF_DECLARED",
        "russell_3000": False,
        "government_entity": False,
        "tax_exempt_status": None,
        "skip_automatic_sec_vet": is_low,
        "mock": False,
        "date_created": formats.iso8601(row["created"]),
        "date_updated": formats.iso8601(row["updated"]),
        "url": url,
        "links": {"brand_vettings": f"{url}/Vettings", "brand_registration_otps": f"{url}/SmsOtp"},
    }


def _brand_verdict(customer_sid: str) -> str:
    magic = reviews.of_business(business_number(customer_sid))
    is_bad = magic is not None and magic.feedback not in {"", "SUSPENDED", "PROFILE"}
    return reviews.verdict(magic, is_bad=is_bad)


@bp.get("/a2p/BrandRegistrations")
def list_brands() -> Response:
    """List the caller's brands."""
    return newer("data", rows("brand"), _shape_brand)


@bp.post("/a2p/BrandRegistrations")
def create_brand() -> Response:
    """Register a brand; its two bundles must have been sent in."""
    form = request.form
    for name in ("CustomerProfileBundleSid", "A2PProfileBundleSid"):
        bundle = carrier().store.row(
            "SELECT submitted FROM bundles WHERE sid = ? AND account_sid = ?",
            form.get(name, ""),
            caller()["sid"],
        )
        if bundle is None or bundle["submitted"] is None:
            raise TwilioError(20001, f"{name} was not submitted")
    customer, a2p = form["CustomerProfileBundleSid"], form["A2PProfileBundleSid"]
    data: dict[str, object] = {
        "CustomerProfileBundleSid": customer,
        "A2PProfileBundleSid": a2p,
        "BrandType": form.get("BrandType", "STANDARD"),
        "SkipAutomaticSecVet": formats.flag(form.get("SkipAutomaticSecVet", "false")),
    }
    sid = keep("brand", "BN", a2p, data, _brand_verdict(customer))
    return answer(_shape_brand(find("brand", sid)), 201)


@bp.get("/a2p/BrandRegistrations/<sid>")
def fetch_brand(sid: str) -> Response:
    """Show one brand."""
    return answer(_shape_brand(find("brand", sid)))


@bp.post("/a2p/BrandRegistrations/<sid>")
def resubmit_brand(sid: str) -> Response:
    """Send a failed brand in again, as its profile stands now."""
    row = find("brand", sid)
    if _brand_status(row) != "FAILED":
        raise TwilioError(20001, "Only a failed brand can be updated")
    data = json.loads(row["data"])
    review_again(sid, data, _brand_verdict(data["CustomerProfileBundleSid"]))
    return answer(_shape_brand(find("brand", sid)), 202)


def campaign_status(row: sqlite3.Row) -> str:
    """Return where a campaign's review stands."""
    return reviews.status(row, ("PENDING", "IN_PROGRESS"), "VERIFIED", "FAILED")


def is_registered(service_sid: str) -> bool:
    """Say whether a service has a verified campaign."""
    row = carrier().store.row(
        "SELECT * FROM registrations WHERE kind = 'campaign' AND parent = ?", service_sid
    )
    return row is not None and campaign_status(row) == "VERIFIED"


def _shape_campaign(row: sqlite3.Row) -> dict[str, object]:
    data, verdict, status = (
        json.loads(row["data"]),
        json.loads(row["verdict"]),
        campaign_status(row),
    )
    errors: list[dict[str, object]] = []
    if status == "FAILED":
        code = verdict["code"]
        errors.append(
            {
                "error_code": code,
                "description": f"The campaign was reviewed and rejected: {verdict['words']}.",
                "fields": [verdict["feedback"]] if verdict["feedback"] else [],
                "url": f"https://www.twilio.com/docs/errors/{code}",
            }
        )
    url = f"https://messaging.twilio.com/v1/Services/{row['parent']}/Compliance/Usa2p/{row['sid']}"
    return {
        "sid": row["sid"],
        "account_sid": row["account_sid"],
        "brand_registration_sid": data["brand"],
        "messaging_service_sid": row["parent"],
        **{name: data[name] for name in (*_TEXTS, *_FLAGS)},
        "message_samples": data["message_samples"],
        "opt_in_keywords": data["opt_in_keywords"],
        "opt_out_keywords": data["opt_out_keywords"],
        "help_keywords": data["help_keywords"],
        "campaign_status": status,
        "campaign_id": "C" + row["sid"][-6:].upper() if status == "VERIFIED" else None,
        "is_externally_registered": False,
        "rate_limits": {"att": {"mps": 4, "msg_class": "T"}, "tmobile": {"brand_tier": "LOW"}},
        "mock": False,
        "errors": errors,
        "date_created": formats.iso8601(row["created"]),
        "date_updated": formats.iso8601(row["updated"]),
        "url": url,
    }


def _campaign_data(before: Mapping[str, Any]) -> dict[str, Any]:
    form, data = request.form, dict(before)
    for name, key in _TEXTS.items():
        data[name] = form[key] if key in form else data.get(name)
    for name, key in _FLAGS.items():
        data[name] = formats.flag(form[key]) if key in form else data.get(name, False)
    for name, key in (
        ("message_samples", "MessageSamples"),
        ("opt_in_keywords", "OptInKeywords"),
        ("opt_out_keywords", "OptOutKeywords"),
        ("help_keywords", "HelpKeywords"),
    ):
        data[name] = form.getlist(key) if key in form else data.get(name, [])
    for key, (least, most) in _RANGES.items():
        value = data[next(name for name, of in _TEXTS.items() if of == key)] or ""
        if not least <= len(value) <= most:
            raise TwilioError(20001, f"{key} must have {least} to {most} characters")
    samples = data["message_samples"]
    if not 2 <= len(samples) <= 5 or not all(20 <= len(sample) <= 1024 for sample in samples):
        raise TwilioError(20001, "MessageSamples must be 2 to 5, of 20 to 1024 characters each")
    if data["us_app_to_person_usecase"] not in {code for code, _, _ in _USE_CASES}:
        raise TwilioError(20001, "UsAppToPersonUsecase is not one of the brand's")
    return data


def _campaign_verdict(data: Mapping[str, Any]) -> str:
    magic = reviews.of_words(reviews.CAMPAIGNS, data["description"])
    if magic is None and any(_SHORTENERS.search(sample) for sample in data["message_samples"]):
        magic = reviews.of_words(reviews.CAMPAIGNS, "[30892]")
    return reviews.verdict(magic, is_bad=magic is not None)


def _service(sid: str) -> str:
    if not carrier().store.count(
        "SELECT COUNT(*) FROM services WHERE sid = ? AND account_sid = ?", sid, caller()["sid"]
    ):
        raise missing()
    return sid


@bp.get("/Services/<service>/Compliance/Usa2p")
def list_campaigns(service: str) -> Response:
    """List the one campaign of a service, if it has one."""
    mine = [row for row in rows("campaign") if row["parent"] == _service(service)]
    return newer("compliance", mine, _shape_campaign)


@bp.get("/Services/<service>/Compliance/Usa2p/Usecases")
def list_use_cases(service: str) -> Response:
    """List what a campaign may be for."""
    _service(service)
    cases = [
        {"code": code, "name": name, "description": name, "post_approval_required": is_special}
        for code, name, is_special in _USE_CASES
    ]
    return answer({"us_app_to_person_usecases": cases})


@bp.post("/Services/<service>/Compliance/Usa2p")
def create_campaign(service: str) -> Response:
    """Register the campaign of a service; its brand must be approved."""
    _service(service)
    brand_sid = request.form.get("BrandRegistrationSid", "")
    brand = next((row for row in rows("brand") if row["sid"] == brand_sid), None)
    if brand is None or _brand_status(brand) != "APPROVED":
        raise TwilioError(21717, brand_sid)
    data = _campaign_data({}) | {"brand": brand_sid}
    sid = keep("campaign", "QE", service, data, _campaign_verdict(data))
    return answer(_shape_campaign(find("campaign", sid)), 201)


@bp.get("/Services/<service>/Compliance/Usa2p/<sid>")
def fetch_campaign(service: str, sid: str) -> Response:
    """Show a campaign."""
    _service(service)
    return answer(_shape_campaign(find("campaign", sid)))


@bp.post("/Services/<service>/Compliance/Usa2p/<sid>")
def update_campaign(service: str, sid: str) -> Response:
    """Change a failed campaign, which sends it in again."""
    _service(service)
    row = find("campaign", sid)
    if campaign_status(row) != "FAILED" or json.loads(row["verdict"]).get("is_final"):
        raise TwilioError(20001, "This campaign can't be updated")
    data = _campaign_data(json.loads(row["data"]))
    review_again(sid, data, _campaign_verdict(data))
    return answer(_shape_campaign(find("campaign", sid)))


@bp.delete("/Services/<service>/Compliance/Usa2p/<sid>")
def delete_campaign(service: str, sid: str) -> Response:
    """Take a campaign back."""
    _service(service)
    with carrier().store.work() as db:
        db.execute("DELETE FROM registrations WHERE sid = ?", (find("campaign", sid)["sid"],))
    return Response(status=204)
