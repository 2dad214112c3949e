"""Registration at a carrier: a business, its brand, its campaign, and toll-free verification.

Every method raises GatewayRejected (refused, with its code), GatewayBusy (nothing was
done) or GatewayUnclear (it may have been done: look before asking again), and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from portal.gateways.credentials import CarrierCredentials


class Thing(StrEnum):
    """What a brand is made from, each found again by its name."""

    PROFILE = "profile"  # the business, a bundle
    BUSINESS = "business"
    REPRESENTATIVE = "representative"
    ADDRESS = "address"
    ADDRESS_DOCUMENT = "address_document"
    A2P_PROFILE = "a2p_profile"  # the business as one that texts, a bundle
    A2P_INFORMATION = "a2p_information"


BUNDLES = frozenset({Thing.PROFILE, Thing.A2P_PROFILE})


class Decision(StrEnum):
    """Where a review stands."""

    DRAFT = "draft"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was rejected: the carrier's code and words, and what they are about."""

    code: int | None
    words: str
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """What the carrier says of something that was sent in."""

    status: str  # in the carrier's own word
    decision: Decision
    reasons: tuple[Reason, ...] = ()
    score: int | None = None  # of a brand
    may_send_in_again: bool = True
    again_until: datetime | None = None  # None: without a limit


@dataclass(frozen=True, slots=True)
class Business:
    """A business as carriers want to know it."""

    legal_name: str
    kind: str  # "Limited Liability Corporation" and the like
    number: str  # its EIN
    website: str
    street: str
    city: str
    state: str
    postal_code: str
    first_name: str
    last_name: str
    title: str
    position: str  # one of the carrier's own
    email: str
    phone: str
    is_nonprofit: bool = False


@dataclass(frozen=True, slots=True)
class Campaign:
    """What is texted, to whom, and how they agreed."""

    use_case: str
    description: str
    message_flow: str
    samples: tuple[str, ...]
    has_links: bool
    has_phone: bool
    opt_in_message: str
    opt_out_message: str
    help_message: str
    privacy_url: str
    terms_url: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What is texted from a toll-free number, and how people agreed."""

    business: Business
    categories: tuple[str, ...]
    summary: str
    sample: str
    images: tuple[str, ...]
    volume: str
    privacy_url: str
    terms_url: str


class RegistrationGateway(Protocol):
    """A carrier that registers who texts."""

    def primary_profile(self, parent: CarrierCredentials) -> str | None:
        """Return the installation's own approved business profile."""

    def find(self, credentials: CarrierCredentials, thing: Thing, name: str) -> str | None:
        """Return the SID of the thing of that name."""

    def create(
        self,
        credentials: CarrierCredentials,
        thing: Thing,
        name: str,
        about: Business,
        address: str,
    ) -> str:
        """Make a thing; `address` is the SID of one for an address document. Look with find first."""

    def update(
        self, credentials: CarrierCredentials, thing: Thing, sid: str, about: Business
    ) -> None:
        """Write what is known now into a part or an address; again is harmless."""

    def attach(
        self, credentials: CarrierCredentials, bundle: Thing, sid: str, objects: Sequence[str]
    ) -> None:
        """Put what is not there yet into a bundle; again is harmless."""

    def bundle(self, credentials: CarrierCredentials, bundle: Thing, sid: str) -> Review:
        """Return what the carrier says of a bundle."""

    def submit_bundle(self, credentials: CarrierCredentials, bundle: Thing, sid: str) -> None:
        """Send a bundle in, unless it is in review or approved. Raises GatewayRejected."""

    def find_brand(self, credentials: CarrierCredentials, a2p_profile: str) -> str | None:
        """Return the SID of the brand of that A2P profile."""

    def create_brand(
        self,
        credentials: CarrierCredentials,
        profile: str,
        a2p_profile: str,
        *,
        is_low_volume: bool,
    ) -> str:
        """Register a brand. Not safe to repeat: look with find_brand first."""

    def brand(self, credentials: CarrierCredentials, sid: str) -> Review:
        """Return what the carrier says of a brand."""

    def resubmit_brand(self, credentials: CarrierCredentials, sid: str) -> None:
        """Send a failed brand in again; one that is in review is left alone."""

    def find_campaign(self, credentials: CarrierCredentials, service: str) -> str | None:
        """Return the SID of the service's campaign: there is one at most."""

    def create_campaign(
        self, credentials: CarrierCredentials, service: str, brand: str, campaign: Campaign
    ) -> str:
        """Register a campaign. Not safe to repeat: look with find_campaign first."""

    def campaign(self, credentials: CarrierCredentials, service: str, sid: str) -> Review:
        """Return what the carrier says of a campaign."""

    def resubmit_campaign(
        self, credentials: CarrierCredentials, service: str, sid: str, campaign: Campaign
    ) -> None:
        """Send a failed campaign in again; one that is in review is left alone."""

    def withdraw_campaign(self, credentials: CarrierCredentials, service: str, sid: str) -> bool:
        """Take a rejected campaign back, which frees its service for another; again is harmless.

        False where it is not rejected any more: then it stays.
        """

    def find_verification(
        self, credentials: CarrierCredentials, number: str, *, other_than: Sequence[str] = ()
    ) -> str | None:
        """Return the SID of a toll-free number's verification, the newest but for those named."""

    def create_verification(
        self, credentials: CarrierCredentials, number: str, verification: Verification
    ) -> str:
        """Send a toll-free number in. Not safe to repeat: look with find_verification first."""

    def verification(self, credentials: CarrierCredentials, sid: str) -> Review:
        """Return what the carrier says of a toll-free number."""

    def resubmit_verification(
        self, credentials: CarrierCredentials, sid: str, verification: Verification
    ) -> None:
        """Send a rejected number in again; one that is in review is left alone."""


_in_use: RegistrationGateway | None = None


def use(gateway: RegistrationGateway) -> None:
    """Say who registers; the factory does this once, a test as it needs."""
    global _in_use  # noqa: PLW0603 (set once for the process)
    _in_use = gateway


def current() -> RegistrationGateway:
    """Return the gateway in use."""
    if _in_use is None:
        raise RuntimeError("use() first")
    return _in_use
