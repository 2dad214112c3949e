"""Brands, campaigns and toll-free numbers at the twin, through the portal's own gateway (N-5, X-2)."""

from datetime import timedelta

import pytest

from portal.core.errors import GatewayRejected, GatewayUnclear
from portal.gateways.carrier_http import CarrierHttpClient
from portal.gateways.credentials import CarrierCredentials
from portal.gateways.registrations import Business, Campaign, Decision, Thing, Verification
from portal.gateways.twilio_client import TwilioClients
from portal.gateways.twilio_registrations import TwilioRegistrationGateway
from portal.sandbox.reviews import BUSINESSES, CAMPAIGNS, TOLL_FREE
from tests.sandbox.server import run_sandbox

EIN = "36-4012345"


def business(number=EIN):
    return Business(
        legal_name="Juniper Realty LLC",
        kind="Limited Liability Corporation",
        number=number,
        website="https://juniperhomes.example",
        street="214 Wells St",
        city="Chicago",
        state="IL",
        postal_code="60606",
        first_name="Alice",
        last_name="Moreno",
        title="Managing broker",
        position="CEO",
        email="alice@juniper.example",
        phone="+13125550100",
    )


def campaign(description="New listings and showing times for people who asked for them."):
    return Campaign(
        use_case="LOW_VOLUME",
        description=description,
        message_flow="People tick a box of its own on the form at https://juniperhomes.example/f.",
        samples=(
            "Juniper Realty: 418 Alder Ct is open on Sunday at 2. Reply STOP to opt out.",
            "Juniper Realty: your showing is confirmed for Tuesday at 4.",
        ),
        has_links=False,
        has_phone=False,
        opt_in_message="Juniper Realty: you are signed up. Reply HELP for help, STOP to opt out.",
        opt_out_message="Juniper Realty: you are opted out and get no more texts.",
        help_message="Juniper Realty: call (312) 555-0100. Reply STOP to opt out.",
        privacy_url="https://juniperhomes.example/privacy",
        terms_url="https://juniperhomes.example/terms",
    )


def verification(summary="Listings for people who asked for them"):
    return Verification(
        business=business(),
        categories=("MARKETING",),
        summary=summary,
        sample="Juniper Realty: 418 Alder Ct is open on Sunday. Reply STOP to opt out.",
        images=("https://juniperhomes.example/f.png",),
        volume="1,000",
        privacy_url="https://juniperhomes.example/privacy",
        terms_url="https://juniperhomes.example/terms",
    )


class Desk:
    """Somebody at the carrier's door, with credentials and a service."""

    def __init__(self, sandbox, gateway):
        self.gateway = gateway
        self.own = CarrierCredentials(sandbox.sid, sandbox.token)
        self.client = sandbox.client()
        self.service = self.client.messaging.v1.services.create(friendly_name="pool").sid

    def profile(self, number=EIN, *, is_complete=True):
        """Make a business with all its parts and send it in."""
        g, own, about = self.gateway, self.own, business(number)
        address = g.create(own, Thing.ADDRESS, "address", about, "")
        made = {
            thing: g.create(own, thing, thing.value, about, address)
            for thing in Thing
            if thing is not Thing.ADDRESS
        }
        parts = [Thing.BUSINESS, Thing.REPRESENTATIVE, Thing.ADDRESS_DOCUMENT]
        held = [made[part] for part in parts if is_complete or part is not Thing.BUSINESS]
        g.attach(own, Thing.PROFILE, made[Thing.PROFILE], [*held, g.primary_profile(own)])
        g.submit_bundle(own, Thing.PROFILE, made[Thing.PROFILE])
        a2p = [made[Thing.A2P_INFORMATION], made[Thing.PROFILE]]
        g.attach(own, Thing.A2P_PROFILE, made[Thing.A2P_PROFILE], a2p)
        g.submit_bundle(own, Thing.A2P_PROFILE, made[Thing.A2P_PROFILE])
        return made

    def brand(self, number=EIN, *, is_low_volume=False):
        made = self.profile(number)
        profiles = made[Thing.PROFILE], made[Thing.A2P_PROFILE]
        return made, self.gateway.create_brand(self.own, *profiles, is_low_volume=is_low_volume)

    def campaign(self, text=None):
        _, brand = self.brand()
        return self.gateway.create_campaign(self.own, self.service, brand, text or campaign())

    def toll_free(self):
        """Buy a toll-free number; return its SID."""
        return self.client.incoming_phone_numbers.create(phone_number="+18335550160").sid


