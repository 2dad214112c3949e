"""Puts the real gateways in place: Twilio, or the twin that a base URL names (X-2)."""

from portal.gateways import (
    carrier_media,
    consents,
    numbers,
    porting,
    registrations,
    sms,
    transfers,
    voice,
)
from portal.gateways.carrier_http import CarrierHttpClient
from portal.gateways.carrier_media import CarrierMedia
from portal.gateways.twilio_client import TwilioClients
from portal.gateways.twilio_consents import TwilioConsentGateway
from portal.gateways.twilio_numbers import TwilioNumberGateway
from portal.gateways.twilio_porting import TwilioPortingGateway
from portal.gateways.twilio_registrations import TwilioRegistrationGateway
from portal.gateways.twilio_sms import TwilioSmsGateway
from portal.gateways.twilio_transfers import TwilioTransferGateway
from portal.gateways.twilio_voice import TwilioVoiceGateway


def connect(api_base: str | None) -> None:
    """Let the gateways speak through one pool of connections; None is the real service.

    The factory does this once, before a worker forks.
    """
    clients = TwilioClients(CarrierHttpClient(api_base))
    sms.use(TwilioSmsGateway(clients))
    carrier_media.use(CarrierMedia(api_base))
    consents.use(TwilioConsentGateway(clients))
    numbers.use(TwilioNumberGateway(clients))
    porting.use(TwilioPortingGateway(clients))
    registrations.use(TwilioRegistrationGateway(clients))
    transfers.use(TwilioTransferGateway(clients))
    voice.use(TwilioVoiceGateway(clients))
