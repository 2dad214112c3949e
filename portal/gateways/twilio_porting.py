"""Porting at Twilio: its API of numbers, a public beta (FACTS 1.11).

The library's classes send every field that is not given as null, so requests are written here.
"""

import json
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import uuid4

from twilio.base.version import Version  # type: ignore[import-untyped]

from portal.core.errors import GatewayRejected
from portal.gateways.carrier_http import JSON
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.porting import Portability, PortNews, PortOrder, PortStatus
from portal.gateways.twilio_client import TwilioClients, named, reading, writing

_UPLOADS: Final = "https://numbers-upload.twilio.com/v1/Documents"
_PAGE: Final = 100
_LIMIT: Final = 2_000
_NOT_FOUND: Final = 20404
_AS_JSON: Final = {"Content-Type": JSON}
_NOTIFICATIONS: Final = (
    "PortInWaitingForSignature",
    "PortInInProgress",
    "PortInCompleted",
    "PortInActionRequired",
    "PortInCanceled",
    "PortInExpired",
    "PortInPhoneNumberWaitingForSignature",
    "PortInPhoneNumberSubmitted",
    "PortInPhoneNumberPending",
    "PortInPhoneNumberCompleted",
    "PortInPhoneNumberRejected",
    "PortOutPhoneNumberCompleted",
)
_STATUSES: Final = {
    "in_review": PortStatus.IN_REVIEW,
    "waiting_for_signature": PortStatus.WAITING_FOR_SIGNATURE,
    "in_progress": PortStatus.IN_PROGRESS,
    "submitted": PortStatus.IN_PROGRESS,
    "pending": PortStatus.IN_PROGRESS,
    "action_required": PortStatus.ACTION_REQUIRED,
    "rejected": PortStatus.ACTION_REQUIRED,
    "completed": PortStatus.COMPLETED,
    "canceled": PortStatus.CANCELED,
    "expired": PortStatus.EXPIRED,
}


