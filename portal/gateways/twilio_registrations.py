"""Registration at Twilio: Trust Hub, A2P 10DLC and toll-free verification (FACTS 1.10)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from portal.core.errors import GatewayRejected
from portal.gateways import twilio_registration_forms as forms
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.registrations import (
    Business,
    Campaign,
    Decision,
    Reason,
    Review,
    Thing,
    Verification,
)
from portal.gateways.twilio_client import TwilioClients, named, reading, writing

PAGE_SIZE: Final = 100
LIST_LIMIT: Final = 2_000
# Twilio's policies are the same for every account.
PRIMARY_POLICY: Final = "RN6433641899984f951173ef1738c3bdd0"
_POLICIES: Final = {
    Thing.PROFILE: "RNdfbf3fae0e1107f8aded0e7cead80bf5",
    Thing.A2P_PROFILE: "RNb0d4771c2c98518d916a3d4cd70a8f8b",
}
_BUNDLE_WORDS: Final = {
    "draft": Decision.DRAFT,
    "twilio-approved": Decision.APPROVED,
    "twilio-rejected": Decision.REJECTED,
}
_BRAND_WORDS: Final = {
    "APPROVED": Decision.APPROVED,
    "FAILED": Decision.REJECTED,
    "SUSPENDED": Decision.SUSPENDED,
}
_CAMPAIGN_WORDS: Final = {
    "VERIFIED": Decision.APPROVED,
    "FAILED": Decision.REJECTED,
    "SUSPENDED": Decision.SUSPENDED,
}
_TOLL_FREE_WORDS: Final = {
    "TWILIO_APPROVED": Decision.APPROVED,
    "TWILIO_REJECTED": Decision.REJECTED,
}
_NOT_FOUND: Final = 404
_NOT_AGAIN: Final = frozenset({30885, 30897, 30863})  # no second try (error dictionary)


class TwilioRegistrationGateway:
    """The RegistrationGateway that is Twilio."""

    def __init__(self, clients: TwilioClients) -> None:
        """Speak through these clients."""
        self._clients = clients

    def primary_profile(self, parent: CarrierCredentials) -> str | None:
        """Return the installation's own profile; see RegistrationGateway."""
        with reading():
            found = self._trust(parent).customer_profiles.list(
                policy_sid=PRIMARY_POLICY, status="twilio-approved", limit=1
            )
            return str(found[0].sid) if found else None

    def find(self, credentials: CarrierCredentials, thing: Thing, name: str) -> str | None:
        """Return the thing of that name; see RegistrationGateway."""
        with reading():
            shelf = self._shelf(credentials, thing)
            given = {"friendly_name": name} if thing in {*_POLICIES, Thing.ADDRESS} else {}
            found = shelf.stream(limit=LIST_LIMIT, page_size=PAGE_SIZE, **given)
            return next((str(one.sid) for one in found if one.friendly_name == name), None)

    def create(
        self,
        credentials: CarrierCredentials,
        thing: Thing,
        name: str,
        about: Business,
        address: str,
    ) -> str:
        """Make a thing; see RegistrationGateway."""
        shelf = self._shelf(credentials, thing)
        with writing():
            if thing in _POLICIES:
                made = shelf.create(
                    friendly_name=name, email=about.email, policy_sid=_POLICIES[thing]
                )
            elif thing is Thing.ADDRESS:
                made = shelf.create(friendly_name=name, **forms.address(about), iso_country="US")
            else:
                made = shelf.create(
                    friendly_name=name,
                    type=forms.PART_TYPES[thing],
                    attributes=forms.attributes(thing, about, address),
                )
            return named(made.sid)

    def update(
        self, credentials: CarrierCredentials, thing: Thing, sid: str, about: Business
    ) -> None:
        """Write a part anew; see RegistrationGateway."""
        with writing():
            one = self._shelf(credentials, thing)(sid)
            if thing is Thing.ADDRESS:
                one.update(**forms.address(about))
            else:
                one.update(attributes=forms.attributes(thing, about, ""))

    def attach(
        self, credentials: CarrierCredentials, bundle: Thing, sid: str, objects: Sequence[str]
    ) -> None:
        """Put parts into a bundle; see RegistrationGateway."""
        one = self._shelf(credentials, bundle)(sid)
        inside = (
            one.customer_profiles_entity_assignments
            if bundle is Thing.PROFILE
            else one.trust_products_entity_assignments
        )
        with reading():
            held = {str(each.object_sid) for each in inside.list(limit=LIST_LIMIT)}
        for thing in objects:
            if thing not in held:
                with writing():
                    inside.create(object_sid=thing)

    def bundle(self, credentials: CarrierCredentials, bundle: Thing, sid: str) -> Review:
        """Return what is said of a bundle; see RegistrationGateway."""
        with reading():
            found = self._shelf(credentials, bundle)(sid).fetch()
            status = str(found.status)
            reasons = tuple(_reason(each) for each in found.errors or ())
            return Review(status, _BUNDLE_WORDS.get(status, Decision.PENDING), reasons)

    def submit_bundle(self, credentials: CarrierCredentials, bundle: Thing, sid: str) -> None:
        """Send a bundle in; see RegistrationGateway."""
        if self.bundle(credentials, bundle, sid).decision not in {
            Decision.DRAFT,
            Decision.REJECTED,
        }:
            return
        one = self._shelf(credentials, bundle)(sid)
        checks = (
            one.customer_profiles_evaluations
            if bundle is Thing.PROFILE
            else one.trust_products_evaluations
        )
        with writing():
            checked = checks.create(policy_sid=_POLICIES[bundle])
            if checked.status != "compliant":
                raise GatewayRejected(_lacking(checked.results), None, 400)
            one.update(status="pending-review")

    def find_brand(self, credentials: CarrierCredentials, a2p_profile: str) -> str | None:
        """Return the brand of a profile; see RegistrationGateway."""
        with reading():
            brands = self._messaging(credentials).brand_registrations.stream(
                limit=LIST_LIMIT, page_size=PAGE_SIZE
            )
            found = (str(b.sid) for b in brands if b.a2p_profile_bundle_sid == a2p_profile)
            return next(found, None)

    def create_brand(
        self,
        credentials: CarrierCredentials,
        profile: str,
        a2p_profile: str,
        *,
        is_low_volume: bool,
    ) -> str:
        """Register a brand; see RegistrationGateway."""
        with writing():
            made = self._messaging(credentials).brand_registrations.create(
                customer_profile_bundle_sid=profile,
                a2p_profile_bundle_sid=a2p_profile,
                brand_type="STANDARD",
                skip_automatic_sec_vet=is_low_volume,
            )
            return named(made.sid)

    def brand(self, credentials: CarrierCredentials, sid: str) -> Review:
        """Return what is said of a brand; see RegistrationGateway."""
        with reading():
            found = self._messaging(credentials).brand_registrations(sid).fetch()
            status = str(found.status)
            return Review(
                status,
                _BRAND_WORDS.get(status, Decision.PENDING),
                _brand_reasons(found),
                100 if found.russell_3000 else found.brand_score,
            )

    def resubmit_brand(self, credentials: CarrierCredentials, sid: str) -> None:
        """Send a brand in again; see RegistrationGateway."""
        if self.brand(credentials, sid).decision is Decision.REJECTED:
            with writing():
                self._messaging(credentials).brand_registrations(sid).update()

    def find_campaign(self, credentials: CarrierCredentials, service: str) -> str | None:
        """Return a service's campaign; see RegistrationGateway."""
        with reading():
            found = self._messaging(credentials).services(service).us_app_to_person.list(limit=1)
            return str(found[0].sid) if found else None

    def create_campaign(
        self, credentials: CarrierCredentials, service: str, brand: str, campaign: Campaign
    ) -> str:
        """Register a campaign; see RegistrationGateway."""
        with writing():
            made = (
                self._messaging(credentials)
                .services(service)
                .us_app_to_person.create(
                    brand_registration_sid=brand,
                    us_app_to_person_usecase=campaign.use_case,
                    opt_in_message=campaign.opt_in_message,
                    opt_out_message=campaign.opt_out_message,
                    help_message=campaign.help_message,
                    opt_in_keywords=["START"],
                    opt_out_keywords=["STOP"],
                    help_keywords=["HELP"],
                    subscriber_opt_in=True,
                    **forms.campaign(campaign),
                )
            )
            return named(made.sid)

    def campaign(self, credentials: CarrierCredentials, service: str, sid: str) -> Review:
        """Return what is said of a campaign; see RegistrationGateway."""
        with reading():
            found = self._messaging(credentials).services(service).us_app_to_person(sid).fetch()
            status = str(found.campaign_status)
            reasons = tuple(_reason(each) for each in found.errors or ())
            return Review(
                status,
                _CAMPAIGN_WORDS.get(status, Decision.PENDING),
                reasons,
                may_send_in_again=not _NOT_AGAIN & {reason.code for reason in reasons},
            )

    def resubmit_campaign(
        self, credentials: CarrierCredentials, service: str, sid: str, campaign: Campaign
    ) -> None:
        """Send a campaign in again; see RegistrationGateway."""
        if self.campaign(credentials, service, sid).decision is Decision.REJECTED:
            with writing():
                self._messaging(credentials).services(service).us_app_to_person(sid).update(
                    **forms.campaign(campaign)
                )

    def withdraw_campaign(self, credentials: CarrierCredentials, service: str, sid: str) -> bool:
        """Take a rejected campaign back; see RegistrationGateway."""
        try:
            review = self.campaign(credentials, service, sid)
        except GatewayRejected as error:
            if error.status != _NOT_FOUND:
                raise
            return True  # an earlier run took it back
        if review.decision is not Decision.REJECTED:
            return False
        with writing():
            self._messaging(credentials).services(service).us_app_to_person(sid).delete()
        return True

    def find_verification(
        self, credentials: CarrierCredentials, number: str, *, other_than: Sequence[str] = ()
    ) -> str | None:
        """Return a number's verification; see RegistrationGateway."""
        with reading():
            found = self._messaging(credentials).tollfree_verifications.list(
                tollfree_phone_number_sid=number, limit=len(other_than) + 1
            )
            return next((str(one.sid) for one in found if one.sid not in other_than), None)

    def create_verification(
        self, credentials: CarrierCredentials, number: str, verification: Verification
    ) -> str:
        """Send a number in; see RegistrationGateway."""
        with writing():
            made = self._messaging(credentials).tollfree_verifications.create(
                tollfree_phone_number_sid=number, **forms.verification(verification)
            )
            return named(made.sid)

    def verification(self, credentials: CarrierCredentials, sid: str) -> Review:
        """Return what is said of a number; see RegistrationGateway."""
        with reading():
            found = self._messaging(credentials).tollfree_verifications(sid).fetch()
            status = str(found.status)
            reasons: tuple[Reason, ...] = ()
            if found.rejection_reason:
                reasons = (Reason(_whole(found.error_code), str(found.rejection_reason)),)
            is_open = found.edit_allowed is not False
            return Review(
                status,
                _TOLL_FREE_WORDS.get(status, Decision.PENDING),
                reasons,
                may_send_in_again=is_open,
                again_until=_moment(found.edit_expiration),
            )

    def resubmit_verification(
        self, credentials: CarrierCredentials, sid: str, verification: Verification
    ) -> None:
        """Send a number in again; see RegistrationGateway."""
        if self.verification(credentials, sid).decision is Decision.REJECTED:
            with writing():
                self._messaging(credentials).tollfree_verifications(sid).update(
                    **forms.verification(verification)
                )

    def _trust(self, credentials: CarrierCredentials) -> Any:
        return self._clients.of(credentials).trusthub.v1

    def _messaging(self, credentials: CarrierCredentials) -> Any:
        return self._clients.of(credentials).messaging.v1

    def _shelf(self, credentials: CarrierCredentials, thing: Thing) -> Any:
        if thing is Thing.ADDRESS:
            return self._clients.of(credentials).addresses
        trust = self._trust(credentials)
        if thing is Thing.PROFILE:
            return trust.customer_profiles
        if thing is Thing.A2P_PROFILE:
            return trust.trust_products
        is_document = thing is Thing.ADDRESS_DOCUMENT
        return trust.supporting_documents if is_document else trust.end_users