@pytest.fixture
def gateway(sandbox):
    client = CarrierHttpClient(sandbox.base_url)
    yield TwilioRegistrationGateway(TwilioClients(client))
    client.close()


@pytest.fixture
def desk(sandbox, gateway):
    yield Desk(sandbox, gateway)
    sandbox.post("clock", offset=0)


def test_a_brand_and_its_campaign_are_approved_at_once_unless_told_otherwise(desk):
    """RULINGS 27."""
    _, brand = desk.brand()
    seen = desk.gateway.brand(desk.own, brand)
    assert (seen.decision, seen.status, seen.score) == (Decision.APPROVED, "APPROVED", 40)
    sid = desk.gateway.create_campaign(desk.own, desk.service, brand, campaign())
    assert desk.gateway.campaign(desk.own, desk.service, sid).status == "VERIFIED"
    assert desk.client.messaging.v1.services(desk.service).fetch().us_app_to_person_registered


def test_a_low_volume_brand_has_no_score(desk):
    _, brand = desk.brand(is_low_volume=True)
    assert desk.gateway.brand(desk.own, brand).score is None


def test_statuses_move_over_the_time_that_a_review_takes(sandbox, desk):
    sandbox.turn(review_seconds=100)
    made, brand = desk.brand()
    words = []
    for seconds in (0, 51, 102):
        sandbox.post("clock", offset=seconds)
        seen = desk.gateway.brand(desk.own, brand).status
        words.append(
            (seen, desk.gateway.bundle(desk.own, Thing.PROFILE, made[Thing.PROFILE]).status)
        )
    assert words == [
        ("PENDING", "pending-review"),
        ("IN_REVIEW", "in-review"),
        ("APPROVED", "twilio-approved"),
    ]


@pytest.mark.parametrize("magic", BUSINESSES, ids=lambda m: m.given)
def test_magic_registration_numbers_end_as_told(sandbox, desk, magic):
    made, brand = desk.brand(magic.given)
    profile = desk.gateway.bundle(desk.own, Thing.PROFILE, made[Thing.PROFILE])
    seen = desk.gateway.brand(desk.own, brand)
    if magic.feedback == "PROFILE":
        assert profile.decision is Decision.REJECTED
    elif magic.feedback == "SUSPENDED":
        assert seen.decision is Decision.APPROVED
        sandbox.post("clock", offset=timedelta(days=1).total_seconds())
        assert desk.gateway.brand(desk.own, brand).decision is Decision.SUSPENDED
    elif magic.score:
        assert (seen.decision, seen.score) == (Decision.APPROVED, magic.score)
    else:
        assert seen.decision is Decision.REJECTED
        assert seen.reasons[0].about == (magic.feedback,)


def test_a_failed_brand_is_sent_in_again_with_what_its_business_says_now(desk):
    made, brand = desk.brand("10-0000001")
    desk.gateway.update(desk.own, Thing.BUSINESS, made[Thing.BUSINESS], business())
    desk.gateway.resubmit_brand(desk.own, brand)
    assert desk.gateway.brand(desk.own, brand).decision is Decision.APPROVED
    desk.gateway.resubmit_brand(desk.own, brand)  # approved: left alone