class TwilioPortingGateway:
    """The PortingGateway that is Twilio."""

    def __init__(self, clients: TwilioClients) -> None:
        """Speak through these clients."""
        self._clients = clients

    def check(self, credentials: CarrierCredentials, e164: str) -> Portability:
        """Return whether a number can be brought over; see PortingGateway."""
        with reading():
            said = self._api(credentials).fetch(
                method="GET", uri=f"/Porting/Portability/PhoneNumber/{e164}"
            )
            return Portability(
                e164=e164,
                is_portable=said.get("portable") is True,
                reason=str(said.get("not_portable_reason") or ""),
                code=_code(said.get("not_portable_reason_code")),
                needs_pin=said.get("pin_and_account_number_required") is True,
                number_type=str(said.get("number_type") or ""),
            )

    def upload(
        self,
        credentials: CarrierCredentials,
        *,
        file_name: str,
        media_type: str,
        content: bytes,
    ) -> str:
        """Hand a bill in; see PortingGateway."""
        boundary = uuid4().hex
        with writing():
            answer = self._clients.http.request(
                "POST",
                _UPLOADS,
                data=_multipart(boundary, file_name, media_type, content),
                headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
                auth=(credentials.account_sid, credentials.auth_token),
            )
            if not 200 <= answer.status_code < 300:
                raise Version.exception("POST", _UPLOADS, answer, "Unable to create record")
            return named(json.loads(answer.text).get("sid"))

    def find(
        self,
        credentials: CarrierCredentials,
        e164: str,
        *,
        since: date,
        other_than: Collection[str],
    ) -> str | None:
        """Return an open request for the number; see PortingGateway."""
        with reading():
            for sid in self._open_ones(credentials, since):
                if sid not in other_than and _number(self._one(credentials, sid), e164):
                    return sid
        return None

    def create(self, credentials: CarrierCredentials, order: PortOrder) -> str:
        """Ask for a number; see PortingGateway."""
        with writing():
            made = self._api(credentials).create(
                method="POST",
                uri="/Porting/PortIn",
                data=_written(credentials.account_sid, order),
                headers=_AS_JSON,
            )
            return named(made.get("port_in_request_sid"))

    def news(self, credentials: CarrierCredentials, sid: str, e164: str) -> PortNews:
        """Return how a request stands; see PortingGateway."""
        with reading():
            request = self._one(credentials, sid)
            number = _number(request, e164)
            whole, own = (
                _status(request.get("port_in_request_status")),
                _status(number.get("port_in_phone_number_status")),
            )
            # Each number goes its own way; the request says more only of what holds it up.
            status = own if own in {PortStatus.COMPLETED, PortStatus.ACTION_REQUIRED} else whole
            reasons = (
                number.get("rejection_reason"),
                number.get("not_portability_reason") if number.get("portable") is False else None,
                request.get("order_cancellation_reason"),
            )
            return PortNews(
                status=status,
                said=str(request.get("port_in_request_status") or ""),
                signature_url=str(request.get("signature_request_url") or ""),
                port_date=_day(number.get("port_date")),
                reason=next((str(reason) for reason in reasons if reason), ""),
                code=_code(number.get("rejection_reason_code"))
                or _code(number.get("not_portability_reason_code")),
            )

    def cancel(self, credentials: CarrierCredentials, sid: str) -> None:
        """Call a request off; see PortingGateway."""
        try:
            with writing():
                self._api(credentials).delete(method="DELETE", uri=f"/Porting/PortIn/{sid}")
        except GatewayRejected as error:
            if error.code != _NOT_FOUND:
                raise

    def listen(self, parent: CarrierCredentials, url: str) -> None:
        """Let news be posted to url; see PortingGateway."""
        with writing():
            self._api(parent).create(
                method="POST",
                uri="/Porting/Configuration/Webhook",
                data={
                    "port_in_target_url": url,
                    "port_out_target_url": url,
                    "notifications_of": list(_NOTIFICATIONS),
                },
                headers=_AS_JSON,
            )

    def _open_ones(self, credentials: CarrierCredentials, since: date) -> list[str]:
        """Return the SIDs of requests that are not over."""
        found: list[str] = []
        token = None
        while True:
            asked = {"Size": _PAGE, "CreatedAfter": since.isoformat()}
            said = self._api(credentials).fetch(
                method="GET",
                uri="/Porting/PortIn/PortInRequests",
                params=asked | ({"Token": token} if token else {}),
            )
            listed = said.get("port_in_requests") or []
            found += [
                str(one["port_in_request_sid"])
                for one in listed
                if _status(one.get("port_in_request_status"))
                not in {PortStatus.CANCELED, PortStatus.EXPIRED}
            ]
            token = (said.get("meta") or {}).get("next_token")
            if not token or not listed or len(found) >= _LIMIT:
                return found

    def _one(self, credentials: CarrierCredentials, sid: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._api(credentials).fetch(
            method="GET", uri=f"/Porting/PortIn/{sid}"
        )
        return found

    def _api(self, credentials: CarrierCredentials) -> Any:
        return self._clients.of(credentials).numbers.v1


def _written(account_sid: str, order: PortOrder) -> dict[str, Any]:
    losing = order.losing
    given = {
        "customer_type": losing.customer_type,
        "customer_name": losing.customer_name,
        "account_number": losing.account_number,
        "account_telephone_number": losing.account_phone,
        "authorized_representative": losing.representative,
        "authorized_representative_email": losing.email,
    }
    address = {
        "street": losing.street,
        "street_2": losing.street_2,
        "city": losing.city,
        "state": losing.state,
        "zip": losing.postal_code,
        "country": "USA",
    }
    return {
        "account_sid": account_sid,
        "documents": [order.document_sid],
        "phone_numbers": [
            {"phone_number": order.e164, **({"pin": order.pin} if order.pin else {})}
        ],
        "losing_carrier_information": _filled(given) | {"address": _filled(address)},
        "target_port_in_date": order.on.isoformat(),
    }


def _filled(given: Mapping[str, str]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value}


def _number(request: Mapping[str, Any], e164: str) -> Mapping[str, Any]:
    """Return what a request says of one number; empty where it is about others."""
    numbers = request.get("phone_numbers") or []
    return next((one for one in numbers if one.get("phone_number") == e164), {})


def _status(said: object) -> PortStatus:
    word = str(said or "").strip().lower().replace(" ", "_").replace("-", "_")
    # What this beta may yet add is no end: it is looked at again.
    return _STATUSES.get(word, PortStatus.IN_PROGRESS)


def _code(said: object) -> int | None:
    text = str(said or "")
    return int(text) if text.isascii() and text.isdigit() else None


def _day(said: object) -> date | None:
    try:
        return datetime.fromisoformat(str(said)).date() if said else None
    except ValueError:
        return None


def _multipart(boundary: str, file_name: str, media_type: str, content: bytes) -> bytes:
    """Return a form with a bill in it (RFC 7578)."""
    plain = file_name.encode("ascii", "replace").decode().replace('"', "_")
    lines = (
        f"--{boundary}",
        'Content-Disposition: form-data; name="document_type"',
        "",
        "utility_bill",
        f"--{boundary}",
        f'Content-Disposition: form-data; name="File"; filename="{plain}"',
        f"Content-Type: {media_type}",
        "",
        "",
    )
    return "\r\n".join(lines).encode() + content + f"\r\n--{boundary}--\r\n".encode()
