"""The carrier in memory that tests register with."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from portal.gateways.credentials import CarrierCredentials
from portal.gateways.registrations import (
    BUNDLES,
    Business,
    Campaign,
    Decision,
    Review,
    Thing,
    Verification,
)


@dataclass
class FakeRegistrationGateway:
    """A carrier in memory; `failures` maps a method's name to what it raises, once each.

    `lost_answers` raises after the work is done; `reviews` is what each review says, by kind.
    """

    primary: str | None = "BU" + "9" * 32
    things: dict[tuple[Thing, str], str] = field(default_factory=dict)
    written: dict[str, Business] = field(default_factory=dict)  # by SID, as written last
    held: dict[str, set[str]] = field(default_factory=dict)  # what bundles hold
    sent_in: list[str] = field(default_factory=list)  # every submission, by SID
    brands: dict[str, str] = field(default_factory=dict)  # by A2P profile
    campaigns: dict[str, str] = field(default_factory=dict)  # by service
    verifications: dict[str, str] = field(default_factory=dict)  # by number
    campaign_texts: list[Campaign] = field(default_factory=list)
    reviews: dict[str, Review] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    failures: dict[str, list[Exception]] = field(default_factory=dict)
    lost_answers: dict[str, list[Exception]] = field(default_factory=dict)
    made_way: set[str] = field(default_factory=set)  # numbers whose verification is shut
    is_lagging: bool = False  # its lists don't show what is new

    def primary_profile(self, parent: CarrierCredentials) -> str | None:
        """Return `primary`."""
        self._enter("primary_profile")
        return self.primary

    def find(self, credentials: CarrierCredentials, thing: Thing, name: str) -> str | None:
        """Look in `things`."""
        self._enter(f"find_{thing}")
        return None if self.is_lagging else self.things.get((thing, name))

    def create(
        self,
        credentials: CarrierCredentials,
        thing: Thing,
        name: str,
        about: Business,
        address: str,
    ) -> str:
        """Add to `things`; a second of one name is a test's failure."""
        self._enter(f"create_{thing}")
        assert (thing, name) not in self.things, f"made twice: {thing}"
        sid = f"{'BU' if thing in BUNDLES else 'IT'}{len(self.things) + 1:032x}"
        self.things[thing, name] = sid
        self.written[sid] = about
        self._leave(f"create_{thing}")
        return sid

    def update(
        self, credentials: CarrierCredentials, thing: Thing, sid: str, about: Business
    ) -> None:
        """Change `written`."""
        self._enter(f"update_{thing}")
        self.written[sid] = about
        self._leave(f"update_{thing}")

    def attach(
        self, credentials: CarrierCredentials, bundle: Thing, sid: str, objects: Sequence[str]
    ) -> None:
        """Add to `held`."""
        self._enter(f"attach_{bundle}")
        self.held.setdefault(sid, set()).update(objects)
        self._leave(f"attach_{bundle}")

    def bundle(self, credentials: CarrierCredentials, bundle: Thing, sid: str) -> Review:
        """Return the review of this kind of bundle."""
        self._enter(f"see_{bundle}")
        return self._review(bundle)

    def submit_bundle(self, credentials: CarrierCredentials, bundle: Thing, sid: str) -> None:
        """Add to `sent_in` unless the last is still good."""
        self._enter(f"submit_{bundle}")
        if sid not in self.sent_in or self._review(bundle).decision is Decision.REJECTED:
            self.sent_in.append(sid)
        self._leave(f"submit_{bundle}")

    def find_brand(self, credentials: CarrierCredentials, a2p_profile: str) -> str | None:
        """Look in `brands`."""
        self._enter("find_brand")
        return None if self.is_lagging else self.brands.get(a2p_profile)

    def create_brand(
        self,
        credentials: CarrierCredentials,
        profile: str,
        a2p_profile: str,
        *,
        is_low_volume: bool,
    ) -> str:
        """Add to `brands`; a second one is a test's failure."""
        self._enter("create_brand")
        assert a2p_profile not in self.brands, "a brand was registered twice"
        self.brands[a2p_profile] = self._send_in("BN")
        self._leave("create_brand")
        return self.brands[a2p_profile]

    def brand(self, credentials: CarrierCredentials, sid: str) -> Review:
        """Return the brand's review."""
        self._enter("see_brand")
        return self._review("brand")

    def resubmit_brand(self, credentials: CarrierCredentials, sid: str) -> None:
        """Add to `sent_in` where it was rejected; it is pending from then on."""
        self._enter("resubmit_brand")
        self._again("brand", sid)
        self._leave("resubmit_brand")

    def find_campaign(self, credentials: CarrierCredentials, service: str) -> str | None:
        """Look in `campaigns`."""
        self._enter("find_campaign")
        return None if self.is_lagging else self.campaigns.get(service)

    def create_campaign(
        self, credentials: CarrierCredentials, service: str, brand: str, campaign: Campaign
    ) -> str:
        """Add to `campaigns`; a second one is a test's failure."""
        self._enter("create_campaign")
        assert service not in self.campaigns, "a campaign was registered twice"
        self.campaigns[service] = self._send_in("QE")
        self.campaign_texts.append(campaign)
        self._leave("create_campaign")
        return self.campaigns[service]

    def campaign(self, credentials: CarrierCredentials, service: str, sid: str) -> Review:
        """Return the campaign's review."""
        self._enter("see_campaign")
        return self._review("campaign")

    def resubmit_campaign(
        self, credentials: CarrierCredentials, service: str, sid: str, campaign: Campaign
    ) -> None:
        """Add to `sent_in` where it was rejected; it is pending from then on."""
        self._enter("resubmit_campaign")
        self.campaign_texts.append(campaign)
        self._again("campaign", sid)
        self._leave("resubmit_campaign")

    def withdraw_campaign(self, credentials: CarrierCredentials, service: str, sid: str) -> bool:
        """Take from `campaigns` what was rejected; another one is reviewed anew."""
        self._enter("withdraw_campaign")
        if self.campaigns.get(service) == sid:
            if self._review("campaign").decision is not Decision.REJECTED:
                return False
            del self.campaigns[service], self.reviews["campaign"]
        self._leave("withdraw_campaign")
        return True

    def find_verification(
        self, credentials: CarrierCredentials, number: str, *, other_than: Sequence[str] = ()
    ) -> str | None:
        """Look in `verifications`."""
        self._enter("find_verification")
        found = self.verifications.get(number)
        return None if self.is_lagging or found in other_than else found

    def create_verification(
        self, credentials: CarrierCredentials, number: str, verification: Verification
    ) -> str:
        """Add to `verifications`; a second one is a test's failure, unless the first made way."""
        self._enter("create_verification")
        is_first = number not in self.verifications or number in self.made_way
        assert is_first, "a number was sent in twice"
        self.made_way.discard(number)
        self.verifications[number] = self._send_in("HH")
        self._leave("create_verification")
        return self.verifications[number]

    def verification(self, credentials: CarrierCredentials, sid: str) -> Review:
        """Return the verification's review."""
        self._enter("see_verification")
        return self._review("verification")

    def resubmit_verification(
        self, credentials: CarrierCredentials, sid: str, verification: Verification
    ) -> None:
        """Add to `sent_in` where it was rejected; it is pending from then on."""
        self._enter("resubmit_verification")
        self._again("verification", sid)
        self._leave("resubmit_verification")

    def _review(self, kind: str) -> Review:
        return self.reviews.get(kind, Review("approved", Decision.APPROVED))

    def _send_in(self, prefix: str) -> str:
        sid = f"{prefix}{len(self.sent_in) + 1:032x}"
        self.sent_in.append(sid)
        return sid

    def _again(self, kind: str, sid: str) -> None:
        if self._review(kind).decision is Decision.REJECTED:
            self.sent_in.append(sid)
            self.reviews[kind] = Review("pending", Decision.PENDING)

    def _enter(self, method: str) -> None:
        self.calls.append(method)
        _raise_next(self.failures.get(method))

    def _leave(self, method: str) -> None:
        _raise_next(self.lost_answers.get(method))


def _raise_next(failures: list[Exception] | None) -> None:
    if failures:
        raise failures.pop(0)
