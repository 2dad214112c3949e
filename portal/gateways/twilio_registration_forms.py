"""What Twilio is told of a business, a campaign and a toll-free number, by its own names."""

from typing import Any, Final

from portal.gateways.registrations import Business, Campaign, Thing, Verification

PART_TYPES: Final = {
    Thing.BUSINESS: "customer_profile_business_information",
    Thing.REPRESENTATIVE: "authorized_representative_1",
    Thing.ADDRESS_DOCUMENT: "customer_profile_address",
    Thing.A2P_INFORMATION: "us_a2p_messaging_profile_information",
}
_VERSION: Final = "v1.2"  # with it a campaign takes the addresses of policy and terms


def address(about: Business) -> dict[str, str]:
    """Return an address."""
    return {
        "customer_name": about.legal_name,
        "street": about.street,
        "city": about.city,
        "region": about.state,
        "postal_code": about.postal_code,
    }


def attributes(thing: Thing, about: Business, address_sid: str) -> dict[str, object]:
    """Return what an end user or document says, by Twilio's names."""
    if thing is Thing.BUSINESS:
        return {
            "business_name": about.legal_name,
            "business_identity": "direct_customer",
            "business_type": about.kind,
            "business_industry": "REAL_ESTATE",
            "business_registration_identifier": "EIN",
            "business_registration_number": about.number,
            "business_regions_of_operation": "USA_AND_CANADA",
            "website_url": about.website,
            "social_media_profile_urls": "",
        }
    if thing is Thing.REPRESENTATIVE:
        return {
            "first_name": about.first_name,
            "last_name": about.last_name,
            "business_title": about.title,
            "job_position": about.position,
            "email": about.email,
            "phone_number": about.phone,
        }
    if thing is Thing.A2P_INFORMATION:
        return {"company_type": "non-profit" if about.is_nonprofit else "private"}
    return {"address_sids": address_sid}


def campaign(given: Campaign) -> dict[str, Any]:
    """Return a campaign, as it is sent in and changed."""
    return {
        "x_twilio_api_version": _VERSION,
        "description": given.description,
        "message_flow": given.message_flow,
        "message_samples": list(given.samples),
        "has_embedded_links": given.has_links,
        "has_embedded_phone": given.has_phone,
        "age_gated": False,
        "direct_lending": False,
        "privacy_policy_url": given.privacy_url,
        "terms_and_conditions_url": given.terms_url,
    }


def verification(given: Verification) -> dict[str, Any]:
    """Return a toll-free verification."""
    about = given.business
    return {
        "business_name": about.legal_name,
        "business_website": about.website,
        "business_street_address": about.street,
        "business_city": about.city,
        "business_state_province_region": about.state,
        "business_postal_code": about.postal_code,
        "business_country": "US",
        "business_contact_first_name": about.first_name,
        "business_contact_last_name": about.last_name,
        "business_contact_email": about.email,
        "business_contact_phone": about.phone,
        "business_registration_number": about.number,
        "business_registration_authority": "EIN",
        "business_registration_country": "US",
        "business_type": "NON_PROFIT" if about.is_nonprofit else "PRIVATE_PROFIT",
        "notification_email": about.email,
        "use_case_categories": list(given.categories),
        "use_case_summary": given.summary,
        "production_message_sample": given.sample,
        "opt_in_type": "WEB_FORM",
        "opt_in_image_urls": list(given.images),
        "message_volume": given.volume,
        "privacy_policy_url": given.privacy_url,
        "terms_and_conditions_url": given.terms_url,
    }