@pytest.mark.parametrize("magic", CAMPAIGNS, ids=lambda m: m.given)
def test_magic_descriptions_are_rejected_with_their_code(desk, magic):
    sid = desk.campaign(campaign(f"New listings for people who asked for them {magic.given}"))
    seen = desk.gateway.campaign(desk.own, desk.service, sid)
    assert (seen.decision, seen.reasons[0].code) == (Decision.REJECTED, magic.code)
    assert seen.may_send_in_again is not magic.is_final
    desk_again = lambda: desk.gateway.resubmit_campaign(  # noqa: E731
        desk.own, desk.service, sid, campaign()
    )
    if magic.is_final:
        with pytest.raises(GatewayRejected):
            desk_again()
    else:
        desk_again()
        assert desk.gateway.campaign(desk.own, desk.service, sid).decision is Decision.APPROVED


def test_a_campaign_rejected_for_good_is_taken_back_for_another(desk):
    g, own, service = desk.gateway, desk.own, desk.service
    _, brand = desk.brand()
    bad = campaign("New listings for people who asked for them [30885]")
    old = g.create_campaign(own, service, brand, bad)
    with pytest.raises(GatewayRejected):
        g.create_campaign(own, service, brand, campaign())  # a service has one at most
    assert g.withdraw_campaign(own, service, old)
    assert g.withdraw_campaign(own, service, old)  # again is harmless
    new = g.create_campaign(own, service, brand, campaign())
    assert g.find_campaign(own, service) == new
    assert not g.withdraw_campaign(own, service, new)  # approved: it stays
    assert g.campaign(own, service, new).decision is Decision.APPROVED


@pytest.mark.parametrize("magic", TOLL_FREE, ids=lambda m: m.given)
def test_magic_toll_free_summaries_are_rejected_with_their_code(sandbox, desk, magic):
    number = desk.toll_free()
    sid = desk.gateway.create_verification(desk.own, number, verification(f"New {magic.given}"))
    seen = desk.gateway.verification(desk.own, sid)
    assert (seen.decision, seen.reasons[0].code) == (Decision.REJECTED, magic.code)
    assert seen.may_send_in_again is not magic.is_final
    if not magic.is_final:
        sandbox.post("clock", offset=timedelta(days=8).total_seconds())
        assert desk.gateway.verification(desk.own, sid).may_send_in_again is False
        sandbox.post("clock", offset=0)
        desk.gateway.resubmit_verification(desk.own, sid, verification())
        assert desk.gateway.verification(desk.own, sid).decision is Decision.APPROVED


def test_a_toll_free_number_is_sent_in_anew_once_the_seven_days_are_over(sandbox, desk):
    number = desk.toll_free()
    first = desk.gateway.create_verification(desk.own, number, verification("New [30841]"))
    with pytest.raises(GatewayRejected, match="already"):
        desk.gateway.create_verification(desk.own, number, verification())
    assert desk.gateway.verification(desk.own, first).again_until is not None
    sandbox.post("clock", offset=timedelta(days=8).total_seconds())
    assert desk.gateway.find_verification(desk.own, number, other_than=[first]) is None
    second = desk.gateway.create_verification(desk.own, number, verification())
    assert desk.gateway.find_verification(desk.own, number, other_than=[first]) == second
    assert desk.gateway.verification(desk.own, first).decision is Decision.REJECTED
    assert desk.gateway.verification(desk.own, second).decision is Decision.APPROVED
    with pytest.raises(GatewayRejected, match="already"):
        desk.gateway.create_verification(desk.own, number, verification())


def test_what_was_made_is_found_by_name_brand_service_and_number(desk):
    """So a set-up that was broken off makes nothing twice (N-1, N-5)."""
    g, own = desk.gateway, desk.own
    made, brand = desk.brand()
    for thing, sid in made.items():
        assert g.find(own, thing, thing.value) == sid
        assert g.find(own, thing, "another") is None
    assert g.find_brand(own, made[Thing.A2P_PROFILE]) == brand
    assert g.find_brand(own, made[Thing.PROFILE]) is None
    assert g.find_campaign(own, desk.service) is None
    sid = g.create_campaign(own, desk.service, brand, campaign())
    assert g.find_campaign(own, desk.service) == sid
    number = desk.toll_free()
    assert g.find_verification(own, number) is None
    sent = g.create_verification(own, number, verification())
    assert g.find_verification(own, number) == sent