def _moment(said: Any) -> datetime | None:
    """Return a time of Twilio's; its library leaves one with milliseconds as text."""
    if isinstance(said, str):
        try:
            return datetime.fromisoformat(said)
        except ValueError:
            return None
    return said if isinstance(said, datetime) else None


def _brand_reasons(found: Any) -> tuple[Reason, ...]:
    reasons = tuple(_reason(each) for each in found.errors or ())
    feedback = tuple(str(word) for word in found.brand_feedback or ())
    if feedback or found.failure_reason:
        reasons += (Reason(None, str(found.failure_reason or ""), feedback),)
    return reasons


def _reason(given: object) -> Reason:
    """Return one of Twilio's errors, which name their parts in more than one way."""
    if not isinstance(given, Mapping):
        return Reason(None, str(given))
    words = given.get("description") or given.get("message") or ""
    fields = given.get("fields") or ()
    code = _whole(given.get("error_code") or given.get("code"))
    return Reason(code, str(words), tuple(str(name) for name in fields))


def _whole(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isdigit() else None


def _lacking(results: object) -> str:
    """Return what an evaluation found missing."""
    listed = results if isinstance(results, Sequence) and not isinstance(results, str) else ()
    found = [
        str(each.get("failure_reason") or each.get("friendly_name"))
        for each in listed
        if isinstance(each, Mapping) and not each.get("passed")
    ]
    return "; ".join(found) or "The business profile is not complete."