def test_attaching_and_sending_in_again_changes_nothing(desk):
    made = desk.profile()
    desk.gateway.attach(desk.own, Thing.PROFILE, made[Thing.PROFILE], [made[Thing.BUSINESS]])
    desk.gateway.submit_bundle(desk.own, Thing.PROFILE, made[Thing.PROFILE])


def test_the_carrier_takes_no_second_of_anything(desk):
    made, brand = desk.brand()
    profiles = made[Thing.PROFILE], made[Thing.A2P_PROFILE]
    with pytest.raises(GatewayRejected, match="already"):
        desk.gateway.create_brand(desk.own, *profiles, is_low_volume=False)
    desk.gateway.create_campaign(desk.own, desk.service, brand, campaign())
    with pytest.raises(GatewayRejected, match="already"):
        desk.gateway.create_campaign(desk.own, desk.service, brand, campaign())


def test_an_incomplete_business_is_not_sent_in_and_says_what_lacks(desk):
    with pytest.raises(GatewayRejected, match="customer_profile_business_information is missing"):
        desk.profile(is_complete=False)


def test_a_campaign_waits_for_its_brand(sandbox, desk):
    sandbox.turn(review_seconds=100)
    _, brand = desk.brand()
    with pytest.raises(GatewayRejected) as refused:
        desk.gateway.create_campaign(desk.own, desk.service, brand, campaign())
    assert refused.value.code == 21717


def test_a_shortener_in_a_sample_is_rejected(desk):
    text = campaign()
    samples = (*text.samples[:1], "Juniper Realty: see https://bit.ly/3xYz for the open house.")
    sid = desk.campaign(
        Campaign(**{**{f: getattr(text, f) for f in text.__slots__}, "samples": samples})
    )
    assert desk.gateway.campaign(desk.own, desk.service, sid).reasons[0].code == 30892


def test_planned_faults_meet_writes_before_or_after_they_are_carried_out(sandbox, desk):
    sandbox.post("faults", writes=["ok", "500_before", "500_after"])
    g, own = desk.gateway, desk.own
    g.create(own, Thing.ADDRESS, "one", business(), "")
    for name, is_made in (("two", False), ("three", True)):
        with pytest.raises(GatewayUnclear):
            g.create(own, Thing.ADDRESS, name, business(), "")
        assert (g.find(own, Thing.ADDRESS, name) is not None) is is_made


def test_texts_of_unregistered_numbers_fail_as_at_twilio(tmp_path):
    """N-5: into the US with 30034, from an unverified toll-free number with 30032."""
    with run_sandbox(tmp_path / "state", checks_registration=True) as sandbox:
        client = CarrierHttpClient(sandbox.base_url)
        desk = Desk(sandbox, TwilioRegistrationGateway(TwilioClients(client)))
        local = desk.client.incoming_phone_numbers.create(phone_number="+13125550160")
        desk.client.messaging.v1.services(desk.service).phone_numbers.create(local.sid)
        free = desk.toll_free()

        def end(sender, to="+13125550142"):
            sid = desk.client.messages.create(to=to, from_=sender, body="Hi").sid
            sandbox.flush()
            text = desk.client.messages(sid).fetch()
            return text.status, text.error_code

        assert end("+13125550160") == ("undelivered", 30034)
        assert end("+13125550160", "+14165550142") == ("delivered", None), "Canada asks for nothing"
        assert end("+18335550160") == ("undelivered", 30032)
        desk.campaign()
        desk.gateway.create_verification(desk.own, free, verification())
        assert end("+13125550160") == ("delivered", None)
        assert end("+18335550160") == ("delivered", None)
        client.close()
